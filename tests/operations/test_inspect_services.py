"""What inspect makes of messages about services and their tasks."""

import json

import pytest

from domain.subject import Subject, SubjectId
from tests.aws_fake.services import Services
from tests.operations.inspecting import (
    deployed,
    judging_services,
)
from tests.operations.world import (
    FLOATING,
    GONE,
    OPEN,
    PLACE,
    World,
    definition,
    registered,
    service_changed,
    without_collector,
)

SERVICE = SubjectId(PLACE, Subject.SERVICE, "shop/web")


def services(world: World) -> Services:
    return world.services


def came_back(world: World) -> list[str]:
    """What inspect has sent to its own queue since this was asked last."""
    sent = [json.dumps(body) for body in world.sent_back]
    world.sent_back.clear()
    return sent


def test_a_service_on_a_retired_platform_has_its_own_finding_until_it_is_gone(world: World) -> None:
    arn = world.run(world.register(), platform="1.3.0")
    world.sees(service_changed(arn, "CreateService"), service_changed(arn))
    assert world.hub.states() == {"service/shop/web/service.platform-version": OPEN}
    ecs = world.client("ecs")
    ecs.delete_service(cluster="shop", service="web", force=True)
    world.sees(service_changed(arn, "DeleteService"))
    assert world.hub.states() == {"service/shop/web/service.platform-version": GONE}
    assert world.transitions() == [("opened", "service.platform-version")]


def test_a_service_on_fargate_brings_a_family_that_names_no_compatibility_into_scope(world: World) -> None:
    document = without_collector()
    del document["requiresCompatibilities"]
    arn = world.register(document)
    world.sees(registered(arn))
    assert world.hub.findings == {}
    service = world.run(arn)
    world.sees(service_changed(service, "CreateService"))
    assert world.open() == {"sidecar.present"}
    world.client("ecs").delete_service(cluster="shop", service="web", force=True)
    world.sees(service_changed(service, "DeleteService"))
    assert world.hub.states() == {"family/web/sidecar.present": GONE}, "and takes it out again"


def test_a_family_that_a_new_service_brings_into_scope_is_evaluated_though_the_first_try_failed(world: World) -> None:
    document = without_collector()
    del document["requiresCompatibilities"]
    arn = world.register(document)
    world.sees(registered(arn))
    message = service_changed(world.run(arn), "CreateService")
    world.fail("GetRole", "ThrottlingException", times=1)
    world.fail("BatchWriteItem", "ThrottlingException", times=1)
    for _ in range(3):
        world.look(message)
    assert world.open() == {"sidecar.present"}


@pytest.mark.parametrize("left", [2, 0], ids=["another stands between", "the family is gone"])
def test_a_service_is_not_held_to_a_revision_that_is_no_longer_there(world: World, left: int) -> None:
    inspector = judging_services(world)
    arns = [world.register(definition(collector=FLOATING)) for _ in range(2)]
    service = service_changed(world.run(arns[0]))
    world.sees(service, inspector=inspector)
    arns.append(world.register())
    world.sees(registered(arns[2]), *came_back(world), inspector=inspector)
    world.sees(*came_back(world), inspector=inspector)
    assert world.open(SERVICE) == {"service.revision"}
    for arn in arns[left:]:
        world.deregister(arn)
    world.sees(registered(arns[2], "DeregisterTaskDefinition"), inspector=inspector)
    world.pass_(minutes=15)
    world.sees(*came_back(world), inspector=inspector)
    assert world.open(SERVICE) == set()
    assert came_back(world) == [], "and nothing is asked for again and again"


def test_a_service_in_a_known_state_costs_one_call_to_ecs(world: World) -> None:
    arn = world.run(world.register())
    world.sees(service_changed(arn, "CreateService"))
    world.calls.clear()
    world.sees(service_changed(arn))
    assert (world.calls["DescribeServices"], world.calls["DescribeTaskDefinition"]) == (1, 0)


