"""What the commands do not request, and why."""

from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError

from tests.aws_fake.services import Services
from tests.cli.conftest import Run
from tests.cli.requesting import ARN, complete, settled, stack, work
from tests.operations.rolling import deployed, proposed_digest, remediator, request, resume_attempt
from tests.operations.world import ACCOUNT, PLACE, REGION, TABLE, World, definition, registered, service_changed


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
def test_a_family_whose_newest_revision_complies_names_the_services_that_run_an_older_one(
    world: World, run: Run
) -> None:
    floating = definition(collector={"image": "public.ecr.aws/aws-observability/aws-otel-collector:latest"})
    world.sees(service_changed(world.run(world.register(floating)), "CreateService"))
    world.sees(registered(world.register()))
    ran = run("apply", "web", "--yes")
    assert (ran.code, world.requests) == (2, [])
    assert "web:2 corrects its findings. Its service's plan deploys it: shop/web." in ran.err


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
