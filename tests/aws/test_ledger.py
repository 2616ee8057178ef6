"""The ledger keeps what it was given, lets nobody overwrite what somebody else wrote, and forgets no news."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.ledger import Dependent, History, Ledger, LedgerConflict, Record, Row
from aws.ledger.dependents import delete_dependent, put_dependent
from aws.ledger.subjects import delete_running, put_running
from domain.drift import Drift, Grant
from domain.ecs.task_definition import TaskDefinition
from domain.findings.dependents import NO_VERDICTS, FamilyVerdict, FamilyVerdicts, VerdictKind
from domain.findings.finding import Finding, FindingState
from domain.findings.users import Running, Seen, User, Users
from domain.places import Place, Revision
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.reason import Code as ReasonCode
from domain.remediation.reason import Reason
from domain.remediation.rollout import Rollout, Target
from domain.severity import Severity
from domain.subject import Subject, SubjectId
from tests.operations.world import CANARY, PLACE, TABLE, World, definition, role_arn
from tests.profiles import examples

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
WEB = SubjectId(PLACE, Subject.FAMILY, "web")
SAID = FamilyVerdicts(
    {"a.b": FamilyVerdict(VerdictKind.DRIFTED, Severity.HIGH, (Drift("code", "x", "Why; with „signs“."),))},
    Users((User("web", "shop/web", 2, 3),), more=1),
)
CONFIGURATION = SubjectId(PLACE, Subject.PARAMETER, "/a/configuration")
PENDING = {"import": "{}", "alert/1": '{"id": "1"}'}


def row(rule: str = "a.b", version: int = 1, subject: SubjectId = WEB) -> Row:
    grants = (Grant("web-task", "logs:PutLogEvents", "arn:x"), Grant("boundary", "xray:PutTraceSegments", "*"))
    drifts = (
        Drift("a-code", "containers/x", "Why; with „signs“.", "found", "wanted", Severity.LOW, "about", grants),
        Drift("b-code", "y", "z", severity=Severity.HIGH),
    )
    return Row(
        Finding(subject, rule, FindingState.OPEN, Severity.HIGH, drifts, "arn:x", NOW, NOW + timedelta(1), version),
        PENDING,
    )


def record(*rows: Row, order: int = 1, request: str | None = None) -> Record:
    return Record(
        order=order,
        standard="digest",
        dependencies={CONFIGURATION.key: SAID},
        runs=Running(fargate=True, revision=2, tasks=3),
        rows={each.finding.rule: each for each in rows},
        request=request,
        notify={CONFIGURATION.key: "{}"},
    )


def write(ledger: Ledger, *writes: dict[str, Any]) -> None:
    ledger.table.write_all("rows", writes)


@pytest.mark.parametrize(
    "subject",
    [
        WEB,
        SubjectId(PLACE, Subject.SERVICE, "shop/web"),
        SubjectId(PLACE, Subject.PARAMETER, "/a/b"),
        SubjectId(PLACE, Subject.ROLE, role_arn("path/web")),
    ],
)
def test_what_was_written_is_read_again(world: World, subject: SubjectId) -> None:
    ledger = world.ledger
    assert ledger.history(subject) == History(subject)
    given = record(row(subject=subject), order=7, request="{}")
    written = ledger.subjects.write(ledger.history(subject), given)
    assert ledger.history(subject) == written == History(subject, version=1, record=given)
    assert list(ledger.subjects.everywhere()) == [subject]


def test_a_large_record_is_kept_in_little_room(world: World) -> None:
    ledger, rows = world.ledger, [row(f"a.r{number}") for number in range(200)]
    ledger.subjects.write(ledger.history(WEB), record(*rows))
    assert set(ledger.history(WEB).rows) == {each.finding.rule for each in rows}
    [item] = world.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert len(item["body"]["B"]) < 10_000


def test_of_two_that_read_the_same_only_the_first_writes(world: World) -> None:
    ledger = world.ledger
    read = ledger.history(WEB)
    ledger.subjects.write(read, record(row("a.one")))
    with pytest.raises(LedgerConflict, match="123456789012/eu-west-1/family/web was written by another worker"):
        ledger.subjects.write(read, record(row("a.other")))
    assert set(ledger.history(WEB).rows) == {"a.one"}, "nothing of the second was written"
    ledger.subjects.write(ledger.history(WEB), record(row("a.other")))
    assert set(ledger.history(WEB).rows) == {"a.other"}


def test_the_findings_of_a_place_are_found(world: World) -> None:
    ledger, far = world.ledger, Place(PLACE.account, "us-east-1")
    for subject, state, days in (
        (WEB, FindingState.OPEN, -400),
        (replace(WEB, name="closed"), FindingState.CLOSED, -1),
        (replace(WEB, name="closed-before"), FindingState.CLOSED, -9),
        (replace(WEB, name="exempt"), FindingState.EXEMPT, -1),
        (SubjectId(PLACE, Subject.ROLE, "arn:aws:iam::999999999999:role/web"), FindingState.OPEN, -1),
        (replace(WEB, place=far), FindingState.OPEN, -1),
    ):
        finding = replace(row(subject=subject).finding, state=state, updated=NOW + timedelta(days=days))
        ledger.subjects.write(ledger.history(subject), record(Row(finding)))
    assert {each.finding.subject.name for each in ledger.subjects.open_rows([PLACE])} == {
        "web", "arn:aws:iam::999999999999:role/web",
    }  # fmt: skip
    everything = ledger.overviews.of_all()
    assert {each.subject.name for each in everything.findings} == {
        "web", "closed", "closed-before", "exempt", "arn:aws:iam::999999999999:role/web",
    }, "of all places"  # fmt: skip


def test_services_attempts_and_own_revisions_belong_to_the_family(world: World) -> None:
    ledger = world.ledger
    runs = Running(fargate=True, revision=3, tasks=1)
    write(ledger, put_running(WEB, "shop/web", runs), put_running(WEB, "shop/old", Running(fargate=False)))
    seen = Seen(revision=2, tasks=5, at=NOW)
    ledger.subjects.saw(WEB, "batch", seen)
    write(ledger, delete_running(WEB, "shop/old"))
    ledger.subjects.runs(WEB, "shop/web", replace(runs, tasks=2))
    ledger.attempts.registered(Revision(PLACE, "web", 4))
    attempt = Attempt(Revision(PLACE, "web", 3), "digest", AttemptState.REGISTERED, NOW, 4, pending=("pending",))
    attempt = ledger.attempts.write(attempt)
    assert attempt.version == 1
    found = ledger.history(WEB)
    assert (found.services, found.own_revisions, found.attempts) == (
        {"shop/web": Running(fargate=True, revision=3, tasks=2)}, frozenset({4}), (attempt,),
    )  # fmt: skip
    assert found.seen == {"batch": seen}
    assert found.version == 0


def test_a_revision_is_remembered_without_the_values_that_no_rule_reads(world: World) -> None:
    ledger, revision = world.ledger, Revision(PLACE, "web", 3)
    assert ledger.revisions.kept(revision) is None
    task = TaskDefinition(definition())
    ledger.revisions.keep(revision, task.without_values())
    assert ledger.revisions.kept(revision) == task.without_values()
    assert CANARY not in repr(ledger.revisions.kept(revision)) + world.dump()
    ledger.revisions.forget(revision)
    assert ledger.revisions.kept(revision) is None


@pytest.mark.parametrize(("left", "then"), [(1, 14), (6.9, 14), (7.1, 7.1), (400, 400)])
def test_a_revision_that_is_asked_for_is_kept_on_and_others_go_after_two_weeks(
    world: World, left: float, then: float
) -> None:
    """Each deployment leaves one, and the sweep reads the whole table."""
    ledger, revision, client = world.ledger, Revision(PLACE, "web", 3), world.client("dynamodb")
    key = {"pk": {"S": f"revisions/{WEB.key}"}, "sk": {"S": "3"}}

    def days() -> float:
        expires = client.get_item(TableName=TABLE, Key=key)["Item"]["expires"]["N"]
        return (int(expires) - datetime.now(UTC).timestamp()) / 86400

    ledger.revisions.keep(revision, TaskDefinition(definition()).without_values())
    assert days() == pytest.approx(14, abs=0.01)
    soon = str(int(datetime.now(UTC).timestamp() + left * 86400))
    client.update_item(
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET expires = :then",
        ExpressionAttributeValues={":then": {"N": soon}},
    )
    assert ledger.revisions.kept(revision) is not None
    assert days() == pytest.approx(then, abs=0.01)


def test_a_revision_that_is_forgotten_while_it_is_asked_for_does_not_come_back(world: World) -> None:
    ledger, revision = world.ledger, Revision(PLACE, "web", 3)
    ledger.revisions.keep(revision, TaskDefinition(definition()).without_values())
    key = {"pk": {"S": f"revisions/{WEB.key}"}, "sk": {"S": "3"}}
    world.client("dynamodb").update_item(
        TableName=TABLE, Key=key, UpdateExpression="SET expires = :now", ExpressionAttributeValues={":now": {"N": "1"}}
    )
    world.meanwhile["UpdateItem"] = lambda: ledger.revisions.forget(revision)
    assert ledger.revisions.kept(revision) is not None
    assert ledger.revisions.kept(revision) is None


def families(ledger: Ledger, on: SubjectId) -> set[str]:
    return {each.family.name for each in ledger.dependents.of(on)}


def test_who_uses_a_role_is_found_by_its_name_from_any_region(world: World) -> None:
    ledger = world.ledger
    role = SubjectId(PLACE, Subject.ROLE, role_arn("path/web-task"))
    by_event = SubjectId(Place(PLACE.account, "us-east-1"), Subject.ROLE, "web-task")
    write(ledger, put_dependent(role, WEB, SAID))
    assert ledger.dependents.of(by_event) == [Dependent(WEB, role, SAID)]
    write(ledger, delete_dependent(role, WEB))
    assert ledger.dependents.of(by_event) == []


def test_a_role_of_another_account_is_another_though_the_name_is_the_same(world: World) -> None:
    ledger, other = world.ledger, "999999999999"
    mine, theirs = (
        SubjectId(PLACE, Subject.ROLE, f"arn:aws:iam::{account}:role/web-task") for account in (PLACE.account, other)
    )
    write(ledger, put_dependent(mine, WEB, SAID), put_dependent(theirs, replace(WEB, name="api"), SAID))
    assert families(ledger, SubjectId(Place(other, "us-east-1"), Subject.ROLE, "web-task")) == {"api"}
    assert families(ledger, mine) == {"web"}


def test_what_is_said_of_a_role_is_said_of_its_arn_and_an_event_gives_but_its_name(world: World) -> None:
    ledger, api = world.ledger, replace(WEB, name="api")
    here, elsewhere = (SubjectId(PLACE, Subject.ROLE, role_arn(f"{path}web-task")) for path in ("", "old/"))
    write(ledger, put_dependent(here, WEB, SAID), put_dependent(elsewhere, api, NO_VERDICTS))
    assert ledger.history(here).dependents == {WEB: SAID}
    assert ledger.history(elsewhere).dependents == {api: NO_VERDICTS}
    assert families(ledger, replace(here, name="web-task")) == {"web", "api"}
    far = replace(here, place=Place(PLACE.account, "us-east-1"))
    assert ledger.history(far).dependents == {}, "a finding of its own, of the families there"


def test_a_parameters_record_and_those_who_use_it_are_read_at_once(world: World) -> None:
    ledger = world.ledger
    ledger.subjects.write(ledger.history(CONFIGURATION), record(row(subject=CONFIGURATION)))
    write(ledger, put_dependent(CONFIGURATION, WEB, SAID))
    world.calls.clear()
    found = ledger.history(CONFIGURATION)
    assert (set(found.rows), found.dependents, world.calls["Query"]) == ({"a.b"}, {WEB: SAID}, 1)


def test_more_rows_are_written_than_one_call_takes(world: World) -> None:
    ledger = world.ledger
    many = [SubjectId(PLACE, Subject.ROLE, role_arn(f"role-{number}")) for number in range(60)]
    write(ledger, *(put_dependent(each, WEB, SAID) for each in many))
    assert all(families(ledger, each) == {"web"} for each in many)
    assert world.calls["BatchWriteItem"] == 3


def test_a_notice_is_due_once_until_its_hours_have_passed(world: World) -> None:
    ledger = world.ledger
    assert [ledger.notices.claim("a"), ledger.notices.claim("a"), ledger.notices.claim("b")] == [True, False, True]
    assert [ledger.notices.claim("c", hours=-1), ledger.notices.claim("c", hours=-1)] == [True, True]


def test_a_history_of_several_pages_is_read_to_its_end(world: World) -> None:
    """DynamoDB gives at most a megabyte at once."""
    ledger = world.ledger
    for number in range(8):
        reasons = (Reason(ReasonCode.GONE, hashlib.shake_256(bytes([number])).hexdigest(180_000)),)
        ledger.attempts.write(Attempt(Revision(PLACE, "web", number), "", AttemptState.REFUSED, NOW, reasons=reasons))
    assert len(ledger.history(WEB).attempts) == 8
    assert world.calls["Query"] > 1


def test_rows_show_nothing_of_what_must_be_published() -> None:
    assert "alert" not in repr(row())


subjects = st.builds(
    SubjectId,
    st.just(PLACE),
    st.sampled_from(Subject),
    st.text(min_size=1, max_size=40).filter(lambda name: name.isprintable()),
)


@examples(100)
@given(subjects)
def test_a_subjects_key_leads_back_to_it(subject: SubjectId) -> None:
    assert SubjectId.parse(subject.key) == subject


def test_a_correction_of_very_many_services_fits_into_an_item(world: World) -> None:
    ledger, source = Ledger(world.sessions, "ledger"), Revision(PLACE, "web", 1)
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    rollouts = tuple(
        Rollout(f"shop/{number:04}-{'x' * 240}", Target(source.arn), Target(source.arn), now) for number in range(2000)
    )
    ledger.attempts.write(Attempt(source, "d", AttemptState.ROLLING, now, rollouts=rollouts))
    [found] = ledger.history(SubjectId.of_family(source)).attempts
    assert found.rollouts == rollouts


def test_an_hour_has_room_for_the_longest_names(world: World) -> None:
    limits, now = Ledger(world.sessions, "ledger").limits, datetime(2026, 11, 23, 12, tzinfo=UTC)
    keys = [f"{number:04}/{'x' * 700}" for number in range(101)]
    assert [limits.claim(str(PLACE), "rollouts", key, 100, now) for key in keys] == [True] * 100 + [False]
    assert limits.full(str(PLACE), "rollouts", keys[-1], 100, now)
    assert not limits.full(str(PLACE), "rollouts", keys[0], 100, now)
    (item,) = world.client("dynamodb").scan(TableName="ledger")["Items"]
    assert 100 * len(json.dumps(item)) < 400 * 1024  # the standard takes ten thousand at most, over all accounts
