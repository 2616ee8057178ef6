"""What a function returned, logged and emitted."""

import importlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.handlers.conftest import Call, Context
from tests.operations.machine import Machine
from tests.operations.world import PLACE, World
from tests.reports import samples

type Function = Callable[[str], Call]


def again(answer: dict[str, Any]) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def records(text: str) -> list[dict[str, Any]]:
    """What was logged, metrics apart."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [record for record in found if "_aws" not in record]


def metrics(text: str) -> dict[str, float]:
    """What was emitted to CloudWatch: `Name/dimension's value` → the sum of its values."""
    found: Counter[str] = Counter()
    for record in (json.loads(line) for line in text.splitlines() if line.startswith("{") and '"_aws"' in line):
        for directive in record["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == "Outrider/test"
            [[dimension]] = directive["Dimensions"]
            for each in directive["Metrics"]:
                found[f"{each['Name']}/{record[dimension]}"] += sum(record[each["Name"]])
    return dict(found)


def request(family: str) -> str:
    body = {"kind": "correct", "account": PLACE.account, "region": PLACE.region, "family": family, "revision": 1}
    return json.dumps(body)


def alert(**members: Any) -> str:
    """Of a family of its own."""
    id_ = members["id"]
    own = {"thread": f"{PLACE}/family/{id_}", "finding": f"finding/{id_}"}
    return samples.opened().model_copy(update=own | members).model_dump_json()


def swept(world: World, **request: Any) -> dict[str, Any]:
    """An execution of the state machine; what it sends is evaluated while it waits."""
    sweep = importlib.import_module("handlers.sweep")
    buckets = world.aws.region().s3.buckets

    def wait(_: float) -> None:
        waiting = world.aws.sqs.queue("changes").waiting
        bodies = [message.body for message in waiting]
        waiting.clear()
        world.look(*bodies)

    def invoke(event: dict[str, Any]) -> Any:
        return sweep.handler(event, Context())

    return Machine(invoke, lambda bucket, key: buckets[bucket][key].decode(), wait).run("daily", request)
