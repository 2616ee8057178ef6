"""A standard that cannot be used stops no evaluation: the last good one is used, and operations are notified."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aws.channels import Queue, Topic
from aws.ledger.standards import GoodStandard
from domain.remediation.attempt import AttemptState
from domain.remediation.guard import Guard
from domain.standard import Mode, StandardInvalid
from domain.subject import Subject, SubjectId
from operations.inspection.notices import Operations
from operations.remediation.resuming import Resumer
from operations.standards import Standards
from rules import CATALOGUE
from tests.operations.delivery import Inspection
from tests.operations.sweeping import Sweeping, sent
from tests.operations.test_remediate import REGISTER, request
from tests.operations.world import FLOATING, PLACE, STANDARD, World, definition, registered

GOOD = "version: 1\nname: good\nrules: [{rules: sidecar.image-pinned, mode: off}]\n"
BROKEN = "version: 1\nname: broken\nrules: [{rules: sidecar.image-pinned, severity: high}]\n"
NOTHING = "version: 1\nname: nothing\nservices: {gateways: [scraper]}\n"
EARLIER = "version: 1\nwords: {of: an earlier release}\n"
BETTER = "version: 1\nname: better\nrules: [{rules: sidecar.image-pinned, mode: report}]\n"


def family(world: World, name: str) -> str:
    return registered(world.register(definition(name, collector=FLOATING)))


def by(world: World, name: str) -> str:
    """By which standard a family was evaluated: the better one reports a floating image."""
    assert world.ledger.history(SubjectId(PLACE, Subject.FAMILY, name)).version
    return "better" if "sidecar.image-pinned" in world.open(name) else "good"


def warm(inspection: Inspection, seconds: list[float]) -> Inspection:
    """A worker with a clock of its own."""
    standards = replace(inspection.inspector.standards, clock=lambda: seconds[0])
    return replace(inspection, inspector=replace(inspection.inspector, standards=standards))


@pytest.mark.parametrize("text", [BROKEN, NOTHING, "version: 9\n", "- not a mapping\n", "x: [\n"])
def test_a_cold_worker_evaluates_by_the_last_good_one(world: World, text: str) -> None:
    world.sees(family(world, "web"), inspector=world.inspector(standard=GOOD))
    for name in ("api", "jobs"):
        world.sees(family(world, name), inspector=world.inspector(standard=text))
        assert by(world, name) == "good"
    [notice] = world.notices
    assert "The last good standard, good, is used until it is corrected." in notice
    assert f"The standard at ssm:{STANDARD}" in notice
    world.sees(family(world, "shop"), inspector=world.inspector(standard=BETTER))
    assert by(world, "shop") == "better"
    assert len(world.notices) == 1


def test_a_warm_worker_uses_what_the_ledger_has_not_what_it_held(world: World) -> None:
    seconds = [0.0]
    worker = warm(world.inspector(standard=GOOD), seconds)
    world.sees(family(world, "web"), inspector=worker)
    world.sees(family(world, "api"), inspector=world.inspector(standard=BETTER))  # another worker
    world.inspector(standard=BROKEN)
    seconds[0] = 181.0
    world.sees(family(world, "jobs"), inspector=worker)
    assert by(world, "jobs") == "better"
    world.inspector(standard=GOOD)
    seconds[0] = 362.0
    world.sees(family(world, "shop"), inspector=worker)
    assert by(world, "shop") == "good"
    assert worker.inspector.standards.current().trouble is None


def test_each_broken_standard_is_notified_about_once(world: World) -> None:
    world.sees(family(world, "web"), inspector=world.inspector(standard=GOOD))
    for text in (BROKEN, NOTHING, BROKEN):
        world.sees(family(world, "web"), inspector=world.inspector(standard=text))
    assert ["severity must be" in notice for notice in world.notices] == [True, False]
    assert "write */scraper" in world.notices[1]


@pytest.mark.parametrize("gone", [True, False])
def test_one_that_cannot_be_read_is_a_broken_one(world: World, *, gone: bool) -> None:
    world.sees(family(world, "web"), inspector=world.inspector(standard=GOOD))
    message, inspector = family(world, "api"), world.inspector()
    inspector = warm(inspector, [0.0])
    inspector.inspector.standards.location = f"ssm:{STANDARD}"
    if gone:
        world.client("ssm").delete_parameter(Name=STANDARD)
    else:
        world.fail("GetParameter")
    world.sees(message, inspector=inspector)
    assert by(world, "api") == "good"
    [notice] = world.notices
    assert f"ssm:GetParameter on {STANDARD} failed" in notice


def test_one_that_cannot_be_read_for_the_moment_is_read_again(world: World) -> None:
    world.sees(family(world, "web"), inspector=world.inspector(standard=GOOD))
    inspector = world.inspector(standard=BETTER)
    world.fail("GetParameter", "ThrottlingException", times=1)
    [outcome] = world.look(family(world, "api"), inspector=inspector)
    assert outcome.failures
    assert "api" not in str(world.hub.findings)


def test_a_good_one_that_could_not_be_kept_is_kept_at_the_next_reading(world: World) -> None:
    seconds = [0.0]
    worker = warm(world.inspector(standard=GOOD), seconds)
    world.fail("PutItem", "ThrottlingException", times=1)
    standards = worker.inspector.standards
    assert standards.current().standard.name == "good"
    assert world.ledger.standards.last() is None
    seconds[0] = 181.0
    standards.current()
    assert (good := world.ledger.standards.last()) is not None
    assert good.text == GOOD


def test_a_slow_worker_does_not_replace_a_good_one_that_was_read_later(world: World) -> None:
    now = datetime(2026, 8, 1, 12, tzinfo=UTC)
    world.ledger.standards.keep(GoodStandard(BETTER, "2", now))
    world.ledger.standards.keep(GoodStandard(GOOD, "1", now - timedelta(seconds=1)))
    assert world.ledger.standards.last() == GoodStandard(BETTER, "2", now)


def test_a_large_standard_is_kept_whole(world: World) -> None:
    text = GOOD + "".join(f"# {number:64}\n" for number in range(3500))
    world.ledger.standards.keep(GoodStandard(text, "1", datetime(2026, 8, 1, tzinfo=UTC)))
    assert (good := world.ledger.standards.last()) is not None
    assert good.text == text


def test_a_good_one_is_not_checked_again_by_a_later_release(world: World) -> None:
    """It may find more in it; evaluation must go on all the same."""
    world.ledger.standards.keep(GoodStandard(NOTHING, "1", datetime(2026, 8, 1, tzinfo=UTC)))
    world.sees(family(world, "web"), inspector=world.inspector(standard=NOTHING))
    assert "sidecar.image-pinned" in world.open("web")
    assert "nothing is" not in world.notices[0].lower()


@pytest.mark.parametrize("stored", [BROKEN, EARLIER])
def test_if_a_later_release_cannot_parse_the_good_one_the_notice_is_about_the_stored_one(
    world: World, stored: str
) -> None:
    """Nobody can correct the text in the ledger."""
    world.ledger.standards.keep(GoodStandard(EARLIER, "1", datetime(2026, 8, 1, tzinfo=UTC)))
    [outcome] = world.look(family(world, "web"), inspector=world.inspector(standard=stored))
    assert f"The standard at ssm:{STANDARD}" in outcome.failures[0]
    [notice] = world.notices
    assert notice.startswith("Nothing is evaluated until it is corrected.")
    assert f"The standard at ssm:{STANDARD}, line " in notice
    with pytest.raises(StandardInvalid, match=f"The standard at ssm:{STANDARD}"):
        world.remediator(stored).remediate(request())
    sweeper(world).sweep()
    world.sees(family(world, "web"), inspector=world.inspector(standard=GOOD))
    assert by(world, "web") == "good"


def test_warnings_are_notified_about_once_and_the_standard_is_used(world: World) -> None:
    text = GOOD + "remediation: {leave_to: [CloudFormation]}\n"
    for name in ("web", "api"):
        world.sees(family(world, name), inspector=world.inspector(standard=text))
        assert by(world, name) == "good"
    [notice] = world.notices
    assert "The standard good, line 4: remediation.leave_to[0] CloudFormation matches the bare name alone" in notice


def test_a_notice_lists_the_first_problems_of_many(world: World) -> None:
    """A topic takes no message of any size."""
    world.sees(family(world, "web"), inspector=world.inspector(standard=GOOD))
    many = "version: 1\nservices:\n  gateways:\n" + "".join(f"  - scraper{number}\n" for number in range(1000))
    world.sees(family(world, "web"), inspector=world.inspector(standard=many))
    [notice] = world.notices
    assert notice.endswith("And 980 more: `outrider standard validate` lists all.")


# --- dispatch ---------------------------------------------------------------------------------------------------------


def test_dispatch_needs_no_standard(world: World) -> None:
    inspector = world.inspector(standard=BROKEN)
    world.look(family(world, "web"), inspector=inspector)
    assert [sent["subject"] for sent in world.subjects] == [f"{PLACE}/family/web"]


# --- remediate --------------------------------------------------------------------------------------------------------


def test_nothing_is_corrected_until_the_standard_is(world: World) -> None:
    message = registered(world.register(definition(collector=FLOATING)))
    world.sees(message, inspector=world.inspector(Mode.REGISTER, standard=REGISTER))
    outcome = world.remediator(BROKEN).remediate(request())
    assert (outcome.state, outcome.guard) == (AttemptState.WAITING, Guard.STANDARD)
    assert len(world.revisions()) == 1
    world.pass_(minutes=16)
    queue = Queue(world.sessions, world.queues["remediations.fifo"])
    assert Resumer(world.ledger, queue, world.now).resume() == 1
    resumed = world.remediator(REGISTER).remediate(request())
    assert resumed.state is AttemptState.REGISTERED
    assert len(world.revisions()) == 2


# --- sweep ------------------------------------------------------------------------------------------------------------


def sweeper(world: World) -> Sweeping:
    operations = Operations(world.ledger, Topic(world.sessions, world.topics["operations"]))
    return world.sweeping(
        Standards(world.sessions, f"ssm:{STANDARD}", CATALOGUE, world.ledger.standards, reports=operations.standard)
    )


def test_the_sweep_that_a_broken_standard_starts_notifies_operations_and_is_no_baseline(world: World) -> None:
    world.sees(family(world, "web"), inspector=world.inspector(standard=GOOD))
    sweeper(world).sweep()
    first = sweeper(world).run.standard
    world.notices.clear()
    world.inspector(standard=BROKEN)
    again = sweeper(world).sweep()
    assert (sent(again), again.baseline, sweeper(world).run.standard) == ((1, 0), False, first)
    assert "The last good standard, good, is used" in world.notices[0]
    world.inspector(standard=BETTER)
    assert sweeper(world).sweep().baseline
    assert sweeper(world).run.standard not in {"", first}
