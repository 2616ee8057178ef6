"""Whatever callers write into an event, its message is read as that event or refused: never as anything else."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import Place
from domain.triggers.reading import Ignored, Refused, TriggerUnreadable, read, read_approval
from domain.triggers.trigger import ApprovalTrigger, Trigger
from tests.event_rules import EVENTS, RULES, changed, matches, transformed, transformer_of, without
from tests.profiles import examples

FINDING = "outrider/123456789012/eu-west-1/family/victim/sidecar.image-pinned"
FORGED = {
    "kind": "approval", "account": "999999999999", "region": "us-west-2", "quiet": "true", "finding": FINDING,
    "plan": "0123456789abcdef", "family": "victim", "identity": '{"arn": "arn:aws:iam::999999999999:user/eve"}',
    "changed": '["999999999999/us-west-2/role/eve"]', "after": "z", "agent": "Terraform", "service": "shop/victim",
}  # fmt: skip


def taken() -> Iterator[tuple[str, str]]:
    """The samples that a rule takes, and the rule."""
    for name, event in EVENTS.items():
        for rule, properties in RULES.items():
            if matches(properties["EventPattern"], event):
                yield name, rule


TAKEN = list(taken())
FIELDS = [(name, rule, path) for name, rule in TAKEN for path in transformer_of(rule)["InputPathsMap"].values()]


def injections() -> st.SearchStrategy[str]:
    """Texts that end the string, list or object that they are put in, and go on with keys of their own."""
    ends = st.sampled_from(['x"', 'x"]', 'x"}', 'x"]}', "x]", "", '"', "\\", '\\"', "x\\"])
    keys = st.sampled_from(sorted(FORGED))
    values = st.sampled_from(['"{}"', "[{}]", '["{}"]', "{}"])

    def made(end: str, pairs: list[tuple[str, str]], rest: str) -> str:
        forged = "".join(f', "{key}": {form.replace("{}", FORGED[key])}' for key, form in pairs)
        return f"{end}{forged}{rest}"

    rests = st.sampled_from([', "z": "', ', "z": ["', "}", "", ', "agent": ["', "<agent>", "\\"])
    return st.builds(made, ends, st.lists(st.tuples(keys, values), min_size=1, max_size=3), rests)


HOSTILE = (
    injections()
    | st.text(max_size=40)
    | st.sampled_from(["\ud800", "\x00", "<account>", "null", "[]", "\n", "a\u2028b"])
)
NO_TEXT = st.none() | st.booleans() | st.integers() | st.lists(HOSTILE, max_size=2) | st.just({"kind": "approval"})


def read_as_sent(rule: str, body: str) -> Trigger | ApprovalTrigger | Ignored | None:
    """As the function reads it that takes the rule's messages; None where it is refused."""
    try:
        found = read_approval(body) if rule == "ApprovedPlans" else read(body)
    except TriggerUnreadable:
        return None
    return None if isinstance(found, Refused) else found


def said(trigger: Trigger | ApprovalTrigger) -> dict[str, Any]:
    """What a message decides apart from which resource it names."""
    own = {name: getattr(trigger, name, None) for name in ("quiet", "changed", "after", "settled", "suppressed")}
    return own | {"kind": trigger.kind, "place": trigger.place, "by": trigger.actor.arn}


@pytest.mark.parametrize("escapes", [True, False], ids=["escaped", "not escaped"])
@pytest.mark.parametrize(("name", "rule", "path"), FIELDS, ids=["-".join(each) for each in FIELDS])
def test_no_message_becomes_another_than_its_event_is(name: str, rule: str, path: str, escapes: bool) -> None:  # noqa: FBT001 - pytest's
    event, transformer = EVENTS[name], transformer_of(rule)
    honest = read_as_sent(rule, transformed(transformer, event))
    assert honest is not None
    assert not isinstance(honest, Ignored)
    named = {name for name, place in transformer["InputPathsMap"].items() if place == path}

    @examples(40)
    @given(HOSTILE | NO_TEXT)
    def tried(hostile: Any) -> None:
        found = read_as_sent(rule, transformed(transformer, changed(event, path, hostile), escapes=escapes))
        if found is None or isinstance(found, Ignored):
            return
        facts = said(found)
        if path == "$.detail.userIdentity":  # written by CloudTrail alone
            facts["by"] = honest.actor.arn
        assert facts == said(honest)
        for member in ("finding", "plan"):
            if member not in named:
                assert getattr(found, member, None) == getattr(honest, member, None)

    tried()


