"""The fake AWS with what tests need in it, and Outrider's use cases wired to it."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from botocore import xform_name

from aws.ecs import Ecs
from aws.ledger import Ledger
from aws.sessions import Sessions
from domain.findings.finding import Finding, FindingState
from domain.places import Revision
from domain.rule import Rule
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from operations.approving import Approver
from operations.planning import Planner
from operations.remediation.remediator import Remediator
from operations.standards import Standards
from operations.wiring.approve import make_approver
from operations.wiring.dispatch import make_dispatcher
from operations.wiring.inspect import make_inspector
from operations.wiring.remediate import make_remediator
from rules import CATALOGUE
from settings import Settings
from tests.aws_fake.aws import ACCOUNT, REGION, Aws
from tests.aws_fake.calls import Calls, Trouble
from tests.aws_fake.definitions import OUR_ROLE
from tests.aws_fake.security_hub import CLOSED, GONE, OPEN, Hub
from tests.aws_fake.services import Services
from tests.operations.delivery import Inspection, Outcome
from tests.operations.documents import (
    BROKEN,
    CANARY,
    CONFIG,
    EXECUTION,
    FLOATING,
    IMAGE,
    PARAMETER,
    PLACE,
    REPOSITORY,
    TASK,
    Json,
    application,
    definition,
    logs,
    policy,
    role_arn,
    trusting,
    without_collector,
)
from tests.operations.messages import (
    but,
    deleted,
    of_rule,
    own,
    parameter_changed,
    registered,
    role_changed,
    service_changed,
    tasks_run,
)
from tests.operations.sweeping import BUCKET, Channels, Sweeping

__all__ = [
    "ACCOUNT",
    "BROKEN",
    "CANARY",
    "CLOSED",
    "CONFIG",
    "EXECUTION",
    "FLOATING",
    "GONE",
    "IMAGE",
    "OPEN",
    "PARAMETER",
    "PLACE",
    "REGION",
    "REPOSITORY",
    "TASK",
    "Json",
    "application",
    "but",
    "definition",
    "deleted",
    "logs",
    "of_rule",
    "own",
    "parameter_changed",
    "policy",
    "registered",
    "role_arn",
    "role_changed",
    "service_changed",
    "tasks_run",
    "trusting",
    "without_collector",
]

TABLE = "ledger"
STANDARD = "/outrider/standard"
SWITCH = "/outrider/corrections"
ROLE = OUR_ROLE
INSPECT_ID, APPROVE_ID = "AROAINSPECT", "AROAAPPROVE"
QUEUES, TOPICS = ("changes", "subjects.fifo", "remediations.fifo", "slack"), ("alerts", "operations")

# The rules of these tests; the catalogue's other rules may change without them.
RULES = tuple(
    rule
    for rule in CATALOGUE
    if rule.id
    in {
        "sidecar.present", "sidecar.image-pinned", "sidecar.not-essential", "sidecar.config-from-parameter",
        "sidecar.resources", "application.otlp-endpoint", "task.roles", "config.exists", "config.well-formed",
        "identity.execution-role", "identity.task-role", "identity.trust", "service.platform-version",
        "task.platform-version",
    }
)  # fmt: skip


@dataclass
class World:
    """One test's AWS, what Outrider published in it, and what is to go wrong."""

    sessions: Sessions
    aws: Aws = field(default_factory=Aws)
    tasks: int = 0
    """How many a service is to run."""
    subnet: str = "subnet-1"
    member_role: str = ""
    """The role in member accounts; without one, only the own account is watched."""
    member_accounts: tuple[str, ...] = ()
    heard: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.line = Calls(self.aws, secret=CANARY)
        self.read = Counter[str]()
        self.aws.services.at_once = True
        self.aws.hub.strict = True

    @property
    def queues(self) -> Mapping[str, str]:
        return {name: f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}" for name in QUEUES}

    @property
    def topics(self) -> Mapping[str, str]:
        return {name: PLACE.arn("sns", name) for name in TOPICS}

    @property
    def hub(self) -> Hub:
        return self.aws.hub

    @property
    def services(self) -> Services:
        return self.aws.services

    @property
    def stacks(self) -> dict[str, Json]:
        return self.aws.region().stacks.stacks

    @property
    def calls(self) -> Counter[str]:
        """How often each operation was called."""
        return self.line.counts

    @property
    def troubles(self) -> dict[str, Trouble]:
        return self.line.troubles

    @property
    def meanwhile(self) -> dict[str, Callable[[], object]]:
        """What others do just before the next call of an operation."""
        return self.line.meanwhile

    @property
    def delays(self) -> list[int]:
        """Of the messages that were delayed, in seconds."""
        return [message.delay for message in self.aws.sqs.queue("changes").sent if message.delay]

    def pass_(self, **time: float) -> None:
        """Let time pass: hours=1."""
        self.aws.clock.pass_(**time)

    def client(self, service: str) -> Any:
        return self.sessions.client(service, PLACE)

    def due_attempts(self, *, days: float = 0) -> list[tuple[str, str]]:
        """The attempts that are due by now, or in so many days: family and key."""
        by = self.now() + timedelta(days=days)
        return [(family.name, key) for family, key, due in self.ledger.attempts.dues() if due <= by]

    def now(self) -> datetime:
        """A second later each time that it is asked."""
        moment = self.aws.clock.now()
        self.pass_(seconds=1)
        return moment

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.sessions, TABLE)

    # Outrider's parts.

    def inspector(
        self, cap: Mode = Mode.REPORT, standard: str | None = None, rules: Sequence[Rule] = RULES
    ) -> Inspection:
        """The functions dispatch and inspect."""
        given = self._settings(cap, standard)
        dispatcher = make_dispatcher(given, self.sessions, self.now)
        return Inspection(self.aws.sqs, dispatcher, make_inspector(given, self.sessions, rules, self.now))

    def sweeping(self, standards: Standards | None = None, release: str = "1") -> Sweeping:
        """The function sweep; by default by the packaged standard."""
        channels = Channels(
            self.queues["changes"], self.queues["subjects.fifo"], self.topics["alerts"], self.topics["operations"]
        )
        return Sweeping(
            self.sessions, channels, standards or Standards(self.sessions, "", CATALOGUE), self.now, release, TABLE
        )

    def approver(self) -> Approver:
        return make_approver(self._settings(Mode.REPORT, None), self.sessions, self.now)

    def remediator(
        self,
        standard: str | None = None,
        repositories: Sequence[str] = (REPOSITORY,),
        cap: Mode = Mode.REGISTER,
    ) -> Remediator:
        made = make_remediator(self._settings(cap, standard), self.sessions)
        return replace(
            made,
            parts=replace(
                made.parts,
                planner=Planner(RULES, cap),
                image_repositories=repositories,
                now=self.now,
            ),
        )

    def _settings(self, cap: Mode, standard: str | None) -> Settings:
        if standard is not None:
            with self.peace():
                self.client("ssm").put_parameter(Name=STANDARD, Value=standard, Type="String", Overwrite=True)
        return Settings(
            table=TABLE,
            alerts_topic=self.topics["alerts"],
            operations_topic=self.topics["operations"],
            changes_queue=self.queues["changes"],
            subjects_queue=self.queues["subjects.fifo"],
            remediations_queue=self.queues["remediations.fifo"],
            standard=f"ssm:{STANDARD}" if standard is not None else "",
            mode=cap,
            switch=SWITCH,
            role=ROLE,
            account=ACCOUNT,
            member_role=self.member_role,
            member_registrar="outrider-remediate" if self.member_role else "",
            member_accounts=self.member_accounts,
            inspect_id=INSPECT_ID,
            approve_id=APPROVE_ID,
        )

    # What happens.

    def register(self, document: Mapping[str, Any] | None = None) -> str:
        """Register; gives the revision's ARN."""
        found = self.client("ecs").register_task_definition(**(document or definition()))
        return str(found["taskDefinition"]["taskDefinitionArn"])

    def deregister(self, arn: str) -> str:
        self.client("ecs").deregister_task_definition(taskDefinition=arn)
        return arn

    def run(self, arn: str, name: str = "web", platform: str = "LATEST", launch: str = "FARGATE") -> str:
        """Create a service; gives its ARN."""
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName="shop")
        network = {"awsvpcConfiguration": {"subnets": [self.subnet], "securityGroups": []}}
        given: Json = {"launchType": launch} | ({"platformVersion": platform} if launch == "FARGATE" else {})
        found = ecs.create_service(
            cluster="shop",
            serviceName=name,
            taskDefinition=arn,
            desiredCount=self.tasks,
            networkConfiguration=network,
            **given,
        )
        return str(found["service"]["serviceArn"])

    def trust(self, role: str, service: str = "ecs-tasks.amazonaws.com") -> None:
        self.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=trusting(service))

    def allow(self, role: str, *actions: str) -> None:
        self.client("iam").put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=policy(*actions))

    def look(self, *bodies: str, inspector: Inspection | None = None) -> list[Outcome]:
        """Have one batch dispatched and evaluated; what was published is in `alerts`, `notices` and `requests`."""
        return (inspector or self.inspector()).inspect(*bodies)

    def sees(self, *bodies: str, inspector: Inspection | None = None) -> None:
        """The same, where no message may be retried."""
        for outcome in self.look(*bodies, inspector=inspector):
            assert not outcome.failures, outcome

    @property
    def alerts(self) -> list[Json]:
        """What was published on the topic `alerts` so far, oldest first."""
        return self._heard("alerts", self.aws.sns.topic("alerts").published)

    @property
    def notices(self) -> list[str]:
        """What was published on the topic `operations` so far."""
        return self._heard("operations", self.aws.sns.topic("operations").published, parse=False)

    @property
    def requests(self) -> list[Json]:
        """The corrections that were asked for so far."""
        return self._sent("remediations.fifo")

    @property
    def sent_back(self) -> list[Json]:
        """What inspect sent to its own queue so far."""
        return self._sent("changes")

    @property
    def subjects(self) -> list[Json]:
        """What was sent to have subjects evaluated so far."""
        return self._sent("subjects.fifo")

    def _sent(self, queue: str) -> list[Any]:
        return self._heard(queue, [message.body for message in self.aws.sqs.queue(queue).sent])

    def _heard(self, name: str, every: Sequence[str], *, parse: bool = True) -> list[Any]:
        """What was said there so far; a test may clear the list."""
        new, self.read[name] = every[self.read[name] :], len(every)
        self.heard[name] += map(json.loads, new) if parse else new
        return self.heard[name]

    def transitions(self) -> list[tuple[str, str]]:
        """(transition, rule) of each alert that makes a message, oldest first."""
        made = [alert for alert in self.alerts if alert["transition"] not in {"exempted", "gone"}]
        return [(alert["transition"], alert["rule"]) for alert in made]

    def rows(self, subject: SubjectId | str = "web") -> dict[str, Finding]:
        """The findings in the ledger by rule."""
        on = SubjectId(PLACE, Subject.FAMILY, subject) if isinstance(subject, str) else subject
        return {rule: row.finding for rule, row in self.ledger.history(on).rows.items()}

    def open(self, subject: SubjectId | str = "web") -> set[str]:
        return {rule for rule, finding in self.rows(subject).items() if finding.state is FindingState.OPEN}

    def revisions(self, family: str = "web") -> list[Revision]:
        """The active ones, newest first."""
        with self.peace():
            found = self.client("ecs").list_task_definitions(familyPrefix=family, sort="DESC")["taskDefinitionArns"]
        return [revision for revision in map(Revision.parse, found) if revision is not None]

    def document(self, name: str) -> Json:
        task = Ecs(self.sessions).task_definition(PLACE, name)
        assert task is not None
        return task.to_aws()

    def dump(self) -> str:
        """Everything that the ledger holds, as text."""
        items = self.client("dynamodb").scan(TableName=TABLE)["Items"]
        return json.dumps(items, default=lambda value: value.hex() if isinstance(value, bytes) else str(value))

    # What goes wrong.

    def fail(self, operation: str, code: str = "AccessDeniedException", *, times: int = 10**6, after: int = 0) -> None:
        """`operation` as botocore names it: DescribeTaskDefinition."""
        self.line.troubles[operation] = Trouble(code, times, after)

    @contextmanager
    def peace(self) -> Iterator[None]:
        """While looking on: nothing fails and nothing is counted."""
        with self.line.uncounted():
            yield

    def build(self) -> None:
        """What the definitions depend on, and Outrider's own parts."""
        furnish(lambda service, operation, given: getattr(self.client(service), xform_name(operation))(**given))


