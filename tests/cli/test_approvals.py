"""`outrider apply`, `undo`, `release` and `corrections`, against the real use cases and the fake AWS."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError

from aws.calls import CallFailed
from cli import client
from cli.client import Client
from cli.options import StackOptions
from domain.places import Place, Revision
from domain.remediation.attempt import Attempt, AttemptState, Quarantine
from domain.remediation.reason import Code, Reason
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from operations.remediation.stages import StageGuard
from tests.aws_fake.services import Services
from tests.cli.conftest import Ran, Run
from tests.operations.conftest import sessions, world
from tests.operations.test_rollouts import (
    DEPLOY,
    REPORT,
    attempt,
    deployed,
    fleet,
    inspector,
    known,
    proposed_digest,
    remediator,
    request,
    resume_attempt,
    runs,
    switch,
)
from tests.operations.world import (
    ACCOUNT,
    PLACE,
    REGION,
    SWITCH,
    TABLE,
    World,
    definition,
    registered,
    service_changed,
)

__all__ = ["fleet", "sessions", "world"]

RULE = "sidecar.image-pinned"
FINDING = f"outrider/{PLACE}/family/web/{RULE}"
ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:"


@pytest.fixture(autouse=True)
def _region(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    stack(world)


def stack(world: World, mode: str = "deploy", name: str = "outrider", **outputs: str) -> None:
    """As CloudFormation describes a stack."""
    outputs = outputs or {"RemediationsQueue": world.queues["remediations.fifo"], "LedgerTable": TABLE}
    world.stacks[name] = {
        "StackName": name,
        "Parameters": [{"ParameterKey": "RemediationMode", "ParameterValue": mode}],
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }


@pytest.fixture
def meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens between two reads of a request's progress, one after the other; nothing once all is done."""
    steps = list[Callable[[], object]]()
    made = client.client_of
    # One for all tests, as in tests/operations: to read botocore's models again takes half a second.
    monkeypatch.setattr(client, "Sessions", lambda **_: world.sessions)
    world.sessions.__dict__.pop("caller", None)

    def pause(_: float) -> None:
        if steps:
            steps.pop(0)()
        else:
            world.pass_(minutes=5)

    def client_of(given: StackOptions) -> Client:
        return replace(made(given), pause=pause, now=world.now)

    monkeypatch.setattr("cli.approvals.client_of", client_of)
    return steps


def work(world: World, standard: str = REPORT, cap: Mode = Mode.DEPLOY) -> Callable[[], None]:
    """Remediate takes what is on its queue."""
    taken = len(world.requests)

    def take() -> None:
        nonlocal taken
        for body in world.requests[taken:]:
            remediator(world, standard, cap).remediate(json.dumps(body))
        taken = len(world.requests)

    return take


def rows(ran: Ran) -> Iterator[str]:
    return (row.strip() for row in ran.out.splitlines())


def complete(world: World, fleet: Services) -> None:
    fleet.complete("shop/web")
    resume_attempt(world)


def fail(world: World, fleet: Services) -> None:
    fleet.fail("shop/web")
    resume_attempt(world)


def settled(world: World) -> None:
    world.pass_(minutes=6)
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


