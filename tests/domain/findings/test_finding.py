"""What each next verdict makes of a finding."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.drift import Drift, Grant
from domain.findings.finding import (
    Finding,
    FindingState,
    RuleResult,
    Transition,
    TransitionKind,
    next_transition,
)
from domain.findings.users import User, Users
from domain.places import Place
from domain.severity import Severity
from domain.subject import Subject, SubjectId
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WEB = SubjectId(Place("123456789012", "eu-west-1"), Subject.FAMILY, "web")
RULE = "sidecar.image-pinned"
DRIFTS = (Drift("code", "containers/x/image", "It is latest.", severity=Severity.MEDIUM),)

DRIFTED = Drifted(RULE, WEB, Severity.MEDIUM, DRIFTS)
GRAVER = Drifted(RULE, WEB, Severity.HIGH, DRIFTS)
MILDER = Drifted(RULE, WEB, Severity.LOW, DRIFTS)
ELSEWHERE = Drifted(
    RULE, WEB, Severity.MEDIUM, (Drift("code", "containers/y/image", "It is latest.", severity=Severity.MEDIUM),)
)
COMPLIANT, UNKNOWN = Compliant(RULE, WEB), Unknown(RULE, WEB)
EXEMPT = Exempt(RULE, WEB, "being replaced", None)

type Spoken = Verdict | None


def following(
    finding: Finding | None, verdict: Spoken, now: datetime = NOW, resource: str = "web:1"
) -> Transition | None:
    return next_transition(finding, RuleResult(WEB, RULE, verdict, resource, now))


def standing(state: FindingState) -> Finding:
    return Finding(WEB, RULE, state, Severity.MEDIUM, DRIFTS, "web:1", NOW - timedelta(days=9), NOW - timedelta(1), 4)


@pytest.mark.parametrize(
    ("state", "verdict", "change"),
    [
        (None, DRIFTED, TransitionKind.OPENED),
        (None, COMPLIANT, None),
        (None, UNKNOWN, None),
        (None, EXEMPT, None),
        (None, None, None),
        (FindingState.OPEN, DRIFTED, None),
        (FindingState.OPEN, GRAVER, TransitionKind.RAISED),
        (FindingState.OPEN, MILDER, TransitionKind.UPDATED),
        (FindingState.OPEN, ELSEWHERE, TransitionKind.UPDATED),
        (FindingState.OPEN, COMPLIANT, TransitionKind.CLOSED),
        (FindingState.OPEN, EXEMPT, TransitionKind.EXEMPTED),
        (FindingState.OPEN, None, TransitionKind.GONE),
        (FindingState.OPEN, UNKNOWN, None),
        *(
            (state, DRIFTED, TransitionKind.REOPENED)
            for state in (FindingState.CLOSED, FindingState.EXEMPT, FindingState.GONE)
        ),
        *(
            (state, verdict, None)
            for state in (FindingState.CLOSED, FindingState.EXEMPT, FindingState.GONE)
            for verdict in (COMPLIANT, EXEMPT, None, UNKNOWN)
        ),
    ],
)
def test_the_ways_that_a_finding_can_go(
    state: FindingState | None, verdict: Spoken, change: TransitionKind | None
) -> None:
    found = following(standing(state) if state else None, verdict)
    assert (found.change if found else None) is change


def test_only_what_people_should_know_alerts() -> None:
    assert {change for change in TransitionKind if change.alerts} == {
        TransitionKind.OPENED, TransitionKind.RAISED, TransitionKind.REOPENED, TransitionKind.CLOSED,
    }  # fmt: skip


def test_a_new_revision_with_the_same_drift_is_imported_and_not_published() -> None:
    found = following(standing(FindingState.OPEN), DRIFTED, resource="web:2")
    assert found is not None
    assert (found.change, found.finding.resource) == (TransitionKind.UPDATED, "web:2")


def test_other_users_are_imported_and_another_count_of_tasks_is_not() -> None:
    """And nothing is published."""
    one, more, others = (Users((User("web", title, 1, tasks),)) for title, tasks in (("a", 1), ("a", 9), ("b", 1)))
    finding = replace(standing(FindingState.OPEN), users=one)
    assert next_transition(finding, RuleResult(WEB, RULE, DRIFTED, "web:1", NOW, more)) is None
    found = next_transition(finding, RuleResult(WEB, RULE, DRIFTED, "web:1", NOW, others))
    assert found is not None
    assert (found.change, found.finding.users) == (TransitionKind.UPDATED, others)
    closed = next_transition(finding, RuleResult(WEB, RULE, COMPLIANT, "web:1", NOW, others))
    assert closed is not None
    assert closed.finding.users == others, "where the revision that closed it runs"


@pytest.mark.parametrize("count", [0, 20, 45])
def test_a_finding_lists_no_more_users_than_there_is_room_for(count: int) -> None:
    users = Users.of((User("web", f"shop/{n:02}", 1, n) for n in reversed(range(count))), more=3)
    assert len(users.known) + users.more == count + 3
    assert len(users.known) <= 20


@pytest.mark.parametrize("verdict", [DRIFTED, UNKNOWN])
def test_what_stays_open_is_imported_again_before_security_hub_forgets_it(verdict: Spoken) -> None:
    before, later = standing(FindingState.OPEN), NOW + timedelta(days=30)
    assert following(before, verdict, NOW + timedelta(days=20)) is None
    found = following(before, verdict, later)
    assert found == Transition(replace(before, updated=later, version=before.version + 1), TransitionKind.UPDATED)
    for state in set(FindingState) - {FindingState.OPEN}:
        assert following(standing(state), UNKNOWN, later) is None, "what is over may be forgotten"


def test_a_findings_id_is_that_of_subject_and_rule_whatever_the_revision() -> None:
    assert standing(FindingState.OPEN).id == "outrider/123456789012/eu-west-1/family/web/sidecar.image-pinned"


verdicts = st.sampled_from([DRIFTED, GRAVER, MILDER, ELSEWHERE, COMPLIANT, UNKNOWN, EXEMPT, None])
moments = st.integers(-5, 5).map(lambda seconds: NOW + timedelta(seconds=seconds))


@given(st.lists(st.tuples(verdicts, moments), max_size=20))
def test_in_every_history_times_grow_first_seen_survives_and_no_two_transitions_share_an_id(
    history: list[tuple[Spoken, datetime]],
) -> None:
    """Clocks that go back are among them."""
    finding, transitions = None, list[Transition]()
    for verdict, now in history:
        found = following(finding, verdict, now)
        if found is None:
            continue
        if finding is not None:
            before, after = (f.updated.isoformat(timespec="milliseconds") for f in (finding, found.finding))
            assert before < after, "in the milliseconds that Security Hub receives"
            assert found.finding.created == finding.created
            assert found.finding.version == finding.version + 1
        if isinstance(verdict, Unknown):
            pytest.fail("what is unknown changes nothing within a month")
        finding = found.finding
        transitions.append(found)
    assert len({transition.id for transition in transitions}) == len(transitions)
    opened = [
        t.change
        for t in transitions
        if t.change in {TransitionKind.OPENED, TransitionKind.REOPENED, TransitionKind.CLOSED, TransitionKind.GONE}
    ]
    assert opened[:1] in ([], [TransitionKind.OPENED])


_TEXT = st.text()
_GRANTS = st.lists(st.builds(Grant, _TEXT, _TEXT, _TEXT), max_size=3).map(tuple)
_DRIFT = st.builds(Drift, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT, st.sampled_from(Severity), _TEXT, _GRANTS)


_USERS = st.builds(Users, st.lists(st.builds(User, _TEXT, _TEXT), max_size=3).map(tuple))
_KEPT = TypeAdapter(Finding)


@given(st.lists(_DRIFT, max_size=5), _USERS)
def test_a_finding_is_kept_as_it_was(drifts: list[Drift], users: Users) -> None:
    finding = Finding(WEB, RULE, FindingState.OPEN, Severity.HIGH, tuple(drifts), "arn", NOW, NOW, 2, users)
    assert _KEPT.validate_json(_KEPT.dump_json(finding, exclude_defaults=True)) == finding
