"""A finding closes when what runs complies with the rule, not when a revision that complies is registered."""

import json
from typing import Any

import pytest

from domain.findings.users import Running
from domain.remediation.attempt import AttemptState
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from rules import BY_ID
from tests.aws_fake.services import Services
from tests.operations.rolling import DEPLOY, REPORT, inspector, known, remediator, request, resume_attempt, runs
from tests.operations.world import (
    ACCOUNT,
    FLOATING,
    PLACE,
    REGION,
    RULES,
    TASK,
    World,
    definition,
    registered,
    role_changed,
    service_changed,
    tasks_run,
    without_collector,
)

WEB = SubjectId(PLACE, Subject.FAMILY, "web")
PINNED = "sidecar.image-pinned"
FINDING = f"outrider/{PLACE}/family/web/{PINNED}"
DRIFTED = definition(collector=FLOATING)


def again(family: str = "web") -> str:
    return json.dumps({"kind": "family", "account": ACCOUNT, "region": REGION, "family": family, "revision": 0})


def deploys(world: World, revision: str, service: str = "web") -> str:
    found = world.client("ecs").update_service(cluster="shop", service=service, taskDefinition=revision)
    return service_changed(found["service"]["serviceArn"])


def state(world: World) -> tuple[str, str, str]:
    """The finding in the ledger: its state, severity, and the revision that it is about."""
    found = world.rows()[PINNED]
    return found.state.value, found.severity.value, found.resource.rpartition("/")[2]


def in_the_hub(world: World) -> dict[str, Any]:
    return world.hub.findings[FINDING]


@pytest.fixture
def corrected(world: World) -> World:
    """shop/web runs web:1, which drifts. A person has registered web:2, which does not."""
    world.sees(service_changed(world.run(world.register(DRIFTED)), "CreateService"))
    world.sees(registered(world.register()))
    return world


def test_a_corrected_revision_that_nothing_runs_closes_nothing(corrected: World) -> None:
    assert state(corrected) == ("open", "MEDIUM", "web:1")
    assert corrected.transitions() == [("opened", PINNED)]
    hub = in_the_hub(corrected)
    assert (hub["Compliance"]["Status"], hub["RecordState"]) == ("FAILED", "ACTIVE")
    assert hub["Remediation"]["Recommendation"]["Text"] == (
        "shop/web still runs web:1. web:2 fixes it: redeploy with web:2. The finding closes by itself."
    )
    assert hub["Resources"][0]["Details"]["Other"]["use"] == "run by shop/web, 0 tasks"


def test_it_closes_when_the_service_runs_it_and_says_where(corrected: World) -> None:
    corrected.sees(deploys(corrected, "web:2"))
    assert state(corrected) == ("closed", "MEDIUM", "web:2")
    assert corrected.transitions() == [("opened", PINNED), ("closed", PINNED)]
    assert corrected.alerts[-1]["use"] == "runs in shop/web"
    assert in_the_hub(corrected)["Description"].endswith(
        "task-definition/web:2 is compliant again. It runs in shop/web."
    )


def test_while_another_service_still_runs_the_drifted_one_it_stays_open(corrected: World) -> None:
    corrected.sees(service_changed(corrected.run("web:1", "api"), "CreateService"))
    corrected.sees(deploys(corrected, "web:2"))
    assert state(corrected) == ("open", "MEDIUM", "web:1")
    assert "shop/api still runs web:1." in in_the_hub(corrected)["Remediation"]["Recommendation"]["Text"]
    corrected.sees(deploys(corrected, "web:2", "api"))
    assert state(corrected)[0] == "closed"
    assert corrected.alerts[-1]["use"] == "runs in shop/api, shop/web"


def test_while_a_deployment_still_replaces_tasks_it_stays_open(world: World) -> None:
    world.tasks = 2
    service = world.run(world.register(DRIFTED))
    world.sees(service_changed(service, "CreateService"))
    world.sees(registered(world.register()))
    world.services.at_once = False
    world.sees(deploys(world, "web:2"))
    assert world.ledger.history(WEB).services["shop/web"] == Running(fargate=True, revision=2, tasks=2, replaced=(1,))
    assert state(world)[0] == "open"
    world.services.complete("shop/web")
    world.sees(service_changed(service, "SERVICE_DEPLOYMENT_COMPLETED"))
    assert state(world)[0] == "closed"


def test_a_service_that_goes_back_to_the_drifted_revision_reopens_it(corrected: World) -> None:
    corrected.sees(deploys(corrected, "web:2"))
    corrected.sees(deploys(corrected, "web:1"))
    assert state(corrected) == ("open", "MEDIUM", "web:1")
    assert corrected.transitions()[-1] == ("reopened", PINNED)
    assert corrected.alerts[-1]["next_step"].startswith("shop/web still runs web:1. web:2 fixes it")


