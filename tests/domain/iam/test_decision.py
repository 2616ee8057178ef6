"""Decisions: tables of actions, resources and boundaries, and what decided."""

from collections.abc import Mapping

import pytest

from domain.iam import AccessRequest, Context, Decided, Decision, Like, decide, decide_any, role_context
from tests.domain.iam.deciding import (
    ALLOWED,
    DENIED,
    NOTHING,
    PERHAPS,
    TEAM,
    UNKNOWN,
    K,
    allow,
    ask,
    deny,
    policy,
    when,
)

LOGS = "arn:aws:logs:eu-west-1:111122223333:log-group:"
ROLE = "arn:aws:iam::111122223333:role/team/orders"


# --- actions and resources --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "action", "resource", "expected"),
    [
        # Truth: "Policy evaluation logic" in the IAM user guide.
        ([], "s3:GetObject", "x", DENIED),
        ([allow()], "s3:GetObject", "x", ALLOWED),
        ([allow(), deny()], "s3:GetObject", "x", DENIED),
        ([deny(), allow()], "s3:GetObject", "x", DENIED),
        ([allow("s3:*")], "s3:GetObject", "x", ALLOWED),
        ([allow("s3:*")], "s3express:GetObject", "x", DENIED),
        ([allow("s3:Get*")], "s3:GetObject", "x", ALLOWED),
        ([allow("s3:Get*")], "s3:PutObject", "x", DENIED),
        ([allow("s3:?etObject")], "s3:GetObject", "x", ALLOWED),
        ([allow("s3:?GetObject")], "s3:GetObject", "x", DENIED),
        ([allow(["s3:PutObject", "s3:GetObject"])], "s3:GetObject", "x", ALLOWED),
        ([allow("s?:*")], "s3:GetObject", "x", ALLOWED),
        # Truth: "Action" there: prefix and name are case-insensitive.
        ([allow("S3:GETobject")], "s3:GetObject", "x", ALLOWED),
        ([allow("s3:getobject")], "S3:GetObject", "x", ALLOWED),
        ([allow("S3:GET*")], "s3:getobject", "x", ALLOWED),
        # Truth: "Resource" there: ARNs are case-sensitive, wildcards go on beyond the next slash and colon.
        ([allow(resource="arn:aws:s3:::b/K")], "s3:GetObject", "arn:aws:s3:::b/k", DENIED),
        ([allow(resource="arn:aws:s3:::b/*")], "s3:GetObject", "arn:aws:s3:::b/k/l:m", ALLOWED),
        ([allow(resource="arn:aws:s3:::b/?")], "s3:GetObject", "arn:aws:s3:::b/k", ALLOWED),
        ([allow(resource="arn:aws:s3:::b/?")], "s3:GetObject", "arn:aws:s3:::b/kk", DENIED),
        ([allow(resource=["a", "b"])], "s3:GetObject", "b", ALLOWED),
        ([allow(resource=["a", "b*"])], "s3:GetObject", "c", DENIED),
        # Truth: "NotAction", "NotResource" there.
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "s3:GetObject", "x", ALLOWED),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "iam:GetRole", "x", DENIED),
        ([{"Effect": "Allow", "NotAction": ["iam:*", "s3:GetObject"], "Resource": "*"}], "S3:getobject", "x", DENIED),
        ([allow(), {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}], "s3:GetObject", "x", DENIED),
        ([allow(), {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}], "iam:GetRole", "x", ALLOWED),
        ([{"Effect": "Allow", "Action": "*", "NotResource": ["a", "b*"]}], "s3:GetObject", "bc", DENIED),
        ([{"Effect": "Allow", "Action": "*", "NotResource": ["a", "b*"]}], "s3:GetObject", "c", ALLOWED),
        ([allow(), {"Effect": "Deny", "Action": "*", "NotResource": "*"}], "s3:GetObject", "c", ALLOWED),
        ([allow(), {"Effect": "Deny", "Action": "*", "NotResource": "c"}], "s3:GetObject", "d", DENIED),
        # An action without resources is asked on *: a statement that names an ARN does not allow it.
        ([allow(resource="arn:aws:xray:eu-west-1:1:group/*")], "xray:PutTraceSegments", "*", DENIED),
        ([allow("xray:*")], "xray:PutTraceSegments", "*", ALLOWED),
    ],
)
def test_actions_and_resources(
    statements: list[dict[str, object]], action: str, resource: str, expected: Decision
) -> None:
    assert ask(*statements, action=action, resource=resource) is expected


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow(resource=f"{LOGS}/x:*")], ALLOWED),
        ([allow(resource=f"{LOGS}/x:log-stream:*")], ALLOWED),
        ([allow(resource=f"{LOGS}/x")], DENIED),
        ([allow(resource=f"{LOGS}/x:log-stream:ecs*")], UNKNOWN),
        ([allow(resource=f"{LOGS}/x:log-stream:ecs")], UNKNOWN),
        ([allow(), deny(resource=f"{LOGS}/x:log-stream:secret*")], UNKNOWN),
        ([allow(), deny(resource=f"{LOGS}/y:*")], ALLOWED),
        ([allow(), deny(resource=f"{LOGS}/*")], DENIED),
        ([deny(resource=f"{LOGS}/x:log-stream:secret*")], DENIED),
        ([{"Effect": "Allow", "Action": "*", "NotResource": f"{LOGS}/x:log-stream:a"}], UNKNOWN),
        ([{"Effect": "Allow", "Action": "*", "NotResource": f"{LOGS}/y:*"}], ALLOWED),
        ([{"Effect": "Allow", "Action": "*", "NotResource": f"{LOGS}/x*"}], DENIED),
    ],
)
def test_a_pattern_asks_for_every_resource_that_it_matches(
    statements: list[dict[str, object]], expected: Decision
) -> None:
    assert ask(*statements, resource=f"{LOGS}/x:log-stream:*") is expected


