"""What must not be done twice is sent once: botocore would send it again after an answer that was lost."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.loaders import JSONFileLoader

from aws.calls import CallFailed
from aws.ecs import Ecs
from aws.sessions import Sessions
from domain.ecs.task_definition import TaskDefinition
from domain.members import Members
from domain.places import Place
from tests.operations.world import ACCOUNT, PLACE, World, definition

CALLS: dict[str, Callable[[Ecs], object]] = {
    "RegisterTaskDefinition": lambda ecs: ecs.register(PLACE, TaskDefinition(definition())),
    "UpdateService": lambda ecs: ecs.update(PLACE, "shop/web", force=True),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_would_do_something_twice_is_sent_once(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", PLACE.region)
    sessions, sent = Sessions(), list[str]()

    def lost(request: Any, **_: Any) -> Any:
        sent.append(request.url)
        return AWSResponse(request.url, 503, HTTPHeaders(), _Nothing())

    sessions._own.events.register("before-send.ecs", lost)
    with pytest.raises(CallFailed) as caught:
        CALLS[call](Ecs(sessions))
    assert caught.value.transient, "the message is retried"
    assert len(sent) == 1


class _Nothing:
    """The body of an answer that holds none."""

    @staticmethod
    def stream() -> list[bytes]:
        return []


def test_a_further_account_loads_none_of_the_models_of_aws_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions, loaded = Sessions(Members(ACCOUNT, "outrider-read")), list[str]()
    sessions.client("ecs", Place("210987654321", PLACE.region))
    load = JSONFileLoader.load_file

    def noted(self: JSONFileLoader, path: str) -> Any:
        loaded.append(path)
        return load(self, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", noted)
    sessions.client("ecs", Place("310987654321", PLACE.region))
    assert world.calls["AssumeRole"] == 2
    assert loaded == []


@pytest.mark.usefixtures("world")
def test_clients_of_many_places_are_not_all_kept() -> None:
    """A sweep of an organisation comes through 1,200 accounts and regions, and a function has 512 MiB."""
    sessions = Sessions(Members(ACCOUNT, "outrider-read"))
    places = [Place(f"{number:012}", PLACE.region) for number in range(200_000_000_000, 200_000_000_070)]
    kept = [weakref.ref(sessions.client("ecs", place)) for place in places]
    gc.collect()
    assert [each() is not None for each in kept] == [False] * 7 + [True] * 63, "and the stack's own, for sts"
    assert sessions.client("ecs", places[7]) is kept[7]()
    sessions.client("ecs", places[0])
    gc.collect()
    assert kept[7]() is not None, "it was used again"
    assert kept[8]() is None


@pytest.mark.usefixtures("world")
def test_a_client_for_iam_serves_all_regions_of_an_account() -> None:
    sessions = Sessions(Members(ACCOUNT, "outrider-read"))
    clients = [sessions.client("iam", Place("210987654321", region)) for region in ("eu-west-1", "us-east-1")]
    assert clients[0] is clients[1]