@pytest.mark.parametrize(("name", "rule"), [each for each in TAKEN if "userAgent" in str(transformer_of(each[1]))])
def test_whatever_a_user_agent_is_the_event_is_judged_by_its_ids(name: str, rule: str) -> None:
    """It is the one text that the caller alone decides: it loses no message and changes nothing else about it."""
    event, path = EVENTS[name], "$.detail.userAgent"
    honest = read_as_sent(rule, transformed(transformer_of(rule), event))
    assert honest is not None
    assert not isinstance(honest, Ignored)

    @examples(80)
    @given(HOSTILE | NO_TEXT)
    def tried(hostile: Any) -> None:
        found = read_as_sent(rule, transformed(transformer_of(rule), changed(event, path, hostile)))
        assert found is not None
        assert not isinstance(found, Ignored)
        assert found.model_dump(exclude={"agent"}) == honest.model_dump(exclude={"agent"})
        found.model_dump_json()  # as it is sent on

    tried()


@pytest.mark.parametrize(("name", "rule", "path"), FIELDS, ids=["-".join(each) for each in FIELDS])
def test_an_event_without_a_field_is_still_read(name: str, rule: str, path: str) -> None:
    """A message without what it cannot do without is refused as one, and not as no JSON."""
    body = transformed(transformer_of(rule), without(EVENTS[name], path))
    json.loads(body)
    if path in {"$.detail.userAgent", "$.detail.userIdentity", "$.detail.eventTime", "$.time", "$.detail.eventName"}:
        assert read_as_sent(rule, body) is not None


@pytest.mark.parametrize("rule", sorted(RULES))
def test_no_placeholder_is_inside_quotes(rule: str) -> None:
    texts = re.findall(r'"[^"]*"', transformer_of(rule)["InputTemplate"])
    assert [text for text in texts if "<" in text] == []


@pytest.mark.parametrize("key", ["quiet", "settled", "changed", "after", "suppressed", "approved", "from"])
@pytest.mark.parametrize("value", [[True], ["2026-11-23T12:00:00Z"], [["x"]], "x", {"x": 1}], ids=str)
def test_a_message_of_a_rule_has_no_key_that_no_rule_sends(key: str, value: object) -> None:
    body = json.loads(transformed(transformer_of("ServiceCalls"), EVENTS["update-service"]))
    with pytest.raises(TriggerUnreadable):
        read(json.dumps(body | {key: value}))


def test_a_key_twice_is_refused() -> None:
    body = transformed(transformer_of("RoleCalls"), EVENTS["tag-role"])
    with pytest.raises(TriggerUnreadable):
        read(body[:-1] + ', "role": ["victim"]}')


@pytest.mark.parametrize("place", [Place("999999999999", "eu-west-1"), Place("123456789012", "us-east-1")], ids=str)
def test_an_approval_is_of_the_account_and_region_that_imported_the_finding(place: Place) -> None:
    event = changed(
        EVENTS["approve-plan"], "$.detail.findings[0].Id", f"outrider/{place}/family/web/sidecar.image-pinned"
    )
    with pytest.raises(TriggerUnreadable):
        read_approval(transformed(transformer_of("ApprovedPlans"), event))


PLAN = "$.detail.findings[0].ProductFields.outrider/plan"


@pytest.mark.parametrize("plan", ["", "b6521ab1", "B6521AB105CF03F3"])
def test_an_approval_of_what_is_no_plan_is_refused(plan: str) -> None:
    with pytest.raises(TriggerUnreadable):
        read_approval(transformed(transformer_of("ApprovedPlans"), changed(EVENTS["approve-plan"], PLAN, plan)))


def test_an_approval_of_a_finding_that_shows_no_plan_names_none() -> None:
    found = read_approval(transformed(transformer_of("ApprovedPlans"), without(EVENTS["approve-plan"], PLAN)))
    assert isinstance(found, ApprovalTrigger)
    assert found.plan == ""


def test_an_approval_of_a_parameters_finding_requests_nothing() -> None:
    event = without(EVENTS["approve-plan"], PLAN)
    id_ = "outrider/123456789012/eu-west-1/parameter//fargate/config/config.well-formed"
    found = read_approval(transformed(transformer_of("ApprovedPlans"), changed(event, "$.detail.findings[0].Id", id_)))
    assert found == Ignored("a parameter or role has no plan")


def test_an_approval_on_the_queue_of_changes_is_refused() -> None:
    body = transformed(transformer_of("ApprovedPlans"), EVENTS["approve-plan"])
    with pytest.raises(TriggerUnreadable):
        read(body)
