"""Policies and questions for the tests of decisions."""

from collections.abc import Mapping

from hypothesis import strategies as st

from domain.iam import AccessRequest, Context, Decision, Policy, decide

ALLOWED, DENIED, UNKNOWN = Decision.ALLOWED, Decision.DENIED, Decision.UNKNOWN
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


PERHAPS = when("StringEquals", "aws:SourceVpc", "vpc-1")
K = "aws:Key"
TEAM = "${aws:PrincipalTag/team}"
KEYS = ("aws:a", "aws:b")
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
