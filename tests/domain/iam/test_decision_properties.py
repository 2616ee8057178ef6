"""Decisions: properties over random policies."""

import re
from collections.abc import Iterator
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from domain.iam import ABSENT, AccessRequest, Context, Decision, Policy, decide
from tests.domain.iam.deciding import ALLOWED, DENIED, HEAD, KEYS, UNKNOWN, policy, statements
from tests.profiles import examples

VALUES: tuple[tuple[str, ...], ...] = (ABSENT, ("x",), ("y",), ("x", "y"), ("",))
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
