"""Decisions: tables, and properties over random policies."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.iam import (
    ABSENT,
    AccessRequest,
    Context,
    Decided,
    Decision,
    Like,
    Policy,
    PolicyUnreadable,
    decide,
    decide_any,
    role_context,
    trust_context,
    trusts,
)
from tests.profiles import examples

ALLOWED, DENIED, UNKNOWN = Decision.ALLOWED, Decision.DENIED, Decision.UNKNOWN
LOGS = "arn:aws:logs:eu-west-1:111122223333:log-group:"
ROLE = "arn:aws:iam::111122223333:role/team/orders"
NOTHING = Context()


def policy(*statements: Mapping[str, object], version: str | None = "2012-10-17", source: str = "own") -> Policy:
    document: dict[str, object] = {"Statement": list(statements)}
    return Policy.parse(document if version is None else document | {"Version": version}, source)


def allow(action: object = "*", resource: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object = "*", resource: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def when(operator: str, key: str, *wanted: object) -> dict[str, object]:
    return {"Condition": {operator: {key: list(wanted)}}}


def ask(*statements: Mapping[str, object], action: str = "logs:PutLogEvents", resource: str = "x") -> Decision:
    return decide([policy(*statements)], AccessRequest(action, resource)).decision


# --- actions and resources


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


# --- the boundary

PERHAPS = when("StringEquals", "aws:SourceVpc", "vpc-1")


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


# --- conditions

K = "aws:Key"


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "holds"),
    [
        # Truth: "Condition operators" in the IAM user guide, row by row.
        ("StringEquals", ["a"], "a", True),
        ("StringEquals", ["a"], "A", False),
        ("StringEquals", ["a*"], "ab", False),
        ("StringEquals", ["a*"], "a*", True),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringNotEquals", ["a"], "b", True),
        ("StringNotEquals", ["b", "a"], "a", False),
        ("StringNotEquals", ["b", "a"], "c", True),
        ("StringEqualsIgnoreCase", ["aB"], "Ab", True),
        ("StringEqualsIgnoreCase", ["a"], "b", False),
        ("StringNotEqualsIgnoreCase", ["aB"], "Ab", False),
        ("StringNotEqualsIgnoreCase", ["aB"], "c", True),
        ("StringLike", ["a*"], "ab/c", True),
        ("StringLike", ["a*"], "Ab", False),
        ("StringLike", ["a?"], "ab", True),
        ("StringNotLike", ["a*"], "ab", False),
        ("StringNotLike", ["a*", "b*"], "c", True),
        ("NumericEquals", ["10"], "10.0", True),
        ("NumericEquals", ["10"], "11", False),
        ("NumericNotEquals", ["10"], "10", False),
        ("NumericNotEquals", ["10"], "11", True),
        ("NumericLessThan", ["10"], "9", True),
        ("NumericLessThan", ["10"], "10", False),
        ("NumericLessThanEquals", ["10"], "10", True),
        ("NumericLessThanEquals", ["10"], "10.1", False),
        ("NumericGreaterThan", ["10"], "11", True),
        ("NumericGreaterThan", ["10"], "10", False),
        ("NumericGreaterThanEquals", ["10"], "10", True),
        ("NumericGreaterThanEquals", ["10"], "9", False),
        ("NumericEquals", ["ten"], "10", None),
        ("NumericEquals", ["10"], "ten", None),
        ("NumericLessThan", ["NaN"], "10", None),
        ("NumericLessThan", ["Infinity"], "10", None),
        ("DateEquals", ["2026-01-01T00:00:00Z"], "2026-01-01T01:00:00+01:00", True),
        ("DateEquals", ["2026-01-01"], "2026-01-01T00:00:00Z", True),
        ("DateNotEquals", ["2026-01-01T00:00:00Z"], "2026-01-01T00:00:00Z", False),
        ("DateLessThan", ["2026-01-01T00:00:00Z"], "2025-12-31T23:59:59Z", True),
        ("DateLessThan", ["2026-01-01T00:00:00Z"], "2026-01-01T00:00:00Z", False),
        ("DateLessThanEquals", ["2026-01-01T00:00:00Z"], "1767225600", True),
        ("DateGreaterThan", ["1767225600"], "2026-01-01T00:00:01Z", True),
        ("DateGreaterThan", ["1767225600"], "2026-01-01T00:00:00Z", False),
        ("DateGreaterThanEquals", ["1767225600"], "2026-01-01T00:00:00Z", True),
        ("DateGreaterThan", ["new year"], "2026-01-01T00:00:00Z", None),
        ("Bool", ["true"], "true", True),
        ("Bool", ["true"], "false", False),
        ("Bool", ["True"], "true", True),
        ("Bool", [True], "TRUE", True),
        ("Bool", [False], "true", False),
        ("Bool", ["yes"], "true", None),
        ("Bool", ["true"], "yes", None),
        ("BinaryEquals", ["QmluYXJ5"], "QmluYXJ5", True),
        ("BinaryEquals", ["QmluYXJ5"], "QmluYXJ6", False),
        ("BinaryEquals", ["%"], "QmluYXJ5", None),
        ("IpAddress", ["203.0.113.0/24"], "203.0.113.7", True),
        ("IpAddress", ["203.0.113.0/24"], "203.0.114.7", False),
        ("IpAddress", ["203.0.113.7"], "203.0.113.7", True),
        ("IpAddress", ["203.0.113.7/24"], "203.0.113.9", True),
        ("IpAddress", ["2001:db8::/32"], "2001:db8::1", True),
        ("IpAddress", ["2001:db8::/32"], "203.0.113.7", False),
        ("NotIpAddress", ["203.0.113.0/24"], "203.0.113.7", False),
        ("NotIpAddress", ["203.0.113.0/24"], "203.0.114.7", True),
        ("IpAddress", ["here"], "203.0.113.7", None),
        ("ArnEquals", ["arn:aws:sns:*:1:t"], "arn:aws:sns:eu-west-1:1:t", True),
        ("ArnLike", ["arn:aws:sns:*:1:t*"], "arn:aws:sns:eu-west-1:1:t:x", True),
        ("ArnLike", ["arn:aws:sns:*:t"], "arn:aws:sns:eu-west-1:1:t", None),  # five parts: not said
        ("ArnLike", ["arn:aws:sqs:*:t"], "arn:aws:sns:eu-west-1:1:t", False),  # …but no reading could match
        ("ArnLike", ["arn:aws:s*:1:2:t"], "arn:aws:sns:1:1:2:t", False),  # a wildcard stays in its part
        ("ArnLike", ["arn:aws:sns:::T"], "arn:aws:sns:::t", False),
        ("ArnNotEquals", ["arn:aws:sns:*:1:t"], "arn:aws:sns:eu-west-1:1:t", False),
        ("ArnNotLike", ["arn:aws:sns:*:1:t"], "arn:aws:sns:eu-west-1:2:t", True),
        ("ArnNotLike", ["arn:aws:sns:*:1:t"], "arn:aws:sns:eu-west-1:1:t", False),
        ("Null", ["false"], "a", True),
        ("Null", ["true"], "a", False),
        ("Null", [True], "a", False),
        # Operators that IAM has not, or not yet.
        ("StringMatches", ["a"], "a", None),
        ("stringEquals", ["a"], "a", None),
        ("NullIfExists", ["true"], "a", None),
        ("ForAllValues:Null", ["true"], "a", None),
        ("ForSomeValues:StringEquals", ["a"], "a", None),
        ("StringEquals", [], "a", None),
    ],
)
def test_operators(operator: str, wanted: list[object], value: str, *, holds: bool | None) -> None:
    context = Context({K: (value,)})
    expected = {True: ALLOWED, False: DENIED, None: UNKNOWN}[holds]
    statement = allow(**when(operator, K, *wanted))
    assert decide([policy(statement)], AccessRequest("s3:GetObject", "x", context)).decision is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "absent", "unknown"),
    [
        # Truth: the same page: "not present … false", negated "true", and …IfExists.
        ("StringEquals", "a", False, None),
        ("StringNotEquals", "a", True, None),
        ("NumericLessThan", "1", False, None),
        ("NumericNotEquals", "1", True, None),
        ("DateNotEquals", "1", True, None),
        ("NotIpAddress", "10.0.0.0/8", True, None),
        ("ArnNotLike", "arn:aws:a:b:c:d", True, None),
        ("Bool", "true", False, None),
        ("StringEqualsIfExists", "a", True, None),
        ("StringNotEqualsIfExists", "a", True, None),
        ("BoolIfExists", "true", True, None),
        ("ForAllValues:StringEquals", "a", True, None),
        ("ForAllValues:StringNotEquals", "a", True, None),
        ("ForAnyValue:StringEquals", "a", False, None),
        ("ForAnyValue:StringNotEquals", "a", False, None),
        ("ForAnyValue:StringLikeIfExists", "a", True, None),
        ("Null", "true", True, None),
        ("Null", "false", False, None),
        # Whatever the key's value, and whether it is there or not, the answer is one.
        ("StringLikeIfExists", "*", True, True),
        ("ForAllValues:StringLike", "*", True, True),
        ("ForAnyValue:StringNotLike", "*", False, False),
        ("StringLike", "*", False, None),
    ],
)
def test_a_missing_key_and_one_that_is_not_known(
    operator: str, wanted: str, *, absent: bool | None, unknown: bool | None
) -> None:
    decisions = {True: ALLOWED, False: DENIED, None: UNKNOWN}
    statement = policy(allow(**when(operator, K, wanted)))
    missing, not_known = Context({K: ABSENT}), NOTHING
    assert decide([statement], AccessRequest("s3:GetObject", "x", missing)).decision is decisions[absent]
    assert decide([statement], AccessRequest("s3:GetObject", "x", not_known)).decision is decisions[unknown]


@pytest.mark.parametrize(
    ("operator", "values", "holds"),
    [
        # Truth: "Multivalued context keys"; wanted are a and b.
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "c"), False),
        ("ForAllValues:StringEquals", ("",), True),
        ("ForAnyValue:StringEquals", ("c", "b"), True),
        ("ForAnyValue:StringEquals", ("c", "d"), False),
        ("ForAnyValue:StringEquals", ("",), False),
        ("ForAllValues:StringNotEquals", ("c", "d"), True),
        ("ForAllValues:StringNotEquals", ("c", "a"), False),
        ("ForAnyValue:StringNotEquals", ("c", "a"), True),
        ("ForAnyValue:StringNotEquals", ("a", "b"), False),
        # Without a quantifier IAM defines nothing for several values: decided where every one agrees.
        ("StringEquals", ("a", "b"), True),
        ("StringEquals", ("c", "d"), False),
        ("StringEquals", ("a", "c"), None),
    ],
)
def test_keys_with_several_values(operator: str, values: tuple[str, ...], *, holds: bool | None) -> None:
    statement = policy(allow(**when(operator, K, "a", "b")))
    expected = {True: ALLOWED, False: DENIED, None: UNKNOWN}[holds]
    assert decide([statement], AccessRequest("s3:GetObject", "x", Context({K: values}))).decision is expected


def test_every_operator_and_every_key_of_a_condition_must_hold() -> None:
    both = {"Condition": {"StringEquals": {"aws:A": "1", "aws:B": "2"}, "Bool": {"aws:C": "true"}}}
    statement = policy(allow(**both))
    for a, b, c in product("12", "12", ("true", "false")):
        context = Context({"aws:A": (a,), "aws:B": (b,), "aws:C": (c,)})
        expected = ALLOWED if (a, b, c) == ("1", "2", "true") else DENIED
        assert decide([statement], AccessRequest("s3:GetObject", "x", context)).decision is expected


def test_one_false_condition_settles_it_though_others_are_unknown() -> None:
    block = {"Condition": {"StringEquals": {"aws:A": "1", "aws:B": "2"}}}
    context = Context({"aws:B": ("3",)})
    assert decide([policy(allow(**block))], AccessRequest("s3:GetObject", "x", context)).decision is DENIED


def test_key_names_are_matched_in_any_case() -> None:
    statement = policy(allow(**when("StringEquals", "AWS:sourceVPC", "vpc-1")))
    context = Context({"aws:SourceVpc": ("vpc-1",)})
    assert decide([statement], AccessRequest("s3:GetObject", "x", context)).decision is ALLOWED


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow(**PERHAPS)], UNKNOWN),
        ([allow(**PERHAPS), allow()], ALLOWED),
        ([allow(), deny(**PERHAPS)], UNKNOWN),
        ([deny(**PERHAPS)], DENIED),
        ([allow(**PERHAPS), deny()], DENIED),
        ([allow(**PERHAPS), deny(**PERHAPS)], UNKNOWN),
        ([allow(), deny("s3:*", **PERHAPS)], ALLOWED),
    ],
)
def test_what_cannot_be_known_matters_only_where_it_decides(
    statements: list[dict[str, object]], expected: Decision
) -> None:
    assert ask(*statements) is expected


# --- policy variables

TEAM = "${aws:PrincipalTag/team}"


@pytest.mark.parametrize(
    ("resource", "asked", "keys", "expected"),
    [
        # Truth: "Variables and tags" in the IAM user guide.
        (f"arn:aws:s3:::b/{TEAM}/*", "arn:aws:s3:::b/blue/k", {"aws:PrincipalTag/team": ("blue",)}, ALLOWED),
        (f"arn:aws:s3:::b/{TEAM}/*", "arn:aws:s3:::b/red/k", {"aws:PrincipalTag/team": ("blue",)}, DENIED),
        (f"arn:aws:s3:::b/{TEAM}/*", "arn:aws:s3:::b/red/k", {}, UNKNOWN),
        (f"arn:aws:s3:::b/{TEAM}/*", "arn:aws:s3:::c/red/k", {}, DENIED),
        (f"arn:aws:s3:::b/{TEAM}/*", "arn:aws:s3:::b/blue/k", {"aws:PrincipalTag/team": ABSENT}, DENIED),
        (f"arn:aws:s3:::b/{TEAM}/*", "arn:aws:s3:::b/blue/k", {"aws:PrincipalTag/team": ("blue", "red")}, UNKNOWN),
        (f"arn:aws:s3:::b/{TEAM}/*", "arn:aws:s3:::b/blue/k", {"aws:PrincipalTag/team": ("b*",)}, UNKNOWN),
        (f"arn:aws:s3:::b/{TEAM}/*", "arn:aws:s3:::b/blue/k", {"aws:PrincipalTag/team": (Like("b*"),)}, UNKNOWN),
        ("arn:aws:s3:::b/${AWS:principaltag/TEAM}", "arn:aws:s3:::b/x", {"aws:PrincipalTag/team": ("x",)}, ALLOWED),
        ("arn:aws:s3:::b/${aws:username, 'any one'}", "arn:aws:s3:::b/any one", {"aws:username": ABSENT}, ALLOWED),
        ("arn:aws:s3:::b/${aws:username, 'anyone'}", "arn:aws:s3:::b/joe", {"aws:username": ABSENT}, DENIED),
        ("arn:aws:s3:::b/${aws:username, 'anyone'}", "arn:aws:s3:::b/joe", {"aws:username": ("joe",)}, ALLOWED),
        ("arn:aws:s3:::b/${aws:username, 'anyone'}", "arn:aws:s3:::b/joe", {}, UNKNOWN),
        ("arn:aws:s3:::b/${aws:username, 'a*'}", "arn:aws:s3:::b/ab", {"aws:username": ABSENT}, UNKNOWN),
        ("arn:aws:s3:::b/${aws:username,''}", "arn:aws:s3:::b/", {"aws:username": ABSENT}, ALLOWED),
        ("arn:aws:s3:::b/${*}x", "arn:aws:s3:::b/yx", {}, DENIED),
        ("arn:aws:s3:::b/${?}x", "arn:aws:s3:::b/yx", {}, DENIED),
        ("arn:aws:s3:::b/${$}x", "arn:aws:s3:::b/$x", {}, ALLOWED),
        ("arn:aws:s3:::b/${$}{a}*", "arn:aws:s3:::b/${a}b", {}, ALLOWED),
        # What IAM would make of these is not documented.
        ("arn:aws:s3:::b/${a", "arn:aws:s3:::b/${a", {}, UNKNOWN),
        ("arn:aws:s3:::b/${a", "arn:aws:s3:::c/a", {}, DENIED),
        ("arn:${aws:x}:s3:::b", "arn:aws:s3:::b", {"aws:x": ("aws",)}, UNKNOWN),
    ],
)
def test_variables_in_resources(
    resource: str, asked: str, keys: dict[str, tuple[str, ...]], expected: Decision
) -> None:
    ruling = decide([policy(allow(resource=resource))], AccessRequest("s3:GetObject", asked, Context(keys)))
    assert ruling.decision is expected


def test_an_absent_variable_in_not_resource_is_left_open() -> None:
    """The user guide says that such an entry matches no resource, and not what happens to the statement."""
    statement = {"Effect": "Allow", "Action": "*", "NotResource": f"arn:aws:s3:::b/{TEAM}"}
    context = Context({"aws:PrincipalTag/team": ABSENT})
    assert decide([policy(statement)], AccessRequest("s3:GetObject", "x", context)).decision is UNKNOWN


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "team", "expected"),
    [
        ("StringEquals", TEAM, "blue", ("blue",), ALLOWED),
        ("StringEquals", TEAM, "blue", ("red",), DENIED),
        ("StringEquals", TEAM, "blue", ABSENT, DENIED),
        ("StringNotEquals", TEAM, "blue", ABSENT, ALLOWED),
        ("StringNotEquals", TEAM, "blue", ("blue",), DENIED),
        ("StringEquals", TEAM, "blue", None, UNKNOWN),
        ("StringNotEquals", TEAM, "blue", None, UNKNOWN),
        ("StringEquals", f"x-{TEAM}", "blue", None, DENIED),
        ("StringNotEquals", f"x-{TEAM}", "blue", None, ALLOWED),
        ("StringLike", f"{TEAM}*", "blue-1", ("blue",), ALLOWED),
        ("StringEquals", "${*}", "*", None, ALLOWED),
        ("StringLike", "a${*}", "ab", None, DENIED),
        ("StringLike", "a${*}", "a*", None, ALLOWED),
        ("ArnLike", f"arn:aws:s3:::{TEAM}", "arn:aws:s3:::blue", ("blue",), ALLOWED),
        # "You can't use a policy variable with other operators."
        ("Bool", TEAM, "true", ("true",), UNKNOWN),
    ],
)
def test_variables_in_conditions(
    operator: str, wanted: str, value: str, team: tuple[str, ...] | None, expected: Decision
) -> None:
    keys = {K: (value,)} | ({} if team is None else {"aws:PrincipalTag/team": team})
    statement = policy(allow(**when(operator, K, wanted)))
    assert decide([statement], AccessRequest("s3:GetObject", "x", Context(keys))).decision is expected


@pytest.mark.parametrize(
    ("operator", "negated"),
    [
        (f"{kind}{name}", "Not" in name)
        for kind, names in {
            "String": ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"),
            "Arn": ("Equals", "NotEquals", "Like", "NotLike"),
        }.items()
        for name in names
    ],
)
def test_every_operator_of_strings_and_arns_takes_variables(operator: str, *, negated: bool) -> None:
    statement = policy(allow(**when(operator, K, f"arn:aws:s3:::{TEAM}")))
    context = Context({K: ("arn:aws:s3:::blue",), "aws:PrincipalTag/team": ("blue",)})
    assert decide([statement], AccessRequest("s3:GetObject", "x", context)).decision is (DENIED if negated else ALLOWED)


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_before_2012_a_variable_is_plain_text(version: str | None) -> None:
    old = policy(allow(resource=f"b/{TEAM}"), version=version)
    assert decide([old], AccessRequest("s3:GetObject", f"b/{TEAM}")).decision is ALLOWED
    known = Context({"aws:PrincipalTag/team": ("blue",)})
    assert decide([old], AccessRequest("s3:GetObject", "b/blue", known)).decision is DENIED
    condition = policy(allow(**when("StringEquals", K, TEAM)), version=version)
    given_literally = known.with_({K: (TEAM,)})
    assert decide([condition], AccessRequest("s3:GetObject", "x", given_literally)).decision is ALLOWED


# --- what is known of a role's calls


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


# --- trust

TASKS = "ecs-tasks.amazonaws.com"


def trust(principal: object, effect: object = "Allow", action: object = "sts:AssumeRole", **more: object) -> Policy:
    statement = {"Effect": effect, "Principal": principal, "Action": action, **more}
    return Policy.parse({"Version": "2012-10-17", "Statement": statement}, "trust", trust=True)


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


# --- explanations


def explained(*statements: Mapping[str, object], context: Context = NOTHING, resource: str = "x") -> Decided:
    return decide([policy(*statements, source="inline policy P")], AccessRequest("s3:GetObject", resource, context))


def test_a_ruling_names_the_statement_that_decided() -> None:
    ruling = explained(allow("a:B"), allow(Sid="Read"))
    assert ruling.statement is not None
    assert ruling.statement.number == 2
    assert ruling.explanation == "s3:GetObject on x is allowed by statement 2 (Read) of inline policy P."
    assert explained(allow(), deny()).explanation == "s3:GetObject on x is denied by statement 2 of inline policy P."
    assert explained().explanation == "s3:GetObject on x is not allowed by any statement."
    assert explained().statement is None


def test_a_ruling_names_the_boundary_that_stands_in_the_way() -> None:
    request = AccessRequest("s3:GetObject", "x")
    limit = policy(source="Limits")
    silent = decide([policy(allow())], request, limit)
    assert silent.boundary is limit
    assert silent.explanation == "s3:GetObject on x is not allowed by the permissions boundary Limits."
    denied = decide([policy(allow())], request, policy(deny(), source="Limits"))
    assert denied.boundary is not None
    assert denied.explanation == "s3:GetObject on x is denied by statement 1 of Limits."
    assert decide([policy()], request, limit).boundary is None


@pytest.mark.parametrize(
    ("statement", "keys", "reason"),
    [
        (allow(**PERHAPS), ("aws:sourcevpc",), "its condition depends on aws:sourcevpc, which is not known"),
        (
            allow(**when("StringEquals", "aws:SourceVpc", TEAM)),
            ("aws:principaltag/team", "aws:sourcevpc"),
            "its condition depends on aws:sourcevpc, aws:principaltag/team, which is not known",
        ),
        (
            allow(resource=f"arn:aws:s3:::*{TEAM}*"),
            ("aws:principaltag/team",),
            "its resource depends on aws:principaltag/team, which is not known",
        ),
        (allow(**when("StringMatches", K, "a")), (), "its condition operator StringMatches is not known"),
        (allow(**when("NumericEquals", K, "a")), (), "its condition NumericEquals on aws:key cannot be compared"),
    ],
)
def test_an_unknown_says_what_it_waits_for(statement: dict[str, object], keys: tuple[str, ...], reason: str) -> None:
    ruling = explained(statement, context=Context({K: ("x",)}), resource="arn:aws:s3:::b")
    assert ruling.decision is UNKNOWN
    assert ruling.undecided_keys == keys
    assert ruling.explanation == (
        "Whether s3:GetObject on arn:aws:s3:::b is allowed cannot be decided: "
        f"statement 1 of inline policy P may allow it, because {reason}."
    )


def test_an_unknown_says_that_a_part_is_covered_and_lists_every_doubt() -> None:
    ruling = explained(allow(resource="ab*", **PERHAPS), deny(resource="ac*"), resource="a*")
    assert ruling.explanation == (
        "Whether s3:GetObject on a* is allowed cannot be decided: statement 1 of inline policy P may allow it, "
        "because it covers only a part of these resources and its condition depends on aws:sourcevpc, which is not "
        "known; statement 2 of inline policy P may deny it, because it covers only a part of these resources."
    )


def test_keys_that_are_known_or_that_do_not_matter_are_not_named() -> None:
    settled = {"Condition": {"StringEquals": {"aws:Key": "x"}, "StringLikeIfExists": {"aws:Other": "*"}}}
    merged = {"Condition": {**settled["Condition"], "Bool": {"aws:Third": "true"}}}
    assert explained(allow(**merged), context=Context({K: ("x",)})).undecided_keys == ("aws:third",)


# --- one of several resources


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
    ruling = decide_any([policy(*statements)], "logs:CreateLogGroup", ("a", "b"))
    assert ruling.decision is expected
    assert ruling.explanation.endswith(".")


def test_a_denied_form_beside_an_allowed_one_is_explained() -> None:
    ruling = decide_any([policy(allow(), deny(resource="b"))], "logs:CreateLogGroup", ("a", "b"))
    assert ruling.explanation == (
        "Whether logs:CreateLogGroup on a is allowed cannot be decided: "
        "statement 2 of own may deny it, because it covers only a part."
    )


def test_a_boundary_and_a_context_count_for_every_form() -> None:
    context = Context({"aws:SourceVpc": ("vpc-1",)})
    assert decide_any([policy(allow(**PERHAPS))], "a:B", ("a", "b"), context).decision is ALLOWED
    assert decide_any([policy(allow())], "a:B", ("a", "b"), boundary=policy()).decision is DENIED


def test_to_ask_on_no_resource_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="a:B needs at least one resource"):
        decide_any([], "a:B", ())


# --- documents

DOCUMENT = {"Version": "2012-10-17", "Id": "i", "Statement": {"Sid": "A", **allow("s3:Get*", "arn:aws:s3:::b c/%41")}}


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


# --- properties

KEYS = ("aws:a", "aws:b")
VALUES: tuple[tuple[str, ...], ...] = (ABSENT, ("x",), ("y",), ("x", "y"), ("",))
CHOSEN_OPERATORS = [
    *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"),
    *("StringEqualsIfExists", "StringNotEqualsIfExists", "ForAnyValue:StringLikeIfExists"),
    *("ForAllValues:StringEquals", "ForAnyValue:StringEquals"),
    *("ForAllValues:StringNotLike", "ForAnyValue:StringNotEquals"),
    *("Null", "StringMatches"),
]
WANTED = st.sampled_from(["x", "y", "*", "x*", "?", "true", "false", "${aws:b}", "${aws:a, 'x'}", "z${aws:b}"])
CONDITIONS = st.dictionaries(
    st.sampled_from(CHOSEN_OPERATORS),
    st.dictionaries(st.sampled_from(KEYS), st.lists(WANTED, min_size=1, max_size=2), min_size=1),
    max_size=2,
)
HEAD = "arn:aws:s3:::"
RESOURCES = st.lists(
    st.sampled_from(["a", "ab", "a*", "?b", "*", "b*", "a${aws:a}", "${aws:b}*", "${aws:a, 'b'}"]),
    min_size=1,
    max_size=2,
).map(lambda texts: [HEAD + text for text in texts])


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> dict[str, object]:
    actions = draw(st.lists(st.sampled_from(["s:A", "s:B", "s:*", "*", "t:A", "S:a?"]), min_size=1, max_size=2))
    built: dict[str, object] = {
        "Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): actions,
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(RESOURCES),
    }
    if condition := draw(CONDITIONS):
        built["Condition"] = condition
    return built


DOCUMENTS = st.lists(statements(), max_size=4)
KNOWN = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)).map(Context)
REQUESTS = st.builds(
    AccessRequest,
    st.sampled_from(["s:A", "s:B", "s:Ab"]),
    st.sampled_from(["a", "ab", "b", "bb", "xb", "a*", "?b", "a?"]).map(HEAD.__add__),
    KNOWN,
)
BOUNDARIES = st.none() | DOCUMENTS.map(lambda found: policy(*found))


@examples(400)
@given(DOCUMENTS, statements("Deny"), REQUESTS, BOUNDARIES)
def test_a_further_deny_never_allows(
    document: list[dict[str, object]], more: dict[str, object], request: AccessRequest, boundary: Policy | None
) -> None:
    before = decide([policy(*document)], request, boundary).decision
    after = decide([policy(*document, more)], request, boundary).decision
    order = [DENIED, UNKNOWN, ALLOWED]
    assert order.index(after) <= order.index(before)


@examples(400)
@given(DOCUMENTS, statements("Allow"), REQUESTS, BOUNDARIES)
def test_a_further_allow_never_denies(
    document: list[dict[str, object]], more: dict[str, object], request: AccessRequest, boundary: Policy | None
) -> None:
    before = decide([policy(*document)], request, boundary).decision
    after = decide([policy(*document, more)], request, boundary).decision
    order = [DENIED, UNKNOWN, ALLOWED]
    assert order.index(after) >= order.index(before)


@examples(300)
@given(st.lists(DOCUMENTS, max_size=3), REQUESTS, BOUNDARIES, st.randoms())
def test_the_order_and_division_of_statements_does_not_matter(
    documents: list[list[dict[str, object]]], request: AccessRequest, boundary: Policy | None, random: object
) -> None:
    expected = decide([policy(*each) for each in documents], request, boundary).decision
    flat = [each for document in documents for each in document]
    random.shuffle(flat)  # type: ignore[attr-defined]  # hypothesis types its random numbers as object
    assert decide([policy(*flat)], request, boundary).decision is expected
    assert decide([policy(each) for each in flat], request, boundary).decision is expected


@examples(200)
@given(DOCUMENTS, REQUESTS)
def test_the_case_of_an_action_does_not_matter(document: list[dict[str, object]], request: AccessRequest) -> None:
    expected = decide([policy(*document)], request).decision
    for spelled in (request.action.upper(), request.action.lower()):
        assert (
            decide([policy(*document)], AccessRequest(spelled, request.resource, request.context)).decision is expected
        )


def worlds(known: Context) -> Iterator[dict[str, tuple[str, ...]]]:
    """Every assignment of the keys that agrees with what is known."""
    choices = [VALUES if known.values(key) is None else (known.keys[key],) for key in KEYS]
    for values in product(*choices):
        yield dict(zip(KEYS, values, strict=True))  # type: ignore[arg-type]  # no Like among these


def as_regex(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def instances(resource: str) -> list[str]:
    wanted = as_regex(resource)
    texts = [HEAD + "".join(letters) for length in range(4) for letters in product("abxy", repeat=length)]
    return [text for text in texts if wanted.fullmatch(text)]


VARIABLES = [
    ("${aws:b}", "aws:b", None),
    ("${aws:a}", "aws:a", None),
    ("${aws:a, 'x'}", "aws:a", "x"),
    ("${aws:a, 'b'}", "aws:a", "b"),
]


class Undefined(Exception):
    """IAM's documents do not say, or the operator is made up."""


