"""One account's life: what people and pipelines do to it, what of that is heard, and two workers who listen.

Everything is done to the fake AWS, by its API; Outrider's operations are the real ones. Days pass, messages wait, come
late or are lost, and workers fail or take turns in the middle of an evaluation.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from aws.calls import CallFailed
from aws.sessions import Sessions
from domain.ecs.task_definition import TaskDefinition
from domain.findings.finding import Finding, FindingState
from domain.standard import Mode, Standard
from domain.subject import Subject, SubjectId
from operations.evaluation import Evaluator
from operations.facts import runs_on_fargate
from operations.planning import Planner
from rules import CATALOGUE
from tests.aws_fake.calls import Calls, Crash, suffer
from tests.aws_fake.security_hub import Hub
from tests.aws_fake.sqs import Message
from tests.operations.delivery import Inspection
from tests.operations.people import FAMILIES, MANAGED, OTHER_PARAMETER, STANDARDS, People
from tests.operations.sweeping import Channels, Sweeping
from tests.operations.turns import Interruption, Turns
from tests.operations.world import (
    ACCOUNT,
    CONFIG,
    PLACE,
    REGION,
    RULES,
    STANDARD,
    TABLE,
    TASK,
    Json,
    policy,
    service_changed,
    trusting,
)

# What else is walked here: the rules that look at the newest revision and at running tasks.
JUDGED = tuple(
    rule for rule in CATALOGUE if rule in RULES or rule.id in {"service.revision", "service.collector-running"}
)
START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
type Standing = Mapping[tuple[str, str], tuple[Any, ...]]
"""(subject, rule) → severity, drifts and resource of what is open."""


def _standing(findings: Iterable[Finding]) -> Standing:
    return {(f.subject.key, f.rule): (f.severity, f.drifts, f.resource) for f in findings}


@dataclass
class Account(People):
    """The account, its clock, and all messages that are under way."""

    tasks: int = 2
    workers: list[Inspection] = field(default_factory=list)
    sweeps: int = 0
    interruptions: list[Interruption] = field(default_factory=list)
    turns: Turns | None = None
    working: threading.local = field(default_factory=threading.local)
    moves: list[Finding] = field(default_factory=list)
    """What the ledger took down of findings, in order: each is a transition."""
    last: dict[str, Finding] = field(default_factory=dict)
    """The last of these by finding."""
    untrue: list[str] = field(default_factory=list)
    """What was closed while a service ran a revision that drifted."""
    late: set[str] = field(default_factory=set)
    """Ids of messages that come days later: a quiet point need not wait for them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.aws.clock.moment = START
        self.hub.strict = False
        self.line.around = self.interrupted

    # --- the clock and the queue --------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self.aws.clock.tick()

    def seconds(self) -> float:
        return (self.moment - START).total_seconds()

    @property
    def changes(self) -> list[Message]:
        """What waits to be dispatched, now or later."""
        return self.aws.sqs.queue("changes").waiting

    @property
    def waiting(self) -> list[Message]:
        """What waits to be taken by a worker, now or later."""
        return [*self.changes, *self.aws.sqs.queue("subjects.fifo").waiting]

    def send(self, *bodies: str, late: timedelta = timedelta(0)) -> list[Message]:
        """As an event rule does, which may be days late."""
        self.aws.sqs.put("changes", *bodies)
        sent = self.changes[-len(bodies) :] if bodies else []
        for message in sent if late else ():
            message.visible += late
            self.late.add(message.id)
        return sent

    @property
    def published(self) -> dict[str, Json]:
        """Alerts by id, as the slack function posts them: an id that was posted is not posted again."""
        found = dict[str, Json]()
        for alert in self.alerts:
            assert found.setdefault(alert["id"], alert) == alert, "two alerts of one id"
        return found

    # --- calls --------------------------------------------------------------------------------------------------------

    def interrupted(self, operation: str, given: Json, act: Callable[[], Json]) -> Json:
        """One call; a worker's may go wrong, or come after something that happens meanwhile."""
        number = getattr(self.working, "calls", None)
        if number is not None:
            if self.turns is not None:
                self.turns.pause()
            self.working.calls = number + 1
        fault = None
        for each in [each for each in self.interruptions if each.at == number]:
            fault = each.fault or fault
            if each.act is not None:
                with self.unwatched():
                    each.act()
        return suffer(fault, operation, lambda: self._noted(operation, given, act))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While a worker of this thread calls."""
        self.working.calls = 0
        try:
            yield
        finally:
            self.working.calls = None

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        calls, self.working.calls = self.working.calls, None
        try:
            yield
        finally:
            self.working.calls = calls

    def _noted(self, operation: str, given: Json, act: Callable[[], Json]) -> Json:
        """A call, and what the ledger took down of findings by it."""
        answer = act()
        written = [each["Put"] for each in given.get("TransactItems", ()) if "Put" in each]
        written += [given] if operation == "PutItem" else []
        with self.line.uncounted():
            for key in dict.fromkeys(each["Item"]["sk"]["S"] for each in written if "Item" in each):
                if key.startswith("record/"):
                    subject = SubjectId.parse(key.removeprefix("record/"))
                    self.note(row.finding for row in self.ledger.history(subject).rows.values())
        return answer

    def note(self, findings: Iterable[Finding]) -> None:
        new = [finding for finding in findings if self.last.get(finding.id) != finding]
        if not any(each.act for each in self.interruptions):  # else something may have changed since it was read
            self.untrue += [said for finding in new for said in self.still_drifts(finding)]
        self.moves += new
        self.last |= {finding.id: finding for finding in new}

    def still_drifts(self, finding: Finding) -> Iterator[str]:
        """Yield each known service that runs a revision that drifts by the rule of a family's closed finding."""
        family, before = finding.subject, self.last.get(finding.id)
        if family.kind is not Subject.FAMILY or finding.state is not FindingState.CLOSED or before is None:
            return
        if before.state is FindingState.OPEN:
            for title in self.ledger.history(family).services:
                if finding.rule in self.drifts_of(family, title):
                    yield f"{finding.id} was closed, and {title} runs a revision that drifts"

    def drifts_of(self, family: SubjectId, title: str) -> set[str]:
        """The rules of families by which what a service runs drifts now; none if it runs another family."""
        service = self.services.services[title]
        document = self.aws.definitions.find(service["taskDefinition"])
        if service["status"] != "ACTIVE" or document is None or document["family"] != family.name:
            return set()
        task = TaskDefinition(document | {"status": "ACTIVE"})
        standard, planner = Standard.parse(STANDARDS[self.standard], ""), Planner(JUDGED, Mode.REPORT)
        evaluator = Evaluator(planner, standard, self.workers[0].inspector.bulk.make({}), self.moment)
        runs_on = runs_on_fargate(task, self.ledger.history(family).services)
        rules = [rule for rule in JUDGED if rule.subject is Subject.FAMILY]
        found = evaluator.evaluate(evaluator.workload(PLACE, task, runs_on=runs_on), rules)
        return {verdict.rule for verdict in found.drifted}

    def run_and_not_open(self) -> set[tuple[str, str]]:
        """The drifts of what runs, of which no finding is open: (family's key, rule)."""
        with self.line.uncounted():
            standing, missing = self.standing(), set[tuple[str, str]]()
            for family in (SubjectId(PLACE, Subject.FAMILY, name) for name in FAMILIES):
                if self.aws.definitions.find(family.name) is None:
                    continue  # nothing of it is active, so it is no longer evaluated
                for title in self.services.services:
                    missing |= {(family.key, rule) for rule in self.drifts_of(family, title)} - standing.keys()
            return missing

    # --- the workers --------------------------------------------------------------------------------------------------

    def build(self) -> None:
        super().build()
        iam = self.client("iam")
        iam.create_role(RoleName="cron-task", AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
        iam.create_policy(PolicyName="telemetry", PolicyDocument=policy(*TASK))
        iam.attach_role_policy(RoleName="cron-task", PolicyArn=MANAGED)
        self.client("ssm").put_parameter(Name=OTHER_PARAMETER, Value=CONFIG, Type="String")
        self.set_standard("the plain one")
        self.workers = [self.worker(), self.worker()]

    def worker(self) -> Inspection:
        """As a cold start makes it."""
        made = self.inspector(rules=JUDGED)
        standards = replace(made.inspector.standards, location=f"ssm:{STANDARD}", clock=self.seconds)
        return replace(made, inspector=replace(made.inspector, standards=standards))

    def take(self, worker: int, messages: Sequence[Message]) -> None:
        """One batch of each queue; what fails, and all of it where the worker is killed, is received again."""
        with self.watched():
            lived = self.workers[worker].take(messages)
        if not lived:
            self.workers[worker] = self.worker()

    def take_in_turns(self, first: Sequence[Message], second: Sequence[Message], slices: Sequence[int]) -> None:
        """Two batches, by two workers at once."""
        self.turns = Turns(slices)
        try:
            self.turns.run(partial(self.take, 0, first), partial(self.take, 1, second))
        finally:
            self.turns = None

    def due(self) -> list[Message]:
        queues = (self.aws.sqs.queue(name) for name in ("changes", "subjects.fifo"))
        return [message for queue in queues for message in queue.receivable(self.moment)]

    def picked(self, *picks: Sequence[int]) -> list[list[Message]]:
        """Batches of messages that are due, in no order: a standard queue keeps none, and we need none.

        All of one message group go to one worker.
        """
        due, batches = self.due(), list[list[Message]]()
        for some in picks:
            batch = [due.pop(pick % len(due)) for pick in some if due]
            groups = {message.group for message in batch} - {None}
            due = [message for message in due if message.group not in groups]
            batches.append(batch)
        return batches

    def sweep(self, *, quiet: bool = False) -> None:
        """The real sweep; where a call fails, it is tried again."""
        others = self.aws.sns.create_topic({"Name": "digests"})["TopicArn"]  # only alerts about findings are compared
        channels = Channels(self.queues["changes"], self.queues["subjects.fifo"], others, others)
        sweeping = Sweeping(self.sessions, channels, self.workers[0].inspector.standards, self.now)
        self.sweeps += 1
        run = f"run-{self.sweeps}"
        try:
            with self.watched():
                sweeping.sweep(run, quiet=quiet)
        except (CallFailed, Crash):
            sweeping.sweep(run, quiet=quiet)

    # --- what stands, and what should ---------------------------------------------------------------------------------

    def standing(self) -> Standing:
        return _standing([row.finding for row in self.ledger.subjects.open_rows()])

    def in_the_hub(self) -> Mapping[str, tuple[str, str, str]]:
        """Severity, description and resource of what is open in the hub, by Id."""
        return _active(self.hub)

    def evaluated_from_scratch(
        self, families: Sequence[str] = FAMILIES
    ) -> tuple[Standing, Mapping[str, tuple[str, str, str]], set[tuple[str, str]]]:
        """The same two of an Outrider that has never seen this account before, and evaluates all of it.

        And what it cannot know: (subject, rule).
        """
        unknown = set[tuple[str, str]]()
        services = self.services.services.items()
        bodies = [service_changed(title) for title, each in services if each["status"] == "ACTIVE"]
        place = {"kind": "family", "account": ACCOUNT, "region": REGION, "revision": 0}
        bodies += [json.dumps(place | {"family": family}) for family in families]
        afresh = self.aws.copy()
        afresh.dynamodb.table(TABLE).partitions.clear()
        afresh.hub.clear()
        afresh.sqs.purge()
        with Calls(afresh).answering():
            for outcome in replace(self.worker(), sqs=afresh.sqs).inspect(*bodies):
                assert not outcome.failures, outcome
                unknown |= {(verdict.subject.key, verdict.rule) for verdict in outcome.unknown}
            return self.standing(), _active(afresh.hub), unknown


@contextmanager
def living(sessions: Sessions) -> Iterator[Account]:
    """An account on an AWS of its own."""
    account = Account(sessions)
    with account.line.answering():
        account.build()
        yield account


def _active(hub: Hub) -> Mapping[str, tuple[str, str, str]]:
    return {
        id_: (finding["Severity"]["Label"], finding["Description"], finding["Resources"][0]["Id"])
        for id_, finding in hub.findings.items()
        if (finding["Compliance"]["Status"], finding["RecordState"]) == ("FAILED", "ACTIVE")
    }