def test_waiting_tells_each_change_and_the_end(
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


def test_a_correction_that_fails_is_told_and_is_no_success(
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
def test_no_answer_is_told(world: World, run: Run) -> None:
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


# --- what is not asked ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fleet", "meanwhile")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("apply", "wbe"), f"The ledger has no family wbe in {PLACE}."),
        (("apply", "web", "--plan", "0" * 16), "now, not 0000000000000000. Read it again."),
        (("apply", "web:7"), "The newest revision is web:1, and the plan is for that one."),
        (("apply", f"outrider/{PLACE}/family/web/identity.trust"), "does not correct identity.trust, only"),
        (("apply", f"outrider/{PLACE}/role/x/identity.trust"), "Outrider does not correct a role"),
        (("apply", "outrider/web"), "is not a finding's Id"),
        (("apply", "arn:aws:s3:::web"), "is not the ARN of a task definition or a service."),
        (("apply", f"{ARN}service/web"), "does not name a service with its cluster"),
        (("apply", f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/web"), f"no family web in {ACCOUNT}/us-east-1."),
        (("apply", "a/b/c"), "does not name a service with its cluster"),
        (("apply", ":"), "is not a family, FAMILY:REVISION or CLUSTER/SERVICE."),
        (("apply", "web", "--stack", "none"), f"There is no stack none in {REGION}."),
        (("apply", "web", "--stack", "other"), "The stack other is not Outrider's"),
        (("undo", "web"), "web has no correction that can be undone."),
        (("release", "web"), "web is not in quarantine, and none of its corrections failed or was refused."),
        (("corrections", "wbe"), f"The ledger has no family wbe in {PLACE}."),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_a_sentence(world: World, run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    proposed_digest(world)
    stack(world, name="other", Something="else")
    ran = run(*arguments)
    assert (ran.code, ran.out, world.requests) == (2, "", [])
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.usefixtures("fleet", "meanwhile")
def test_what_the_stack_would_refuse_is_not_asked(world: World, run: Run) -> None:
    proposed_digest(world)
    stack(world, "report")
    ran = run("apply", "web", "--yes")
    assert (ran.code, world.requests) == (2, [])
    assert "The stack only reports: its RemediationMode is report. Deploy it with register" in ran.err
    stack(world, "register")
    ran = run("apply", "web", "--yes")
    assert ran.code == 0
    assert "A corrected revision is registered; the stack updates no service." in ran.out


@pytest.mark.usefixtures("fleet", "meanwhile")
def test_a_plan_that_is_too_old_is_not_asked_for(world: World, run: Run) -> None:
    proposed_digest(world)
    world.pass_(hours=169)
    ran = run("apply", "web", "--yes")
    assert (ran.code, world.requests) == (2, [])
    assert "could be approved until" in ran.err


@pytest.mark.usefixtures("meanwhile")
def test_a_quarantine_is_named_with_its_reason(world: World, fleet: Services, run: Run) -> None:
    deployed(world, fleet)
    remediator(world).remediate(request("undo"), "AROAADMIN:jo")
    fleet.complete("shop/web")
    resume_attempt(world)
    proposed_digest(world)
    ran = run("apply", "web", "--yes")
    assert ran.code == 2
    assert "undone by jo. End it with `outrider release web`." in ran.err


@pytest.mark.usefixtures("fleet", "meanwhile")
@pytest.mark.parametrize(
    ("operation", "code", "sentence"),
    [
        (
            "DescribeStacks",
            "AccessDenied",
            "may not call cloudformation:DescribeStacks on outrider. docs/",
        ),
        ("Query", "AccessDeniedException", "These credentials may not call dynamodb:Query on"),
        ("SendMessage", "AccessDenied", "These credentials may not call sqs:SendMessage on"),
        ("GetCallerIdentity", "ExpiredToken", "AWS does not accept these credentials (ExpiredToken). Log in again."),
        ("Query", "ResourceNotFoundException", "dynamodb:Query on"),
    ],
)
def test_a_call_that_fails_is_a_sentence(world: World, run: Run, operation: str, code: str, sentence: str) -> None:
    proposed_digest(world)
    world.fail(operation, code)
    ran = run("apply", "web", "--yes")
    assert ran.code == 2
    assert sentence in ran.err
    assert "Traceback" not in ran.err


def test_without_credentials_or_region_there_is_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "No region is set." in run("apply", "web").err
    monkeypatch.setenv("AWS_PROFILE", "gone")
    ran = run("apply", "web", "--region", REGION)
    assert (ran.code, ran.err) == (2, "There is no profile gone (AWS_PROFILE). Name another.\n")


@pytest.mark.parametrize(
    "command",
    [
        *("apply web", "undo web", "release web", "corrections", "corrections off", "correct web", "doctor"),
        "standard diff --standard standard.yaml --stack outrider",
    ],
)
def test_every_command_that_calls_aws_takes_a_profile(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text("[profile there]\nregion = bad region\n", encoding="utf-8")
    (tmp_path / "standard.yaml").write_text("version: 1\n", encoding="utf-8")
    ran = run(*command.split(), "--profile", "gone")
    assert (ran.code, ran.err) == (2, "There is no profile gone (--profile). Name another.\n")
    # A profile that exists is used: its region is what the commands complain about.
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    assert "is not the name of a region" in run(*command.split(), "--profile", "there").err


def test_a_region_that_cannot_be_one_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run("corrections", "--region", "bad region")
    assert (ran.code, ran.err) == (2, "bad region is not the name of a region. Correct --region.\n")
    monkeypatch.setenv("AWS_REGION", "bad_region")  # which boto3 itself does not read
    assert run("corrections").err == "bad_region is not the name of a region. Correct AWS_REGION.\n"


def test_where_aws_is_out_of_reach_the_region_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreached(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://sts.nowhere-1.amazonaws.com/")

    monkeypatch.setattr(BaseClient, "_make_api_call", unreached)
    ran = run("corrections", "--region", "nowhere-1")
    assert ran.code == 2
    assert ran.err == "AWS could not be reached in nowhere-1. Check the region's name and the network.\n"


@pytest.mark.usefixtures("fleet", "meanwhile")
@pytest.mark.parametrize("wait", ["-5", "nan"])
def test_a_wait_of_less_than_nothing_is_refused(world: World, run: Run, wait: str) -> None:
    proposed_digest(world)
    ran = run("apply", "web", "--yes", "--wait", wait)
    assert (ran.code, world.requests) == (2, [])
    assert ran.err == "Argument --wait: it takes seconds, 0 or more. See outrider apply --help.\n"


def test_a_wait_without_end_is_one(
    world: World, fleet: Services, run: Run, meanwhile: list[Callable[[], object]]
) -> None:
    proposed_digest(world)
    meanwhile += [work(world), lambda: complete(world, fleet), lambda: settled(world)]
    assert run("apply", "web", "--yes", "--wait", "inf").code == 0


@pytest.mark.usefixtures("fleet", "meanwhile")
def test_queue_and_table_may_be_given_without_a_stack(world: World, run: Run) -> None:
    proposed_digest(world)
    world.fail("DescribeStacks", "AccessDenied")
    ran = run("apply", "web", "--yes", "--queue", world.queues["remediations.fifo"], "--table", TABLE)
    assert (ran.code, len(world.requests)) == (0, 1)


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
    assert runs(fleet) == "web:1"

    told = run("corrections")
    assert told.code == 0
    assert "End it with `outrider release web`." in rows(told)
    assert any(row.startswith("web:1 → web:2: undone") for row in rows(run("corrections", "web")))

    meanwhile.append(take)
    ran = run("release", "web", "--wait", "60", stdin=b"yes\n")
    assert (ran.code, list(rows(ran))[-1]) == (0, "Released.")
    assert "No correction is in progress or waiting" in run("corrections").err


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
    told = list(rows(run("corrections")))
    assert told[0] == "web"
    assert told[1].startswith("web:1 → web:2: rolling")
    assert told[2].startswith("shop/web waits for its update: deployment in progress: ")
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


# --- the switch -------------------------------------------------------------------------------------------------------


def with_switch(world: World) -> None:
    queue = world.queues["remediations.fifo"]
    stack(world, RemediationsQueue=queue, LedgerTable=TABLE, CorrectionsSwitch=SWITCH)


def switched(world: World) -> str:
    return str(world.client("ssm").get_parameter(Name=SWITCH)["Parameter"]["Value"])


@pytest.mark.usefixtures("meanwhile")
def test_the_switch_is_turned_on_and_off_and_the_command_says_by_whom(world: World, run: Run) -> None:
    with_switch(world)
    ran = run("corrections", "off")
    assert (ran.code, switched(world)) == (0, "off")
    assert ran.err.startswith("Corrections are off, turned off by arn:aws:")
    assert "is not on." in run("corrections").err
    ran = run("corrections", "on", "--yes")
    assert (ran.code, switched(world)) == (0, "on")
    assert "switch" not in run("corrections").err


@pytest.mark.usefixtures("meanwhile")
def test_the_switch_of_one_account_is_turned_and_stays_while_all_are_turned(world: World, run: Run) -> None:
    with_switch(world)
    ran = run("corrections", "on", "--account", "111122223333", "--yes")
    assert (ran.code, switched(world)) == (0, "on")
    assert "What waits there is tried within 15 minutes." in ran.err
    ran = run("corrections", "off", "--account", "111122223333")
    assert (ran.code, switched(world)) == (0, "on without 111122223333")
    assert ran.err.startswith("Corrections in account 111122223333 are off, turned off by arn:aws:")
    assert "switch" not in run("corrections").err
    run("corrections", "off")
    assert switched(world) == "off without 111122223333"
    assert "They stay off in 111122223333." in run("corrections", "on", "--yes").err
    run("corrections", "off", "--account", ACCOUNT)
    assert f"is off in account {ACCOUNT}." in run("corrections").err
    assert run("corrections", "web", "--account", "111122223333").code == 2


@pytest.mark.usefixtures("meanwhile")
@pytest.mark.usefixtures("fleet", "meanwhile")
def test_when_corrections_are_on_again_what_waited_goes_on_at_once(world: World, run: Run) -> None:
    with_switch(world)
    switch(world, "off")
    remediator(world).remediate(request())
    take = work(world, DEPLOY)
    ran = run("corrections", "on", "--yes")
    assert "What waits is tried again now: web." in ran.err
    take()
    assert (attempt(world).state, [each.number for each in world.revisions()]) == (AttemptState.ROLLING, [2, 1])


@pytest.mark.usefixtures("fleet", "meanwhile")
def test_what_waited_too_long_for_the_switch_is_listed_and_retried(world: World, run: Run) -> None:
    with_switch(world)
    using = inspector(world, DEPLOY)
    switch(world, "off")
    world.sees(registered(f"{ARN}task-definition/web:1"), inspector=using)
    for hours in (0, 25):
        world.pass_(hours=hours)
        remediator(world).remediate(request("resume", attempt="1") if hours else request())
    assert (attempt(world).state, attempt(world).guard) == (AttemptState.REFUSED, "kill switch")
    assert "is not on" in run("corrections").out
    switch(world, "on")
    assert "Corrections were off when it was last tried, and are on now." in " ".join(rows(run("corrections")))
    asked = work(world, DEPLOY)
    assert "What waits is tried again now: web." in run("retry").err
    asked()
    correct = work(world, DEPLOY)
    waiting = world.aws.sqs.queue("changes").waiting
    bodies = [message.body for message in waiting]
    waiting.clear()
    world.sees(*bodies, inspector=using)
    correct()
    assert (attempt(world).state, [each.number for each in world.revisions()]) == (AttemptState.ROLLING, [2, 1])


@pytest.mark.usefixtures("fleet")
def test_a_retry_that_fails_halfway_is_carried_out_by_the_next_delivery(world: World) -> None:
    with_switch(world)
    switch(world, "off")
    remediator(world).remediate(request())
    world.pass_(hours=25)
    remediator(world).remediate(request("resume", attempt="1"))
    assert (attempt(world).state, attempt(world).guard) == (AttemptState.REFUSED, "kill switch")
    world.aws.sqs.purge("changes")
    world.fail("SendMessageBatch", "InternalFailure", times=9)
    with pytest.raises(CallFailed):
        remediator(world).remediate(request("retry"))
    world.troubles.clear()
    remediator(world).remediate(request("retry"))
    assert [json.loads(message.body)["kind"] for message in world.aws.sqs.queue("changes").waiting][:1] == ["family"]
    assert world.ledger.attempts.stopped() == []


@pytest.mark.usefixtures("fleet")
def test_where_nothing_waits_a_retry_says_what_helps(world: World, run: Run) -> None:
    assert "No correction waits." in run("retry").err
    remediator(world, cap=Mode.DEPLOY).remediate(request())
    world.ledger.attempts.write(replace(attempt(world), state=AttemptState.FAILED))
    ran = run("retry", "web")
    assert ran.code == 2
    assert "`outrider release web`" in ran.err


def test_the_switch_is_turned_on_only_by_who_says_yes(world: World, run: Run) -> None:
    with_switch(world)
    run("corrections", "off")
    assert (run("corrections", "on", stdin=b"n\n").code, switched(world)) == (1, "off")
    assert (run("corrections", "on", stdin=b"y\n").code, switched(world)) == (0, "on")


@pytest.mark.usefixtures("meanwhile")
def test_a_switch_that_was_never_set_is_off(world: World, run: Run) -> None:
    with_switch(world)
    world.client("ssm").delete_parameter(Name=SWITCH)
    assert "is not set. Turn corrections on with `outrider corrections on`." in run("corrections").err
    run("corrections", "on", "--yes")
    assert switched(world) == "on"


@pytest.mark.usefixtures("meanwhile")
def test_a_stack_that_corrects_nothing_has_no_switch_to_turn(world: World, run: Run) -> None:
    stack(world, "report")
    assert run("corrections", "off").code == 2
    assert switched(world) == "on"


# --- and files stay quick ---------------------------------------------------------------------------------------------

LOADED = """\
import sys
from cli.main import main
main(["check", "--format", "json", sys.argv[1]])
print([name for name in sys.modules if name.split(".")[0] in {"boto3", "botocore", "aws", "operations"}])
"""


def test_judging_files_loads_nothing_of_aws(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    path.write_text(json.dumps(definition()), encoding="utf-8")
    source = Path(__file__).parents[2] / "src"
    command = [sys.executable, "-c", LOADED, str(path)]
    ran = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    assert ran.stdout.splitlines()[-1] == "[]"