class Plainly:
    """An evaluator of its own for one concrete request, two-valued and slow, written from the user guide."""

    def __init__(self, world: dict[str, tuple[str, ...]], action: str, resource: str) -> None:
        self.world, self.action, self.resource = world, action, resource

    def decides(self, own: list[dict[str, object]]) -> Decision:
        effects = {each["Effect"] for each in own if self.matches(each)}
        return DENIED if "Deny" in effects or not effects else ALLOWED

    def matches(self, statement: dict[str, object]) -> bool:
        """Undefined where a part on which it depends is."""
        doubt = False
        for part in (self.of_action, self.of_resource, self.of_condition):
            try:
                if not part(statement):
                    return False
            except Undefined:
                doubt = True
        if doubt:
            raise Undefined
        return True

    def of_action(self, statement: dict[str, object]) -> bool:
        name = "Action" if "Action" in statement else "NotAction"
        written = statement[name]
        assert isinstance(written, list)
        return any(as_regex(each.lower()).fullmatch(self.action.lower()) for each in written) is (name == "Action")

    def of_resource(self, statement: dict[str, object]) -> bool:
        name = "Resource" if "Resource" in statement else "NotResource"
        written = statement[name]
        assert isinstance(written, list)
        doubt = False
        for each in written:
            try:
                text = self.filled(each)
            except Undefined:
                doubt = True
                continue
            if text is None:
                doubt |= name == "NotResource"
            elif as_regex(text).fullmatch(self.resource):
                return name == "Resource"
        if doubt:
            raise Undefined
        return name == "NotResource"

    def filled(self, text: str) -> str | None:
        for variable, key, default in VARIABLES:
            if variable not in text:
                continue
            values = self.world[key]
            if len(values) > 1:
                raise Undefined
            value = values[0] if values else default
            if value is None:
                return None
            text = text.replace(variable, value)
        return text

    def of_condition(self, statement: dict[str, object]) -> bool:
        block = statement.get("Condition", {})
        assert isinstance(block, dict)
        doubt = False
        for operator, keys in block.items():
            for key, wanted in keys.items():
                try:
                    if not self.holds(operator, self.world[key], wanted):
                        return False
                except Undefined:
                    doubt = True
        if doubt:
            raise Undefined
        return True

    def holds(self, operator: str, values: tuple[str, ...], wanted: list[str]) -> bool:
        if operator == "StringMatches":
            raise Undefined
        if operator == "Null":
            if any(each not in ("true", "false") for each in wanted):
                raise Undefined
            return ("false" if values else "true") in wanted
        quantifier, _, base = operator.rpartition(":")
        plain = base.removesuffix("IfExists")
        negated = "Not" in plain
        if not values:
            if base != plain or quantifier == "ForAllValues":
                return True
            return negated and not quantifier
        if quantifier == "ForAllValues" and set(values) == {""}:
            return True
        answers = [self.one(value, wanted, like="Like" in plain) is not negated for value in values]
        if quantifier == "ForAllValues":
            return all(answers)
        if quantifier == "ForAnyValue":
            return any(answers)
        if len(set(answers)) > 1:
            raise Undefined
        return answers[0]

    def one(self, value: str, wanted: list[str], *, like: bool) -> bool:
        texts = [self.filled(each) for each in wanted]
        return any(text is not None and (as_regex(text).fullmatch(value) if like else text == value) for text in texts)


