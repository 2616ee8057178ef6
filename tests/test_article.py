"""The article that this project began with: its task definition, configuration and roles, judged.

Where it differs from the truth, the verdicts say so; where it is only untidy (a health check that nobody asks, a right
that nothing uses), they say nothing.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import engine
from domain.drift import Drift, Grant, Safety
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Facts, Known, LogGroup, Newest, Parameter, Role, RunningContainer, RunningTask
from domain.iam import Policy
from domain.places import Place
from domain.severity import Severity
from domain.standard import Standard
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict
from domain.workload import Workload
from rules import CATALOGUE

PLACE = Place("123456789012", "us-east-1")
NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
STANDARD = Standard.model_validate({"version": 1})
FAMILY = "my-fargate-task"
REVISION = PLACE.arn("ecs", f"task-definition/{FAMILY}:1")
OPTIONS_UNKNOWN = "configuration: The image names no ADOT release, so its options are not known."
ROLE_ARN = f"arn:aws:iam::{PLACE.account}:role/"

CONFIGURATION = """\
extensions:
  health_check:
receivers:
  awsecscontainermetrics:
    collection_interval: 20s
  otlp:
    protocols:
      grpc: {endpoint: 0.0.0.0:4317}
      http: {endpoint: 0.0.0.0:4318}
processors:
  batch/metrics: {timeout: 60s}
  batch/traces: {timeout: 1s}
  filter:
    metrics:
      include:
        match_type: strict
        metric_names:
          - ecs.task.memory.utilized
          - ecs.task.memory.limit
          - ecs.task.cpu.utilized
          - ecs.task.cpu.limit
          - ecs.task.network.rate.rx
exporters:
  awsemf: {namespace: ECS/Fargate, log_group_name: /ecs/fargate-metrics}
  awsxray:
service:
  extensions: [health_check]
  pipelines:
    metrics: {receivers: [awsecscontainermetrics], processors: [filter, batch/metrics], exporters: [awsemf]}
    traces: {receivers: [otlp], processors: [batch/traces], exporters: [awsxray]}
