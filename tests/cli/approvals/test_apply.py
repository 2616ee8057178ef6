"""`outrider apply`, `undo` and `release`, and what they say of the end."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.places import Place, Revision
from domain.remediation.attempt import Attempt, AttemptState, Quarantine
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Rollout, Stage, Target
from domain.subject import Subject, SubjectId
from operations.remediation.stages import StageGuard
from tests.aws_fake.services import Services
from tests.cli.conftest import Run
from tests.cli.requesting import ARN, complete, rows, settled, work
from tests.operations.playing import arn_of
from tests.operations.rolling import (
    DEPLOY,
    REPORT,
    attempt,
    deployed,
    inspector,
    known,
    proposed_digest,
    remediator,
    request,
    resume_attempt,
    runs,
    switch,
)
from tests.operations.world import ACCOUNT, PLACE, REGION, World, definition, registered, service_changed

RULE = "sidecar.image-pinned"
FINDING = f"outrider/{PLACE}/family/web/{RULE}"


def fail(world: World, fleet: Services) -> None:
    fleet.fail("shop/web")
    resume_attempt(world)


# --- apply ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fleet", "meanwhile")
@pytest.mark.parametrize("what", ["web", "web:1", FINDING, f"{ARN}task-definition/web:1", f"{ARN}task-definition/web"])
def test_a_plan_is_shown_and_asked_for_by_its_digest(world: World, run: Run, what: str) -> None:
    digest = proposed_digest(world)
    ran = run("apply", what, stdin=b"y\n")
    assert ran.code == 0
    assert f"web:1, plan {digest}" in ran.out
    assert f"Corrects {RULE}." in ran.out
    assert ran.out.count("@@ containers/adot-collector/image @@") == 1
    assert "-public.ecr.aws/aws-observability/aws-otel-collector:latest" in ran.out
    assert "rolled out to shop/web" in ran.out
    assert f"The request to apply plan {digest} to web:1 is sent." in ran.err
    [asked] = world.requests
    assert (asked["kind"], asked["digest"], asked["service"]) == ("apply", digest, "")
    assert asked["caller"].startswith("arn:aws:")
    assert remediator(world, REPORT).remediate(json.dumps(asked)).state is AttemptState.ROLLING


@pytest.mark.usefixtures("fleet", "meanwhile")
@pytest.mark.parametrize("answer", [b"", b"n\n", b"\n", b"maybe\n"])
def test_without_a_yes_nothing_is_asked(world: World, run: Run, answer: bytes) -> None:
    proposed_digest(world)
    ran = run("apply", "web", stdin=answer)
    assert (ran.code, world.requests) == (1, [])
    assert "Nothing was sent." in ran.err


def test_waiting_prints_each_change_and_the_end(
    world: World, fleet: Services, run: Run, meanwhile: list[Callable[[], object]]
) -> None:
    proposed_digest(world)
    meanwhile += [
        work(world),
        lambda: complete(world, fleet),
        lambda: settled(world),
    ]
    ran = run("apply", "web", "--yes", "--wait", "3600")
    assert ran.code == 0
    assert list(rows(ran))[-5:] == [
        "web:2 is registered.",
        "shop/web is being deployed with web:2",
        "shop/web is deployed; its collectors are being checked",
        "shop/web is deployed, and its collectors run",
        "Deployed.",
    ]


def test_a_correction_that_fails_is_reported_and_is_no_success(
    world: World, fleet: Services, run: Run, meanwhile: list[Callable[[], object]]
) -> None:
    proposed_digest(world)
    meanwhile += [
        work(world),
        lambda: fail(world, fleet),
        lambda: complete(world, fleet),
    ]
    ran = run("apply", "web", "--yes", "--wait", "3600")
    assert ran.code == 1
    assert (
        "shop/web is being deployed with web:1 again: ECS deployment circuit breaker: tasks failed to start."
        in rows(ran)
    )
    assert "Failed." in rows(ran)


@pytest.mark.usefixtures("fleet")
def test_a_refusal_names_its_guard_and_reason(world: World, run: Run, meanwhile: list[Callable[[], object]]) -> None:
    proposed_digest(world)
    world.hub.silent = set(world.hub.findings)
    meanwhile.append(work(world))
    ran = run("apply", "web", "--yes", "--wait", "60")
    assert ran.code == 1
    assert "Refused (suppressed)." in rows(ran)
    assert f"The findings of {RULE} are SUPPRESSED. Set them to NEW first." in rows(ran)


@pytest.mark.usefixtures("fleet")
def test_what_waits_says_why_and_waiting_ends(world: World, run: Run, meanwhile: list[Callable[[], object]]) -> None:
    proposed_digest(world)
    switch(world, "off")
    meanwhile.append(work(world))
    ran = run("apply", "web", "--yes", "--wait", "60")
    assert ran.code == 1
    assert any(row.startswith("Waits (kill switch): ") and "Next try: " in row for row in rows(ran))
    assert "The request has not ended after 60 seconds" in ran.err


@pytest.mark.usefixtures("fleet", "meanwhile")
def test_no_answer_is_reported(world: World, run: Run) -> None:
    proposed_digest(world)
    ran = run("apply", "web", "--yes", "--wait", "60")
    assert ran.code == 1
    assert "The service has not answered after 60 seconds" in ran.err


@pytest.mark.usefixtures("meanwhile")
@pytest.mark.parametrize("what", ["shop/web", f"{ARN}service/shop/web"])
def test_a_services_plan_is_shown_with_why_it_needs_approval(world: World, run: Run, what: str) -> None:
    world.services.at_once = False
    arn = known(world, "shop/web", world.register(), platformVersion="1.3.0")
    world.sees(service_changed(arn), inspector=inspector(world, REPORT))
    ran = run("apply", what, "--yes")
    assert ran.code == 0
    assert "shop/web is updated, and rolled back" in ran.out
    assert "@@ service/platformVersion @@" in rows(ran)
    [asked] = world.requests
    assert (asked["family"], asked["service"]) == ("web", "shop/web")
    assert remediator(world, REPORT).remediate(json.dumps(asked)).state is AttemptState.ROLLING


def test_a_plan_that_needs_approval_says_why(world: World, run: Run) -> None:
    bare = definition()
    # One that reserves no CPU, which a busy collector would leave almost none.
    bare["containerDefinitions"] = [bare["containerDefinitions"][0] | {"cpu": 0}]
    world.sees(registered(world.register(bare)), inspector=inspector(world, REPORT))
    ran = run("apply", "web", stdin=b"")
    assert "It needs approval:" in rows(ran)
    assert "no service runs it" in ran.out


@pytest.mark.usefixtures("fleet", "meanwhile")
@pytest.mark.parametrize("verb", ["apply", "release", "retry"])
def test_what_is_in_a_member_is_named_by_its_arn_and_asked_for_there(world: World, run: Run, verb: str) -> None:
    digest, other = proposed_digest(world), Place("222222222222", "us-east-1")
    record = world.ledger.history(SubjectId(PLACE, Subject.FAMILY, "web")).record
    there = SubjectId(other, Subject.FAMILY, "web")
    world.ledger.subjects.write(world.ledger.history(there), record)
    arn = other.arn("ecs", "task-definition/web")
    if verb == "release":
        failed = Attempt(Revision(other, "web", 1), "", AttemptState.FAILED, world.now())
        world.ledger.attempts.write(failed, Quarantine((Reason(Code.UNDONE, "jo"),), world.now()))
    if verb == "retry":
        waiting = Attempt(Revision(other, "web", 1), "", AttemptState.WAITING, world.now(), due=world.now())
        world.ledger.attempts.write(waiting)
    ran = run(verb, arn, *([] if verb == "retry" else ["--yes"]))
    assert ran.code == 0
    [asked] = world.requests
    assert (asked["kind"], asked["account"], asked["region"], asked["family"]) == (verb, *_parts(other), "web")
    assert asked.get("digest", digest) == digest
    if verb != "retry":
        assert f"outrider corrections {arn}" in ran.err


def _parts(place: Place) -> tuple[str, str]:
    return place.account, place.region


@pytest.mark.usefixtures("fleet", "meanwhile")
def test_what_waits_in_every_account_is_listed_and_tried_again(world: World, run: Run) -> None:
    for place in (PLACE, Place("222222222222", "us-east-1")):
        waiting = Attempt(Revision(place, "web", 1), "", AttemptState.WAITING, world.now(), due=world.now())
        world.ledger.attempts.write(waiting)
    assert "web in 222222222222/us-east-1" in run("corrections").out
    assert run("retry").err == "What waits is tried again now: web, web in 222222222222/us-east-1.\n"
    assert {(asked["account"], asked["kind"]) for asked in world.requests} == {
        (ACCOUNT, "retry"), ("222222222222", "retry"),
    }  # fmt: skip


# --- undo, release and how things stand -------------------------------------------------------------------------------


def test_undo_release_and_what_stands_between(
    world: World, fleet: Services, run: Run, meanwhile: list[Callable[[], object]]
) -> None:
    deployed(world, fleet)
    take = work(world, DEPLOY)
    meanwhile += [take, lambda: complete(world, fleet)]
    ran = run("undo", "shop/web", "--yes", "--wait", "600")
    assert ran.code == 0
    assert "shop/web goes back from web:2 to web:1." in rows(ran)
    assert list(rows(ran))[-1].startswith("shop/web: It was undone by")
    assert "Undone." in rows(ran)
    assert not any("is registered" in row for row in rows(ran)), "that is what is undone"
    assert runs(fleet) == "web:1"

    ran = run("corrections")
    assert ran.code == 0
    assert "End it with `outrider release web`." in rows(ran)
    assert any(row.startswith("web:1 → web:2: undone") for row in rows(run("corrections", "web")))

    meanwhile.append(take)
    ran = run("release", "web", "--wait", "60", stdin=b"yes\n")
    assert (ran.code, list(rows(ran))[-1]) == (0, "Released.")
    assert "No correction is in progress or waiting" in run("corrections").err


@pytest.mark.usefixtures("meanwhile")
def test_an_undo_of_a_family_says_what_happens_to_later_corrections_of_single_services(
    world: World, fleet: Services, run: Run
) -> None:
    deployed(world, fleet)
    world.pass_(minutes=5)
    for title in ("shop/web", "shop/other"):
        runs_now = Target(arn_of(2), "LATEST")
        rollout = Rollout(title, Target(arn_of(2), "1.3.0"), runs_now, world.now(), Stage.VERIFIED)
        alone = Attempt(Revision(PLACE, "web", 2), "", AttemptState.DEPLOYED, world.now(), service=title)
        world.ledger.attempts.write(replace(alone, rules=("service.platform-version",), rollouts=(rollout,)))
    found = list(rows(run("undo", "web", stdin=b"no\n")))
    assert "shop/web: its later correction, service.platform-version, is undone with it." in found
    assert "shop/other keeps its later correction; `outrider undo shop/other` undoes that." in found
    assert not any("later correction" in row for row in rows(run("undo", "shop/web", stdin=b"no\n")))


def test_stages_that_stopped_are_released(
    world: World, fleet: Services, run: Run, meanwhile: list[Callable[[], object]]
) -> None:
    stages = f"stages: [{{where: {{account: '{ACCOUNT}'}}}}]"
    staged = DEPLOY.replace("settling_minutes: 0", f"settling_minutes: 0, {stages}")
    del fleet
    remediator(world, staged).remediate(request())
    rollout = StageGuard(remediator(world, staged).parts).rollout
    world.ledger.stages.failed(rollout, 0, ACCOUNT, f"{REGION}/web")
    meanwhile.append(work(world, staged))
    ran = run("release", "--stages", "--yes", "--wait", "60")
    assert (ran.code, list(rows(ran))[-1]) == (0, "Corrections go on, in the stages that are open.")
    assert world.ledger.stages.accounts(rollout)[0].failed == ()
    assert run("release").code == run("release", "web", "--stages").code == 2


@pytest.mark.usefixtures("meanwhile", "fleet")
def test_how_corrections_stand_says_what_each_waits_for(world: World, run: Run) -> None:
    world.client("ecs").update_service(cluster="shop", service="web", forceNewDeployment=True)
    remediator(world).remediate(request())
    listed = list(rows(run("corrections")))
    assert listed[0] == "web"
    assert listed[1].startswith("web:1 → web:2: rolling")
    assert listed[2].startswith("shop/web waits for its update: deployment in progress: ")
    assert attempt(world).state is AttemptState.ROLLING


@pytest.mark.usefixtures("meanwhile")
def test_hostile_names_stay_text(world: World, fleet: Services, run: Run) -> None:
    deployed(world, fleet)
    by = "[bold]\x1b[2J\u202ejo\nEnd"
    remediator(world).remediate(request("undo"), by)
    out = run("corrections", "web").out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[bold][2Jjo End" in out
