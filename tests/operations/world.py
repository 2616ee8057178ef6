"""A small AWS on moto, an in-memory Security Hub that holds to the facts, and Outrider's use cases wired to both."""

import copy
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError, ConnectTimeoutError

from aws.calls import CallFailed
from aws.ecs import Ecs
from aws.ledger import Ledger
from aws.security_hub import ImportFailed
from aws.sessions import Sessions
from domain.findings.finding import Finding, FindingState
from domain.places import Place, Revision
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from local.security_hub import OPERATIONS, SecurityHub
from operations.inspection.inspector import Failed, Inspector, Outcome
from operations.planning import Planner
from operations.remediation.remediator import Remediator
from operations.wiring.inspect import make_inspector
from operations.wiring.remediate import make_remediator
from rules import CATALOGUE
from settings import Settings
from tests.operations.services import HANDLED, Services

type Json = dict[str, Any]

ACCOUNT, REGION = "123456789012", "eu-west-1"
PLACE = Place(ACCOUNT, REGION)
TABLE = "ledger"
PARAMETER = "/fargate/otel-collector-config"
STANDARD = "/outrider/standard"
SWITCH = "/outrider/corrections"
REPOSITORY = "public.ecr.aws/aws-observability/aws-otel-collector"
IMAGE = f"{REPOSITORY}:v0.49.0"
CANARY = "c4nary-s3cret-p4ss"

# What these tests speak of; the catalogue's other rules come and go without them.
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

CONFIG = """\
extensions: {health_check: }
receivers: {otlp: {protocols: {grpc: , http: }}}
processors: {batch: }
exporters: {awsxray: }
service:
  extensions: [health_check]
  pipelines: {traces: {receivers: [otlp], processors: [batch], exporters: [awsxray]}}
"""
BROKEN = "receivers:\n  otlp:\n - exporters: [awsxray]\n"

EXECUTION = (
    "ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage",
    "logs:CreateLogStream", "logs:PutLogEvents", "ssm:GetParameters", "secretsmanager:GetSecretValue",
)  # fmt: skip
TASK = ("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets")


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def trusting(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def definition(family: str = "web", *, collector: Mapping[str, Any] | None = None, **members: Any) -> Json:
    """A task definition that keeps every rule here; `collector` changes members of its collector."""
    sidecar: Json = {
        "name": "adot-collector",
        "image": IMAGE,
        "cpu": 256,
        "memoryReservation": 512,
        "essential": False,
        "command": ["--config=env:AOT_CONFIG_CONTENT"],
        "secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": PARAMETER}],
        "logConfiguration": logs("collector"),
    }
    sidecar = {key: value for key, value in (sidecar | dict(collector or {})).items() if value is not None}
    return copy.deepcopy({
        "family": family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "1024",
        "memory": "2048",
        "executionRoleArn": role_arn("web-execution"),
        "taskRoleArn": role_arn("web-task"),
        "containerDefinitions": [application(), sidecar],
        "tags": [{"key": "team", "value": "shop"}],
    } | members)  # fmt: skip


