"""member.yaml: what a member account has, whom it trusts, and that it sends what Outrider's rules take."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.event_rules import EVENTS, OF_MEMBERS, ON_THE_BUS, RULES, matches
from tests.templates import (
    CALLED,
    ROOT,
    TEMPLATE,
    actions,
    calls_of,
    every_statement,
    needed,
    of_type,
    statements,
    template,
)

MEMBER = ROOT / "member.yaml"
IN_MEMBERS = ("ecs", "iam", "kms", "logs", "securityhub", "ssm")
"""The services of what is evaluated; everything else is in Outrider's own account."""
# What the sweep calls for what it lists; its other calls are about the stack itself.
SWEEP = {module: CALLED["SweepFunction"][module] for module in ("ecs",)}
# Who asks is of Outrider's own account, and its switch and standard are there.
OWN = {"iam:GetUser", "ssm:GetParameter"}
NO_NARROWER = {
    "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListClusters", "ecs:ListServices",
    "ecs:ListTaskDefinitionFamilies", "ecs:ListTaskDefinitions", "ecs:ListTasks", "ecs:RegisterTaskDefinition",
    "iam:GetAccountAuthorizationDetails", "ssm:DescribeParameters",
}  # fmt: skip
"""Actions that IAM checks on no resource, or only on container instances, which Fargate does not have."""


def granted(role: str) -> set[str]:
    return {action for statement in statements(role, path=MEMBER) for action in actions(statement)}


def of_workloads(calls: set[str]) -> set[str]:
    return {call for call in calls if call.partition(":")[0] in IN_MEMBERS} - OWN


def test_the_read_role_allows_what_dispatch_inspect_and_the_sweep_call_and_no_more() -> None:
    sweep = {call for module, methods in SWEEP.items() for method in methods for call in calls_of(module)[method]}
    calls = needed("DispatchFunction") | needed("InspectFunction") | sweep
    assert granted("ReadRole") == of_workloads(calls)


def test_the_remediation_role_allows_what_remediate_calls_and_no_more() -> None:
    assert granted("RemediationRole") == of_workloads(needed("RemediateFunction"))


def test_a_role_of_a_member_allows_no_more_than_the_function_may_do_in_its_own_account() -> None:
    """With the same resources and conditions, so that a member is no wider than Outrider's own account."""

    def rows(role: str, path: Path = TEMPLATE) -> list[Any]:
        return [
            (action, statement["Resource"], statement.get("Condition"))
            for statement in statements(role, path=path)
            for action in actions(statement)
        ]

    own = [*rows("DispatchRole"), *rows("SweepRole"), *rows("InspectRole")]
    for role, theirs in (("ReadRole", own), ("RemediationRole", rows("RemediateRole"))):
        assert [row for row in rows(role, MEMBER) if row not in theirs] == []


def test_nothing_in_a_member_costs_money_or_keeps_data() -> None:
    kinds = {each["Type"] for each in template(MEMBER)["Resources"].values()}
    assert kinds == {"AWS::Events::Rule", "AWS::IAM::Role"}


