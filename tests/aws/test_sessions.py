"""What must not be done twice is sent once: botocore would send it again after an answer that was lost."""

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
