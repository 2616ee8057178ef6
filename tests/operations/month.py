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
from tests.aws_fake.calls import Calls, Crash, Fault, suffer
from tests.aws_fake.security_hub import Hub
from tests.aws_fake.sqs import Message
from tests.operations.delivery import Inspection
from tests.operations.sweeping import Channels, Sweeping
from tests.operations.world import (
    ACCOUNT,
    CONFIG,
    EXECUTION,
    FLOATING,
    PARAMETER,
    PLACE,
    REGION,
    RULES,
    STANDARD,
    TABLE,
    TASK,
    Json,
    World,
    application,
    definition,
    deleted,
    parameter_changed,
    policy,
    registered,
    role_arn,
    role_changed,
    service_changed,
    trusting,
    without_collector,
)

# What else is walked here: the rules that look at the newest revision and at running tasks.
JUDGED = tuple(
    rule for rule in CATALOGUE if rule in RULES or rule.id in {"service.revision", "service.collector-running"}
)
START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
OTHER_PARAMETER = "/fargate/other"
MANAGED = f"arn:aws:iam::{ACCOUNT}:policy/telemetry"

FAMILIES = ("web", "api", "cron")
SERVICES = ("front", "back")
PARAMETERS = (PARAMETER, OTHER_PARAMETER)
ROLES = ("web-execution", "web-task", "cron-task")


def _reading(name: str) -> Json:
    return {"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": name}]}


def _unnamed(family: str) -> Json:
    """It says nothing of Fargate: that is for its services to say."""
    document = definition(family, collector=FLOATING)
    del document["requiresCompatibilities"]
    return document


