"""One account's life: what people and pipelines do to it, what of that is heard, and two workers who listen.

Everything is done to moto, by its API; Outrider's operations are the real ones. The clock, the queue and the topic are
this module's own: so days pass, messages wait, come late or are lost, and workers fail or take turns in mid-look.
"""

import copy
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from moto import mock_aws

from aws.calls import CallFailed, calling
from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import Ledger
from aws.security_hub import ImportFailed
from aws.sessions import Sessions
from domain.findings.finding import Finding
from domain.places import Place
from domain.standard import Mode
from domain.subject import SubjectId
from operations.inspection.inspector import Done, Failed, Inspector
from operations.planning import Planner
from operations.standards import Standards
from operations.sweep import Sweeper
from rules import CATALOGUE
from tests.operations.tables import Tables
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
    Hub,
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


class Crash(BaseException):
    """The worker is no more: nothing in it gets to catch this."""


class Mishap(StrEnum):
    """How one call of a worker may go wrong."""

    THROTTLED = "throttled"
    DENIED = "denied"
    UNREACHABLE = "unreachable"
    UNANSWERED = "unanswered: done, and nobody heard"
    KILLED = "the worker was killed before it"
    KILLED_AFTER = "the worker was killed after it"


@dataclass(frozen=True)
class Message:
    """A message of the queue `changes`, and when it can be received. `late`: a quiet point need not wait for it."""

    body: str
    due: datetime
    late: bool = False


@dataclass(frozen=True)
class Interruption:
    """Before a worker's call of this number, something happens; or that call goes wrong."""

    at: int
    mishap: Mishap | None = None
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


@dataclass
class WatchedHub(Hub):
    """The hub, with what a customer does in it, and calls that go wrong as all others do."""

    account: "Account | None" = None
    workflow: dict[str, str] = field(default_factory=dict)

    def import_(self, place: Place, findings: Sequence[Mapping[str, Any]]) -> list[ImportFailed]:
        with calling("securityhub:BatchImportFindings", str(place)):
            return self._interrupted("BatchImportFindings", lambda: self._taken(place, findings))

    def _taken(self, place: Place, findings: Sequence[Mapping[str, Any]]) -> list[ImportFailed]:
        assert len({finding["Id"] for finding in findings}) == len(findings), "one finding twice in one call"
        before = {id_: (f["Compliance"]["Status"], f["RecordState"]) for id_, f in self.findings.items()}
        # An import whose UpdatedAt does not grow is taken, and changes nothing.
        newer = [f for f in findings if f["UpdatedAt"] > self.findings.get(f["Id"], {"UpdatedAt": ""})["UpdatedAt"]]
        failed = super().import_(place, newer)
        for finding in newer:
            compliance, record = before.get(finding["Id"], ("", ""))
            found = self.findings.get(finding["Id"], {"Compliance": {"Status": ""}, "RecordState": ""})
            again = record == "ARCHIVED" and found["RecordState"] == "ACTIVE"
            again |= compliance == "PASSED" and found["Compliance"]["Status"] in {"FAILED", "NOT_AVAILABLE"}
            if again and self.workflow.get(finding["Id"]) == "RESOLVED":
                self.workflow[finding["Id"]] = "NEW"
        return failed

    def suppressed(self, place: Place, ids: Sequence[str]) -> set[str]:
        with calling("securityhub:GetFindings", str(place)):
            return self._interrupted("GetFindings", lambda: super(WatchedHub, self).suppressed(place, ids))

    def _interrupted[T](self, operation: str, act: Callable[[], T]) -> T:
        return self.account.interrupted(operation, act) if self.account else act()


type Standing = Mapping[tuple[str, str], tuple[Any, ...]]
"""(subject, rule) → severity, drifts and resource of what is open."""


def _standing(findings: Iterable[Finding]) -> Standing:
    return {(f.subject.key, f.rule): (f.severity, f.drifts, f.resource) for f in findings}


