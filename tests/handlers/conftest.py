"""The functions as Lambda calls them: their environment from the stack, the fake AWS."""

import importlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import settings
from operations.wiring import remediate, shared, slack, sweep
from operations.wiring.dispatch import dispatcher
from operations.wiring.inspect import inspector
from tests.aws_fake.clock import START
from tests.operations.conftest import sessions as sessions  # noqa: PLC0414 - a fixture, for these tests too
from tests.operations.conftest import world as world  # noqa: PLC0414 - as above
from tests.operations.sweeping import BUCKET
from tests.operations.world import ACCOUNT, REGION, TABLE, World

SRC = Path(__file__).parents[2] / "src"
WEBHOOK = "/outrider/webhook"


@dataclass
class Context:
    """The context that Lambda passes to a function."""

    function_name: str = "outrider"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:outrider"
    aws_request_id: str = "6f1d9c0b-0000-4000-8000-000000000000"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


SENT = str(int((START + timedelta(seconds=90)).timestamp() * 1000))
"""When every message was sent: 90 seconds after the call that it reports."""


def batch(*bodies: str, groups: Sequence[str] = (), received: int = 1) -> dict[str, Any]:
    """An SQS event whose message ids are m0, m1 and so on; each was `received` so often.

    Those of a FIFO queue have `groups`; the last is that of all that follow, too.
    """
    of = [{"MessageGroupId": groups[min(index, len(groups) - 1)]} if groups else {} for index in range(len(bodies))]
    return {
        "Records": [
            {
                "messageId": f"m{index}",
                "receiptHandle": f"receipt-{index}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(received), "SentTimestamp": SENT, **of[index]},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue",
                "awsRegion": REGION,
            }
            for index, body in enumerate(bodies)
        ]
    }


type Call = Callable[..., dict[str, Any]]


@pytest.fixture
def function(world: World) -> Iterator[Callable[[str], Call]]:
    """Import one of the handlers as a cold start would, at its first call; what it gives takes bodies of messages."""
    environment = {
        "OUTRIDER_ACCOUNT": ACCOUNT,
        "OUTRIDER_TABLE": TABLE,
        "OUTRIDER_ALERTS_TOPIC": world.topics["alerts"],
        "OUTRIDER_OPERATIONS_TOPIC": world.topics["operations"],
        "OUTRIDER_CHANGES_QUEUE": world.queues["changes"],
        "OUTRIDER_SUBJECTS_QUEUE": world.queues["subjects.fifo"],
        "OUTRIDER_REMEDIATIONS_QUEUE": world.queues["remediations.fifo"],
        "OUTRIDER_SLACK_QUEUE": world.queues["slack"],
        "OUTRIDER_SLACK_WEBHOOK": f"ssm:{WEBHOOK}",
        "OUTRIDER_MODE": "register",
        "OUTRIDER_BUCKET": BUCKET,
        "OUTRIDER_IMAGE_REPOSITORIES": "public.ecr.aws/aws-observability/*",
        "OUTRIDER_WATCHED": f"{ACCOUNT}/{REGION}",
        "OUTRIDER_METRICS": "Outrider/test",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "AWS_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": "outrider",
    }
    cached = (
        settings.settings,
        shared.sessions,
        dispatcher,
        inspector,
        remediate.remediator,
        slack.notifier,
        sweep.beginner,
        sweep.place_sweeper,
        sweep.certifier,
        sweep.digests,
        sweep.standards,
        sweep.self_check,
        slack.slack_queue,
    )

    def forget() -> None:
        for each in cached:
            each.cache_clear()
        for name in [name for name in sys.modules if name.partition(".")[0] == "handlers"]:
            del sys.modules[name]
            # Powertools' logger holds on to the standard output of the test that made it.
            logging.root.manager.loggerDict.pop(name.removeprefix("handlers."), None)

    def made(name: str) -> Call:
        def call(*bodies: str, groups: Sequence[str] = ("web",), received: int = 1) -> dict[str, Any]:
            handler = importlib.import_module(f"handlers.{name}").handler
            of = groups if name in {"inspect", "remediate"} else ()
            found: dict[str, Any] = handler(batch(*bodies, groups=of, received=received), Context())
            return found

        return call

    forget()
    # The same clients for all tests; what they are made of is not what is tested here.
    with patch.dict(os.environ, environment), patch.object(shared, "sessions", lambda: world.sessions):
        yield made
    forget()


@pytest.fixture
def dispatch(function: Callable[[str], Call]) -> Call:
    return function("dispatch")


@pytest.fixture
def inspect(world: World, function: Callable[[str], Call]) -> Call:
    """It is given messages of the queue of changes, and takes those that dispatch makes of them."""
    call, receiver = function("inspect"), world.inspector().dispatcher

    def dispatched(body: str) -> str:
        before = len(world.subjects)
        with world.peace():
            receiver.dispatch({str(before): body})
        return json.dumps(world.subjects[before]) if len(world.subjects) > before else body

    return lambda *bodies: call(*map(dispatched, bodies))
