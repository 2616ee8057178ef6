"""Decisions: tables of conditions and policy variables."""

from itertools import product

import pytest

from domain.iam import ABSENT, AccessRequest, Context, Decision, Like, decide
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

# --- conditions -------------------------------------------------------------------------------------------------------


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


# --- policy variables -------------------------------------------------------------------------------------------------


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