def test_every_role_has_the_boundary_and_path_that_the_organisation_sets() -> None:
    boundary = {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
    for name, role in of_type("AWS::IAM::Role", MEMBER).items():
        given = role["Properties"]
        assert (given["Path"], given["PermissionsBoundary"]) == ({"Ref": "RolePath"}, boundary), name
        assert given["RoleName"]


@pytest.mark.parametrize("part", ["Parameters", "Outputs"])
def test_every_parameter_and_output_says_what_it_is(part: str) -> None:
    assert [name for name, each in template(MEMBER)[part].items() if not each.get("Description")] == []


def test_no_arn_names_a_partition() -> None:
    assert "arn:aws:" not in MEMBER.read_text(encoding="utf-8")


def test_cloudformation_reads_it_as_it_is() -> None:
    """A stack set takes the file itself: no transform, and no anchors, which only sam and the AWS CLI resolve."""
    text = MEMBER.read_text(encoding="utf-8")
    assert len(text.encode()) < 51_200, "the most that a template in a request may have"
    assert "Transform" not in template(MEMBER)
    assert "<<:" not in text
    assert not any(word.startswith(("*", "&")) for word in text.replace("(*", "").split() if word.strip("*&").isalpha())


# --- wildcards and confused deputies, in both templates ---------------------------------------------------------------


def trusts() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement that lets somebody else act, by where it is: trust policies, and policies of resources."""
    for path in (ROOT / "template.yaml", MEMBER):
        for name, resource in template(path)["Resources"].items():
            given = resource["Properties"]
            if resource["Type"] == "AWS::IAM::Role" and not given.get("Policies"):
                continue  # it allows nothing
            document = given.get("AssumeRolePolicyDocument") or given.get("PolicyDocument") or given.get("Policy")
            for entry in (document or {}).get("Statement", ()):
                yield f"{path.stem}/{name}", entry["Fn::If"][1] if "Fn::If" in entry else entry


TRUSTS = [pytest.param(entry, id=f"{where}-{number}") for number, (where, entry) in enumerate(trusts())]


@pytest.mark.parametrize("entry", TRUSTS)
def test_each_trust_is_bounded_by_a_condition(entry: dict[str, Any]) -> None:
    """A service acts for anybody who asks it, and an account's root for everybody in the account."""
    if entry["Effect"] == "Deny":
        return
    principal, condition = entry["Principal"], json.dumps(entry.get("Condition", {}))
    match principal:
        case {"Service": "lambda.amazonaws.com"}:
            pass  # Lambda assumes a role only for a function whose creator may pass it
        case {"Service": _}:
            assert any(key in condition for key in ("aws:SourceArn", "aws:SourceAccount")), entry
        case {"AWS": {"Fn::Sub": root}}:
            assert root.endswith(":root")
            assert all(key in condition for key in ("sts:ExternalId", "aws:PrincipalArn", "aws:PrincipalOrgID"))
        case {"Fn::If": ["HasMemberAccounts", {"AWS": {"Ref": "MemberAccounts"}}, "*"]}:
            assert "aws:PrincipalOrgID" in condition, "everybody, of the organisation alone"
        case other:
            pytest.fail(f"Nothing is known of {other}.")


def test_without_an_organisation_the_bus_accepts_events_of_listed_accounts_only() -> None:
    """The bus exists only with one or the other: so a bus for everybody has the organisation's condition."""
    found = template()["Conditions"]
    assert found["HasMembers"] == {"Fn::Or": [{"Condition": "InOrganization"}, {"Condition": "HasMemberAccounts"}]}
    assert template()["Resources"]["Members"]["Condition"] == "HasMembers"


STACK = {
    "AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "222222222222",
    "GovernanceStack": "outrider",
    "GovernanceBus": "arn:aws:events:eu-west-1:111111111111:event-bus/outrider-members", "IamOnlyRegion": "us-east-1",
}  # fmt: skip
ALL, IAM = {"SendsAll"}, {"SendsIam"}


@pytest.mark.parametrize(
    ("stack", "sends"),
    [
        (STACK, ALL),
        (STACK | {"AWS::Region": "us-east-1"}, IAM),
        (STACK | {"AWS::Region": "us-east-1", "IamOnlyRegion": ""}, ALL | IAM),
        (STACK | {"AWS::AccountId": "111111111111"}, set()),  # where Outrider's own rules take them
        (STACK | {"AWS::AccountId": "111111111111", "AWS::Region": "us-east-1"}, IAM),
        (STACK | {"GovernanceBus": ""}, set()),
    ],
)
def test_each_region_sends_what_it_has_and_nothing_that_another_rule_takes(
    stack: dict[str, str], sends: set[str]
) -> None:
    conditions = template(MEMBER)["Conditions"]

    def value(node: Any) -> Any:
        match node:
            case {"Fn::And": parts}:
                return all(map(value, parts))
            case {"Fn::Or": parts}:
                return any(map(value, parts))
            case {"Fn::Not": [part]}:
                return not value(part)
            case {"Fn::Equals": [one, other]}:
                return value(one) == value(other)
            case {"Condition": name}:
                return value(conditions[name])
            case {"Ref": name}:
                return stack[name]
            case {"Fn::Sub": text}:
                return re.sub(r"\$\{(.+?)\}", lambda found: stack[found[1]], text)
            case _:
                return node

    assert {name for name in ("SendsAll", "SendsIam") if value(conditions[name])} == sends


def test_no_statement_has_an_action_with_a_wildcard_or_of_everything_else() -> None:
    wide = {
        where
        for where, statement in every_statement()
        if statement["Effect"] != "Allow"
        or {"NotAction", "NotResource"} & statement.keys()
        or any("*" in action for action in actions(statement))
    }
    assert wide == set()


def test_every_resource_of_a_member_is_its_own_account_s() -> None:
    member = [statement for where, statement in every_statement() if where.startswith("member-")]
    everything = {action for each in member if each["Resource"] == "*" for action in actions(each)}
    assert everything <= NO_NARROWER
    arns = {arn for each in member for arn in json.dumps(each["Resource"]).split("arn:")[1:]}
    assert {arn for arn in arns if "${AWS::AccountId}" not in arn and ":iam::aws:policy/*" not in arn} == set()


def test_only_roles_of_the_two_names_are_assumed_and_only_in_accounts_that_are_watched() -> None:
    found = {
        role: statement
        for role in of_type("AWS::IAM::Role")
        for statement in statements(role)
        if "sts:AssumeRole" in actions(statement)
    }
    names = {role: each["Resource"]["Fn::Sub"].rpartition("role${MemberRolePath}")[2] for role, each in found.items()}
    reads = "${MemberReadRole}"
    readers = dict.fromkeys(("DispatchRole", "InspectRole", "SweepRole"), reads)
    assert names == readers | {"RemediateRole": "${MemberRemediationRole}"}
    no_value = {"Ref": "AWS::NoValue"}
    for statement in found.values():
        assert statement["Condition"] == {
            "StringEquals": {
                "aws:ResourceOrgID": {"Fn::If": ["InOrganization", {"Ref": "OrganizationId"}, no_value]},
                "aws:ResourceAccount": {"Fn::If": ["HasMemberAccounts", {"Ref": "MemberAccounts"}, no_value]},
            }
        }


def test_a_role_of_a_member_trusts_only_the_functions_that_assume_it() -> None:
    def trusted(role: str) -> set[str]:
        document = template(MEMBER)["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]
        (statement,) = document["Statement"]
        names = [
            each["Fn::Sub"].rpartition("${GovernanceStack}-")[2]
            for each in statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
        ]
        return {name.removesuffix("-*") for name in names}

    assert trusted("ReadRole") == {"DispatchRole", "InspectRole", "SweepRole"}
    assert trusted("RemediationRole") == {"RemediateRole"}
    assert trusted("ReadRole") | trusted("RemediationRole") <= of_type("AWS::IAM::Role").keys()


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ("MemberRolePath", "RolePath"),
        ("MemberReadRole", "ReadRoleName"),
        ("MemberRemediationRole", "RemediationRoleName"),
        ("MemberExternalId", "ExternalId"),
    ],
)
def test_what_both_templates_name_has_one_default_and_form(own: str, theirs: str) -> None:
    here, there = template()["Parameters"][own], template(MEMBER)["Parameters"][theirs]
    assert here.get("Default", "") == there.get("Default", "")
    assert here["AllowedPattern"].removeprefix("^$|") == there["AllowedPattern"]