@dataclass
class Account(World):
    """The account, its clock, and all messages that are under way."""

    moment: datetime = START
    hub: WatchedHub = field(default_factory=WatchedHub)
    queue: list[Message] = field(default_factory=list)
    published: dict[str, Json] = field(default_factory=dict)
    """Alerts by id, as the slack function tells them: an id that was told is not told again."""
    moves: list[Finding] = field(default_factory=list)
    """What the ledger took down of findings, in order: each is a transition."""
    workers: list[Inspector] = field(default_factory=list)
    interruptions: list[Interruption] = field(default_factory=list)
    turns: Turns | None = None
    working: threading.local = field(default_factory=threading.local)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: Tables = field(default_factory=Tables)
    runs_now: dict[str, str] = field(default_factory=dict)
    running: dict[str, list[Json]] = field(default_factory=dict)
    """The tasks of each service, which moto does not start."""
    asking: bool = False

    def __post_init__(self) -> None:
        self.hub.account = self

    # --- the clock ----------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def seconds(self) -> float:
        return (self.moment - START).total_seconds()

    def wait(self, time: timedelta) -> None:
        self.moment += time

    # --- calls --------------------------------------------------------------------------------------------------------

    def call(self, original: Any, client: BaseClient, operation: str, arguments: Json) -> Any:
        return self.interrupted(operation, lambda: self._answer(original, client, operation, arguments))

    def interrupted[T](self, operation: str, act: Callable[[], T]) -> T:
        """One call; a worker's may go wrong, or come after something that happens meanwhile."""
        number = getattr(self.working, "calls", None)
        if number is None:
            return act()
        if self.turns is not None:
            self.turns.pause()
        self.working.calls = number + 1
        mishap = None
        for each in [each for each in self.interruptions if each.at == number]:
            mishap = each.mishap or mishap
            if each.act is not None:
                with self.unwatched():
                    each.act()
        match mishap:
            case Mishap.KILLED:
                raise Crash
            case Mishap.THROTTLED | Mishap.DENIED:
                code = "ThrottlingException" if mishap is Mishap.THROTTLED else "AccessDeniedException"
                raise ClientError({"Error": {"Code": code, "Message": "No."}}, operation)
            case Mishap.UNREACHABLE:
                raise ConnectTimeoutError(endpoint_url="https://aws.example")
            case _:
                pass
        answer = act()
        match mishap:
            case Mishap.KILLED_AFTER:
                raise Crash
            case Mishap.UNANSWERED:
                raise ReadTimeoutError(endpoint_url="https://aws.example")
            case _:
                pass
        return answer

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

    def _answer(  # noqa: C901 - a case for each call that moto does not answer
        self, original: Any, client: BaseClient, operation: str, arguments: Json
    ) -> Any:
        service = client.meta.service_model.service_name
        match operation:
            case "Publish":
                return self._publish(arguments)
            case "SendMessage":
                self._send(arguments)
                return {"MessageId": "m"}
            case "SendMessageBatch":
                for entry in arguments["Entries"]:
                    self._send(entry)
                return {"Successful": []}
            case "ListTasks" if "serviceName" in arguments:
                return {"taskArns": [task["taskArn"] for task in self.running.get(arguments["serviceName"], [])]}
            case "DescribeTasks":
                every = [task for tasks in self.running.values() for task in tasks]
                return copy.deepcopy({"tasks": [task for task in every if task["taskArn"] in arguments["tasks"]]})
            case _:
                pass
        if service == "dynamodb":
            answer = self.tables.answer(operation, arguments)
            if operation == "TransactWriteItems":
                self._note(arguments["TransactItems"])
            return answer
        # moto takes its time: what it answered to a question holds until something is changed there.
        held = self.answers.setdefault(service, {})
        if not operation.startswith(("Describe", "Get", "List")):
            held.clear()
            return super().call(original, client, operation, arguments)
        key = f"{operation} {json.dumps(arguments, sort_keys=True)}"
        if key not in held:
            held[key] = super().call(original, client, operation, arguments)
        return copy.deepcopy(held[key])

    def _publish(self, arguments: Json) -> Json:
        if arguments["TopicArn"] == self.topics["alerts"] and not self.asking:
            alert = json.loads(arguments["Message"])
            assert self.published.setdefault(alert["id"], alert) == alert, "two alerts of one id"
        return {"MessageId": "m"}

    def _send(self, entry: Json) -> None:
        if not self.asking:
            due = self.moment + timedelta(seconds=entry.get("DelaySeconds", 0))
            self.queue.append(Message(entry["MessageBody"], due))

    def _note(self, items: Sequence[Json]) -> None:
        """What the ledger took down of findings; not what the one of a fresh judgement did."""
        for item in (each["Put"]["Item"] for each in items if "Put" in each and each["Put"]["TableName"] == TABLE):
            kind, _, rule = item["sk"]["S"].partition("/")
            if kind == "finding":
                with self.unwatched():
                    self.moves.append(self.ledger.history(SubjectId.parse(item["pk"]["S"])).rows[rule].finding)

    # --- the workers --------------------------------------------------------------------------------------------------

    def build(self) -> None:
        super().build()
        with self.peace():
            iam = self.client("iam")
            iam.create_role(RoleName="cron-task", AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
            iam.create_policy(PolicyName="telemetry", PolicyDocument=policy(*TASK))
            iam.attach_role_policy(RoleName="cron-task", PolicyArn=MANAGED)
            self.client("ssm").put_parameter(Name=OTHER_PARAMETER, Value=CONFIG, Type="String")
            self.set_standard("the plain one")
        self.workers = [self.worker(), self.worker()]

    def worker(self) -> Inspector:
        """As a cold start makes it."""
        location = f"ssm:{STANDARD}"
        standards = Standards(self.sessions, location, clock=self.seconds)
        return replace(self.inspector(), standards=standards, planner=Planner(JUDGED, Mode.REPORT))

    def take(self, worker: int, messages: Sequence[Message]) -> None:
        """One batch; what fails, and all of it where the worker is killed, comes again."""
        try:
            with self.watched():
                found = self.workers[worker].inspect({str(n): message.body for n, message in enumerate(messages)})
        except Crash:
            self.workers[worker] = self.worker()
            self.queue += messages
            return
        for number, message in enumerate(messages):
            outcome = found[str(number)]
            if isinstance(outcome, Failed):
                assert not outcome.unreadable, outcome
                self.queue.append(message)

    def take_in_turns(self, first: Sequence[Message], second: Sequence[Message], slices: Sequence[int]) -> None:
        """Two batches, by two workers at once."""
        self.turns = Turns(slices)
        try:
            self.turns.run(partial(self.take, 0, first), partial(self.take, 1, second))
        finally:
            self.turns = None

    def received(self, picks: Sequence[int]) -> list[Message]:
        """Some of the messages that are due, in no order; they are taken off the queue."""
        batch = list[Message]()
        for pick in picks:
            due = [message for message in self.queue if message.due <= self.moment]
            if not due:
                break
            message = due[pick % len(due)]
            self.queue.remove(message)
            batch.append(message)
        return batch

    def sweep(self, *, quiet: bool = False, delay: int = 0) -> None:
        """The real sweep; where a call fails, the schedule tries again."""
        sweeper = Sweeper(
            Ecs(self.sessions),
            self.ledger,
            Queue(self.sessions, self.queues["changes"]),
            Topic(self.sessions, self.topics["alerts"]),
            self.hub,  # type: ignore[arg-type] # as in world
            self.workers[0].standards,
            now=self.now,
        )
        try:
            with self.watched():
                sweeper.ended(PLACE, sweeper.sweep(PLACE, quiet=quiet, delay=delay))
        except (CallFailed, Crash):
            sweeper.ended(PLACE, sweeper.sweep(PLACE, quiet=quiet, delay=delay))

    # --- what stands, and what should ---------------------------------------------------------------------------------

    def standing(self) -> Standing:
        return _standing(self.ledger.subjects.open_findings(PLACE))

    def in_the_hub(self) -> Mapping[str, tuple[str, str, str]]:
        """Severity, description and resource of what is open in the hub, by Id."""
        return _active(self.hub)

    def judged_afresh(self) -> tuple[Standing, Mapping[str, tuple[str, str, str]], set[tuple[str, str]]]:
        """The same two of an Outrider that has never seen this account before, and looks at all of it once.

        And what it cannot know: (family or service, rule).
        """
        unknown = set[tuple[str, str]]()
        hub, ledger = Hub(), Ledger(self.sessions, "afresh")
        self.tables.items["afresh"].clear()
        fresh = replace(self.worker(), ledger=ledger, hub=hub)  # type: ignore[arg-type] # as in world
        bodies = [service_changed(f"shop/{name}") for name in self.runs_now]
        place = {"kind": "family", "account": ACCOUNT, "region": REGION, "revision": 0}
        bodies += [json.dumps(place | {"family": family}) for family in FAMILIES]
        self.asking = True
        try:
            for outcome in fresh.inspect({str(number): body for number, body in enumerate(bodies)}).values():
                assert isinstance(outcome, Done), outcome
                unknown |= {(outcome.looked_at, reason.partition(":")[0]) for reason in outcome.unknown}
            return _standing(ledger.subjects.open_findings(PLACE)), _active(hub), unknown
        finally:
            self.asking = False

    # --- what people and pipelines do; each gives the events of it --------------------------------------------------

    def set_standard(self, name: str) -> None:
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
        """Those that are inactive and that no service runs: ECS deletes no others for good."""
        arns = self.client("ecs").list_task_definitions(status="INACTIVE")["taskDefinitionArns"]
        free = [arn for arn in arns if arn not in self.runs_now.values()][:10]
        if free:
            self.client("ecs").delete_task_definitions(taskDefinitions=free)
        return [deleted(*free)] if free else []

    def deploys(self, service: str, family: str, platform: str, launch: str = "FARGATE") -> list[str]:
        """Create the service, or have it run the family's newest revision."""
        newest = Ecs(self.sessions).newest_revisions(PLACE).get(family)
        if newest is None:
            return []
        arn = PLACE.arn("ecs", f"task-definition/{family}:{newest}")
        created = service not in self.runs_now
        self.runs_now[service] = arn
        self._starts(service)
        if created:
            return [self._service(self.run(arn, service, platform, launch), "CreateService")]
        given = {"platformVersion": platform} if self._launch(service) == "FARGATE" else {}
        self.client("ecs").update_service(cluster="shop", service=service, taskDefinition=arn, **given)
        return [self._service(service), self._service(service, "SERVICE_DEPLOYMENT_COMPLETED")]

    def _launch(self, service: str) -> str:
        found = self.client("ecs").describe_services(cluster="shop", services=[service])["services"]
        return str(found[0]["launchType"])

    def deploys_again(self, service: str) -> list[str]:
        if service not in self.runs_now:
            return []
        self.client("ecs").update_service(cluster="shop", service=service, forceNewDeployment=True)
        self._starts(service)
        return [self._service(service), self._service(service, "SERVICE_DEPLOYMENT_COMPLETED")]

    def _starts(self, service: str) -> None:
        """Its tasks are replaced."""
        arn = PLACE.arn("ecs", f"task/shop/{service}-{self.moment:%d%H%M%S%f}")
        names = ("app", "adot-collector")
        self.running[service] = [
            {
                "taskArn": f"{arn}-{number}",
                "taskDefinitionArn": self.runs_now[service],
                "lastStatus": "RUNNING",
                "startedAt": self.moment,
                "containers": [{"name": name, "lastStatus": "RUNNING"} for name in names],
            }
            for number in range(2)
        ]

    def collector_dies(self, service: str, task: int) -> list[str]:
        """In one of its tasks, and the task goes on."""
        if service not in self.running:
            return []
        self.running[service][task]["containers"][1]["lastStatus"] = "STOPPED"
        return [self._service(service, "TaskStateChange")]

    def deletes(self, service: str) -> list[str]:
        if self.runs_now.pop(service, None) is None:
            return []
        del self.running[service]
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
    """An account in a moto of its own."""
    account = Account(sessions)
    original: Any = BaseClient._make_api_call  # type: ignore[attr-defined] # the stubs leave it out

    def call(client: BaseClient, operation: str, arguments: Json) -> Any:
        return account.call(original, client, operation, arguments)

    with mock_aws(), patch.object(BaseClient, "_make_api_call", call):
        account.build()
        yield account


def _active(hub: Hub) -> Mapping[str, tuple[str, str, str]]:
    return {
        id_: (finding["Severity"]["Label"], finding["Description"], finding["Resources"][0]["Id"])
        for id_, finding in hub.findings.items()
        if (finding["Compliance"]["Status"], finding["RecordState"]) == ("FAILED", "ACTIVE")
    }
