"""The sweep has everything looked at again, and what is gone too."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from aws.calls import CallFailed
from aws.ecs import Ecs
from aws.ledger import Record, SweepBasis
from aws.sessions import Sessions
from domain.findings.finding import FindingState
from domain.places import Place
from domain.subject import Subject, SubjectId
from domain.sweeping import Scope, SweepRequest
from operations.standards import Standards
from operations.sweep.beginning import SweepEnded
from operations.sweep.certifying import Waiting
from rules import CATALOGUE
from tests.operations.sweeping import Sweeping
from tests.operations.sweeping import sent as how_many
from tests.operations.test_digests import a_finding, recorded
from tests.operations.world import World, definition, registered

PLACE = Place("123456789012", "eu-west-1")
NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.fixture
def aws(world: World) -> Sessions:
    return world.sessions


def sent(aws: Sessions, url: str) -> list[dict[str, Any]]:
    client, bodies = aws.own("sqs"), []
    while found := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [json.loads(message["Body"]) for message in found]
    return bodies


def sweeping(world: World, *, standard: str = "", release: str = "1") -> Sweeping:
    standards = Standards(world.sessions, standard, CATALOGUE, world.ledger.standards)
    made = world.sweeping(standards, release)
    made.now = lambda: NOON
    return made


def changes(world: World) -> list[dict[str, Any]]:
    return sent(world.sessions, world.queues["changes"])


def test_what_is_there_and_what_was_is_evaluated_again(world: World) -> None:
    ecs = world.sessions.own("ecs")
    containers: list[Any] = [{"name": "app", "image": "web:1.0.0", "memory": 512}]
    for family in [f"family-{n}" for n in range(12)] + ["web", "web"]:
        ecs.register_task_definition(family=family, containerDefinitions=containers)
    ecs.create_cluster(clusterName="prod")
    ecs.create_service(cluster="prod", serviceName="web", taskDefinition="web", desiredCount=0)
    ledger = world.ledger
    for kind, name in ((Subject.FAMILY, "gone"), (Subject.FAMILY, "web"), (Subject.SERVICE, "prod/gone")):
        history = ledger.history(SubjectId(PLACE, kind, name))
        ledger.subjects.write(history, Record(order=1))
    elsewhere = ledger.history(SubjectId(Place("123456789012", "eu-west-10"), Subject.FAMILY, "elsewhere"))
    ledger.subjects.write(elsewhere, Record(order=1))

    sweep = sweeping(world)
    ledger.health.finished(PLACE, SweepBasis("1", sweep.standards.current().digest))
    [here, there] = sweep.list("daily")
    assert (here.place, how_many(here), here.baseline) == (PLACE, (14, 2), False)
    assert (there.watched, dict(there.left)) == (False, {Subject.FAMILY: 1})

    bodies = changes(world)
    families = {body["family"]: body["revision"] for body in bodies if body["kind"] == "family"}
    # Of the family that is gone inspect asks ECS.
    assert families == dict.fromkeys([f"family-{n}" for n in range(12)], 1) | {"web": 2, "gone": 0}
    assert {body["service"] for body in bodies if body["kind"] == "service"} == {"prod/web", "prod/gone"}
    assert {(body["account"], body["region"]) for body in bodies} == {(PLACE.account, PLACE.region)}
    assert {(body.get("quiet", False), body["sweep"]) for body in bodies} == {(False, "daily")}


def test_everything_is_listed_in_pages_as_large_as_they_can_be(world: World) -> None:
    definitions, services = world.aws.definitions, world.aws.services
    for number in range(101):
        family: dict[str, Any] = {"family": f"family-{number:03}", "containerDefinitions": []}
        arns = [definitions.register(family) for _ in range(5)]
        services.add(f"prod/service-{number:03}", arns[-1])
    world.calls.clear()
    assert how_many(sweeping(world).list()[0]) == (101, 101)
    ecs = {operation: world.calls[operation] for operation in world.calls if "TaskDefinition" in operation}
    assert ecs == {"ListTaskDefinitionFamilies": 2, "ListTaskDefinitions": 6}
    assert world.calls["ListServices"] == 2


def test_revisions_are_listed_only_while_that_takes_fewer_calls_than_to_ask_for_each_family(world: World) -> None:
    for number in range(6):
        for _ in range(90):
            world.aws.definitions.register({"family": f"family-{number}", "containerDefinitions": []})
    world.calls.clear()
    sweeping(world).list()
    assert world.calls["ListTaskDefinitions"] == 3
    families = {body["family"]: body["revision"] for body in changes(world)}
    assert families == {f"family-{n}": 90 if n >= 2 else 0 for n in range(6)}


def test_without_permission_to_list_revisions_inspect_asks_for_each(world: World) -> None:
    world.aws.definitions.register({"family": "web", "containerDefinitions": []})
    world.fail("ListTaskDefinitions")
    [swept] = sweeping(world).list()
    assert swept.listing(Subject.FAMILY).complete
    assert [body["revision"] for body in changes(world)] == [0]


# --- only one at a time -----------------------------------------------------------------------------------------------


def test_while_a_sweep_runs_no_other_begins_and_a_step_that_is_tried_again_is_the_same_sweep(world: World) -> None:
    sweep = sweeping(world)
    begun = [sweep.beginner.begin(run, SweepRequest()).started for run in ("first", "second", "first")]
    assert begun == [True, False, True]
    with pytest.raises(SweepEnded):
        sweep.place_sweeper.sweep("second", PLACE, lambda: 60)
    sweep.run_id = "first"
    sweep.certify()
    assert sweep.beginner.begin("third", SweepRequest()).started


def test_a_sweep_that_died_holds_nobody_up_for_longer_than_an_hour(world: World) -> None:
    sweep = sweeping(world)
    sweep.list("died")
    sweep.now = lambda: NOON + timedelta(minutes=59)
    assert not sweep.beginner.begin("next", SweepRequest()).started
    sweep.now = lambda: NOON + timedelta(minutes=61)
    assert sweep.beginner.begin("next", SweepRequest()).started
    with pytest.raises(SweepEnded):
        sweep.place_sweeper.sweep("died", PLACE, lambda: 60)


def test_a_standard_that_changed_during_a_sweep_leads_to_another_one(world: World) -> None:
    world.sessions.own("ssm").put_parameter(Name="/standard", Value="version: 1\n", Type="String")
    sweep = sweeping(world, standard="ssm:/standard")
    sweep.list()
    world.sessions.own("ssm").put_parameter(Name="/standard", Value="version: 1\nname: b\n", Overwrite=True)
    assert sweep.certify().again
    sweep.list()
    assert not sweep.certify().again


# --- page by page -----------------------------------------------------------------------------------------------------


def test_it_goes_on_from_where_the_time_ran_short_and_sends_nothing_twice(world: World) -> None:
    for number in range(250):
        arn = world.aws.definitions.register({"family": f"family-{number:03}", "containerDefinitions": []})
        world.aws.services.add(f"cluster-{number % 3}/service-{number:03}", arn)
    recorded(world.sessions, a_finding("gone", FindingState.OPEN, hours=1))
    sweep = sweeping(world)
    sweep.beginner.begin("daily", SweepRequest())
    invocations = 1
    while sweep.place_sweeper.sweep("daily", PLACE, lambda: 1):  # always too late for more than one page
        invocations += 1
    assert invocations > 6
    names = Counter(body.get("family") or body["service"] for body in changes(world))
    assert set(names.values()) == {1}
    assert len(names) == 501
    assert how_many(world.ledger.runs.place("daily", PLACE)) == (251, 250)


@pytest.mark.parametrize(
    "operation", ["ListTaskDefinitionFamilies", "ListTaskDefinitions", "ListServices", "ListTasks", "ListClusters"]
)
def test_a_listing_that_failed_closes_nothing_and_is_continued(world: World, operation: str) -> None:
    for name in ("web", "api"):
        world.run(world.register(definition(name)), name)
    recorded(world.sessions, a_finding("gone", FindingState.OPEN, hours=1))
    sweep = sweeping(world)
    sweep.beginner.begin("daily", SweepRequest())
    world.fail(operation, "ThrottlingException", times=1)
    with pytest.raises(CallFailed):
        sweep.place_sweeper.sweep("daily", PLACE, lambda: 60)
    gone = {body.get("family") for body in changes(world)} & {"gone"}
    listed = operation == "ListServices"  # families were listed to their end
    assert gone == ({"gone"} if listed else set())
    assert not sweep.place_sweeper.sweep("daily", PLACE, lambda: 60)
    assert how_many(world.ledger.runs.place("daily", PLACE)) == (3, 2)


@pytest.mark.parametrize(
    ("operation", "kind"), [("ListTaskDefinitionFamilies", Subject.FAMILY), ("ListServices", Subject.SERVICE)]
)
def test_what_may_not_be_listed_is_not_sent_and_the_other_kind_is(world: World, operation: str, kind: Subject) -> None:
    world.run(world.register())
    recorded(world.sessions, a_finding("gone", FindingState.OPEN, hours=1))
    world.ledger.subjects.write(world.ledger.history(SubjectId(PLACE, Subject.SERVICE, "shop/gone")), Record(order=1))
    world.fail(operation)
    [swept] = sweeping(world).list()
    (denied,) = [each for each in swept.listings.values() if each.missing is not None]
    assert denied == swept.listing(kind)
    assert (denied.sent, denied.known, denied.complete) == (0, 1, False)
    assert {body["kind"] for body in changes(world)} == {"family", "service"} - {kind.value}


# --- a part -----------------------------------------------------------------------------------------------------------


def test_a_sweep_of_a_cluster_a_family_or_a_place_sends_nothing_else(world: World) -> None:
    for number in range(4):
        arn = world.aws.definitions.register({"family": f"family-{number}", "containerDefinitions": []})
        world.aws.services.add(f"cluster-{number % 2}/service-{number}", arn)
    sweep = sweeping(world)
    asked: list[dict[str, str]] = [{"cluster": "cluster-1"}, {"family": "family-2"}, {"region": "eu-west-2"}]
    for scope, wanted in zip(asked, ({"cluster-1/service-1", "cluster-1/service-3"}, {"family-2"}, set()), strict=True):
        sweep.list(**scope)
        assert {body.get("family") or body["service"] for body in changes(world)} == wanted
        certificate = sweep.certify().certificate
        assert certificate.scope == Scope(**scope)
    assert world.ledger.runs.last() is None  # the last certificate is of everything


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_it_is_waited_until_everything_was_evaluated_and_the_queues_are_empty(world: World) -> None:
    world.register()
    sweep = sweeping(world)
    sweep.list()
    first = sweep.certifier.waiting(sweep.run_id, None)
    assert (first.left, first.wait) == (2, 2)  # the family, and its message
    bodies = changes(world)
    assert sweep.certifier.waiting(sweep.run_id, first).left == 2  # received, and not yet evaluated
    world.aws.sqs.purge("changes")
    world.sees(*map(json.dumps, bodies))
    done = sweep.certifier.waiting(sweep.run_id, first)
    assert (done.left, done.wait) == (0, 0)


def test_it_is_not_waited_for_ever(world: World) -> None:
    world.register()
    sweep = sweeping(world)
    sweep.list()
    waiting = sweep.certifier.waiting(sweep.run_id, None)
    sweep.now = lambda: NOON + timedelta(minutes=44)
    later = sweep.certifier.waiting(sweep.run_id, waiting)
    assert (later.since, later.wait) == (NOON, 120)
    sweep.now = lambda: NOON + timedelta(minutes=46)
    assert sweep.certifier.waiting(sweep.run_id, later).wait == 0


def test_a_sweep_of_two_days_is_counted_seldom_enough_for_its_state_machine(world: World) -> None:
    """Step Functions ends an execution with 25,000 events, and each count makes nine."""
    world.register()
    sweep = sweeping(world)
    sweep.list()
    at, counts = NOON, 0
    while at < NOON + timedelta(hours=47):
        sweep.now = partial(lambda moment: moment, at)
        found = sweep.certifier.waiting(sweep.run_id, Waiting(left=counts, since=at))
        assert found.wait > 0
        at, counts = at + timedelta(seconds=found.wait), counts + 1
    assert counts * 9 < 15_000


def test_tasks_that_no_service_started_are_sent_with_their_family(world: World) -> None:
    ecs = world.sessions.own("ecs")
    containers: list[Any] = [{"name": "app", "image": "web:1.0.0", "memory": 512}]
    for family in ("nightly", "nightly", "web"):
        ecs.register_task_definition(
            family=family, containerDefinitions=containers, requiresCompatibilities=["FARGATE"], networkMode="awsvpc",
            cpu="256", memory="512",
        )  # fmt: skip
    ecs.create_cluster(clusterName="batch")
    network: Any = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": []}}
    for given in ({"taskDefinition": "nightly:1", "count": 2}, {"taskDefinition": "nightly:2"},
                  {"taskDefinition": "web", "group": "service:web"}):  # fmt: skip
        ecs.run_task(cluster="batch", launchType="FARGATE", networkConfiguration=network, **given)
    sweeping(world).list()
    bodies = [body for body in changes(world) if body["kind"] == "family"]
    tasks = {body["family"]: body.get("tasks", {}) for body in bodies}
    assert tasks == {"nightly": {"batch": [2, 3, "1.4.0"]}, "web": {}}
    assert {body["listed"] for body in bodies} == {"2026-08-01T12:00:00Z"}


def test_of_tasks_that_no_service_started_the_oldest_platform_version_is_sent(aws: Sessions) -> None:
    """In a cluster; those that have just ended are not counted."""

    class Running(Ecs):
        def _tasks(self, place: Place, cluster: str) -> Iterator[Mapping[str, Any]]:
            assert cluster == "batch"
            arn = place.arn("ecs", "task-definition/nightly:3")
            for status, version in (("RUNNING", "1.4.0"), ("STOPPED", "1.3.0"), ("RUNNING", "LATEST")):
                yield {"taskDefinitionArn": arn, "group": "any", "desiredStatus": status, "platformVersion": version}

    assert Running(aws).tasks(PLACE, "batch").of_no_service == {"nightly": (3, 2, "1.3.0")}


# --- what no event reported -------------------------------------------------------------------------------------------


def missed(world: World, *, quiet: bool = False, family: str = "web") -> list[bool]:
    sent = {"kind": "family", "account": PLACE.account, "region": PLACE.region, "family": family, "revision": 0}
    [outcome] = world.look(json.dumps(sent | {"listed": "2026-11-23T12:00:00Z", "quiet": quiet}))
    return [done.missed for done in outcome.done]


def test_a_revision_that_only_a_sweep_finds_was_missed(world: World) -> None:
    world.sees(registered(world.register()))
    assert missed(world) == [False]
    world.register(definition(cpu="2048", memory="4096"))
    world.pass_(hours=2)
    assert missed(world) == [True]
    assert missed(world) == [False]


def test_a_revision_whose_event_may_still_come_was_not_missed(world: World) -> None:
    world.sees(registered(world.register()))
    world.register(definition(cpu="2048", memory="4096"))
    assert missed(world) == [False]


@pytest.mark.parametrize("first", [True, False])
def test_a_family_that_only_a_sweep_finds_was_missed_unless_it_is_the_first(world: World, *, first: bool) -> None:
    world.register()
    world.pass_(hours=2)
    assert missed(world, quiet=first)[0] is not first