def application(**members: Any) -> Json:
    return {
        "name": "app",
        "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web:1.4.2",
        "essential": True,
        "environment": [
            {"name": "DATABASE_PASSWORD", "value": CANARY},
            {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://localhost:4318"},
            {"name": "OTEL_EXPORTER_OTLP_HEADERS", "value": f"authorization={CANARY}"},
        ],
        "logConfiguration": logs("app"),
    } | members


def without_collector(family: str = "web", **members: Any) -> Json:
    return definition(family, **({"containerDefinitions": [application()]} | members))


def logs(prefix: str) -> Json:
    options = {"awslogs-group": "/ecs/web", "awslogs-region": REGION, "awslogs-stream-prefix": prefix}
    return {"logDriver": "awslogs", "options": options}


FLOATING = {"image": f"{REPOSITORY}:latest"}


# --- what came in -----------------------------------------------------------------------------------------------------


def registered(arn: str, event: str = "RegisterTaskDefinition", **members: Any) -> str:
    """A message as the event rule makes it."""
    body = {"kind": "task-definition", "account": ACCOUNT, "region": REGION, "event": event, "arn": arn, "family": ""}
    identity = {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci"}
    return json.dumps(body | {"time": "2026-11-23T12:00:00Z", "identity": identity, "agent": "Terraform/1.9"} | members)


def service_changed(arn: str, event: str = "UpdateService", cluster: str = "") -> str:
    body = {"kind": "service", "account": ACCOUNT, "region": REGION, "event": event, "service": arn, "time": ""}
    return json.dumps(body | {"cluster": cluster})


def tasks_run(task: str, platform: str, cluster: str = "batch", time: str = "2026-11-23T12:00:00Z") -> str:
    body = {"kind": "run-task", "account": ACCOUNT, "region": REGION, "event": "RunTask", "asked": task, "time": time}
    return json.dumps(body | {"platform": platform, "within": cluster, "identity": {"arn": "arn:aws:iam::1:user/ada"}})


def deleted(*names: str) -> str:
    body = {"kind": "deleted-task-definitions", "account": ACCOUNT, "region": REGION, "names": names}
    return json.dumps(body)


def parameter_changed(name: str = PARAMETER) -> str:
    return json.dumps({"kind": "parameter", "account": ACCOUNT, "region": REGION, "event": "Update", "name": name})


def role_changed(role: str = "", policy: str = "", event: str = "PutRolePolicy") -> str:
    # IAM's events arrive in us-east-1, wherever the tasks are.
    body = {"kind": "role", "account": ACCOUNT, "region": "us-east-1", "event": event, "identity": {}}
    return json.dumps(body | {"role": role, "policy": policy})


# --- Security Hub -----------------------------------------------------------------------------------------------------


@dataclass
class Hub:
    """Stands for aws.security_hub.SecurityHub: what was imported, by Id, and how the next imports fail.

    `aws` holds the findings as AWS does, with the customer's Workflow, and takes none that is no ASFF.
    """

    enabled: bool = True
    findings: dict[str, Json] = field(default_factory=dict)
    imports: list[Json] = field(default_factory=list)
    failing: dict[str, ImportFailed] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    unasked: bool = False
    """Whether what is suppressed cannot be asked."""
    aws: SecurityHub = field(default_factory=SecurityHub)

    def import_(self, place: Place, findings: Sequence[Mapping[str, Any]]) -> list[ImportFailed]:
        if not self.enabled:
            raise CallFailed("securityhub:BatchImportFindings", str(place), "InvalidAccessException", transient=False)
        failed = list[ImportFailed]()
        for finding in findings:
            assert finding["AwsAccountId"] == place.account
            assert f":{place.region}:{place.account}:product/" in finding["ProductArn"]
            if (failure := self.failing.pop(finding["Id"], None)) is not None:
                failed.append(failure)
                continue
            held = self.findings.get(finding["Id"])
            if held is not None:
                assert finding["UpdatedAt"] >= held["UpdatedAt"], "UpdatedAt must not go back"
                assert finding["UpdatedAt"] > held["UpdatedAt"] or finding == held, "UpdatedAt must grow"
                assert (finding["CreatedAt"], finding["FirstObservedAt"]) == (held["CreatedAt"], held["CreatedAt"])
            refused = self._call("BatchImportFindings", place, Findings=[finding])["FailedFindings"]
            assert not refused, refused
            self.findings[finding["Id"]] = dict(finding)
            self.imports.append(dict(finding))
        return failed

    def _call(self, operation: str, place: Place, **request: Any) -> Json:
        body = json.dumps(request).encode()
        answer = self.aws.answer(*OPERATIONS[operation], body, (place.account, place.region))
        assert answer.status == 200, answer.body
        return answer.body

    def held(self, id_: str, place: Place = PLACE) -> Json | None:
        """A finding as Security Hub shows it; None where there is none."""
        filters = {"Id": [{"Value": id_, "Comparison": "EQUALS"}]}
        found: list[Json] = self._call("GetFindings", place, Filters=filters)["Findings"]
        return found[0] if found else None

    def customer_sets(self, id_: str, workflow: str, place: Place = PLACE) -> None:
        """NEW, NOTIFIED, RESOLVED or SUPPRESSED."""
        named = {"Id": id_, "ProductArn": self.findings[id_]["ProductArn"]}
        done = self._call("BatchUpdateFindings", place, FindingIdentifiers=[named], Workflow={"Status": workflow})
        assert done["ProcessedFindings"]

    def suppressed(self, place: Place, ids: Sequence[str]) -> set[str]:
        if self.unasked:
            raise CallFailed("securityhub:GetFindings", str(place), "ThrottlingException", transient=True)
        assert all(f"/{place}/" in id_ for id_ in ids)
        held = (self.held(id_, place) for id_ in ids)
        by_customer = {each["Id"] for each in held if each and each["Workflow"]["Status"] == "SUPPRESSED"}
        return (self.silent & set(ids)) | by_customer

    def states(self) -> dict[str, tuple[str, str]]:
        """(compliance, record state) by `subject/rule`."""
        return {
            id_.removeprefix(f"outrider/{PLACE}/"): (finding["Compliance"]["Status"], finding["RecordState"])
            for id_, finding in self.findings.items()
        }

    def open(self) -> set[str]:
        return {name for name, state in self.states().items() if state == OPEN}


OPEN, CLOSED, GONE = ("FAILED", "ACTIVE"), ("PASSED", "ARCHIVED"), ("NOT_AVAILABLE", "ARCHIVED")


# --- the world --------------------------------------------------------------------------------------------------------


@dataclass
class Trouble:
    """How calls of an operation fail: `times` of them, after `after` that go well."""

    code: str
    times: int = 10**6
    after: int = 0
    calls: int = 0


@dataclass
class World:
    """One test's AWS, what Outrider told in it, and what is to go wrong."""

    sessions: Sessions
    hub: Hub = field(default_factory=Hub)
    calls: Counter[str] = field(default_factory=Counter)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    heard: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    known: set[str | None] = field(default_factory=set)
    ticks: Iterator[int] = field(default_factory=itertools.count)
    passed: timedelta = timedelta(0)
    services: Services | None = None
    stacks: dict[str, Json] = field(default_factory=dict)
    delays: list[int] = field(default_factory=list)
    """Of the messages that were to be received later, in seconds; here they are there at once."""

    def pass_(self, **time: float) -> None:
        """Let time pass: hours=1."""
        self.passed += timedelta(**time)

    def client(self, service: str) -> Any:
        return self.sessions.client(service, PLACE)

    def now(self) -> datetime:
        return datetime(2026, 11, 23, 12, 0, tzinfo=UTC) + self.passed + timedelta(seconds=next(self.ticks))

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.sessions, TABLE)

    # Outrider's parts.

    def inspector(self, cap: Mode = Mode.REPORT, standard: str | None = None) -> Inspector:
        made = make_inspector(self._settings(cap, standard), self.sessions)
        return replace(made, hub=self.hub, planner=Planner(RULES, cap), now=self.now)  # type: ignore[arg-type] # the hub stands in for the real one

    def remediator(
        self,
        standard: str | None = None,
        repositories: Sequence[str] = (REPOSITORY,),
        cap: Mode = Mode.REGISTER,
    ) -> Remediator:
        made = make_remediator(self._settings(cap, standard), self.sessions)
        return Remediator(
            replace(
                made.parts,
                hub=self.hub,  # type: ignore[arg-type] # as above
                planner=Planner(RULES, cap),
                image_repositories=repositories,
                now=self.now,
            )
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
            remediations_queue=self.queues["remediations.fifo"],
            standard=f"ssm:{STANDARD}" if standard is not None else "",
            mode=cap,
            switch=SWITCH,
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
        """Create or update a service; gives its ARN."""
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName="shop")
        subnets = self.client("ec2").describe_subnets()["Subnets"]
        network = {"awsvpcConfiguration": {"subnets": [subnets[0]["SubnetId"]], "securityGroups": []}}
        given = {"launchType": launch} | ({"platformVersion": platform} if launch == "FARGATE" else {})
        found = ecs.create_service(
            cluster="shop", serviceName=name, taskDefinition=arn, desiredCount=0, networkConfiguration=network, **given
        )
        return str(found["service"]["serviceArn"])

    def trust(self, role: str, service: str = "ecs-tasks.amazonaws.com") -> None:
        self.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=trusting(service))

    def allow(self, role: str, *actions: str) -> None:
        self.client("iam").put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=policy(*actions))

    def look(self, *bodies: str, inspector: Inspector | None = None) -> list[Outcome]:
        """Have inspect take one batch; what it told is in `alerts`, `notices` and `requests` after it."""
        using = inspector or self.inspector()
        outcomes = using.inspect({str(index): body for index, body in enumerate(bodies)})
        return [outcomes[str(index)] for index in range(len(bodies))]

    def sees(self, *bodies: str, inspector: Inspector | None = None) -> None:
        """The same, where no message is to come again."""
        for outcome in self.look(*bodies, inspector=inspector):
            assert not isinstance(outcome, Failed), outcome

    @property
    def alerts(self) -> list[Json]:
        """What the topic `alerts` was told so far, oldest first."""
        return self._drain("alerts-heard")

    @property
    def notices(self) -> list[str]:
        """What the topic `operations` was told so far."""
        return self._drain("operations-heard", parse=False)

    @property
    def requests(self) -> list[Json]:
        """The corrections that were asked for so far."""
        return self._drain("remediations.fifo")

    @property
    def sent_back(self) -> list[Json]:
        """What inspect sent to its own queue so far."""
        return self._drain("changes")

    def _drain(self, queue: str, *, parse: bool = True) -> list[Any]:
        with self.peace():
            self.heard[queue] += self._received(queue, parse=parse)
        return self.heard[queue]

    def _received(self, queue: str, *, parse: bool) -> list[Any]:
        sqs, url, found = self.client("sqs"), self.queues[queue], list[Any]()
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get(
            "Messages"
        ):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                known = message["Attributes"].get("MessageDeduplicationId")
                if known not in self.known:  # SQS remembers for five minutes, moto only while the message is there
                    found.append(json.loads(message["Body"]) if parse else message["Body"])
                self.known |= {known} - {None}
        return found

    def told(self) -> list[tuple[str, str]]:
        """(transition, rule) of each alert, oldest first."""
        return [(alert["transition"], alert["rule"]) for alert in self.alerts]

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
        self.troubles[operation] = Trouble(code, times, after)

    @contextmanager
    def peace(self) -> Iterator[None]:
        """While looking on: nothing fails and nothing is counted."""
        troubles, calls, meanwhile = self.troubles, self.calls, self.meanwhile
        self.troubles, self.calls, self.meanwhile = {}, Counter(), {}
        try:
            yield
        finally:
            self.troubles, self.calls, self.meanwhile = troubles, calls, meanwhile

    def call(  # noqa: C901 - a case for each call that moto answers otherwise
        self, original: Any, client: BaseClient, operation: str, arguments: Json
    ) -> Any:
        """In the place of every call that botocore makes."""
        self.calls[operation] += 1
        if (doing := self.meanwhile.pop(operation, None)) is not None:
            doing()
        trouble = self.troubles.get(operation)
        if trouble is not None:
            trouble.calls += 1
            if trouble.after < trouble.calls <= trouble.after + trouble.times:
                if trouble.code == "ConnectTimeoutError":
                    raise ConnectTimeoutError(endpoint_url=f"https://{CANARY}.example")
                # AWS may repeat in its message what it was sent.
                error = {"Error": {"Code": trouble.code, "Message": f"{arguments} {CANARY}"}}
                raise ClientError(error | {"ResponseMetadata": {"HTTPStatusCode": 400}}, operation)  # type: ignore[arg-type] # as much of it as is read
        if self.services is not None and operation in HANDLED:
            return self.services.answer(operation, arguments, self.now())
        if operation == "SendMessage" and "DelaySeconds" in arguments:  # moto waits by a clock of its own
            self.delays.append(arguments["DelaySeconds"])
            arguments = {name: value for name, value in arguments.items() if name != "DelaySeconds"}
        if operation == "DescribeStacks":  # moto's CloudFormation wants more than is installed here
            return self._stack(arguments["StackName"])
        if operation == "DescribeTaskDefinition" and ":" not in arguments["taskDefinition"]:
            arguments = arguments | {"taskDefinition": self._newest(arguments["taskDefinition"], original, client)}
        answer = original(client, operation, arguments)
        if operation == "DescribeTaskDefinition" and not answer["taskDefinition"].get("requiresCompatibilities"):
            answer["taskDefinition"]["compatibilities"] = [
                "EC2",
                "FARGATE",
            ]  # what ECS finds of these; moto does not look
        if operation == "ListTaskDefinitions" and arguments.get("sort") == "DESC":
            answer["taskDefinitionArns"].sort(key=lambda arn: -int(arn.rpartition(":")[2]))  # as moto does not
        return answer

    def _stack(self, name: str) -> Json:
        if name not in self.stacks:
            error = {"Error": {"Code": "ValidationError", "Message": f"Stack with id {name} does not exist"}}
            raise ClientError(error, "DescribeStacks")  # type: ignore[arg-type] # as much of it as is read
        return {"Stacks": [self.stacks[name]]}

    @staticmethod
    def _newest(family: str, original: Any, client: BaseClient) -> str:
        """A bare family means its newest active revision; moto takes an inactive one for as good."""
        found = original(client, "ListTaskDefinitions", {"familyPrefix": family, "sort": "ASC"})["taskDefinitionArns"]
        return str(found[-1]) if found else f"{family}:0"

    def build(self) -> None:
        """Table, queues, topics, and what the definitions lean on."""
        self.client("dynamodb").create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
        )
        sqs, sns = self.client("sqs"), self.client("sns")
        for name in ("changes", "remediations.fifo", "alerts-heard", "operations-heard"):
            attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
            self.queues[name] = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        for name in ("alerts", "operations"):
            self.topics[name] = sns.create_topic(Name=name)["TopicArn"]
            sns.subscribe(
                TopicArn=self.topics[name],
                Protocol="sqs",
                Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-heard",
                Attributes={"RawMessageDelivery": "true"},
            )
        self.client("ssm").put_parameter(Name=PARAMETER, Value=CONFIG, Type="String")
        self.client("ssm").put_parameter(Name=SWITCH, Value="on", Type="String")
        self.client("logs").create_log_group(logGroupName="/ecs/web")
        for role, actions in (("web-execution", EXECUTION), ("web-task", TASK)):
            self.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
            self.allow(role, *actions)
