"""A sweep whose findings open without an alert for each, and the digest that it publishes instead."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from aws.calls import CallFailed
from aws.errors import Meaning
from domain.findings.alert import Alert
from domain.findings.finding import FindingState
from tests.operations.test_digests import a_finding, recorded
from tests.operations.test_sweep import NOON, PLACE, changes, sweeping
from tests.operations.world import World, definition


@pytest.mark.parametrize("asked", [False, True])
def test_the_first_day_and_what_is_asked_for_are_baselines(world: World, *, asked: bool) -> None:
    containers: list[Any] = [{"name": "app", "image": "web:1.0.0", "memory": 512}]
    world.sessions.own("ecs").register_task_definition(family="web", containerDefinitions=containers)
    if asked:
        recorded(world.sessions, a_finding("web", FindingState.OPEN, hours=1))
    assert sweeping(world).list(quiet=asked)[0].baseline
    assert [body["quiet"] for body in changes(world)] == [True]


def an_evaluated_family(world: World) -> None:
    containers: list[Any] = [{"name": "app", "image": "web:1.0.0", "memory": 512}]
    world.sessions.own("ecs").register_task_definition(family="web", containerDefinitions=containers)
    recorded(world.sessions, a_finding("web", FindingState.OPEN, hours=1))


@pytest.mark.parametrize("where", ["ssm:/standard", "s3://standards/standard.yaml"])
def test_a_sweep_by_another_standard_than_the_last_is_a_baseline(world: World, where: str) -> None:
    """Whether or not there was an event about it; there is none about an object."""
    location: Any = {"LocationConstraint": PLACE.region}
    aws = world.sessions
    aws.client("s3", PLACE).create_bucket(Bucket="standards", CreateBucketConfiguration=location)

    def store(text: str) -> None:
        aws.own("ssm").put_parameter(Name="/standard", Value=text, Type="String", Overwrite=True)
        aws.client("s3", PLACE).put_object(Bucket="standards", Key="standard.yaml", Body=text.encode())

    an_evaluated_family(world)
    store("version: 1\n")
    sweep, told = sweeping(world, standard=where), list[tuple[bool, int]]()
    for text in ("", "", "version: 1\ncollector: {cpu: 512}\n", ""):
        if text:
            store(text)
        told.append((sweep.sweep().baseline, sweep.begun_wait))
    # Nothing is evaluated until no function uses the earlier standard any more, though the cached one was just read.
    assert told == [(True, 0), (False, 0), (True, 200), (False, 0)]


def test_the_first_sweep_of_another_release_is_a_baseline(world: World) -> None:
    an_evaluated_family(world)
    releases = ("1", "1", "2", "2", "1")
    baselines = [sweeping(world, release=each).sweep().baseline for each in releases]
    assert baselines == [True, False, True, False, True]


def test_a_baseline_that_did_not_end_is_one_when_the_next_sweep_comes(world: World) -> None:
    """Its digest may not have been published."""
    an_evaluated_family(world)
    sweep = sweeping(world)
    first = sweep.list()[0].baseline
    world.ledger.runs.claim(sweep.run, NOON, NOON - timedelta(hours=1))  # it was stopped, and its lease is over
    assert [first, sweep.sweep().baseline, sweep.sweep().baseline] == [True, True, False]


@pytest.mark.parametrize("stored", [None, "version: 9\n"])
def test_without_a_good_one_a_standard_that_cannot_be_read_makes_no_baseline(world: World, stored: str | None) -> None:
    an_evaluated_family(world)
    if stored:
        world.sessions.own("ssm").put_parameter(Name="/standard", Value=stored, Type="String")
    assert not sweeping(world, standard="ssm:/standard").sweep().baseline
    assert world.ledger.health.basis(PLACE) is None


def test_a_standard_that_cannot_be_read_just_now_has_the_sweep_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be another: a sweep all the same could send one alert for each finding."""

    def busy(*_: object) -> str:
        raise CallFailed("ssm:GetParameter", "/standard", "ThrottlingException", Meaning.RETRY)

    monkeypatch.setattr("operations.standards.read_document", busy)
    with pytest.raises(CallFailed):
        sweeping(world, standard="ssm:/standard").list()
    assert changes(world) == []


def baselined(world: World, wait: Callable[[], object] = lambda: None, **request: Any) -> Alert:
    sweep = sweeping(world)
    sweep.list(quiet=True, **request)
    wait()
    sweep.certify()
    (alert,) = [each for each in world.alerts if each["transition"] == "digest"]
    world.aws.sns.topic("alerts").published.clear()
    world.heard["alerts"].clear()
    world.read["alerts"] = 0
    return Alert.model_validate(alert)


def evaluated(world: World) -> None:
    """What dispatch and inspect do meanwhile."""
    world.sees(*(json.dumps(body) for body in changes(world)))


def test_a_digest_counts_what_is_open(world: World) -> None:
    for number in range(2):
        world.register(definition(f"family-{number}", collector={"image": "public.ecr.aws/x/y:latest"}))
    alert = baselined(world, lambda: evaluated(world))
    assert alert.title == "Everything was evaluated: 2 findings are open"
    assert alert.reasons[-1] == "sidecar.present: 2"


def test_a_digest_is_not_complete_where_not_everything_was_evaluated(world: World) -> None:
    world.register()
    alert = baselined(world)
    assert alert.title == "Not everything was evaluated: 0 findings are open"
    assert alert.reasons == ("1 family never reached in 123456789012/eu-west-1",)
    assert alert.next_step == "`outrider coverage` shows what is missing."


def test_what_the_customer_suppressed_is_in_no_baselines_digest_either(world: World) -> None:
    shown, silenced = a_finding("shown", FindingState.OPEN, hours=1), a_finding("silenced", FindingState.OPEN, hours=1)
    recorded(world.sessions, shown, silenced)
    world.hub.silent.add(silenced.id)
    assert baselined(world).title.endswith(": 1 finding is open")


def test_each_baseline_of_a_day_has_a_digest_and_one_that_is_tried_again_the_same(world: World) -> None:
    """Else the second, with as many findings, would be taken for a repetition of the first."""
    times = (NOON - timedelta(hours=6), NOON, NOON)
    first, second, again = (baselined(world, at=at).id for at in times)
    assert first != second == again