def test_a_drift_of_what_runs_is_found_though_the_newest_revision_never_had_it(world: World) -> None:
    """As a first sweep finds it. Nobody is named who registered the newest one."""
    arn = world.register(DRIFTED)
    newest = world.register()
    world.sees(service_changed(world.run(arn), "CreateService"), registered(newest))
    assert state(world) == ("open", "MEDIUM", "web:1")
    assert [alert["actor"] for alert in world.alerts] == [""]


def test_an_older_revision_that_is_the_newest_again_closes_nothing(world: World) -> None:
    """The drifted one is deregistered, and runs on."""
    world.register()
    bad = world.register(DRIFTED)
    world.sees(service_changed(world.run(bad), "CreateService"))
    world.sees(registered(world.deregister(bad), "DeregisterTaskDefinition"))
    assert state(world) == ("open", "MEDIUM", "web:2")


def test_while_a_service_runs_it_a_drift_stays_open_though_every_revision_is_deregistered(world: World) -> None:
    arn = world.register(DRIFTED)
    world.sees(service_changed(world.run(arn), "CreateService"))
    deregistered = registered(world.deregister(arn), "DeregisterTaskDefinition")
    world.sees(deregistered)
    assert state(world) == ("open", "MEDIUM", "web:1")
    assert world.transitions() == [("opened", PINNED)]
    assert (world.requests, world.ledger.history(WEB).proposed) == ([], None)
    world.sees(registered(world.register(definition("api"))), deploys(world, "api:1"))
    assert state(world)[0] == "gone"


def test_an_exemption_of_the_newest_revision_alone_closes_nothing(world: World) -> None:
    exempt = "{rules: sidecar.image-pinned, where: {tags: {legacy: yes}}, reason: being replaced}"
    inspector = world.inspector(standard=f"version: 1\nexemptions: [{exempt}]\n")
    service = world.run(world.register(DRIFTED))
    world.sees(service_changed(service, "CreateService"), inspector=inspector)
    tagged = world.register(DRIFTED | {"tags": [{"key": "legacy", "value": "yes"}]})
    world.sees(registered(tagged), inspector=inspector)
    assert state(world) == ("open", "MEDIUM", "web:1")
    world.sees(deploys(world, "web:2"), inspector=inspector)
    assert state(world)[0] == "exempt"


def test_a_rule_that_does_not_apply_to_the_newest_revision_still_applies_to_what_runs(world: World) -> None:
    world.sees(service_changed(world.run(world.register(DRIFTED)), "CreateService"))
    world.sees(registered(world.register(without_collector())))
    assert state(world) == ("open", "MEDIUM", "web:1")
    assert "redeploy" not in in_the_hub(world)["Remediation"]["Recommendation"]["Text"]


def test_tasks_without_a_service_count_as_long_as_they_are_known(world: World) -> None:
    arn = world.register(definition(collector=FLOATING))
    world.sees(registered(arn), tasks_run(arn, "1.4.0"))
    assert state(world) == ("open", "MEDIUM", "web:1")
    world.sees(registered(world.register()))
    assert state(world) == ("open", "MEDIUM", "web:1")
    assert "batch without a service still runs web:1." in in_the_hub(world)["Remediation"]["Recommendation"]["Text"]
    world.pass_(days=31)
    world.sees(again())
    assert state(world)[0] == "closed"


def test_what_runs_and_cannot_be_read_leaves_the_finding_as_it_is(corrected: World) -> None:
    corrected.ledger.subjects.runs(WEB, "shop/web", Running(fargate=True, revision=99))
    corrected.services.services["shop/web"]["taskDefinition"] = PLACE.arn("ecs", "task-definition/web:99")
    corrected.sees(again())
    assert state(corrected)[0] == "open"


def test_before_a_finding_closes_its_services_are_read_again(corrected: World) -> None:
    """The ledger may know a deployment that was rolled back since."""
    corrected.ledger.subjects.runs(WEB, "shop/web", Running(fargate=True, revision=2))
    corrected.sees(again())
    assert state(corrected)[0] == "open"


def test_a_role_that_only_what_runs_asks_more_of_has_its_finding_until_that_no_longer_runs(world: World) -> None:
    on = SubjectId(PLACE, Subject.ROLE, f"arn:aws:iam::{ACCOUNT}:role/web-task")
    rules = [*RULES, BY_ID["identity.trust"]] if BY_ID["identity.trust"] not in RULES else RULES
    using = world.inspector(rules=rules)
    world.trust("web-task", "ec2.amazonaws.com")
    world.sees(service_changed(world.run(world.register()), "CreateService"), inspector=using)
    assert world.open(on) == {"identity.trust"}
    without = {key: value for key, value in definition().items() if key != "taskRoleArn"}
    world.sees(registered(world.register(without)), inspector=using)
    assert world.open(on) == {"identity.trust"}
    world.sees(deploys(world, "web:2"), inspector=using)
    assert world.open(on) == set()


