"""A standard changes for hundreds of families at once, by AWS's limits and latencies, in virtual time."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from aws.channels import Queue
from aws.ledger import Ledger
from aws.pace import Pace
from aws.sessions import Sessions
from domain.standard import Mode
from operations.planning import Planner
from operations.remediation.outcome import Outcome
from operations.remediation.resuming import Resumer
from operations.standards import Standards
from operations.wiring.dispatch import make_dispatcher
from operations.wiring.inspect import make_inspector
from operations.wiring.remediate import make_remediator
from operations.wiring.shared import DEFINITIONS_PER_SECOND
from tests.aws_fake.calls import Calls
from tests.aws_fake.iam import Policy
from tests.aws_fake.limits import BUCKETS, DEFINITIONS, IAM, Bucket, seconds, throttled
from tests.aws_fake.sqs import Message
from tests.operations.delivery import Inspection, Take, deliver, remediating
from tests.operations.playing import DEPLOY, SETTINGS, account
from tests.operations.sweeping import Channels, Sweeping
from tests.operations.world import (
    EXECUTION,
    FLOATING,
    REPOSITORY,
    RULES,
    STANDARD,
    TABLE,
    TASK,
    Json,
    definition,
    policy,
    role_arn,
    trusting,
)
from tests.profiles import by_profile
from tests.templates import of_type, template

FAMILIES = by_profile(default=200, deep=1000, explore=1000)
AGREED = Standards(Sessions(), "", RULES).agreed
OF_AWS = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
BEFORE = "version: 1\nrules: [{rules: sidecar.image-pinned, mode: 'off'}]\n"
PER_SECOND = template()["Parameters"]["IamCallsPerSecond"]["Default"]
SHARE = float(
    template()["Resources"]["InspectFunction"]["Properties"]["Environment"]["Variables"]["OUTRIDER_IAM_SHARE"]
)
UNBOUNDED = {"MaximumConcurrency": 10}  # as many as there are groups, up to all that a new account has
REGISTER = "RegisterTaskDefinition"
HOURLY = 20  # registrations, by the standard's default


@dataclass
class Worker:
    """One concurrent execution of a function: its queue, and when it is free again."""

    queue: str
    batch: int
    take: Take
    free: datetime
    paces: Mapping[Bucket, Pace]


@dataclass
class Storm:
    """The functions, as many at a time as the template allows, each on a time line of its own."""

    sessions: Sessions
    line: Calls
    made: list[tuple[datetime, str]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    failed: list[Any] = field(default_factory=list)
    at_work: Worker | None = None

    def __post_init__(self) -> None:
        self.line.around = self._timed

    def _timed(self, operation: str, _: Json, act: Callable[[], Json]) -> Json:
        clock = self.line.aws.clock
        bucket = BUCKETS.get(operation)
        if bucket is not None and self.at_work is not None and bucket in self.at_work.paces:
            self.at_work.paces[bucket].wait()
        self.made.append((clock.now(), operation))
        clock.pass_(seconds=seconds(operation))
        return act()

    def _pause(self, seconds: float) -> None:
        self.line.aws.clock.pass_(seconds=seconds)

    def workers(self) -> list[Worker]:
        """Functions that have just begun, and so have read no standard yet."""
        aws, clock = self.line.aws, self.line.aws.clock
        given = SETTINGS.model_copy(update={"mode": Mode.DEPLOY})
        found = list[Worker]()
        for function, queue in (
            ("DispatchFunction", "changes"),
            ("InspectFunction", "subjects.fifo"),
            ("RemediateFunction", "remediations.fifo"),
        ):
            properties = of_type("AWS::Serverless::Function")[function]["Properties"]
            share = properties["Environment"]["Variables"].get("OUTRIDER_IAM_SHARE")
            [source] = properties["Events"].values()
            for _ in range(source["Properties"].get("ScalingConfig", UNBOUNDED)["MaximumConcurrency"]):
                inspector = make_inspector(given, self.sessions, RULES, clock.now)
                inspection = Inspection(aws.sqs, make_dispatcher(given, self.sessions, clock.now), inspector)
                made = make_remediator(given, self.sessions)
                parts = replace(
                    made.parts,
                    planner=Planner(RULES, Mode.DEPLOY),
                    image_repositories=(REPOSITORY,),
                    now=clock.now,
                )
                takes: dict[str, Take] = {
                    "changes": inspection.dispatched,
                    "subjects.fifo": partial(inspection.inspected, outcomes=self.failed),
                    "remediations.fifo": remediating(replace(made, parts=parts), self.outcomes),
                }
                paces = {
                    bucket: Pace(float(share or 1) * most, lambda: clock.now().timestamp(), self._pause)
                    for bucket, most in ((IAM, PER_SECOND), (DEFINITIONS, DEFINITIONS_PER_SECOND))
                }
                found.append(Worker(queue, source["Properties"]["BatchSize"], takes[queue], clock.now(), paces))
        return found

    def until_quiet(self) -> timedelta:
        """Deliver everything; how long that took."""
        sqs, clock = self.line.aws.sqs, self.line.aws.clock
        began, workers = clock.now(), self.workers()
        while (following := self._next(workers)) is not None:
            at, worker, messages = following
            clock.moment = at
            queue, self.at_work = sqs.queue(worker.queue), worker
            deliver(sqs, queue, messages, worker.take)
            assert not {message.id for message in messages} & {message.id for message in queue.waiting}, self.failed
            worker.free = clock.now()
        clock.moment, self.at_work = max(worker.free for worker in workers), None
        return clock.now() - began

    def _next(self, workers: Sequence[Worker]) -> tuple[datetime, Worker, list[Message]] | None:
        """The worker that is free first for what waits, and what it receives."""
        found: tuple[datetime, Worker, list[Message]] | None = None
        for worker in workers:
            due = self.line.aws.sqs.next_due(worker.queue)
            if due is None:
                continue
            at = max(due, worker.free)
            if found is None or at < found[0]:
                messages = self.line.aws.sqs.queue(worker.queue).receivable(at)[: worker.batch]
                found = (at, worker, messages) if messages else found
        return found

    def sweep(self) -> None:
        clock = self.line.aws.clock
        channels = Channels(
            SETTINGS.changes_queue, SETTINGS.subjects_queue, SETTINGS.alerts_topic, SETTINGS.operations_topic
        )
        standards = Standards(self.sessions, SETTINGS.standard, RULES)
        sweeping = Sweeping(self.sessions, channels, standards, clock.now, table=TABLE)
        sweeping.list(quiet=True)
        clock.pass_(seconds=sweeping.begun_wait)
        sweeping.certify()

    def resume(self) -> None:
        """At the next full hour what waits for its turn is due."""
        clock = self.line.aws.clock
        clock.moment = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        Resumer(Ledger(self.sessions, TABLE), Queue(self.sessions, SETTINGS.remediations_queue), clock.now).resume()


def furnished(sessions: Sessions) -> Storm:
    """Families, each with roles of its own; the collector of every second one floats."""
    aws = account(BEFORE)
    aws.iam.policies[OF_AWS] = Policy(OF_AWS, "v1", {"v1": {"Version": "2012-10-17", "Statement": []}})
    for number in range(FAMILIES):
        roles = {}
        for kind, actions in (("execution", EXECUTION), ("task", TASK)):
            name = f"{kind}-{number}"
            aws.answer("iam", "CreateRole", {
                "RoleName": name, "AssumeRolePolicyDocument": trusting("ecs-tasks.amazonaws.com"),
            })  # fmt: skip
            aws.answer("iam", "PutRolePolicy", {
                "RoleName": name, "PolicyName": "work", "PolicyDocument": policy(*actions),
            })  # fmt: skip
            aws.answer("iam", "AttachRolePolicy", {"RoleName": name, "PolicyArn": OF_AWS})
            roles[f"{kind}RoleArn"] = role_arn(name)
        family = f"family-{number:04}"
        aws.definitions.register(definition(family, collector=FLOATING if number % 2 else None, **roles))
    return Storm(sessions, Calls(aws, checks=False))


def test_a_standard_that_changes_for_many_families_throttles_nobody(sessions: Sessions) -> None:
    storm = furnished(sessions)
    aws = storm.line.aws
    with storm.line.answering():
        storm.sweep()
        first = storm.until_quiet()
        assert aws.hub.open() == set()

        aws.ssm.put(STANDARD, DEPLOY)
        storm.sweep()
        second = storm.until_quiet()
        for _ in range(2):
            storm.resume()
            storm.until_quiet()
    floating = {f"family/family-{number:04}/sidecar.image-pinned" for number in range(1, FAMILIES, 2)}
    corrected = {f"family/{name}/sidecar.image-pinned" for name, held in aws.definitions.families.items() if held[1:]}
    by_hour = Counter(at.replace(minute=0, second=0, microsecond=0) for at, called in storm.made if called == REGISTER)
    assert len(corrected) == by_hour.total() >= 3 * HOURLY
    assert max(by_hour.values()) == HOURLY
    assert aws.hub.open() == floating - corrected
    assert not any(
        queue.waiting for queue in aws.sqs.queues.values() if queue.name.startswith(("changes", "subj", "rem"))
    )
    assert throttled(storm.made, 0.5) == {}
    # IAM's calls are the bound: eight for each family, at the pace of two executions of inspect.
    bound = timedelta(seconds=FAMILIES * 8 / (PER_SECOND * SHARE * 2))
    assert max(first, second - timedelta(seconds=AGREED)) < bound * 1.15
