"""Decisions about trust policies, and documents that are no policies."""

import json
from urllib.parse import quote

import pytest

from domain.iam import AccessRequest, Context, Decision, Policy, PolicyUnreadable, decide, trust_context, trusts
from tests.domain.iam.deciding import ALLOWED, DENIED, UNKNOWN, K, allow, policy, when

TASKS = "ecs-tasks.amazonaws.com"


def trust(principal: object, effect: object = "Allow", action: object = "sts:AssumeRole", **more: object) -> Policy:
    statement = {"Effect": effect, "Principal": principal, "Action": action, **more}
    return Policy.parse({"Version": "2012-10-17", "Statement": statement}, "trust", trust=True)


# --- trust ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        # Truth: "AWS JSON policy elements: Principal", and the task roles page of the ECS developer guide.
        (trust({"Service": TASKS}), ALLOWED),
        (trust({"Service": ["ec2.amazonaws.com", TASKS]}), ALLOWED),
        (trust({"Service": "ecs.amazonaws.com"}), DENIED),
        (trust({"AWS": "arn:aws:iam::111122223333:root"}), DENIED),
        (trust({"AWS": TASKS}), DENIED),
        (trust("*"), ALLOWED),
        (trust({"AWS": "*"}), ALLOWED),
        (trust({"Service": "*"}), UNKNOWN),
        (trust({"Service": TASKS}, action=["sts:TagSession", "sts:AssumeRole"]), ALLOWED),
        (trust({"Service": TASKS}, action="sts:*"), ALLOWED),
        (trust({"Service": TASKS}, action="sts:TagSession"), DENIED),
        (trust({"Service": TASKS}, effect="Deny"), DENIED),
        (trust({"Service": TASKS}, **when("StringEquals", "aws:SourceAccount", "111122223333")), ALLOWED),
        (trust({"Service": TASKS}, **when("StringEquals", "aws:SourceAccount", "444455556666")), DENIED),
        (
            trust({"Service": TASKS}, **when("ArnLike", "aws:SourceArn", "arn:aws:ecs:eu-west-1:111122223333:*")),
            ALLOWED,
        ),
        (trust({"Service": TASKS}, **when("ArnLike", "aws:SourceArn", "arn:aws:ecs:us-east-1:111122223333:*")), DENIED),
        (
            trust({"Service": TASKS}, **when("ArnLike", "aws:SourceArn", "arn:aws:ecs:*:111122223333:task/c/*")),
            UNKNOWN,
        ),
        (trust({"Service": TASKS}, **when("StringEquals", "sts:ExternalId", "x")), DENIED),
        (trust({"Service": TASKS}, **when("Bool", "aws:PrincipalIsAWSService", "true")), ALLOWED),
        (trust({"Service": TASKS}, **when("StringEquals", "aws:SourceOrgID", "o-1")), UNKNOWN),
    ],
)
def test_trust(document: Policy, expected: Decision) -> None:
    assert trusts(document, context=trust_context("111122223333", "eu-west-1")).decision is expected


@pytest.mark.parametrize(
    ("denied", "expected"),
    [
        ({"Principal": {"Service": TASKS}}, DENIED),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, ALLOWED),
        ({"NotPrincipal": {"Service": TASKS}}, ALLOWED),
        ({"NotPrincipal": "*"}, ALLOWED),
        ({"NotPrincipal": {"Service": "ec2.amazonaws.com"}}, UNKNOWN),
    ],
)
def test_a_deny_in_a_trust_policy(denied: dict[str, object], expected: Decision) -> None:
    document = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": TASKS}, "Action": "sts:AssumeRole"},
            {"Effect": "Deny", "Action": "sts:AssumeRole", **denied},
        ]
    }
    ruling = trusts(Policy.parse(document, "trust", trust=True))
    assert ruling.decision is expected
    assert (ruling.statement is not None) is (expected is not UNKNOWN)


def test_another_service_may_be_asked_for_and_another_partition() -> None:
    assert trusts(trust({"Service": "ec2.amazonaws.com"}), "ec2.amazonaws.com").decision is ALLOWED
    document = trust({"Service": TASKS}, **when("ArnLike", "aws:SourceArn", "arn:aws-cn:ecs:cn-north-1:1:*"))
    assert trusts(document, context=trust_context("1", "cn-north-1", "aws-cn")).decision is ALLOWED


