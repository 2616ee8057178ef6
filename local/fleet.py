"""A sample fleet: the task definitions, roles, parameters and services of a small company, some right and some not.

The demo and the end-to-end tests put it on the local cloud; the functions take any boto3 clients. Nothing here is
secret; what looks like a secret is there so that tests can search for it where it must not appear.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

type Clients = Callable[[str], Any]  # a service's name → its boto3 client, as Cloud.client
type Json = dict[str, Any]

COLLECTOR_IMAGE = "public.ecr.aws/aws-observability/aws-otel-collector"
PARAMETER = "/fargate/otel-collector-config"
CLUSTER = "shop"
CANARY = "canary-4f1d9c0b7e"  # only in environment values

COLLECTOR_CONFIG = """\
extensions:
  health_check:
receivers:
  awsecscontainermetrics:
    collection_interval: 20s
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
      http:
        endpoint: 0.0.0.0:4318
processors:
  memory_limiter:
    check_interval: 1s
    limit_percentage: 80
    spike_limit_percentage: 25
  batch:
    timeout: 10s
  filter:
    metrics:
      include:
        match_type: strict
        metric_names:
          - ecs.task.memory.utilized
          - ecs.task.memory.reserved
          - ecs.task.cpu.utilized
          - ecs.task.cpu.reserved
exporters:
  awsemf:
    namespace: Shop/Fargate
    log_group_name: /ecs/otel/metrics
  awsxray:
service:
  extensions: [health_check]
  pipelines:
    metrics:
      receivers: [awsecscontainermetrics]
      processors: [memory_limiter, filter, batch]
      exporters: [awsemf]
    traces:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [awsxray]
"""

# A list where a mapping is expected: the collector would not start with it.
BROKEN_CONFIG = "receivers:\n  otlp:\n    protocols:\n      grpc:\n - exporters: [awsxray]\n"

_ECR = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
)
_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
_XRAY = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role that ECS tasks may assume, with one inline policy."""

    name: str
    actions: tuple[str, ...]
    about: str


