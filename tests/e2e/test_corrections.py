"""Corrections that are approved, rolled out and verified; those that fail; and what Outrider skips."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.e2e.stage import Json, Stage, attempt_of, drifted, right

RULES = {"sidecar.image-pinned", "sidecar.resources", "sidecar.restart-policy"}


def titles(stage: Stage, name: str) -> Counter[str]:
    """How often the topic was given each kind of alert about a subject, each alert once.

    Whether a finding is raised depends on whether the family or the service that runs it was evaluated first.
    """
    published = stage.alert_lines(name)
    assert set(published.values()) <= {1}
    found = Counter(title.partition(":")[0] for title in published)
    return found - Counter({"Drift, now more severe": found["Drift, now more severe"]})


def message(stage: Stage, name: str, *words: str) -> str:
    """The last message about a family, which begins with one of these words."""

    def found() -> list[Json]:
        return [each for each in stage.messages(name) if each["text"].partition(":")[0] in words]

    stage.until(lambda: bool(found()), f"Slack has no message {words} about {name}.")
    return json.dumps(found()[-1], ensure_ascii=False)


def ledger(stage: Stage, family: str) -> dict[str, Json]:
    return stage.ledger(f"123456789012/us-east-1/family/{family}")


def quarantined(stage: Stage, family: str) -> str:
    """Why the family is in quarantine; empty where it is not."""
    held = ledger(stage, family).get("quarantine")
    return str(json.loads(held["body"]["S"])["reasons"]) if held else ""


def test_an_approved_plan_is_registered_deployed_and_verified_and_then_its_findings_close(stage: Stage) -> None:
    stage.deploy_drifted("orders-approved", "orders-api", service="orders-api", seconds=6)
    stage.until(lambda: stage.open("orders-approved") == RULES, "No findings came.")
    stage.quiet()
    assert stage.newest("orders-approved") == 2  # nothing is done unasked

    stage.approve("orders-approved", "sidecar.image-pinned")
    stage.until(lambda: stage.runs("orders-api") == "orders-approved:3", "The service was not updated.")
    assert stage.service("orders-api")["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert stage.open("orders-approved") == RULES  # registered is not running
    stage.until(lambda: not stage.open("orders-approved"), "The findings did not close.")
    stage.quiet()

    (deployment,) = stage.service("orders-api")["deployments"]
    assert (deployment["rolloutState"], stage.runs("orders-api")) == ("COMPLETED", "orders-approved:3")
    assert stage.findings("orders-approved") == dict.fromkeys(RULES, ("PASSED", "ARCHIVED"))
    assert not stage.open("shop/orders-api")
    wanted = {"Drift": 3, "Corrected": 1, "Corrected and running": 1, "Closed": 3}
    assert titles(stage, "orders-approved") == wanted
    assert "approved by somebody who is not named" in message(stage, "orders-approved", "Resolved")
    assert len(stage.updates("orders-api")) == 1
    assert not quarantined(stage, "orders-approved")


def test_a_second_approval_of_what_runs_already_changes_nothing(stage: Stage) -> None:
    before = (stage.newest("orders-approved"), stage.updates("orders-api"))
    stage.approve("orders-approved", "sidecar.image-pinned")
    # A closed finding shows no plan, so there is nothing to approve, and people are notified of that.
    stage.until(lambda: titles(stage, "orders-approved")["Not corrected"], "Nobody heard that there is no plan.")
    stage.quiet()
    assert (stage.newest("orders-approved"), stage.updates("orders-api")) == before


def test_a_deployment_that_fails_is_rolled_back_by_ecs_and_the_family_is_quarantined(stage: Stage) -> None:
    play = {"service": "cart-api", "outcome": "fails", "seconds": 1, "rollback_seconds": 1}
    stage.deploy_drifted("cart-deployed", "cart-api", **play)
    stage.until(lambda: titles(stage, "cart-deployed")["Correction failed"], "Nobody heard that it failed.")
    stage.quiet()

    assert stage.runs("cart-api") == "cart-deployed:2"
    assert len(stage.updates("cart-api")) == 1  # ECS went back by itself, and was only watched
    assert stage.newest("cart-deployed") == 2  # who runs the family by its name gets what runs
    assert stage.revision("cart-deployed:3")["status"] == "INACTIVE"
    assert stage.open("cart-deployed") == RULES
    assert titles(stage, "cart-deployed") == {"Drift": 3, "Corrected": 1, "Correction failed": 1}
    assert "tasks failed to start" in quarantined(stage, "cart-deployed")

    # In quarantine: the next drifted revision is found, and not corrected.
    stage.register(drifted("cart-deployed"))
    stage.quiet()
    assert stage.newest("cart-deployed") == 4
    assert stage.open("cart-deployed") == RULES
    assert len(stage.updates("cart-api")) == 1


def test_a_deployment_that_completes_with_a_dead_collector_is_rolled_back(stage: Stage) -> None:
    play = {"service": "stock-api", "outcome": "loses-a-container", "seconds": 1}
    stage.deploy_drifted("stock-deployed", "stock-api", **play)
    stage.until(lambda: titles(stage, "stock-deployed")["Correction failed"], "Nobody heard that it failed.")
    stage.quiet()

    assert stage.runs("stock-api") == "stock-deployed:2"
    asked = [each["taskDefinition"].rpartition("/")[2] for each in stage.updates("stock-api")]
    assert asked == ["stock-deployed:3", "stock-deployed:2"]
    (deployment,) = stage.service("stock-api")["deployments"]
    assert deployment["rolloutState"] == "COMPLETED"
    assert stage.newest("stock-deployed") == 2
    assert stage.open("stock-deployed") == RULES
    assert titles(stage, "stock-deployed") == {"Drift": 3, "Corrected": 1, "Correction failed": 1}
    assert "collectors-down" in quarantined(stage, "stock-deployed")


def test_services_that_outrider_may_not_update_are_left_and_named(stage: Stage) -> None:
    both: dict[str, Any] = {"requiresCompatibilities": ["FARGATE", "EC2"]}
    with stage.all_at_once():
        stage.register(drifted("mixed-deployed", **both))
        stage.serve("mixed-api", "mixed-deployed")
        stage.serve("mixed-ec2", "mixed-deployed", launchType="EC2")
        stage.serve("mixed-code", "mixed-deployed", deploymentController={"type": "CODE_DEPLOY"})
        stage.serve("mixed-external", "mixed-deployed", deploymentController={"type": "EXTERNAL"})
        stage.serve("mixed-unsafe", "mixed-deployed", deploymentConfiguration={})
    stage.until(lambda: titles(stage, "mixed-deployed")["Corrected and running"], "Nobody was notified.")
    stage.quiet()
    assert stage.runs("mixed-api") == "mixed-deployed:2"
    published = message(stage, "mixed-deployed", "Partly corrected")
    for name, reason in (
        ("mixed-ec2", "launch type: It runs on EC2"),
        ("mixed-code", "deployment controller: CODE_DEPLOY controls its deployments"),
        ("mixed-external", "deployment controller: EXTERNAL controls its deployments"),
        ("mixed-unsafe", "circuit breaker: "),
    ):
        assert f"shop/{name}: {reason}" in published
        assert stage.runs(name) == "mixed-deployed:1"
        assert stage.updates(name) == []


def test_a_service_alone_is_corrected_by_the_same_way(stage: Stage) -> None:
    stage.register(right("old-deployed"))
    stage.serve("old-api", "old-deployed", platformVersion="1.3.0")
    stage.until(lambda: titles(stage, "shop/old-api")["Corrected and running"], "The service was not corrected.")
    stage.quiet()
    assert [each.get("platformVersion") for each in stage.updates("old-api")] == ["LATEST"]
    assert stage.findings("shop/old-api") == {"service.platform-version": ("PASSED", "ARCHIVED")}
    assert titles(stage, "shop/old-api") == {"Drift": 1, "Corrected and running": 1, "Closed": 1}


def test_the_kill_switch_stops_it_and_it_resumes_when_the_switch_is_on_again(stage: Stage) -> None:
    switch: dict[str, Any] = {"Name": stage.outputs["CorrectionsSwitch"], "Overwrite": True}
    stage.client("ssm").put_parameter(Value="off", **switch)
    stage.deploy_drifted("switched-deployed", "switched-api")
    stage.until(lambda: "attempt/2" in ledger(stage, "switched-deployed"), "Nothing was asked for.")
    stage.quiet()
    stage.come_due("switched-deployed")
    stage.until(lambda: waits_for(stage, "kill switch") > 1, "It did not resume.")
    assert (stage.newest("switched-deployed"), stage.updates("switched-api")) == (2, [])
    assert stage.open("switched-deployed") == RULES

    stage.client("ssm").put_parameter(Value="on", **switch)
    stage.come_due("switched-deployed")
    stage.until(lambda: not stage.open("switched-deployed"), "It did not go on.")
    stage.quiet()
    assert stage.runs("switched-api") == "switched-deployed:3"
    wanted = {"Drift": 3, "Corrected": 1, "Corrected and running": 1, "Closed": 3}
    assert titles(stage, "switched-deployed") == wanted


def waits_for(stage: Stage, guard: str) -> int:
    """How often a correction was not begun with yet for this reason."""
    return sum(1 for line in stage.logs("Remediate") if (line.get("state"), line.get("guard")) == ("waiting", guard))


def test_a_deployment_whose_end_no_event_reports_is_found_when_it_resumes(stage: Stage) -> None:
    stage.deploy_drifted("silent-deployed", "silent-api", service="silent-api", seconds=3)
    stage.until(lambda: stage.runs("silent-api") == "silent-deployed:3", "The service was not updated.")
    with stage.paused("Inspect"):
        stage.until(
            lambda: stage.service("silent-api")["deployments"][0]["rolloutState"] == "COMPLETED", "It did not complete."
        )
        assert not titles(stage, "silent-deployed")["Corrected and running"]
        stage.come_due("silent-deployed")
        stage.until(lambda: titles(stage, "silent-deployed")["Corrected and running"], "It did not resume.")
    stage.until(lambda: not stage.open("silent-deployed"), "The findings did not close.")
    stage.quiet()
    assert titles(stage, "silent-deployed")["Corrected and running"] == 1


def waits_to_be_shown(stage: Stage, family: str) -> bool:
    """Whether the rollout that was started first was evaluated again, and waits."""
    rows = (attempt_of(row) for key, row in ledger(stage, family).items() if key.startswith("attempt/"))
    rollouts = [rollout for attempt in rows for rollout in attempt["rollouts"]]
    return any(each["stage"] == "updating" and each["due"] > each["since"] for each in rollouts)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_about_update_service_leaves_one_rollout_and_one_message(stage: Stage, when: str) -> None:
    family, name = f"crash-{when}-deployed", f"crash-{when}-api"
    stage.fault(service="ecs", operation="UpdateService", caller=f"*{stage.role('Remediate')}*", when=when, crash=True)
    with stage.queues_with(VisibilityTimeout="4"):
        stage.deploy_drifted(family, name, service=name, seconds=1)
        if when == "before":  # for two minutes ECS may only not show yet that the update was made
            stage.until(lambda: any(rule["struck"] for rule in stage.struck()), "It did not crash.")
            stage.until(lambda: waits_to_be_shown(stage, family), "It was not taken up.")
            stage.quiet()
            stage.come_due(family)
        stage.until(lambda: not stage.open(family) and stage.runs(name) == f"{family}:3", "It did not go on.")
        stage.quiet()
    assert [rule["struck"] for rule in stage.struck()] == [1]
    assert len(stage.updates(name)) == 1
    assert stage.newest(family) == 3
    assert titles(stage, family) == {"Drift": 3, "Corrected": 1, "Corrected and running": 1, "Closed": 3}
    assert stage.waiting(stage.queue("RemediationsDlq")) == 0


def test_a_family_that_its_pipeline_brings_back_drifted_is_given_up_and_published_once(stage: Stage) -> None:
    for newest in (2, 4, 5, 6):  # the third and the fourth are not corrected any more
        stage.register(drifted("fought-deployed"))
        stage.quiet()
        assert stage.newest("fought-deployed") == newest
    assert stage.open("fought-deployed") == RULES
    published = message(stage, "fought-deployed", "Not corrected")
    assert "by root" in published
    assert "In CloudFormation" in published
