"""The ledger keeps what it was given, lets nobody overwrite what somebody else wrote, and forgets no news."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.ledger import History, Ledger, LedgerConflict, Row, dependency_key
from domain.drift import Drift, Grant
from domain.ecs.task_definition import TaskDefinition
from domain.findings.finding import Finding, FindingState
from domain.findings.users import Running, Seen
from domain.places import Place, Revision
from domain.remediation.attempt import Attempt, AttemptState
from domain.severity import Severity
from domain.subject import Subject, SubjectId
from tests.operations.world import CANARY, PLACE, TABLE, World, definition, role_arn
from tests.profiles import examples

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
WEB = SubjectId(PLACE, Subject.FAMILY, "web")
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


def record(ledger: Ledger, history: History, *rows: Row, order: int = 1, request: str | None = None) -> History:
    return ledger.subjects.record(
        history, rows, order=order, read_at=NOW, standard="digest", leans=[CONFIGURATION.key], request=request
    )


def runs(ledger: Ledger, title: str, running: Running | None, history: History | None = None) -> None:
    """A look at a service, which runs the family web, or no longer does."""
    history = history or ledger.history(SubjectId(PLACE, Subject.SERVICE, title))
    ledger.subjects.record(history, [], order=1, read_at=NOW, standard="", leans=[WEB.key], runs={WEB: running})


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
    written = record(ledger, ledger.history(subject), row(subject=subject), order=7, request="{}")
    found = ledger.history(subject)
    assert found == replace(written, rows={"a.b": row(subject=subject)})
    assert (found.order, found.version, found.leans, found.request, found.read_at) == (
        7,
        1,
        (CONFIGURATION.key,),
        "{}",
        NOW,
    )


def test_of_two_that_read_the_same_only_the_first_writes(world: World) -> None:
    ledger = world.ledger
    one = other = ledger.history(WEB)
    record(ledger, one, row("a.one"))
    with pytest.raises(LedgerConflict, match="123456789012/eu-west-1/family/web was written by another worker"):
        record(ledger, other, row("a.other"))
    assert set(ledger.history(WEB).rows) == {"a.one"}, "nothing of the second was written"
    record(ledger, ledger.history(WEB), row("a.other"))
    assert set(ledger.history(WEB).rows) == {"a.one", "a.other"}


def test_what_a_slower_look_saw_a_service_run_is_not_written_over_what_a_later_one_saw(world: World) -> None:
    ledger, later = world.ledger, Running(fargate=True, revision=2, tasks=1)
    slower = ledger.history(SubjectId(PLACE, Subject.SERVICE, "shop/web"))
    runs(ledger, "shop/web", later)
    for seen in (replace(later, revision=3), None):
        with pytest.raises(LedgerConflict):
            runs(ledger, "shop/web", seen, slower)
        assert ledger.history(WEB).services == {"shop/web": later}


def test_what_was_told_is_struck_off_and_newer_news_stay(world: World) -> None:
    ledger = world.ledger
    record(ledger, ledger.history(WEB), row(version=1))
    record(ledger, ledger.history(WEB), row(version=2))
    ledger.subjects.published(row(version=1))
    assert ledger.history(WEB).rows["a.b"].pending == PENDING
    ledger.subjects.published(row(version=2))
    ledger.subjects.published(row(version=2))
    assert ledger.history(WEB).rows["a.b"].pending == {}


def test_what_is_left_of_what_was_told_stays(world: World) -> None:
    ledger, left = world.ledger, {"import": "{}"}
    record(ledger, ledger.history(WEB), row(version=2))
    ledger.subjects.published(row(version=1), left)
    assert ledger.history(WEB).rows["a.b"].pending == PENDING
    ledger.subjects.published(row(version=2), left)
    assert ledger.history(WEB).rows["a.b"].pending == left


def test_a_request_that_was_made_is_struck_off_and_another_stays(world: World) -> None:
    ledger = world.ledger
    first = record(ledger, ledger.history(WEB), request="first")
    second = record(ledger, ledger.history(WEB), request="second")
    ledger.subjects.requested(first)
    assert ledger.history(WEB).request == "second"
    ledger.subjects.requested(second)
    assert ledger.history(WEB).request is None


def test_services_attempts_and_own_revisions_belong_to_the_family(world: World) -> None:
    ledger = world.ledger
    for title, running in {"web": Running(fargate=True, revision=3, tasks=2), "old": Running(fargate=False)}.items():
        runs(ledger, f"shop/{title}", running)
    seen = Seen(revision=2, tasks=5, at=NOW)
    ledger.subjects.saw(WEB, "batch", seen)
    runs(ledger, "shop/old", None)
    ledger.attempts.registered(Revision(PLACE, "web", 4))
    attempt = Attempt(Revision(PLACE, "web", 3), "digest", AttemptState.REGISTERED, NOW, 4, pending=("pending",))
    attempt = ledger.attempts.write(attempt)
    assert attempt.version == 1
    found = ledger.history(WEB)
    assert (found.services, found.ours, found.attempts) == (
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


def test_who_leans_on_a_role_is_found_by_its_name_from_any_region(world: World) -> None:
    ledger = world.ledger
    role = SubjectId(PLACE, Subject.ROLE, role_arn("path/web-task"))
    by_event = SubjectId(Place(PLACE.account, "us-east-1"), Subject.ROLE, "web-task")
    assert dependency_key(role) == dependency_key(by_event)
    ledger.dependents.put(role, History(WEB))
    ledger.dependents.put(role, History(WEB))
    assert ledger.dependents.of(by_event) == {WEB: frozenset()}
    ledger.dependents.remove(role, History(WEB))
    assert ledger.dependents.of(by_event) == {}


def test_a_role_of_another_account_is_another_though_the_name_is_the_same(world: World) -> None:
    ledger = world.ledger
    mine, theirs = (
        SubjectId(PLACE, Subject.ROLE, f"arn:aws:iam::{account}:role/web-task")
        for account in (PLACE.account, "999999999999")
    )
    ledger.dependents.put(mine, History(WEB))
    ledger.dependents.put(theirs, History(replace(WEB, name="api")))
    assert ledger.dependents.of(SubjectId(Place("999999999999", "us-east-1"), Subject.ROLE, "web-task")) == {
        replace(WEB, name="api"): frozenset()
    }
    ledger.dependents.remove(theirs, History(WEB))
    assert ledger.dependents.of(mine) == {WEB: frozenset()}


def test_what_is_said_of_a_role_is_said_of_its_arn_and_an_event_tells_but_its_name(world: World) -> None:
    ledger, api = world.ledger, replace(WEB, name="api")
    here, elsewhere = (SubjectId(PLACE, Subject.ROLE, role_arn(f"{path}web-task")) for path in ("", "old/"))
    ledger.dependents.put(here, History(WEB), ["a.b"])
    ledger.dependents.put(elsewhere, History(api))
    assert (ledger.dependents.of(here), ledger.dependents.of(elsewhere)) == (
        {WEB: frozenset({"a.b"})},
        {api: frozenset()},
    )
    assert set(ledger.dependents.of(replace(here, name="web-task"))) == {WEB, api}
    far = replace(here, place=Place(PLACE.account, "us-east-1"))
    assert ledger.dependents.of(far) == {}, "a finding of its own, of the families there"


def test_a_familys_look_writes_down_what_it_leans_on_and_leaves_what_it_said(world: World) -> None:
    ledger = world.ledger
    record(ledger, ledger.history(WEB))
    assert ledger.dependents.of(CONFIGURATION) == {WEB: frozenset()}
    ledger.dependents.put(CONFIGURATION, ledger.history(WEB), ["a.b"])
    record(ledger, ledger.history(WEB))
    assert ledger.dependents.of(CONFIGURATION) == {WEB: frozenset({"a.b"})}
    ledger.dependents.remove(CONFIGURATION, ledger.history(WEB))
    record(ledger, ledger.history(WEB))
    assert ledger.dependents.of(CONFIGURATION) == {WEB: frozenset()}, "what was lost is put back"


def test_who_leans_on_what_is_written_only_while_the_family_is_as_it_was_read(world: World) -> None:
    ledger = world.ledger
    slower = ledger.history(WEB)
    record(ledger, slower)
    with pytest.raises(LedgerConflict):
        ledger.dependents.put(CONFIGURATION, slower, ["a.b"])
    with pytest.raises(LedgerConflict):
        ledger.dependents.remove(CONFIGURATION, slower)
    assert ledger.dependents.of(CONFIGURATION) == {WEB: frozenset()}


def test_a_family_leans_on_more_than_one_transaction_takes(world: World) -> None:
    ledger = world.ledger
    many = [SubjectId(PLACE, Subject.ROLE, role_arn(f"role-{number}")) for number in range(230)]
    history = ledger.subjects.record(
        ledger.history(WEB), [], order=1, read_at=NOW, standard="", leans=[each.key for each in many]
    )
    assert all(ledger.dependents.of(each) == {WEB: frozenset()} for each in many)
    assert len(history.leans) == 230


def test_of_two_roles_of_one_name_the_row_is_that_of_the_first(world: World) -> None:
    ledger = world.ledger
    new, old = (SubjectId(PLACE, Subject.ROLE, role_arn(f"{path}/web-task")) for path in ("a", "z"))
    for first, second in ((new, old), (old, new)):
        leans = [first.key, second.key]
        ledger.subjects.record(ledger.history(WEB), [], order=1, read_at=NOW, standard="", leans=leans)
        assert (set(ledger.dependents.of(first)), set(ledger.dependents.of(second))) == ({WEB}, set())


def test_a_notice_is_due_once_until_its_hours_have_passed(world: World) -> None:
    ledger = world.ledger
    assert [ledger.notices.claim("a"), ledger.notices.claim("a"), ledger.notices.claim("b")] == [True, False, True]
    assert [ledger.notices.claim("c", hours=-1), ledger.notices.claim("c", hours=-1)] == [True, True]


def test_a_history_of_several_pages_is_read_to_its_end(world: World) -> None:
    """DynamoDB gives at most a megabyte at once."""
    ledger = world.ledger
    for number in range(6):
        large = Row(row(f"a.r{number}").finding, {"import": "x" * 300_000})
        record(ledger, ledger.history(WEB), large)
    assert len(ledger.history(WEB).rows) == 6
    assert world.calls["Query"] > 7


def test_rows_show_nothing_of_what_is_to_be_told() -> None:
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