REMOTE = application(environment=[{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector.shop:4318"}])

DOCUMENTS: Mapping[str, Callable[[str], Json]] = {
    "right": definition,
    "right, with other roles": lambda family: definition(family, taskRoleArn=role_arn("cron-task")),
    "right, with another parameter": lambda family: definition(family, collector=_reading(OTHER_PARAMETER)),
    "right, with the parameter's ARN": lambda family: definition(
        family, collector=_reading(f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{PARAMETER}")
    ),
    "a floating tag": lambda family: definition(family, collector=FLOATING),
    "a branch's tag": lambda family: definition(
        family, collector={"image": FLOATING["image"].replace("latest", "main")}
    ),
    "essential": lambda family: definition(family, collector={"essential": True} | _reading(OTHER_PARAMETER)),
    "no collector": without_collector,
    "telemetry sent elsewhere": lambda family: definition(
        family, containerDefinitions=[REMOTE, definition(family)["containerDefinitions"][1]]
    ),
    "a parameter that is not there": lambda family: definition(family, collector=_reading("/fargate/none")),
    "no task role": lambda family: {k: v for k, v in definition(family).items() if k != "taskRoleArn"},
    "a role that is not there": lambda family: definition(family, executionRoleArn=role_arn("nobody")),
    "no word of Fargate": _unnamed,
    "for EC2": lambda family: without_collector(family, requiresCompatibilities=["EC2"], networkMode="bridge"),
}

STANDARDS: Mapping[str, str] = {
    "the plain one": "version: 1\n",
    "a graver one": "version: 1\nrules:\n  - {rules: sidecar.image-pinned, severity: CRITICAL}\n",
    "one that leaves cron out": "version: 1\nscope:\n  exclude:\n    - {family: cron}\n",
    "one with exemptions": "version: 1\nexemptions:\n"
    "  - {rules: 'sidecar.*', where: {family: web}, reason: being replaced, expires: 2026-11-12}\n"
    "  - {rules: 'identity.*', where: {family: api}, reason: being replaced, expires: 2026-11-20}\n",
    "one with larger collectors": "version: 1\ncollector: {cpu: 512}\n",
}


@dataclass(frozen=True)
class Interruption:
    """Before a worker's call of this number, something happens; or that call goes wrong."""

    at: int
    fault: Fault | None = None
    act: Callable[[], object] | None = None


class Turns:
    """Two threads of which only one runs at a time; each goes on for so many calls until it is the other's turn."""

    def __init__(self, slices: Sequence[int]) -> None:
        self._slices = iter(slices)
        self._left = next(self._slices, 0)
        self._mine = (threading.Semaphore(1), threading.Semaphore(0))
        self._done = [False, False]

    def run(self, first: Callable[[], None], second: Callable[[], None]) -> None:
        """Run both to their ends. What either raises is raised here."""
        raised = list[BaseException]()

        def work(number: int, act: Callable[[], None]) -> None:
            self._mine[number].acquire()
            try:
                act()
            except BaseException as error:  # noqa: BLE001 - it is raised again below, in the thread of the test
                raised.append(error)
            finally:
                self._done[number] = True
                self._mine[1 - number].release()

        threads = [threading.Thread(target=work, args=(n, act), name=str(n)) for n, act in enumerate((first, second))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if raised:
            raise raised[0]

    def pause(self) -> None:
        """Between two calls."""
        number = int(threading.current_thread().name)
        if self._done[1 - number]:
            return
        if self._left > 0:
            self._left -= 1
            return
        self._left = next(self._slices, 10**6)
        self._mine[1 - number].release()
        self._mine[number].acquire()


type Standing = Mapping[tuple[str, str], tuple[Any, ...]]
"""(subject, rule) → severity, drifts and resource of what is open."""


def _standing(findings: Iterable[Finding]) -> Standing:
    return {(f.subject.key, f.rule): (f.severity, f.drifts, f.resource) for f in findings}


@dataclass
class Account(World):
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
    standard: str = ""
    late: set[str] = field(default_factory=set)
    """Ids of messages that come days later: a quiet point need not wait for them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.aws.clock.moment = START
        self.hub.strict = False
        self.line.around = self.interrupted

    # --- the clock and the queue --------------------------------------------------------------------------------------

    @property
    def moment(self) -> datetime:
        return self.aws.clock.moment

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

    def judged_afresh(
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

    # --- what people and pipelines do; each gives the events of it --------------------------------------------------

    def set_standard(self, name: str) -> None:
        self.standard = name
        self.client("ssm").put_parameter(Name=STANDARD, Value=STANDARDS[name], Type="String", Overwrite=True)

    def registers(self, family: str, document: str) -> list[str]:
        return [self._registered(self.register(DOCUMENTS[document](family)))]

    def deregisters(self, pick: int) -> list[str]:
        """One of the active revisions."""
        arns = self.client("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
        if not arns:
            return []
        return [self._registered(self.deregister(arns[pick % len(arns)]), "DeregisterTaskDefinition")]

    def deletes_revisions(self) -> list[str]:
        """Those that are inactive and that no service runs: ECS deletes no others permanently."""
        arns = self.client("ecs").list_task_definitions(status="INACTIVE")["taskDefinitionArns"]
        running = {each["taskDefinition"] for each in self.services.services.values() if each["status"] == "ACTIVE"}
        free = [arn for arn in arns if arn not in running][:10]
        if free:
            self.client("ecs").delete_task_definitions(taskDefinitions=free)
        return [deleted(*free)] if free else []

    def deploys(self, service: str, family: str, platform: str, launch: str = "FARGATE") -> list[str]:
        """Create the service, or have it run the family's newest revision."""
        newest = self.aws.definitions.find(family)
        if newest is None:
            return []
        arn, held = str(newest["taskDefinitionArn"]), self._running(service)
        if held is None:
            return [self._service(self.run(arn, service, platform, launch), "CreateService")]
        given = {"platformVersion": platform} if held["launchType"] == "FARGATE" else {}
        self.client("ecs").update_service(cluster="shop", service=service, taskDefinition=arn, **given)
        return [self._service(service), self._service(service, "SERVICE_DEPLOYMENT_COMPLETED")]

    def _running(self, service: str) -> Json | None:
        held = self.services.services.get(f"shop/{service}")
        return held if held and held["status"] == "ACTIVE" else None

    def deploys_again(self, service: str) -> list[str]:
        if self._running(service) is None:
            return []
        self.client("ecs").update_service(cluster="shop", service=service, forceNewDeployment=True)
        return [self._service(service), self._service(service, "SERVICE_DEPLOYMENT_COMPLETED")]

    def collector_dies(self, service: str, task: int) -> list[str]:
        """In one of its tasks, and the task goes on."""
        tasks = list(self.services.tasks_of(f"shop/{service}"))
        if not tasks:
            return []
        tasks[task]["containers"][1]["lastStatus"] = "STOPPED"
        return [self._service(service, "TaskStateChange")]

    def deletes(self, service: str) -> list[str]:
        if self._running(service) is None:
            return []
        self.client("ecs").delete_service(cluster="shop", service=service, force=True)
        return [self._service(service, "DeleteService")]

    def writes(self, parameter: str, text: str | None) -> list[str]:
        ssm = self.client("ssm")
        if text is not None:
            ssm.put_parameter(Name=parameter, Value=text, Type="String", Overwrite=True)
        elif not ssm.get_parameters(Names=[parameter])["Parameters"]:
            return []
        else:
            ssm.delete_parameter(Name=parameter)
        return [parameter_changed(parameter)]

    def allows(self, role: str, *actions: str) -> list[str]:
        if not self._is_there(role):
            return []
        self.allow(role, *actions)
        return [role_changed(role)]

    def trusts(self, role: str, service: str) -> list[str]:
        if not self._is_there(role):
            return []
        self.trust(role, service)
        return [role_changed(role)]

    def takes_away(self, role: str) -> list[str]:
        """The role is deleted; or made again, as it was first."""
        iam, actions = self.client("iam"), EXECUTION if role == "web-execution" else TASK
        if not self._is_there(role):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
            self.allow(role, *actions)
            return [role_changed(role), role_changed(role)]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=role, PolicyArn=attached["PolicyArn"])
        iam.delete_role(RoleName=role)
        return [role_changed(role)]

    def _is_there(self, role: str) -> bool:
        return any(each["RoleName"] == role for each in self.client("iam").list_roles()["Roles"])

    def changes_policy(self, *actions: str) -> list[str]:
        """A new version of the managed policy."""
        iam = self.client("iam")
        for version in iam.list_policy_versions(PolicyArn=MANAGED)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=MANAGED, VersionId=version["VersionId"])
        iam.create_policy_version(PolicyArn=MANAGED, PolicyDocument=policy(*actions), SetAsDefault=True)
        return [role_changed(policy=MANAGED)]

    def _registered(self, arn: str, event: str = "RegisterTaskDefinition") -> str:
        return registered(arn, event, time=self.moment.isoformat())

    def _service(self, service: str, event: str = "UpdateService") -> str:
        arn = service if service.startswith("arn:") else PLACE.arn("ecs", f"service/shop/{service}")
        return service_changed(arn, event)


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