"""


def _logs(prefix: str) -> dict[str, Any]:
    options = {"awslogs-group": "/ecs/my-fargate-task", "awslogs-region": "us-east-1", "awslogs-stream-prefix": prefix}
    return {"logDriver": "awslogs", "options": options}


TASK = {
    "taskDefinitionArn": REVISION,
    "family": FAMILY,
    "status": "ACTIVE",
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "512",
    "memory": "1024",
    "executionRoleArn": f"{ROLE_ARN}execution",
    "taskRoleArn": f"{ROLE_ARN}task",
    "containerDefinitions": [
        {
            "name": "my-application",
            "image": f"{PLACE.account}.dkr.ecr.us-east-1.amazonaws.com/my-application:1.0.0",
            "essential": True,
            "environment": [
                {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://localhost:4318"},
                {
                    "name": "OTEL_RESOURCE_ATTRIBUTES",
                    "value": "service.name=my-application,deployment.environment=production",
                },
            ],
            "logConfiguration": _logs("application"),
        },
        {
            "name": "adot-collector",
            "image": "public.ecr.aws/aws-observability/aws-otel-collector:latest",
            "essential": False,
            "command": ["--config=env:AOT_CONFIG_CONTENT"],
            "secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/fargate/otel-collector-config"}],
            "portMappings": [{"containerPort": 4317}, {"containerPort": 4318}],
            "logConfiguration": _logs("collector"),
        },
    ],
}


def _role(name: str, *actions: str) -> Known[Role]:
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return Known(
        Role(
            f"{ROLE_ARN}{name}",
            Policy.parse({"Statement": [trust]}, "trust", trust=True),
            (Policy.parse({"Statement": [allow]}, "policy"),),
        )
    )


def _parameter(text: str = CONFIGURATION) -> Known[Parameter]:
    name = "/fargate/otel-collector-config"
    return Known(
        Parameter(
            arn=PLACE.arn("ssm", f"parameter{name}"),
            name=name,
            type="String",
            text=text,
            modified=datetime(2026, 7, 20, tzinfo=UTC),
        )
    )


FACTS = Facts(
    parameter=_parameter(),
    execution_role=_role(
        "execution",
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "ssm:GetParameters",
        "secretsmanager:GetSecretValue",
    ),
    task_role=_role(
        "task",
        "logs:PutLogEvents",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:DescribeLogGroups",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "cloudwatch:PutMetricData",
    ),
    log_groups={"/ecs/my-fargate-task": Known(LogGroup("/ecs/my-fargate-task"))},
)
ARTICLE = Workload(place=PLACE, task=TaskDefinition(TASK), facts=FACTS, read_at=NOW)

PINNED = "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"


def _drifts(workload: Workload, standard: Standard = STANDARD) -> dict[str, list[tuple[str, str]]]:
    """By rule, severity and code of each drift; of an Unknown its reasons, without a severity."""
    verdicts = engine.evaluate(workload, standard, CATALOGUE)
    return {verdict.rule: said for verdict in verdicts if (said := list(_said(verdict)))}


def _found(workload: Workload, rule: str) -> tuple[Drift, ...]:
    verdicts = engine.evaluate(workload, STANDARD, CATALOGUE)
    return next(verdict.drifts for verdict in verdicts if isinstance(verdict, Drifted) and verdict.rule == rule)


def _said(verdict: Verdict) -> Iterator[tuple[str, str]]:
    match verdict:
        case Drifted(drifts=drifts) | Compliant(notes=drifts):
            yield from ((str(drift.severity), str(drift.code)) for drift in drifts)
        case Unknown(reasons=reasons):
            yield from (("", reason) for reason in reasons)
        case Exempt():
            pass


def _with_collector(workload: Workload, **members: object) -> Workload:
    collector = workload.collector
    assert collector is not None
    return workload.with_container(collector.with_(**members))


def _with_facts(workload: Workload, **facts: object) -> Workload:
    return replace(workload, facts=replace(workload.facts, **facts))  # type: ignore[arg-type]  # by name, as the tests need


def _running(started: datetime) -> Known[tuple[RunningTask, ...]]:
    containers = (RunningContainer("my-application", "RUNNING"), RunningContainer("adot-collector", "RUNNING"))
    return Known((RunningTask(PLACE.arn("ecs", "task/default/1"), REVISION, started, containers),))


def _in_service(workload: Workload, platform: str, started: datetime) -> Workload:
    service = Service(
        {
            "serviceArn": PLACE.arn("ecs", "service/default/my-service"),
            "serviceName": "my-service",
            "clusterArn": PLACE.arn("ecs", "cluster/default"),
            "status": "ACTIVE",
            "launchType": "FARGATE",
            "platformVersion": platform,
            "taskDefinition": REVISION,
        }
    )
    return _with_facts(replace(workload, service=service), running=_running(started), newest=Known(Newest(REVISION)))


def test_the_article_s_task_gets_these_verdicts_and_no_others() -> None:
    assert _drifts(ARTICLE) == {
        "sidecar.image-pinned": [("MEDIUM", "image-floating")],
        "sidecar.restart-policy": [("LOW", "no-restart")],
        "sidecar.resources": [("LOW", "nothing-reserved")],
        "application.otlp-protocol": [("INFORMATIONAL", "protocol-unset")],
        **{rule: [("", OPTIONS_UNKNOWN)] for rule in ("config.options", "config.values", "config.signals")},
        "config.components": [
            (
                "",
                "containers/adot-collector/image: The image names no ADOT release, so its components are not known.",
            )
        ],
        "config.otlp": [("INFORMATIONAL", "signal-dropped"), ("INFORMATIONAL", "signal-dropped")],
        "config.metric-names": [("MEDIUM", "metric-unknown"), ("MEDIUM", "metric-unknown")],
        "config.protection": [("LOW", "memory-unlimited")],
    }


def test_its_fix_leaves_what_the_configuration_alone_can_fix() -> None:
    """256 CPU units and 512 MiB fit into its task of 512 and 1024; but its application reserves no CPU."""
    settled = engine.settle(ARTICLE, STANDARD, CATALOGUE)
    plan = engine.plan(settled, settled.after, STANDARD, CATALOGUE)

    assert plan.fixes == ("sidecar.image-pinned", "sidecar.restart-policy", "sidecar.resources")
    assert plan.safety is Safety.REVIEW
    assert [remark.code for repair in plan.repairs for remark in repair.reasons] == ["no-cpu-share"]
    assert [(change.where, change.before, change.after) for change in plan.changes] == [
        (
            "containers/adot-collector/image",
            "public.ecr.aws/aws-observability/aws-otel-collector:latest",
            PINNED,
        ),
        ("containers/adot-collector/restartPolicy/enabled", None, "true"),
        ("containers/adot-collector/cpu", None, "256"),
        ("containers/adot-collector/memoryReservation", None, "512"),
    ]
    left = {rule for rule, said in _drifts(plan.after).items() if any(word != "INFORMATIONAL" for word, _ in said)}
    assert left == {"config.metric-names", "config.protection"}


def test_an_application_that_sends_metrics_and_logs_drifts_where_they_are_lost() -> None:
    """The article has its configuration take all three by OTLP; it takes traces only."""
    application = ARTICLE.applications[0]
    sending = application.with_variable("OTEL_METRICS_EXPORTER", "otlp").with_variable("OTEL_LOGS_EXPORTER", "otlp")
    assert _drifts(ARTICLE.with_container(sending))["config.otlp"] == [
        ("LOW", "signal-dropped"),
        ("LOW", "signal-dropped"),
    ]


def test_the_right_to_put_metric_data_is_not_missed() -> None:
    """Awsemf writes log events. Nothing is said of the right where it is there, and nothing where it is not."""
    bare = _role(
        "task",
        "logs:PutLogEvents",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    )
    assert _drifts(_with_facts(ARTICLE, task_role=bare)) == _drifts(ARTICLE)


def test_prometheus_needs_remote_write_alone() -> None:
    """The article gives four actions of aps."""
    text = CONFIGURATION.replace(
        "  awsemf: {namespace: ECS/Fargate, log_group_name: /ecs/fargate-metrics}\n",
        "  prometheusremotewrite:\n"
        "    endpoint: https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write\n"
        "    auth: {authenticator: sigv4auth}\n",
    )
    text = text.replace("health_check:\n", "health_check:\n  sigv4auth: {region: us-east-1}\n")
    text = text.replace("[health_check]", "[health_check, sigv4auth]").replace("[awsemf]", "[prometheusremotewrite]")
    without = _with_facts(ARTICLE, parameter=_parameter(text))
    [drift] = _found(without, "identity.task-role")
    assert (drift.code, drift.severity) == ("not-allowed", Severity.HIGH)
    assert drift.grants == (Grant("task", "aps:RemoteWrite", "arn:aws:aps:us-east-1:123456789012:workspace/ws-1"),)
    role = _role("task", "aps:RemoteWrite", "xray:PutTraceSegments", "xray:PutTelemetryRecords")
    assert "identity.task-role" not in _drifts(_with_facts(without, task_role=role))


def test_a_health_check_extension_that_nobody_asks_is_nothing_and_one_that_is_asked_must_be_able_to_answer() -> None:
    asked = {"command": ["CMD", "/healthcheck"], "interval": 30}
    assert "sidecar.health-check" not in _drifts(ARTICLE)
    assert "sidecar.health-check" not in _drifts(_with_collector(ARTICLE, healthCheck=asked))
    curl = {"command": ["CMD-SHELL", "curl -f http://localhost:13133/ || exit 1"]}
    assert _drifts(_with_collector(ARTICLE, healthCheck=curl))["sidecar.health-check"] == [("LOW", "no-shell")]


def test_a_collector_that_is_not_essential_is_right_unless_the_standard_wants_otherwise() -> None:
    strict = Standard.model_validate({"version": 1, "collector": {"essential": True}})
    assert "sidecar.not-essential" not in _drifts(ARTICLE)
    assert [word for word, _ in _drifts(ARTICLE, strict)["sidecar.not-essential"]] == ["MEDIUM"]


def test_an_old_platform_is_high_because_the_collector_does_not_start_there() -> None:
    fresh = datetime(2026, 7, 25, tzinfo=UTC)
    assert not any(rule.startswith("service.") for rule in _drifts(_in_service(ARTICLE, "1.4.0", fresh)))
    assert _drifts(_in_service(ARTICLE, "1.3.0", fresh))["service.platform-version"] == [("HIGH", "platform-too-old")]


def test_tasks_older_than_their_configuration_still_have_the_old_one() -> None:
    """The article has a change of the parameter reach tasks without a deployment; they read it when they start."""
    assert _drifts(_in_service(ARTICLE, "1.4.0", datetime(2026, 7, 1, tzinfo=UTC)))["service.config-fresh"] == [
        ("MEDIUM", "tasks-stale")
    ]