# --- events -----------------------------------------------------------------------------------------------------------


def test_each_rule_for_a_change_has_its_like_on_the_bus_of_members() -> None:
    changes = {name: rule for name, rule in RULES.items() if rule["Targets"][0]["Id"] == "changes"}
    assert {name.removeprefix("Member") for name in ON_THE_BUS} == changes.keys()
    for name, rule in ON_THE_BUS.items():
        assert rule == changes[name.removeprefix("Member")] | {"EventBusName": "Ref"}
        assert template()["Resources"][name]["Condition"] == "HasMembers"


@pytest.mark.parametrize("name", EVENTS)
def test_a_member_sends_what_the_rules_on_the_bus_take_and_nothing_else(name: str) -> None:
    sent = [rule for rule, each in OF_MEMBERS.items() if matches(each["EventPattern"], EVENTS[name])]
    taken = [rule for rule, each in ON_THE_BUS.items() if matches(each["EventPattern"], EVENTS[name])]
    assert len(sent) == len(taken) <= 1


def test_a_member_sends_the_whole_event_to_the_bus_alone_by_its_own_role() -> None:
    """What a member would write into an event by a transformer, Outrider could not tell from what EventBridge wrote."""
    for name, rule in of_type("AWS::Events::Rule", MEMBER).items():
        (target,) = rule["Properties"]["Targets"]
        assert target == {
            "Id": "governance", "Arn": {"Ref": "GovernanceBus"}, "RoleArn": {"Fn::GetAtt": "ForwardRole.Arn"},
        }, name  # fmt: skip


def test_no_function_is_without_its_account_and_the_members_that_it_watches() -> None:
    assert template()["Globals"]["Function"]["Environment"]["Variables"]["OUTRIDER_ACCOUNT"] == {
        "Ref": "AWS::AccountId"
    }
    of = {
        name: each["Properties"]["Environment"]["Variables"]
        for name, each in of_type("AWS::Serverless::Function").items()
    }
    for function in ("DispatchFunction", "InspectFunction", "ApproveFunction", "RemediateFunction"):
        name = "MemberRemediationRole" if function == "RemediateFunction" else "MemberReadRole"
        path = {"Fn::Sub": f"${{MemberRolePath}}${{{name}}}"}
        assert of[function]["OUTRIDER_MEMBER_ROLE"] == {"Fn::If": ["HasMembers", path, ""]}
        assert of[function]["OUTRIDER_MEMBER_ACCOUNTS"] == {"Fn::Join": [",", {"Ref": "MemberAccounts"}]}