DOCUMENT = {"Version": "2012-10-17", "Id": "i", "Statement": {"Sid": "A", **allow("s3:Get*", "arn:aws:s3:::b c/%41")}}


# --- documents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        DOCUMENT,
        json.dumps(DOCUMENT),
        " \n" + json.dumps(DOCUMENT),
        quote(json.dumps(DOCUMENT)),
        quote(json.dumps(DOCUMENT), safe=""),
    ],
)
def test_a_document_is_an_object_or_json_or_url_encoded_json(document: str | dict[str, object]) -> None:
    parsed = Policy.parse(document, "P")
    assert parsed.source == "P"
    assert decide([parsed], AccessRequest("s3:GetObject", "arn:aws:s3:::b c/%41")).decision is ALLOWED


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "The policy P is not JSON"),
        ("{", "The policy P is not JSON: .* in line 1, column 2"),
        ("[" * 100_000, "nested too deeply"),
        ('{"Statement": [], "Statement": []}', "has the key Statement twice"),
        ("[]", "the policy P: it is not an object"),
        ({}, "statement 1 of the policy P: it is not an object"),
        ({"Statement": "x"}, "statement 1 of the policy P: it is not an object"),
        ({"Statement": [allow(), 5]}, "statement 2 of the policy P: it is not an object"),
        ({"Statement": {5: 6}}, "it is not an object"),
        ({"Statement": [], "Version": "2012-10-18"}, "Version is neither 2012-10-17 nor 2008-10-17"),
        ({"Statement": [], "Version": 2012}, "Version is neither"),
        ({"Statement": [], "Statment": []}, "the element 'Statment'"),
        ({"Statement": [allow(Resources="*")]}, "the element 'Resources'"),
        ({"Statement": [allow(Effect="allow")]}, "Effect is neither Allow nor Deny"),
        ({"Statement": [{"Action": "*", "Resource": "*"}]}, "Effect is neither"),
        ({"Statement": [allow(Sid=5)]}, "Sid is not text"),
        ({"Statement": [{"Effect": "Allow", "Resource": "*"}]}, "needs Action or NotAction, and one of them only"),
        ({"Statement": [allow(NotAction="*")]}, "needs Action or NotAction"),
        ({"Statement": [{"Effect": "Allow", "Action": "*"}]}, "needs Resource or NotResource"),
        ({"Statement": [allow(NotResource="*")]}, "needs Resource or NotResource"),
        ({"Statement": [allow(5)]}, "Action holds something that is not text"),
        ({"Statement": [allow(["s3:Get", None])]}, "Action holds something that is not text"),
        ({"Statement": [allow("GetObject")]}, "the action 'GetObject' is neither"),
        ({"Statement": [allow("s3:")]}, "the action 's3:' is neither"),
        ({"Statement": [allow(":Get")]}, "the action ':Get' is neither"),
        ({"Statement": [allow(resource={"Ref": "x"})]}, "Resource holds something that is not text"),
        ({"Statement": [allow(resource="a\x00")]}, "Resource holds a control character"),
        ({"Statement": [allow(Condition=[])]}, "Condition is not an object"),
        ({"Statement": [allow(Condition={"Bool": "x"})]}, "Condition Bool is not an object"),
        ({"Statement": [allow(Condition={"Bool": {"k": {}}})]}, "Condition Bool holds something that is not text"),
        ({"Statement": [allow(Principal="*")]}, "the element 'Principal'"),
    ],
)
def test_a_malformed_document_is_refused_with_a_sentence(document: str | dict[str, object], words: str) -> None:
    with pytest.raises(PolicyUnreadable, match=words) as refused:
        Policy.parse(document, "P")
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"Effect": "Allow", "Action": "sts:AssumeRole"}, "needs Principal or NotPrincipal"),
        ({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": TASKS}, "Principal is neither"),
        ({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": 5}}, "Principal holds something"),
        ({"Effect": "Allow", "Action": "*", "Principal": "*", "Resource": "*"}, "the element 'Resource'"),
    ],
)
def test_a_malformed_trust_policy_is_refused(statement: dict[str, object], words: str) -> None:
    with pytest.raises(PolicyUnreadable, match=words):
        Policy.parse({"Statement": [statement]}, "trust", trust=True)


def test_numbers_and_booleans_in_conditions_are_taken_as_text() -> None:
    statement = policy(allow(**when("NumericEquals", K, 5)))
    assert decide([statement], AccessRequest("a:B", "x", Context({K: ("5",)}))).decision is ALLOWED
