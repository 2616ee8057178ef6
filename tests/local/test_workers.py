"""Workers at the same time on the local cloud's DynamoDB end as one after the other would. A barrier has them meet."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from aws.calls import CallFailed
from aws.channels import Message, Queue
from aws.ledger import Ledger, LedgerConflict, Record, Row
from aws.sessions import Sessions
from domain.drift import Drift
from domain.findings.finding import Finding, FindingState
from domain.places import Revision
from domain.severity import Severity
from domain.subject import Subject, SubjectId
from domain.triggers.message import SubjectMessage
from domain.triggers.trigger import TaskDefinitionTrigger
from local.cloud import Cloud
from operations.inspection.dispatching import Dispatcher, Undispatched
from operations.inspection.inspector import Failed, Inspector
from operations.wiring.dispatch import make_dispatcher
from operations.wiring.inspect import make_inspector
from settings import Settings
from tests.operations.alone import evaluated_afresh
from tests.operations.world import (
    ACCOUNT,
    BROKEN,
    CONFIG,
    EXECUTION,
    FLOATING,
    PLACE,
    REGION,
    RULES,
    TASK,
    definition,
    parameter_changed,
    policy,
    registered,
    role_arn,
    role_changed,
    trusting,
)

WORKERS = 4
PARAMETER = "/race/config"
FAMILIES = ("race-web", "race-api", "race-cron")


@dataclass
class Published:
    """Stands for the topic of alerts."""

    published: dict[str, tuple[str, str]]

    def publish_each(self, messages: Sequence[Message]) -> dict[int, CallFailed]:
        alerts = [json.loads(message.body) for message in messages]
        self.published |= {alert["id"]: (alert["transition"], alert["rule"]) for alert in alerts}
        return {}


@dataclass(frozen=True)
class Worker:
    """Dispatch and inspect, with sessions of their own, as another Lambda has them."""

    dispatcher: Dispatcher
    inspector: Inspector

    def dispatched(self, queue: str, *bodies: str) -> None:
        """Have some changes dispatched."""
        outcomes = self.dispatcher.dispatch({f"{queue}-{uuid4()}": body for body in bodies})
        assert not [each for each in outcomes.values() if isinstance(each, Undispatched)], outcomes

    def takes(self, queue: str) -> bool:
        """Have inspect take a few messages; whether there were any."""
        sqs = self.inspector.ledger.table.sessions.own("sqs")
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=2, WaitTimeSeconds=1).get("Messages", [])
        outcomes = self.inspector.inspect({each["MessageId"]: each["Body"] for each in received}) if received else []
        failed = {message for each in outcomes if isinstance(each, Failed) for message in each.messages}
        for each in received:
            named = {"QueueUrl": queue, "ReceiptHandle": each["ReceiptHandle"]}
            if each["MessageId"] in failed:
                sqs.change_message_visibility(**named, VisibilityTimeout=0)
            else:
                sqs.delete_message(**named)
        return bool(received)


@dataclass
class Ground:
    """What the workers share, and the account that they look at."""

    cloud: Cloud
    changes: str
    subjects: str
    sessions: Sessions = field(default_factory=Sessions)
    tables: int = 0
    published: dict[str, tuple[str, str]] = field(default_factory=dict)
    """(transition, rule) by alert id, as the slack function tells them: each once."""

    def client(self, service: str) -> Any:
        return self.cloud.client(service, region=REGION)

    def table(self) -> str:
        """A new one."""
        self.tables += 1
        name = f"race-{self.tables}"
        self.client("dynamodb").create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def worker(self, table: str, sessions: Sessions | None = None) -> Worker:
        given = Settings(
            account=PLACE.account,
            table=table,
            changes_queue=self.changes,
            subjects_queue=self.subjects,
            remediations_queue=self.changes,
        )
        sessions = sessions or Sessions()
        made = make_inspector(given, sessions, RULES)
        alerts: Any = Published(self.published)
        inspector = replace(made, publisher=replace(made.publisher, alerts=alerts))
        return Worker(make_dispatcher(given, sessions), inspector)

    def register(self, family: str, **members: Any) -> str:
        collector = {"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": PARAMETER}]} | members
        roles = {"executionRoleArn": role_arn("race-execution"), "taskRoleArn": role_arn("race-task")}
        document = definition(family, collector=collector, **roles)
        answer = self.client("ecs").register_task_definition(**document)
        return registered(answer["taskDefinition"]["taskDefinitionArn"])

    def allow(self, *actions: str) -> str:
        self.client("iam").put_role_policy(RoleName="race-task", PolicyName="work", PolicyDocument=policy(*actions))
        return role_changed("race-task")

    def put(self, text: str) -> str:
        self.client("ssm").put_parameter(Name=PARAMETER, Value=text, Type="String", Overwrite=True)
        return parameter_changed(PARAMETER)

    def standing(self, table: str) -> Mapping[tuple[str, str], tuple[Any, ...]]:
        found = [row.finding for row in Ledger(self.sessions, table).subjects.open_rows()]
        return {(f.subject.key, f.rule): (f.severity, f.drifts, f.resource) for f in found}

    def afresh(self) -> Mapping[tuple[str, str], tuple[Any, ...]]:
        """What one worker alone, who has seen nothing before, finds."""
        table = self.table()
        evaluated_afresh(self.worker(table, self.sessions).inspector, PLACE, FAMILIES, [])
        return self.standing(table)


@pytest.fixture(scope="module")
def ground(cloud: Cloud) -> Ground:
    def client(service: str) -> Any:
        return cloud.client(service, region=REGION)

    changes = client("sqs").create_queue(QueueName="race-changes")["QueueUrl"]
    fifo = {"FifoQueue": "true"}
    subjects = client("sqs").create_queue(QueueName="race-subjects.fifo", Attributes=fifo)["QueueUrl"]
    for role, actions in (("race-execution", EXECUTION), ("race-task", TASK)):
        client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
        client("iam").put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=policy(*actions))
    return Ground(cloud, changes, subjects)


@pytest.fixture(autouse=True)
def _as_lambda(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (cloud.environment() | {"AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION}).items():
        monkeypatch.setenv(name, value)


def at_once(workers: Sequence[Worker], body: str) -> None:
    """All take the same message, as where its visibility ran out; their first writes meet. What fails is retried."""
    meeting = threading.Barrier(len(workers))

    def work(worker: Worker) -> None:
        met = threading.Event()

        def meet(**_: Any) -> None:
            if not met.is_set():
                met.set()
                meeting.wait(timeout=30)

        events = worker.inspector.ledger.table.sessions.own("dynamodb").meta.events
        events.register("before-call.dynamodb.PutItem", meet, unique_id="meet")
        try:
            outcomes = worker.inspector.inspect({"0": body})
            while isinstance(outcomes[-1], Failed):
                assert len(outcomes) < 10, outcomes
                outcomes += worker.inspector.inspect({"0": body})
        finally:
            events.unregister("before-call.dynamodb.PutItem", unique_id="meet")
            if not met.is_set():
                meeting.abort()

    together(work, workers)


def together(work: Callable[[Worker], None], workers: Sequence[Worker]) -> None:
    with ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(work, worker) for worker in workers]:
            done.result()


def until_quiet(ground: Ground, workers: Sequence[Worker]) -> None:
    """All take of one queue until it is empty."""
    depth = Queue(ground.sessions, ground.subjects).depth

    def work(worker: Worker) -> None:
        while worker.takes(ground.subjects) or depth():
            pass

    together(work, workers)


def test_of_writes_to_one_subject_at_the_same_time_one_is_taken(ground: Ground) -> None:
    table = ground.table()
    subject = SubjectId(PLACE, Subject.FAMILY, "race-web")
    ledgers = [Ledger(Sessions(), table) for _ in range(WORKERS)]
    meeting = threading.Barrier(WORKERS)

    def write(number: int) -> int:
        """How many of ten writes were taken; each is tried with what was read just before all write."""
        taken = 0
        for turn in range(10):
            history = ledgers[number].history(subject)
            now = datetime.now(UTC)
            finding = Finding(
                subject,
                f"rule.{number}",
                FindingState.OPEN,
                Severity.LOW,
                (Drift("code", "a", str(turn)),),
                "arn",
                now,
                now,
            )
            meeting.wait(timeout=30)
            try:
                rows = {**history.rows, finding.rule: Row(finding)}
                ledgers[number].subjects.write(history, Record(order=turn + 1, rows=rows))
                taken += 1
            except LedgerConflict:
                pass
            meeting.wait(timeout=30)
        return taken

    with ThreadPoolExecutor(WORKERS) as pool:
        taken = list(pool.map(write, range(WORKERS)))
    assert sum(taken) == 10, "one of each turn"
    history = ledgers[0].history(subject)
    assert (history.version, history.order) == (10, 10)
    assert set(history.rows) == {f"rule.{number}" for number, count in enumerate(taken) if count}


def test_workers_that_open_one_finding_at_the_same_time_publish_it_once(ground: Ground) -> None:
    ground.put(CONFIG)
    message = ground.register("race-web", **FLOATING)
    table = ground.table()
    ground.published.clear()
    revision = Revision.parse(json.loads(message)["arn"][0])
    assert revision is not None
    trigger = TaskDefinitionTrigger(account=ACCOUNT, region=REGION, event="RegisterTaskDefinition", arn=revision.arn)
    family = SubjectMessage(subject=SubjectId.of_family(revision).key, trigger=trigger)
    at_once([ground.worker(table) for _ in range(WORKERS)], family.body)
    ground.client("sqs").purge_queue(QueueUrl=ground.subjects)
    assert list(ground.published.values()) == [("opened", "sidecar.image-pinned")]
    (row,) = Ledger(Sessions(), table).history(SubjectId(PLACE, Subject.FAMILY, "race-web")).rows.values()
    assert (row.finding.version, dict(row.pending)) == (1, {})


# What is changed in each turn, one message for each change.
TURNS: Sequence[Callable[[Ground], list[str]]] = (
    lambda g: [g.register("race-web", **FLOATING), g.register("race-web"), g.put(BROKEN)],
    lambda g: [g.allow(*TASK[:1]), g.put(CONFIG), g.register("race-api", **FLOATING)],
    lambda g: [g.allow(*TASK), g.allow(*TASK[:1]), g.allow(*TASK)],
    lambda g: [g.put(BROKEN), g.allow(*TASK[:1]), g.register("race-web", essential=True)],
    lambda g: [g.register("race-api"), g.put(CONFIG), g.allow(*TASK)],
)


def test_workers_at_the_same_time_end_in_what_one_alone_would_find(ground: Ground) -> None:
    ground.put(CONFIG)
    ground.allow(*TASK)
    table = ground.table()
    workers = [ground.worker(table) for _ in range(WORKERS)]
    workers[0].dispatched(table, *map(ground.register, FAMILIES))
    until_quiet(ground, workers)
    before = ground.standing(table)
    assert before == ground.afresh() == {}
    for turn in TURNS:
        ground.published.clear()
        bodies = turn(ground)
        workers[0].dispatched(table, *bodies, bodies[0])
        until_quiet(ground, workers)
        found = ground.standing(table)
        assert found == ground.afresh()
        # The account did not change meanwhile: what one published, no other withdrew.
        published = Counter(ground.published.values())
        opened = Counter(rule for subject, rule in found.keys() - before.keys())
        closed = Counter(rule for subject, rule in before.keys() - found.keys())
        assert Counter({r: n for (change, r), n in published.items() if change in {"opened", "reopened"}}) == opened
        assert Counter({r: n for (change, r), n in published.items() if change == "closed"}) == closed
        before = found
    assert before
