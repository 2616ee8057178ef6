"""A fault at every call of dispatch and inspect, and another worker between any two: the end is always the same.

Each scenario is played once without a fault, while every call is counted, and then again for each call and fault (by
default for some of the faults at each call), and for each call before which another worker takes what it can of the
queues. Messages are delivered again until they are done. What is compared with a run without faults: the findings in
the ledger and in Security Hub, the alerts by id and what they say, the requests, and that nothing is left to publish.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from aws.ledger import Ledger
from aws.sessions import Sessions
from domain.standard import Mode
from operations.wiring.dispatch import make_dispatcher
from operations.wiring.inspect import make_inspector
from settings import Settings
from tests.aws_fake.aws import Aws
from tests.aws_fake.calls import ONCE, Calls, Fault, is_tried
from tests.operations.delivery import Inspection, deliver
from tests.operations.world import (
    BROKEN,
    FLOATING,
    PARAMETER,
    PLACE,
    RULES,
    STANDARD,
    TABLE,
    TASK,
    World,
    definition,
    deleted,
    parameter_changed,
    registered,
    role_arn,
    role_changed,
    service_changed,
    trusting,
)

type Act = Callable[[World], Sequence[str]]

_STEPS = 60
_DELIVERIES = 5
_BATCH = 10


_SHARED = frozenset({"parameter", "role"})


@dataclass(frozen=True)
class Scenario:
    """What is known before, and what then happens; both give the events of it."""

    before: Act
    then: Act


def registers(*documents: tuple[str, Any]) -> Act:
    def act(world: World) -> list[str]:
        return [registered(world.register(definition(family, **members))) for family, members in documents]

    return act


def broken_role(world: World) -> list[str]:
    world.trust("web-task", "ec2.amazonaws.com")
    return [role_changed("web-task", event="UpdateAssumeRolePolicy")]


def fixed_role(world: World) -> list[str]:
    world.trust("web-task")
    return [role_changed("web-task", event="UpdateAssumeRolePolicy")]


def broken_parameter(world: World) -> list[str]:
    world.client("ssm").put_parameter(Name=PARAMETER, Value=BROKEN, Type="String", Overwrite=True)
    return [parameter_changed()]


def runs(world: World, family: str, name: str = "web", platform: str = "1.3.0") -> list[str]:
    arn = PLACE.arn("ecs", f"task-definition/{family}:1")
    return [service_changed(world.run(arn, name, platform), "CreateService")]


def moves(world: World) -> list[str]:
    """The service goes on to another family."""
    arn = PLACE.arn("ecs", "task-definition/api:1")
    world.client("ecs").update_service(cluster="shop", service="web", taskDefinition=arn)
    return [service_changed("shop/web")]


def other_role(world: World) -> list[str]:
    world.client("iam").create_role(RoleName="other-task", AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
    world.allow("other-task", *TASK)
    return [registered(world.register(definition(taskRoleArn=role_arn("other-task"))))]


def leaves(world: World) -> list[str]:
    arn = world.deregister(PLACE.arn("ecs", "task-definition/api:1"))
    return [registered(arn, "DeregisterTaskDefinition"), deleted(arn)]


def all_of(*acts: Act) -> Act:
    return lambda world: [body for act in acts for body in act(world)]


SHARED = registers(("web", {}), ("api", {}))
SCENARIOS = {
    "two families that share a role and a parameter, all of which drift": Scenario(
        all_of(broken_role, broken_parameter),
        registers(("web", {"collector": FLOATING}), ("api", {})),
    ),
    "a shared role breaks": Scenario(SHARED, broken_role),
    "a shared role is fixed": Scenario(all_of(broken_role, SHARED), fixed_role),
    "a family goes on to another role": Scenario(all_of(broken_role, SHARED), other_role),
    "a family is gone": Scenario(all_of(broken_role, SHARED), leaves),
    "a service comes": Scenario(registers(("web", {"collector": FLOATING})), lambda world: runs(world, "web")),
    "a service goes on to another family": Scenario(
        all_of(registers(("web", {"collector": FLOATING}), ("api", {"collector": FLOATING})), lambda w: runs(w, "web")),
        moves,
    ),
    "a parameter breaks that a service's family reads": Scenario(
        all_of(registers(("web", {})), lambda w: runs(w, "web", platform="LATEST")), broken_parameter
    ),
}  # fmt: skip


@dataclass
class Play:
    """One AWS in which the functions run until all is quiet."""

    sessions: Sessions
    aws: Aws
    line: Calls
    lost: list[str] = field(default_factory=list)
    """What would be on a dead-letter queue."""

    def inspection(self) -> Inspection:
        """A worker that has just started."""
        urls = {name: f"https://sqs.eu-west-1.amazonaws.com/123456789012/{name}" for name in self.aws.sqs.queues}
        given = Settings(
            table=TABLE,
            alerts_topic=PLACE.arn("sns", "alerts"),
            operations_topic=PLACE.arn("sns", "operations"),
            changes_queue=urls["changes"],
            subjects_queue=urls["subjects.fifo"],
            remediations_queue=urls["remediations.fifo"],
            standard=f"ssm:{STANDARD}",
            mode=Mode.REGISTER,
            account=PLACE.account,
        )
        clock = self.aws.clock.tick
        dispatcher = make_dispatcher(given, self.sessions, clock)
        return Inspection(self.aws.sqs, dispatcher, make_inspector(given, self.sessions, RULES, clock))

    def until_quiet(self) -> None:
        for _ in range(_STEPS):
            if not (self.dispatches() or self.inspects()) and not self._later():
                return
        pytest.fail("It never came to rest.")

    def dispatches(self) -> bool:
        """Have dispatch take a batch; whether there was one."""
        queue = self.aws.sqs.queue("changes")
        messages = queue.receivable(self.aws.clock.now())[:_BATCH]
        return self._deliver(queue, messages, self.inspection().dispatched)

    def inspects(self, most: int = _BATCH) -> bool:
        """Have inspect take a batch; whether there was one."""
        queue = self.aws.sqs.queue("subjects.fifo")
        messages = queue.receivable(self.aws.clock.now())[:most]
        inspection = self.inspection()
        return self._deliver(queue, messages, lambda batch: inspection.inspected(batch, []))

    def _deliver(self, queue: Any, messages: Sequence[Any], take: Any) -> bool:
        for message in [each for each in messages if each.received >= _DELIVERIES]:
            queue.waiting.remove(message)
            self.lost.append(message.body)
        messages = [each for each in messages if each.received < _DELIVERIES]
        if messages:
            deliver(self.aws.sqs, queue, messages, take)
        return bool(messages)

    def _later(self) -> bool:
        due = self.aws.sqs.next_due("changes", "subjects.fifo")
        if due is not None:
            self.aws.clock.moment = max(self.aws.clock.moment, due)
        return due is not None

    def end(self) -> dict[str, Any]:
        """All that must be the same; times are not.

        Families that share a parameter or role are evaluated one after the other where the message of one failed. Their
        finding is then opened for the first and updated for the second: its version, and the users in the first alert,
        depend on that.
        """
        with self.line.answering(), self.line.uncounted():
            ledger = Ledger(self.sessions, TABLE)
            held = [ledger.history(subject) for subject in ledger.subjects.everywhere()]
        alerts = [json.loads(body) for body in self.aws.sns.topic("alerts").published]
        published = dict[str, str]()
        for alert in alerts:
            free = {"since", "occurred"} | ({"use", "users"} if alert["subject"] in _SHARED else set())
            body = json.dumps({k: v for k, v in alert.items() if k not in free}, sort_keys=True)
            assert published.setdefault(alert["id"], body) == body, f"{alert['id']} says two things"
        findings = [row.finding for each in held for row in each.rows.values()]
        return {
            "lost": self.lost,
            "findings": {
                f.id: (f.state, f.severity, f.drifts, f.resource, f.users, f.subject.kind in _SHARED or f.version)
                for f in findings
            },
            "in the hub": {
                id_: (each["Compliance"]["Status"], each["RecordState"], each["Severity"]["Label"])
                for id_, each in self.aws.hub.findings.items()
            },
            "published": published,
            "pending": [each.subject.key for each in held if each.record.pending],
            "requests": sorted({message.body for message in self.aws.sqs.queue("remediations.fifo").sent}),
            "dependencies": {each.subject.key: sorted(each.record.dependencies) for each in held},
            "services": {each.subject.key: dict(each.services) for each in held},
        }


def _world(sessions: Sessions) -> World:
    world = World(sessions)
    with world.line.answering():
        world.build()
        world.client("ssm").put_parameter(Name=STANDARD, Value="version: 1\nmode: register\n", Type="String")
    return world


@cache
def begun(name: str, sessions: Sessions) -> Aws:
    """The moment before the messages are delivered."""
    world, scenario = _world(sessions), SCENARIOS[name]
    with world.line.answering():
        world.aws.sqs.put("changes", *scenario.before(world))
        Play(sessions, world.aws, world.line).until_quiet()
        world.aws.sqs.put("changes", *scenario.then(world))
    return world.aws.copy()


@cache
def calm(name: str, sessions: Sessions) -> Play:
    """The scenario as it goes when nothing goes wrong."""
    return played(sessions, Calls(begun(name, sessions).copy(), watches=True))


def played(sessions: Sessions, line: Calls) -> Play:
    play = Play(sessions, line.aws, line)
    with line.answering():
        play.until_quiet()
    return play


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_a_fault(sessions: Sessions, name: str) -> None:
    end = calm(name, sessions).end()
    assert (end["lost"], end["pending"]) == ([], [])
    assert end["published"] or end["requests"] or end["findings"]


@pytest.mark.parametrize("fault", ONCE)
@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_goes_wrong_once_ends_as_if_it_never_had(sessions: Sessions, name: str, fault: Fault) -> None:
    play = calm(name, sessions)
    wanted, wrong = play.end(), dict[str, Any]()
    for number, call in enumerate(play.line.made):
        if (fault.after and not call.wrote) or not is_tried(fault, number):
            continue  # a read has no effect after which something could happen
        found = played(sessions, Calls(begun(name, sessions).copy(), faults={number: fault}, checks=False)).end()
        if found != wanted:
            wrong[f"{number} {call.operation}"] = {k: (found[k], wanted[k]) for k in found if found[k] != wanted[k]}
    assert wrong == {}


@pytest.mark.parametrize("name", SCENARIOS)
def test_another_worker_may_take_what_it_can_before_any_call(sessions: Sessions, name: str) -> None:
    play = calm(name, sessions)
    wanted, wrong = play.end(), dict[str, Any]()
    for number, call in enumerate(play.line.made):
        line = Calls(begun(name, sessions).copy(), checks=False)
        other = Play(sessions, line.aws, line)

        def takes(other: Play = other) -> None:
            other.dispatches()
            while other.inspects(1):
                pass

        line.interludes[number] = takes
        found = played(sessions, line).end()
        if found != wanted:
            wrong[f"{number} {call.operation}"] = {k: (found[k], wanted[k]) for k in found if found[k] != wanted[k]}
    assert wrong == {}