ROLES = (
    Role(
        "shop-execution",
        (*_ECR, *_LOGS, "ssm:GetParameters", "secretsmanager:GetSecretValue"),
        "starts any task of the fleet",
    ),
    Role("shop-task", (*_LOGS, "logs:CreateLogGroup", *_XRAY), "lets the collector write metrics and traces"),
    Role(
        "my-fargate-execution",
        (*_ECR, *_LOGS, "ssm:GetParameters", "secretsmanager:GetSecretValue"),
        "as the article gives it",
    ),
    Role(
        "my-fargate-task",
        (*_LOGS, "logs:CreateLogGroup", *_XRAY, "cloudwatch:PutMetricData"),
        "as the article gives it, with a right that nothing uses",
    ),
    Role("inventory-execution", (*_ECR, *_LOGS), "may not read the collector's configuration"),
    Role("inventory-task", _LOGS, "may not send traces"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A task definition as RegisterTaskDefinition accepts it, and what a person should know about it."""

    family: str
    about: str
    definition: Json


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the fleet, on the cluster `shop`."""

    name: str
    family: str
    platform_version: str = "LATEST"
    desired: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)


SERVICES = (
    Service("catalog", "catalog", desired=2),
    Service("checkout", "checkout", desired=3),
    Service("payments", "payments", desired=2),
    Service("inventory", "inventory", platform_version="1.3.0"),
)


def samples(account: str = "123456789012", region: str = "us-east-1") -> tuple[Sample, ...]:
    """The fleet's task definitions, in the order of the demo."""

    def role(name: str) -> str:
        return f"arn:aws:iam::{account}:role/{name}"

    def image(name: str) -> str:
        return f"{account}.dkr.ecr.{region}.amazonaws.com/{name}"

    def logs(family: str, prefix: str) -> Json:
        options = {"awslogs-group": f"/ecs/{family}", "awslogs-region": region, "awslogs-stream-prefix": prefix}
        return {"logDriver": "awslogs", "options": options}

    def definition(family: str, cpu: int, memory: int, roles: str, containers: list[Json], **tags: str) -> Json:
        named = [{"key": key.replace("_", "-"), "value": value} for key, value in tags.items()]
        return {
            "family": family,
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": str(cpu),
            "memory": str(memory),
            "executionRoleArn": role(f"{roles}-execution"),
            "taskRoleArn": role(f"{roles}-task"),
            "containerDefinitions": containers,
        } | ({"tags": named} if named else {})

    def application(family: str, tag: str, **environment: str) -> Json:
        return {
            "name": family,
            "image": f"{image(family)}:{tag}",
            "cpu": 256,
            "memoryReservation": 256,
            "essential": True,
            "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
            "environment": [{"name": name, "value": value} for name, value in environment.items()],
            "logConfiguration": logs(family, "application"),
        }

    otlp_ports = [{"containerPort": 4317, "protocol": "tcp"}, {"containerPort": 4318, "protocol": "tcp"}]
    from_parameter = [{"name": "AOT_CONFIG_CONTENT", "valueFrom": PARAMETER}]

    def good_collector(family: str) -> Json:
        return {
            "name": "adot-collector",
            "image": f"{COLLECTOR_IMAGE}:v0.49.0",
            "cpu": 256,
            "memoryReservation": 512,
            "essential": False,
            "restartPolicy": {"enabled": True, "restartAttemptPeriod": 60},
            "command": ["--config=env:AOT_CONFIG_CONTENT"],
            "portMappings": otlp_ports,
            "secrets": from_parameter,
            "logConfiguration": logs(family, "collector"),
        }

    def telemetry(name: str, endpoint: str) -> dict[str, str]:
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf" if endpoint.endswith("4318") else "grpc",
            "OTEL_RESOURCE_ATTRIBUTES": f"service.name={name},deployment.environment=production",
        }

    article_application = application(
        "my-fargate-task",
        "1.4.2",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4318",
        OTEL_RESOURCE_ATTRIBUTES="service.name=my-application,deployment.environment=production",
    ) | {"name": "my-application", "image": f"{image('my-application')}:1.4.2"}
    article_collector = {
        "name": "adot-collector",
        "image": f"{COLLECTOR_IMAGE}:latest",
        "essential": False,
        "command": ["--config=env:AOT_CONFIG_CONTENT"],
        "portMappings": otlp_ports,
        "secrets": from_parameter,
        "logConfiguration": logs("my-fargate-task", "collector"),
    }
    wrong_collector = {
        "name": "adot-collector",
        "image": COLLECTOR_IMAGE,  # 1: no tag
        # 2: essential, by leaving it out; 3: nothing reserved
        "environment": [{"name": "AOT_CONFIG_CONTENT", "value": COLLECTOR_CONFIG}],  # 4: not from the parameter
        "portMappings": otlp_ports,
        "logConfiguration": logs("payments", "collector"),
    }
    return (
        Sample(
            "my-fargate-task",
            "copied from an AWS article",
            definition("my-fargate-task", 512, 1024, "my-fargate", [article_application, article_collector]),
        ),
        Sample(
            "checkout",
            "without a collector",
            definition(
                "checkout",
                1024,
                2048,
                "shop",
                [application("checkout", "2026.11.3", DATABASE_PASSWORD=CANARY, LOG_LEVEL="info")],
                team="checkout",
                cost_center="4711",
            ),
        ),
        Sample(
            "payments",
            "whose collector has five mistakes",
            definition(
                "payments",
                1024,
                2048,
                "shop",
                [
                    # 5: no scheme
                    application("payments", "7.0.1", API_TOKEN=CANARY, **telemetry("payments", "localhost:4318")),
                    wrong_collector,
                ],
                team="payments",
            ),
        ),
        Sample(
            "catalog",
            "compliant",
            definition(
                "catalog",
                1024,
                2048,
                "shop",
                [
                    application("catalog", "3.2.0", **telemetry("catalog", "http://localhost:4318")),
                    good_collector("catalog"),
                ],
                team="catalog",
            ),
        ),
        Sample(
            "inventory",
            "whose roles lack permissions, on a retired platform version",
            definition(
                "inventory",
                1024,
                2048,
                "inventory",
                [
                    application("inventory", "1.0.9", **telemetry("inventory", "http://localhost:4317")),
                    good_collector("inventory"),
                ],
                team="inventory",
            ),
        ),
        Sample(
            "nightly-report",
            "on EC2, so not in scope",
            {
                "family": "nightly-report",
                "requiresCompatibilities": ["EC2"],
                "networkMode": "bridge",
                "containerDefinitions": [
                    {"name": "report", "image": f"{image('report')}:12", "memory": 512, "essential": True}
                ],
            },
        ),
    )


def create_dependencies(client: Clients) -> None:
    """Create what the definitions depend on: cluster, roles, log groups, the configuration. Once per cloud."""
    client("ecs").create_cluster(clusterName=CLUSTER)
    iam, trust = client("iam"), trusting("ecs-tasks.amazonaws.com")
    for role in ROLES:
        iam.create_role(RoleName=role.name, AssumeRolePolicyDocument=trust, Description=role.about)
        allow(iam, role.name, role.actions)
    for sample in samples():
        client("logs").create_log_group(logGroupName=f"/ecs/{sample.family}")
    client("logs").create_log_group(logGroupName="/ecs/otel/metrics")
    client("ssm").put_parameter(
        Name=PARAMETER,
        Value=COLLECTOR_CONFIG,
        Type="String",
        Description="The collector's configuration, of every task of the shop",
    )


def trusting(service: str) -> str:
    """The trust policy of a role that a service may assume."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(iam: Any, role: str, actions: Iterable[str]) -> None:
    """Allow a role these actions, and no others."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=policy)


def register(client: Clients, sample: Sample) -> str:
    """Register the definition; returns the new revision's ARN."""
    answer = client("ecs").register_task_definition(**sample.definition)
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def request(service: Service) -> Json:
    """CreateService of a service on its family's newest revision, with a circuit breaker that rolls back."""
    return {
        "cluster": CLUSTER,
        "serviceName": service.name,
        "taskDefinition": service.family,
        "desiredCount": service.desired,
        "launchType": "FARGATE",
        "platformVersion": service.platform_version,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"], "assignPublicIp": "DISABLED"}},
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        **service.settings,
    }


def start(client: Clients, service: Service) -> str:
    """Start a service; returns its ARN."""
    return str(client("ecs").create_service(**request(service))["service"]["serviceArn"])
