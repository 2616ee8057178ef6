"""`outrider correct`: what is in AWS is corrected with the caller's own credentials, as the service would plan it."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli import correcting
from tests.cli.conftest import Run
from tests.cli.requesting import stack
from tests.operations.conftest import fleet, sessions, world
from tests.operations.rolling import REPORT, inspector, known
from tests.operations.world import (
    ACCOUNT,
    CANARY,
    FLOATING,
    IMAGE,
    PLACE,
    REGION,
    RULES,
    World,
    definition,
    registered,
    service_changed,
    without_collector,
)

__all__ = ["fleet", "sessions", "world"]

ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:"
REPOSITORIES = "public.ecr.aws/aws-observability/aws-otel-collector"


@pytest.fixture(autouse=True)
def _here(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr("cli.deployed.Sessions", lambda *_, **__: world.sessions)
    monkeypatch.setattr(correcting, "CATALOGUE", RULES)
    world.sessions.__dict__.pop("caller", None)
    stacked(world)


def stacked(world: World, standard: str = "", repositories: str = REPOSITORIES) -> None:
    """A stack in mode report, as CloudFormation shows it."""
    stack(world, "report")
    world.stacks["outrider"]["Parameters"] += [
        {"ParameterKey": "StandardLocation", "ParameterValue": standard},
        {"ParameterKey": "AllowedImageRepositories", "ParameterValue": repositories},
    ]


def shown(world: World, arn: str, *, service: bool = False) -> Any:
    """The alert of a finding with a plan."""
    world.sees(service_changed(arn) if service else registered(arn), inspector=inspector(world, REPORT))
    return next(alert for alert in reversed(world.alerts) if alert["command"])


# --- a family ---------------------------------------------------------------------------------------------------------


def test_the_plan_that_an_alert_shows_can_be_registered(world: World, run: Run) -> None:
    alert = shown(world, world.register(definition(collector=FLOATING)))
    assert alert["command"] == f"outrider apply web --plan {alert['digest']} --region {REGION}"
    ran = run("correct", *alert["command"].split()[2:], stdin=b"y\n")
    assert (ran.code, ran.err) == (0, "Register it? [y/N] ")
    assert f"web:1, plan {alert['digest']}" in ran.out
    assert "+public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0" in ran.out
    assert ran.out.endswith("web:2 is registered.\n")
    document = world.document("web:2")
    assert document["containerDefinitions"][1]["image"] == IMAGE
    assert document["tags"] == [{"key": "team", "value": "shop"}], "those of the source, and none of the service's"
    assert world.requests == []


def test_no_value_that_may_be_secret_is_shown(world: World, run: Run) -> None:
    world.register(without_collector())
    ran = run("correct", "web", "--yes")
    assert ran.code == 0
    assert CANARY not in ran.out + ran.err
    assert CANARY in json.dumps(world.document("web:2"))


@pytest.mark.parametrize("answer", [b"", b"n\n"])
def test_without_a_yes_nothing_is_changed(world: World, run: Run, answer: bytes) -> None:
    world.register(definition(collector=FLOATING))
    ran = run("correct", "web", stdin=answer)
    assert (ran.code, len(world.revisions())) == (1, 1)
    assert "Nothing was changed." in ran.err


@pytest.mark.parametrize(
    "what", ["web:1", f"{ARN}task-definition/web", f"outrider/{PLACE}/family/web/sidecar.image-pinned"]
)
def test_a_family_is_named_as_elsewhere(world: World, run: Run, what: str) -> None:
    world.register(definition(collector=FLOATING))
    assert run("correct", what, "--yes").code == 0


def test_a_standard_in_a_file_needs_no_stack(world: World, run: Run, tmp_path: Path) -> None:
    world.stacks.clear()
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/aws-otel-collector:v0.49.0"
    path = tmp_path / "standard.yaml"
    path.write_text(f"version: 1\ncollector: {{image: '{image}'}}\n", encoding="utf-8")
    world.register(without_collector())
    assert "There is no stack outrider" in run("correct", "web", "--yes").err
    ran = run("correct", "web", "--yes", "--standard", str(path))
    assert ran.code == 0, ran.err
    assert world.document("web:2")["containerDefinitions"][1]["image"] == image


def test_the_stacks_standard_decides(world: World, run: Run) -> None:
    stacked(world, "ssm:/mine")
    text = "version: 1\nexemptions: [{rules: ['*'], where: {family: web}, reason: not this one}]\n"
    world.client("ssm").put_parameter(Name="/mine", Value=text, Type="String")
    world.register(definition(collector=FLOATING))
    ran = run("correct", "web", "--yes")
    assert (ran.code, len(world.revisions())) == (2, 1)
    assert "Outrider can correct nothing in web:1." in ran.err


# --- what is not corrected --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("web", "--plan", "0" * 16), "now, not 0000000000000000. Read it without --plan."),
        (("wbe",), f"wbe has no active revision in {PLACE}."),
        (("web:7",), "web:1 is the newest revision, and only the newest can be corrected."),
        (("shop/none",), f"There is no active service shop/none in {PLACE}."),
        ((f"outrider/{PLACE}/role/x/identity.trust",), "Outrider does not correct a role"),
        ((f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/web",), f"and this is {PLACE}."),
        (("web", "--stack", "none"), f"There is no stack none in {REGION}."),
    ],
)
def test_what_cannot_be_corrected_is_a_sentence(
    world: World, run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    world.register(definition(collector=FLOATING))
    ran = run("correct", *arguments, "--yes")
    assert (ran.code, ran.out, len(world.revisions())) == (2, "", 1)
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_what_is_clean_is_left(world: World, run: Run) -> None:
    world.register()
    ran = run("correct", "web", "--yes")
    assert (ran.code, len(world.revisions())) == (2, 1)


def test_an_image_that_the_stack_does_not_allow_is_not_registered(world: World, run: Run) -> None:
    stacked(world, repositories=f"{ACCOUNT}.dkr.ecr.*")
    world.register(definition(collector=FLOATING))
    ran = run("correct", "web", "--yes")
    assert (ran.code, len(world.revisions())) == (2, 1)
    assert (
        "The correction is not allowed (image): public.ecr.aws/aws-observability/aws-otel-collector is not an allowed"
        in ran.err
    )


def test_facts_that_cannot_be_read_for_now_are_no_reason_to_ask(world: World, run: Run) -> None:
    world.register(without_collector())
    world.fail("DescribeLogGroups", "ThrottlingException")
    ran = run("correct", "web", "--yes")
    assert (ran.code, len(world.revisions())) == (2, 1)
    assert "logs:DescribeLogGroups" in ran.err
    assert "Try again." in ran.err


@pytest.mark.parametrize("operation", ["DescribeTaskDefinition", "RegisterTaskDefinition", "DescribeStacks"])
def test_a_call_that_is_denied_is_named(world: World, run: Run, operation: str) -> None:
    world.register(definition(collector=FLOATING))
    world.fail(operation)
    ran = run("correct", "web", "--yes")
    assert ran.code == 2
    assert f":{operation} on" in ran.err
    assert "These credentials may not call" in ran.err


# --- others at the same time ------------------------------------------------------------------------------------------


def test_a_newer_revision_by_the_time_of_the_answer_is_not_overtaken(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register(definition(collector=FLOATING))

    def confirmed(*_: str) -> bool:
        world.register(definition(cpu="2048", memory="4096"))
        return True

    monkeypatch.setattr("cli.correct.confirmed", confirmed)
    ran = run("correct", "web")
    assert (ran.code, len(world.revisions())) == (2, 2)
    assert "web has a newer revision now. Nothing was changed." in ran.err


def test_who_registers_at_the_same_moment_is_named(world: World, run: Run) -> None:
    world.register(definition(collector=FLOATING))
    world.meanwhile["RegisterTaskDefinition"] = lambda: world.register(definition(cpu="2048", memory="4096"))
    ran = run("correct", "web", "--yes")
    assert (ran.code, len(world.revisions())) == (1, 3)
    assert "Deregister web:3 unless you want it." in ran.err


# --- a service --------------------------------------------------------------------------------------------------------


def old_platform(world: World, **members: Any) -> str:
    world.services.at_once = False
    return known(world, "shop/web", world.register(), platformVersion="1.3.0", **members)


def test_a_service_is_updated_by_the_plan_that_its_alert_shows(world: World, run: Run) -> None:
    alert = shown(world, old_platform(world), service=True)
    assert alert["command"] == f"outrider correct shop/web --plan {alert['digest']} --region {REGION}"
    ran = run(*alert["command"].split()[1:], "--yes")
    assert ran.code == 0, ran.err
    [update] = world.services.updates
    assert (update["platformVersion"], "taskDefinition" in update) == ("LATEST", False)


@pytest.mark.parametrize(
    ("members", "guard"),
    [
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "deployment controller"),
        ({"deploymentConfiguration": {}}, "circuit breaker"),
    ],
)
def test_a_service_that_may_not_be_updated_is_not(world: World, run: Run, members: dict[str, Any], guard: str) -> None:
    old_platform(world, **members)
    ran = run("correct", "shop/web", "--yes")
    assert (ran.code, world.services.updates) == (2, [])
    assert f"The correction is not allowed ({guard}): " in ran.err


def test_a_service_that_was_deployed_meanwhile_is_left(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    old_platform(world)

    def confirmed(*_: str) -> bool:
        world.client("ecs").update_service(cluster="shop", service="web", forceNewDeployment=True)
        return True

    monkeypatch.setattr("cli.correct.confirmed", confirmed)
    ran = run("correct", "shop/web")
    assert ran.code == 2
    assert "shop/web was deployed in the meantime. Nothing was changed." in ran.err


def test_a_drift_that_cannot_be_read_for_now_is_not_reported_as_gone(world: World, run: Run) -> None:
    world.register()
    world.trust("web-execution", "ec2.amazonaws.com")
    world.fail("GetRole", "ThrottlingException")
    ran = run("correct", "web", "--yes")
    assert ran.code == 2
    assert "Try again." in ran.err
    assert "can correct nothing" not in ran.err