# --- the boundary -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "boundary", "expected"),
    [
        # Truth: "Permissions boundaries for IAM entities": the intersection, and a Deny in either counts.
        ([allow()], [allow()], ALLOWED),
        ([allow()], [], DENIED),
        ([], [allow()], DENIED),
        ([allow()], [allow("s3:*")], DENIED),
        ([allow()], [allow(), deny()], DENIED),
        ([allow()], [allow(), deny(**PERHAPS)], UNKNOWN),
        ([allow()], [allow(**PERHAPS)], UNKNOWN),
        ([allow(**PERHAPS)], [allow()], UNKNOWN),
        ([allow(**PERHAPS)], [], DENIED),
        ([deny()], [allow(**PERHAPS)], DENIED),
    ],
)
def test_a_boundary_limits_what_the_policies_allow(
    own: list[dict[str, object]], boundary: list[dict[str, object]], expected: Decision
) -> None:
    ruling = decide([policy(*own)], AccessRequest("logs:PutLogEvents", "x"), policy(*boundary, source="limit"))
    assert ruling.decision is expected


# --- what is known of a role's calls ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        (when("StringEquals", "aws:RequestedRegion", "eu-west-1"), role_context(ROLE, "eu-west-1"), ALLOWED),
        (when("StringNotEquals", "aws:RequestedRegion", "eu-west-1"), role_context(ROLE, "eu-west-1"), DENIED),
        (when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/team/*"), role_context(ROLE, "eu-west-1"), ALLOWED),
        (when("StringEquals", "aws:PrincipalAccount", "111122223333"), role_context(ROLE, "eu-west-1"), ALLOWED),
        (when("StringEquals", "aws:PrincipalType", "AssumedRole"), role_context(ROLE, "eu-west-1"), ALLOWED),
        (when("Bool", "aws:PrincipalIsAWSService", "false"), role_context(ROLE, "eu-west-1"), ALLOWED),
        (when("Null", "aws:PrincipalServiceName", "true"), role_context(ROLE, "eu-west-1"), ALLOWED),
        (when("Null", "aws:CalledVia", "true"), role_context(ROLE, "eu-west-1"), ALLOWED),
        (when("Bool", "aws:SecureTransport", "true"), role_context(ROLE, "eu-west-1"), ALLOWED),
        (when("Bool", "aws:ViaAWSService", "false"), role_context(ROLE, "eu-west-1"), ALLOWED),
        (when("Bool", "aws:ViaAWSService", "true"), role_context(ROLE, "eu-west-1", via="ssm"), ALLOWED),
        (when("Bool", "aws:SecureTransport", "true"), role_context(ROLE, "eu-west-1", via="ssm"), UNKNOWN),
        (
            when("StringEquals", "kms:ViaService", "ssm.eu-west-1.amazonaws.com"),
            role_context(ROLE, "eu-west-1", via="ssm"),
            ALLOWED,
        ),
        (
            when("StringEquals", "kms:ViaService", "ssm.eu-west-1.amazonaws.com"),
            role_context(ROLE, "eu-west-1"),
            DENIED,
        ),
        (
            when("StringEquals", "kms:ViaService", "ssm.cn-north-1.amazonaws.com.cn"),
            role_context(ROLE, "cn-north-1", via="ssm"),
            UNKNOWN,
        ),
        (when("StringEquals", "aws:username", "joe"), role_context(ROLE, "eu-west-1"), DENIED),
        (when("IpAddress", "aws:SourceIp", "10.0.0.0/8"), role_context(ROLE, "eu-west-1"), UNKNOWN),
        (when("StringEquals", "aws:PrincipalTag/team", "blue"), role_context(ROLE, "eu-west-1"), UNKNOWN),
        (when("StringEquals", "aws:PrincipalTag/team", "blue"), role_context(ROLE, "eu-west-1", tags={}), DENIED),
        (
            when("StringEquals", "aws:PrincipalTag/Team", "blue"),
            role_context(ROLE, "eu-west-1", tags={"team": "blue"}),
            ALLOWED,
        ),
        (
            when("StringEquals", "aws:principaltag/x", "blue"),
            role_context(ROLE, "eu-west-1", tags={"team": "blue"}),
            DENIED,
        ),
        (
            when("StringEquals", "aws:SourceVpc", "vpc-1"),
            role_context(ROLE, "eu-west-1", tags={}).with_({"AWS:SOURCEVPC": ("vpc-1",)}),
            ALLOWED,
        ),
        (
            when("StringEquals", "aws:RequestedRegion", "us-east-1"),
            role_context(ROLE, "eu-west-1").with_({"aws:requestedregion": ("us-east-1",)}),
            ALLOWED,
        ),
        (
            when("StringEquals", "aws:PrincipalTag/x", "1"),
            role_context(ROLE, "eu-west-1", tags={}).with_({"a:b": ("c",)}),
            DENIED,
        ),
    ],
)
def test_what_is_known_of_a_call_that_a_task_makes(
    condition: dict[str, object], context: Context, expected: Decision
) -> None:
    assert decide([policy(allow(**condition))], AccessRequest("kms:Decrypt", "x", context)).decision is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("StringLike", "arn:aws:ecs:eu-west-1:1:*", ALLOWED),
        ("StringLike", "arn:aws:ecs:eu-west-1:1:task/*", UNKNOWN),
        ("StringLike", "arn:aws:ecs:eu-west-1:2:*", DENIED),
        ("StringNotLike", "arn:aws:ecs:eu-west-1:2:*", ALLOWED),
        ("StringEquals", "arn:aws:ecs:eu-west-1:1:*", UNKNOWN),
        ("ArnLike", "arn:aws:ecs:*:1:*", ALLOWED),
        ("ArnLike", "arn:aws:ecs:*:2:*", DENIED),
        ("ArnEquals", "arn:aws:ecs:eu-west-1:1:task/*", UNKNOWN),
        ("Bool", "true", UNKNOWN),
        ("NumericEquals", "1", UNKNOWN),
        ("BinaryEquals", "QQ==", UNKNOWN),
        ("IpAddress", "10.0.0.0/8", UNKNOWN),
        ("Null", "false", ALLOWED),
    ],
)
def test_a_value_known_by_its_pattern(operator: str, wanted: str, expected: Decision) -> None:
    context = Context({K: (Like("arn:aws:ecs:eu-west-1:1:*"),)})
    assert decide([policy(allow(**when(operator, K, wanted)))], AccessRequest("a:B", "x", context)).decision is expected


def decided(*statements: Mapping[str, object], context: Context = NOTHING, resource: str = "x") -> Decided:
    return decide([policy(*statements, source="inline policy P")], AccessRequest("s3:GetObject", resource, context))


# --- what decided -----------------------------------------------------------------------------------------------------


def test_a_ruling_names_the_statement_that_decided() -> None:
    ruling = decided(allow("a:B"), allow(Sid="Read"))
    assert ruling.statement is not None
    assert ruling.statement.number == 2
    assert str(ruling.statement) == "statement 2 (Read) of inline policy P"
    assert str(decided(allow(), deny()).statement) == "statement 2 of inline policy P"
    assert decided().statement is None


def test_a_ruling_names_the_boundary_that_denies() -> None:
    request = AccessRequest("s3:GetObject", "x")
    limit = policy(source="Limits")
    silent = decide([policy(allow())], request, limit)
    assert silent.boundary is limit
    assert silent.statement is None
    denied = decide([policy(allow())], request, policy(deny(), source="Limits"))
    assert denied.boundary is not None
    assert str(denied.statement) == "statement 1 of Limits"
    assert decide([policy()], request, limit).boundary is None


@pytest.mark.parametrize(
    ("statement", "keys"),
    [
        (allow(**PERHAPS), ("aws:sourcevpc",)),
        (allow(**when("StringEquals", "aws:SourceVpc", TEAM)), ("aws:principaltag/team", "aws:sourcevpc")),
        (allow(resource=f"arn:aws:s3:::*{TEAM}*"), ("aws:principaltag/team",)),
        (allow(**when("StringMatches", K, "a")), ()),
        (allow(**when("NumericEquals", K, "a")), ()),
    ],
)
def test_an_unknown_names_the_keys_that_it_waits_for(statement: dict[str, object], keys: tuple[str, ...]) -> None:
    ruling = decided(statement, context=Context({K: ("x",)}), resource="arn:aws:s3:::b")
    assert ruling.decision is UNKNOWN
    assert ruling.undecided_keys == keys
    assert [str(each) for each in ruling.undecided] == ["statement 1 of inline policy P"]


def test_an_unknown_names_every_statement_that_covers_a_part() -> None:
    ruling = decided(allow(resource="ab*", **PERHAPS), deny(resource="ac*"), resource="a*")
    assert ruling.decision is UNKNOWN
    assert [each.number for each in ruling.undecided] == [1, 2]
    assert ruling.undecided_keys == ("aws:sourcevpc",)


def test_keys_that_are_known_or_that_do_not_matter_are_not_named() -> None:
    settled = {"Condition": {"StringEquals": {"aws:Key": "x"}, "StringLikeIfExists": {"aws:Other": "*"}}}
    merged = {"Condition": {**settled["Condition"], "Bool": {"aws:Third": "true"}}}
    assert decided(allow(**merged), context=Context({K: ("x",)})).undecided_keys == ("aws:third",)


# --- one of several resources -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], DENIED),
        ([allow(resource="a")], ALLOWED),
        ([allow(resource="b")], ALLOWED),
        ([allow(resource="a", **PERHAPS)], UNKNOWN),
        ([allow(resource="a", **PERHAPS), allow(resource="b")], ALLOWED),
        ([allow(), deny(resource="a")], UNKNOWN),
        ([allow(), deny(resource="b")], UNKNOWN),
        ([allow(), deny()], DENIED),
    ],
)
def test_one_allowed_form_is_enough_unless_another_is_denied(
    statements: list[dict[str, object]], expected: Decision
) -> None:
    assert decide_any([policy(*statements)], "logs:CreateLogGroup", ("a", "b")).decision is expected


def test_the_denial_of_a_form_next_to_an_allowed_one_is_named() -> None:
    ruling = decide_any([policy(allow(), deny(resource="b"))], "logs:CreateLogGroup", ("a", "b"))
    assert [str(each) for each in ruling.undecided] == ["statement 2 of own"]


def test_a_boundary_and_a_context_count_for_every_form() -> None:
    context = Context({"aws:SourceVpc": ("vpc-1",)})
    assert decide_any([policy(allow(**PERHAPS))], "a:B", ("a", "b"), context).decision is ALLOWED
    assert decide_any([policy(allow())], "a:B", ("a", "b"), boundary=policy()).decision is DENIED


def test_to_ask_on_no_resource_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="a:B needs at least one resource"):
        decide_any([], "a:B", ())