def furnish(call: Callable[[str, str, Json], object]) -> None:
    """Make the table, queues and topics, and what the definitions depend on."""
    keys = (("pk", "HASH"), ("sk", "RANGE"))
    table = {
        "TableName": TABLE,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        "BillingMode": "PAY_PER_REQUEST",
    }
    call("dynamodb", "CreateTable", table)
    for name in QUEUES:
        attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        call("sqs", "CreateQueue", {"QueueName": name, "Attributes": attributes})
    for name in TOPICS:
        call("sns", "CreateTopic", {"Name": name})
    call("s3", "CreateBucket", {"Bucket": BUCKET, "CreateBucketConfiguration": {"LocationConstraint": REGION}})
    for name, value in ((PARAMETER, CONFIG), (SWITCH, "on")):
        call("ssm", "PutParameter", {"Name": name, "Value": value, "Type": "String"})
    call("logs", "CreateLogGroup", {"logGroupName": "/ecs/web"})
    trust = trusting("ecs-tasks.amazonaws.com")
    for role, actions in (("web-execution", EXECUTION), ("web-task", TASK)):
        call("iam", "CreateRole", {"RoleName": role, "AssumeRolePolicyDocument": trust})
        work = {"RoleName": role, "PolicyName": "work", "PolicyDocument": policy(*actions)}
        call("iam", "PutRolePolicy", work)