RUNNING = "service.collector-running"


def task_changed() -> str:
    return service_changed("service:web", "TaskStateChange", cluster=PLACE.arn("ecs", "cluster/shop"))


@pytest.mark.parametrize("event", ["task", "deployment"])
def test_a_collector_that_dies_at_the_start_is_published_when_its_task_has_settled(world: World, event: str) -> None:
    inspector = deployed(world, dead="adot-collector")
    message = task_changed() if event == "task" else service_changed("shop/web", "SERVICE_DEPLOYMENT_COMPLETED")
    world.sees(message, inspector=inspector)
    assert world.open(SERVICE) == set()
    [delay] = world.delays
    assert 290 < delay <= 300
    world.pass_(seconds=delay)
    world.sees(*came_back(world), inspector=inspector)
    assert world.open(SERVICE) == {RUNNING}
    assert world.transitions() == [("opened", RUNNING)]
    assert came_back(world) == []


def test_a_collector_that_dies_after_its_deployment_was_complete_is_published_too(world: World) -> None:
    """The event that it stopped may be late or lost."""
    inspector = deployed(world)
    world.sees(service_changed("shop/web", "SERVICE_DEPLOYMENT_COMPLETED"), inspector=inspector)
    services(world).dies("shop/web", "adot-collector")
    world.pass_(minutes=5)
    world.sees(*came_back(world), inspector=inspector)
    assert world.open(SERVICE) == {RUNNING}


def test_tasks_that_settle_for_longer_than_a_message_waits_are_evaluated_when_they_have(world: World) -> None:
    inspector = deployed(world, dead="adot-collector", standard="version: 1\nservices: {settling_minutes: 40}\n")
    world.sees(task_changed(), inspector=inspector)
    for _ in range(2):
        world.pass_(seconds=world.delays[-1])
        world.sees(*came_back(world), inspector=inspector)
        assert world.open(SERVICE) == set()
    assert world.delays[:2] == [900, 900]
    assert 570 < world.delays[2] <= 600
    world.pass_(seconds=world.delays[2])
    world.sees(*came_back(world), inspector=inspector)
    assert (world.open(SERVICE), came_back(world)) == ({RUNNING}, [])


def test_a_service_whose_tasks_start_and_end_is_not_evaluated_for_ever(world: World) -> None:
    """Each task that comes has events of its own."""
    inspector = deployed(world, dead="adot-collector")
    world.sees(task_changed(), inspector=inspector)
    for again in (200, 100):
        world.pass_(seconds=again)
        services(world).complete("shop/web", dead="adot-collector")
    world.sees(*came_back(world), inspector=inspector)
    assert (world.open(SERVICE), came_back(world)) == (set(), [])


@pytest.mark.parametrize(
    ("dead", "standard"),
    [
        ("", ""),
        ("app", ""),
        ("adot-collector", "services: {settling_minutes: 0}"),
        ("adot-collector", "rules: [{rules: service.collector-running, mode: off}]"),
        ("adot-collector", "exemptions: [{rules: service.*, where: {family: web}, reason: being replaced}]"),
        ("adot-collector", "scope: {exclude: [{family: web}]}"),
    ],
)
def test_where_nothing_can_come_of_it_no_second_look_is_asked_for(world: World, dead: str, standard: str) -> None:
    inspector = deployed(world, dead=dead, standard=f"version: 1\n{standard}\n")
    world.sees(task_changed(), inspector=inspector)
    assert world.delays == []


def test_what_a_rule_is_set_to_says_how_long_tasks_settle(world: World) -> None:
    own = "rules: [{rules: service.collector-running, set: {services: {settling_minutes: 10}}}]"
    inspector = deployed(world, dead="adot-collector", standard=f"version: 1\n{own}\n")
    world.sees(task_changed(), inspector=inspector)
    assert 590 < world.delays[0] <= 600