@examples(1000)
@given(DOCUMENTS, REQUESTS, st.none() | DOCUMENTS)
def test_what_is_sure_is_so_in_every_world(
    document: list[dict[str, object]], request: AccessRequest, limit: list[dict[str, object]] | None
) -> None:
    """ALLOWED and DENIED hold for every value of what is not known, and for every resource that a pattern asks for."""
    decision = decide([policy(*document)], request, None if limit is None else policy(*limit)).decision
    for world in worlds(request.context):
        for resource in instances(request.resource):
            plainly = Plainly(world, request.action, resource)
            try:
                verdicts = {plainly.decides(document)} | (set() if limit is None else {plainly.decides(limit)})
            except Undefined:
                continue
            concrete = DENIED if DENIED in verdicts else ALLOWED
            assert decision in (concrete, UNKNOWN)


@examples(1000)
@given(DOCUMENTS, st.sampled_from(VALUES), st.sampled_from(VALUES), st.sampled_from(["a", "ab", "b", "xb"]))
def test_with_everything_known_it_decides_as_the_user_guide_says(
    document: list[dict[str, object]], a: tuple[str, ...], b: tuple[str, ...], name: str
) -> None:
    world = dict(zip(KEYS, (a, b), strict=True))
    try:
        expected = Plainly(world, "s:A", HEAD + name).decides(document)
    except Undefined:
        return
    assert decide([policy(*document)], AccessRequest("s:A", HEAD + name, Context(world))).decision is expected
