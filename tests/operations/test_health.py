"""The sweep checks the stack itself: findings in Security Hub, and one notice for each change."""

import json

import pytest

from aws.calls import CallFailed
from aws.channels import Topic
from aws.security_hub import SecurityHub
from domain.health.row import Check, State
from operations.health import Doctor, SelfCheck
from rules import CATALOGUE
from tests.operations.stack import STACK, Deployed, deploy
from tests.operations.world import CANARY, PLACE, World

FAILED, HOLDS = ("FAILED", "ACTIVE"), ("PASSED", "ARCHIVED")


@pytest.fixture
def stack(world: World) -> Deployed:
    return deploy(world)


def self_check(stack: Deployed) -> SelfCheck:
    world = stack.world
    doctor, topic = (
        Doctor(world.sessions, PLACE, CATALOGUE, now=world.now),
        Topic(world.sessions, stack.ids["Operations"]),
    )
    return SelfCheck(doctor, world.ledger, SecurityHub(world.sessions), topic)


def check(stack: Deployed) -> None:
    """As each sweep does, a day after the one before."""
    stack.world.pass_(days=1)
    stack.swept()
    self_check(stack).check(STACK)


def notices(stack: Deployed) -> list[str]:
    return stack.region.sns.topic(stack.ids["Operations"]).published


def states(stack: Deployed) -> dict[str, tuple[str, str]]:
    """Compliance and record state of each finding about the stack, by check."""
    return {
        id_.rpartition("/")[2]: (finding["Compliance"]["Status"], finding["RecordState"])
        for id_, finding in stack.world.hub.findings.items()
    }


def purge(stack: Deployed) -> None:
    stack.region.sqs.purge(stack.ids["SubjectsDlq"])


def fail(stack: Deployed) -> None:
    stack.region.sqs.put(stack.ids["SubjectsDlq"], CANARY)


def test_a_stack_that_is_well_has_no_finding_and_no_notice(stack: Deployed) -> None:
    check(stack)
    assert (states(stack), notices(stack)) == ({}, [])


def test_a_finding_opens_while_a_check_fails_and_closes_when_it_holds_again(stack: Deployed) -> None:
    fail(stack)
    check(stack)
    assert states(stack) == {"dlqs": FAILED}
    (notice,) = notices(stack)
    assert "The check dlqs fails: Messages that failed permanently: 1, in SubjectsDlq." in notice
    assert "aws sqs start-message-move-task" in notice
    check(stack)
    check(stack)
    assert len(notices(stack)) == 1
    purge(stack)
    check(stack)
    assert states(stack) == {"dlqs": HOLDS}
    assert "The check dlqs holds again: All DLQs are empty." in notices(stack)[1]
    check(stack)
    fail(stack)
    check(stack)
    assert states(stack) == {"dlqs": FAILED}
    assert len(notices(stack)) == 3


def test_the_finding_is_one_that_security_hub_takes_and_names_no_plan(stack: Deployed) -> None:
    fail(stack)
    check(stack)
    (finding,) = stack.world.hub.findings.values()
    assert finding["Id"] == f"outrider-health/{PLACE}/{STACK}/dlqs"
    # The event rule for approvals takes findings of `outrider/` only.
    assert finding["GeneratorId"] == "outrider-health/dlqs"
    assert finding["Severity"]["Label"] == "HIGH"
    assert "aws sqs start-message-move-task" in finding["Remediation"]["Recommendation"]["Text"]
    assert CANARY not in json.dumps(finding) + "".join(notices(stack)) + stack.world.dump()


def test_an_open_finding_is_imported_again_by_each_sweep_and_a_closed_one_is_not(stack: Deployed) -> None:
    """Else Security Hub deletes it after 90 days."""
    fail(stack)
    check(stack)
    check(stack)
    purge(stack)
    check(stack)
    imports = len(stack.world.hub.imports)
    check(stack)
    check(stack)
    assert (imports, len(stack.world.hub.imports)) == (3, 3)


def test_a_command_that_is_too_long_for_a_finding_is_not_cut(stack: Deployed) -> None:
    for name in ("ChangesDlq", "SubjectsDlq", "RemediationsDlq", "SweepDlq"):
        stack.region.sqs.put(stack.ids[name], "{}")
    check(stack)
    (finding,) = stack.world.hub.findings.values()
    assert finding["Remediation"]["Recommendation"]["Text"].startswith("`outrider doctor --stack outrider ")
    assert notices(stack)[0].count("aws sqs start-message-move-task") == 3
    assert "aws sqs purge-queue" in notices(stack)[0]


def test_several_changes_are_one_notice(stack: Deployed) -> None:
    fail(stack)
    stack.region.trails.trails.clear()
    check(stack)
    (notice,) = notices(stack)
    assert notice.count(" fails: ") == 2


def test_what_cannot_be_read_opens_nothing_and_closes_nothing(stack: Deployed) -> None:
    stack.world.fail("GetQueueAttributes")
    check(stack)
    assert states(stack) == {}
    stack.world.troubles.clear()
    fail(stack)
    check(stack)
    purge(stack)
    stack.world.fail("GetQueueAttributes")
    check(stack)
    assert states(stack) == {"dlqs": FAILED}
    assert len(notices(stack)) == 1


def test_a_warning_opens_no_finding(stack: Deployed) -> None:
    stack.region.ssm.put("/outrider/corrections", "off")
    check(stack)
    assert states(stack) == {}


def test_without_security_hub_operations_are_notified_and_the_finding_is_imported_later(stack: Deployed) -> None:
    stack.world.hub.enabled = False
    check(stack)
    check(stack)
    assert states(stack) == {}
    assert len(notices(stack)) == 1
    stack.world.hub.enabled = True
    check(stack)
    assert states(stack) == {"security-hub": HOLDS}


@pytest.mark.parametrize("operation", ["BatchImportFindings", "Publish"])
def test_what_could_not_be_published_is_published_by_the_next_sweep(stack: Deployed, operation: str) -> None:
    fail(stack)
    stack.world.fail(operation, "ThrottlingException", times=1)
    with pytest.raises(CallFailed):
        check(stack)
    check(stack)
    assert states(stack) == {"dlqs": FAILED}
    assert len(notices(stack)) == 1


def test_the_rows_are_of_all_checks(stack: Deployed) -> None:
    found = self_check(stack).check(STACK)
    assert [row.check for row in found] == list(Check)
    assert {row.state for row in found} == {State.OK}
    assert self_check(stack).check("another") == ()


def test_a_sweep_that_begins_and_ends_is_recorded(stack: Deployed) -> None:
    made, health = self_check(stack), stack.world.ledger.health
    made.began()
    run = health.run(PLACE)
    assert run is not None
    assert run.ended is None
    made.ended()
    ended = health.run(PLACE)
    assert ended is not None
    assert (ended.began, ended.ended is None) == (run.began, False)
