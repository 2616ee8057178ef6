"""The template's state machine, run in virtual time: what of the States Language its definition uses, and no more.

An unknown state, field or path is an error, so that the definition cannot say what no test runs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.templates import template

type Json = dict[str, Any]

_KNOWN = {
    "Type", "Next", "Default", "Choices", "Parameters", "Resource", "ResultPath", "Retry", "Catch", "InputPath", "End",
    "SecondsPath", "Label", "ItemReader", "ItemSelector", "MaxConcurrency", "ToleratedFailurePercentage",
    "ItemProcessor",
}  # fmt: skip


class TaskFailed(Exception):
    """A task or a map failed; `name` is the error's, as the definition names it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass
class Machine:
    """`invoke` is the function; `read` an object's text by bucket and key; `wait` lets time pass."""

    invoke: Callable[[Json], Any]
    read: Callable[[str, str], str]
    wait: Callable[[float], None] = lambda _: None
    waited: float = 0
    failed: list[Json] = field(default_factory=list)
    """The input of the items of maps that failed."""

    def run(self, name: str, given: Mapping[str, Any] | None = None) -> Json:
        """Run an execution to its end; returns its output. TaskFailed if it fails."""
        machine = template()["Resources"]["SweepMachine"]["Properties"]["Definition"]
        return self._run(machine, dict(given or {}), {"Execution": {"Name": name}})

    def _run(self, machine: Json, data: Json, context: Json) -> Json:
        at = machine["StartAt"]
        while True:
            state = machine["States"][at]
            assert not state.keys() - _KNOWN, f"{at} has fields that this test does not know"
            match state["Type"]:
                case "Pass":
                    found = _at(state.get("InputPath", "$"), data, context)
                    data = _filled(state["Parameters"], found, context) if "Parameters" in state else found
                    if state.get("End"):
                        return data
                case "Succeed":
                    return data
                case "Wait":
                    self._pass(float(_at(state["SecondsPath"], data, context)))
                case "Choice":
                    at = next(
                        (
                            each["Next"]
                            for each in state["Choices"]
                            if _at(each["Variable"], data, context) is each["BooleanEquals"]
                        ),
                        state["Default"],
                    )
                    continue
                case "Task" | "Map":
                    act = self._task if state["Type"] == "Task" else self._map
                    try:
                        result = act(state, data, context)
                    except TaskFailed as failed:
                        caught = next((each for each in state.get("Catch", ()) if _fits(each, failed.name)), None)
                        if caught is None:
                            raise
                        assert caught["ResultPath"] is None
                        at = caught["Next"]
                        continue
                    data = _put(state["ResultPath"], data, result)
                case kind:
                    raise AssertionError(f"This test does not know the type {kind}.")
            at = state["Next"]

    def _task(self, state: Json, data: Json, context: Json) -> Any:
        assert state["Resource"] == "${Sweep}"
        tries = [0] * len(state["Retry"])
        while True:
            try:
                payload = _filled(state["Parameters"], data, context)
                return json.loads(json.dumps(self.invoke(json.loads(json.dumps(payload)))))
            except Exception as error:
                name = type(error).__name__
                index = next(number for number, each in enumerate(state["Retry"]) if _fits(each, name))
                retry = state["Retry"][index]
                if tries[index] >= retry["MaxAttempts"]:
                    raise TaskFailed(name) from error
                seconds = retry["IntervalSeconds"] * retry["BackoffRate"] ** tries[index]
                tries[index] += 1
                self._pass(min(seconds, retry["MaxDelaySeconds"]))

    def _map(self, state: Json, data: Json, context: Json) -> Any:
        reader = state["ItemReader"]
        assert reader["Resource"] == "arn:${Partition}:states:::s3:getObject"
        where = _filled(reader["Parameters"], data, context)
        items = json.loads(self.read(where["Bucket"], where["Key"]))
        failed = 0
        for item in items:
            within = context | {"Map": {"Item": {"Value": item}}}
            given = _filled(state["ItemSelector"], data, within)
            try:
                self._run(state["ItemProcessor"], given, within)
            except TaskFailed:
                self.failed.append(item)
                failed += 1
                if failed * 100 > state["ToleratedFailurePercentage"] * len(items):
                    raise TaskFailed("States.ExceedToleratedFailureThreshold") from None
        return None

    def _pass(self, seconds: float) -> None:
        self.waited += seconds
        self.wait(seconds)


def _fits(each: Json, name: str) -> bool:
    return name in each["ErrorEquals"] or "States.ALL" in each["ErrorEquals"]


def _filled(template_: Json, data: Json, context: Json) -> Json:
    found = dict[str, Any]()
    for name, value in template_.items():
        if name.endswith(".$"):
            found[name.removesuffix(".$")] = _at(value, data, context)
        else:
            found[name] = _filled(value, data, context) if isinstance(value, dict) else value
    return found


def _at(path: str, data: Json, context: Json) -> Any:
    found: Any = context if path.startswith("$$") else data
    for part in path.lstrip("$").split("."):
        if part:
            found = found[part]
    return found


def _put(path: str | None, data: Json, result: Any) -> Json:
    """The data with the result at a path: below what is there already."""
    if path is None:
        return data
    first, *rest = path.removeprefix("$.").split(".")
    below = _put("$." + ".".join(rest), data[first], result) if rest else result
    return {**data, first: below}