def test_what_a_role_lacks_for_the_revision_that_runs_is_closed_by_the_role(corrected: World) -> None:
    corrected.allow("web-task", *TASK[:1])
    corrected.sees(role_changed("web-task"))
    assert corrected.rows()["identity.task-role"].state.value == "open"
    corrected.allow("web-task", *TASK)
    corrected.sees(role_changed("web-task"))
    assert corrected.rows()["identity.task-role"].state.value == "closed"


# --- and the service says it once, and quietly ------------------------------------------------------------------------


def test_the_service_that_keeps_the_older_revision_has_one_low_finding_that_says_what_to_do(corrected: World) -> None:
    using = corrected.inspector(rules=[*RULES, BY_ID["service.revision"]])
    title = SubjectId(PLACE, Subject.SERVICE, "shop/web")
    corrected.sees(service_changed(PLACE.arn("ecs", "service/shop/web")), inspector=using)
    found = corrected.rows(title)["service.revision"]
    assert (found.severity.value, [drift.why for drift in found.drifts]) == (
        "LOW",
        ["shop/web still runs web:1 (1 issue: sidecar.image-pinned). web:2 fixes it: redeploy with web:2."],
    )
    assert corrected.transitions() == [("opened", PINNED), ("opened", "service.revision")]


# --- what Outrider itself does ----------------------------------------------------------------------------------------


def takes_turn(world: World) -> None:
    """Everything that remediate had evaluated again."""
    waiting = world.aws.sqs.queue("changes").waiting
    bodies = [message.body for message in waiting]
    waiting.clear()
    world.sees(*bodies, inspector=inspector(world, REPORT))


@pytest.fixture
def fleet(world: World) -> Services:
    world.services.at_once = False
    arn = world.register(DRIFTED)
    for title in ("shop/api", "shop/web"):
        known(world, title, arn)
    return world.services


def rolled_out(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    for _ in range(4):
        for title in ("shop/api", "shop/web"):
            if fleet.services[title]["deployments"][0]["rolloutState"] != "COMPLETED":
                fleet.complete(title)
        resume_attempt(world)
        world.pass_(minutes=10)
    attempt = world.ledger.history(WEB).attempt("1")
    assert attempt is not None
    assert attempt.state is AttemptState.DEPLOYED


def test_a_correction_closes_its_finding_when_it_has_ended_and_not_before(world: World, fleet: Services) -> None:
    world.sees(again(), inspector=inspector(world, REPORT))
    remediator(world).remediate(request())
    for title in ("shop/api", "shop/web"):
        fleet.complete(title)
        arn = PLACE.arn("ecs", f"service/{title}")
        world.sees(service_changed(arn, "SERVICE_DEPLOYMENT_COMPLETED"), again(), inspector=inspector(world, REPORT))
    assert state(world)[0] == "open", "its collectors are not verified yet"
    rolled_out(world, fleet)
    takes_turn(world)
    assert state(world)[0] == "closed"
    assert world.alerts[-1]["use"] == "runs in shop/api, shop/web"


def test_an_undo_of_one_service_reopens_what_it_brings_back(world: World, fleet: Services) -> None:
    world.sees(again(), inspector=inspector(world, REPORT))
    rolled_out(world, fleet)
    takes_turn(world)
    assert state(world)[0] == "closed"
    remediator(world, DEPLOY).remediate(request("undo", service="shop/web", at=world.now().isoformat()), "AIDA:jo")
    assert runs(fleet, "shop/web") == "web:1"
    world.sees(service_changed(PLACE.arn("ecs", "service/shop/web")), inspector=inspector(world, REPORT, Mode.REPORT))
    assert state(world) == ("open", "MEDIUM", "web:1")
    assert [alert["transition"] for alert in world.alerts if alert["rule"] == PINNED][-1] == "reopened"


def test_an_undo_of_everything_reopens_it_too(world: World, fleet: Services) -> None:
    world.sees(again(), inspector=inspector(world, REPORT))
    rolled_out(world, fleet)
    takes_turn(world)
    remediator(world, DEPLOY).remediate(request("undo", at=world.now().isoformat()), "AIDA:jo")
    for title in ("shop/api", "shop/web"):
        fleet.complete(title)
    resume_attempt(world)
    takes_turn(world)
    assert state(world) == ("open", "MEDIUM", "web:1")
