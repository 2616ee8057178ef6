"""Generated workloads: realistic parts and odd ones, put together at random."""

from typing import Any

from hypothesis import strategies as st

from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Absent, Fact, Facts, Known, LogGroup, Parameter, Role, Unavailable
from domain.iam import Policy
from domain.places import Place
from domain.standard import Standard
from domain.workload import Workload

ROLE = "arn:aws:iam::123456789012:role/"
PLACE = Place("123456789012", "eu-west-1")
PARAMETER = "/fargate/otel-collector-config"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def optional(members: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with any of these members, in any order."""
    return st.permutations(sorted(members)).flatmap(
        lambda order: st.fixed_dictionaries({}, optional={name: members[name] for name in order})
    )


# Members that no rule knows; the prefix tells them again.
unknown_members = st.dictionaries(st.sampled_from(["x-new", "x-Setting", "x", "x-β"]), json_values, max_size=2)


@st.composite
def _with_unknown(draw: st.DrawFn, members: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    found = list(draw(members).items()) + list(draw(unknown_members).items())
    return dict(draw(st.permutations(found)))


def _entries(content: str, names: list[str], values: list[Any]) -> st.SearchStrategy[list[Any]]:
    entry = st.fixed_dictionaries({"name": st.sampled_from(names), content: st.sampled_from(values)})
    return st.lists(entry, max_size=4)


OTEL = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
    "OTEL_SDK_DISABLED",
    "AOT_CONFIG_CONTENT",
    "OTEL_CONFIG",
    "PASSWORD",
]
VALUES = [
    "http://localhost:4317",
    "http://localhost:4318",
    "http://localhost:4318/v1/traces",
    "localhost:4317",
    "https://127.0.0.1:4318",
    "https://otel.example/",
    "grpc",
    "http/protobuf",
    "service.name=web",
    "service.name=web,deployment.environment=production",
    "true",
    "",
    "receivers: {}",
    PARAMETER,
    1,
    None,
]
SOURCES = [
    PARAMETER,
    f"arn:aws:ssm:eu-west-1:123456789012:parameter{PARAMETER}",
    "/other/otel",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:otel-AbCdEf",
    "arn:aws:s3:::bucket/otel",
    "",
]
CONFIG = """
extensions: {health_check: }
receivers: {otlp: {protocols: {grpc: , http: }}}
exporters: {awsxray: }
service: {extensions: [health_check], pipelines: {traces: {receivers: [otlp], exporters: [awsxray]}}}
"""

amounts = st.sampled_from([0, 64, 128, 256, 512, 1024, 2048, 16384, "256", "512", ".5 vCPU", "2 GB", "{{n}}", None])
names = st.sampled_from(["app", "adot-collector", "otel", "router", "web", "envoy"])
logs = st.one_of(
    st.none(),
    st.sampled_from([[], "awslogs", {}]),
    st.fixed_dictionaries(
        {"logDriver": st.sampled_from(["awslogs", "awslogs", "awsfirelens", "splunk", None])},
        optional={
            "options": _with_unknown(
                optional(
                    {
                        "awslogs-group": st.sampled_from(["/ecs/web", "/ecs/new", "", None]),
                        "awslogs-region": st.sampled_from(["eu-west-1", "eu-central-1", "{{region}}", ""]),
                        "awslogs-stream-prefix": st.sampled_from(["web", ""]),
                        "awslogs-create-group": st.sampled_from(["true", "False", True]),
                    }
                )
            )
        },
    ),
)
images = st.sampled_from(
    [
        "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0",
        "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0",
        "public.ecr.aws/aws-observability/aws-otel-collector:latest",
        "public.ecr.aws/aws-observability/aws-otel-collector@sha256:5f0e1d2c",
        "amazon/aws-otel-collector",
        "amazon/aws-otel-collector:v0.30.0",
        "quay.io/somebody/aws-otel-collector:v0.20",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ecr-public/aws-observability/aws-otel-collector:v0.46.0",
        "${REGISTRY}/aws-otel-collector:${TAG}",
        "otel/opentelemetry-collector-contrib:0.140.0",
        "public.ecr.aws/aws-observability/aws-otel-collector-sample-app:latest",
    ]
)
_commands: list[Any] = [
    ["--config=env:AOT_CONFIG_CONTENT"],
    ["--config", "env:AOT_CONFIG_CONTENT", "--set", "a=b"],
    ["--config=env:OTEL_CONFIG"],
    ["--config=/etc/ecs/ecs-default-config.yaml"],
    ["--config=/etc/ecs/otel-instance-metrics-config.yaml", "--feature-gates=x"],
    ["--config", "https://config.example/otel.yaml"],
    ["--config=yaml:receivers::otlp:", "--config=s3://b/k"],
    ["--config"],
    ["sh", "-c", "/awscollector"],
    ["{{command}}"],
    [],
    "--config=env:AOT_CONFIG_CONTENT",
    None,
    [1, None, {}],
]
commands = st.sampled_from(_commands)

_parts = {
    "essential": st.sampled_from([True, False, False, "false", None]),
    "cpu": amounts,
    "memory": amounts,
    "memoryReservation": amounts,
    "environment": _entries("value", OTEL, VALUES) | st.sampled_from([None, {}, [1, {"name": "A"}]]),
    "secrets": _entries("valueFrom", OTEL, SOURCES),
    "portMappings": st.sampled_from(
        [
            [{"containerPort": 8080}],
            [{"containerPort": 4317, "protocol": "tcp"}],
            [{"containerPort": "8888"}, {"containerPortRange": "2000-2010"}],
            None,
        ]
    ),
    "dependsOn": st.lists(
        st.fixed_dictionaries(
            {
                "containerName": names,
                "condition": st.sampled_from(["START", "COMPLETE", "SUCCESS", "HEALTHY", "healthy", "READY", None]),
            }
        ),
        max_size=2,
    ),
    "healthCheck": st.sampled_from(
        [
            {"command": ["CMD", "/healthcheck"], "interval": 5},
            {"command": ["CMD-SHELL", "curl localhost"]},
            {"command": ["/healthcheck", "-port", "13134"]},
            {"command": ["NONE"]},
            {},
            None,
        ]
    ),
    "restartPolicy": st.sampled_from(
        [
            {"enabled": True},
            {"enabled": False, "ignoredExitCodes": [0]},
            {},
            None,
            "always",
        ]
    ),
    "logConfiguration": logs,
}
collector_parts = _parts | {
    "command": commands,
    "entryPoint": st.sampled_from(
        [
            [],
            ["/awscollector"],
            ["/bin/sh", "-c"],
            ["/awscollector", "--config=/etc/x.yaml"],
            None,
        ]
    ),
    "environmentFiles": st.sampled_from([[], [{"type": "s3", "value": "arn:aws:s3:::b/otel.env"}]]),
}
_application_parts = _parts | {
    "firelensConfiguration": st.sampled_from(
        [
            None,
            None,
            None,
            {"type": "fluentbit"},
            {"type": "fluentbit", "options": {"config-file-type": "s3"}},
        ]
    ),
}


def _container(
    parts: dict[str, st.SearchStrategy[Any]], image: st.SearchStrategy[str]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda name, image, members: {"name": name, "image": image, **members},
        names,
        image,
        _with_unknown(optional(parts)),
    )


collectors = _container(collector_parts, images)
applications = _container(
    _application_parts,
    st.sampled_from(["web:1.4.2", "nginx", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1", "datadog/agent:7"]),
)
receivers = _container(
    _application_parts,
    st.sampled_from(
        [
            "grafana/alloy:v1.11.0",
            "honeycombio/refinery:2.9.0",
            "signoz/signoz-otel-collector:0.88.13",
            "example/otel-collector:1.4.0",
            "example/collector:3",
            "${IMAGE}",
            "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.300055.0b1095",
        ]
    ),
)
"""Containers that are collectors or may be, besides those that most standards want."""


@st.composite
def task_definitions(draw: st.DrawFn) -> dict[str, Any]:
    """A definition that can run on Fargate; its container names are its own, as ECS requires."""
    containers = draw(st.lists(applications, min_size=1, max_size=3)) + draw(st.lists(collectors, max_size=2))
    containers += draw(st.just([]) | st.just([]) | st.lists(receivers, max_size=1))
    containers = list({each["name"]: each for each in draw(st.permutations(containers))}.values())
    members = draw(
        _with_unknown(
            optional(
                {
                    "cpu": st.sampled_from(["256", "512", 1024, "1 vCPU", "4096", "16384", "300", None]),
                    "memory": st.sampled_from(["512", "1024", 2048, "2 GB", "30720", "122880", None]),
                    "networkMode": st.sampled_from(["awsvpc", "awsvpc", "bridge", None]),
                    "executionRoleArn": st.sampled_from([f"{ROLE}web-execution", "web-execution", None]),
                    "taskRoleArn": st.sampled_from([f"{ROLE}web-task", "", None]),
                    "tags": st.sampled_from(
                        [[{"key": "team", "value": "shop"}, {"key": "aws:x", "value": "y"}], [], None]
                    ),
                    "volumes": st.lists(_with_unknown(st.just({"name": "data"})), max_size=1),
                    "runtimePlatform": st.sampled_from([{"operatingSystemFamily": "LINUX"}, None]),
                }
            )
        )
    )
    found = [
        ("family", draw(st.sampled_from(["web", "batch"]))),
        ("requiresCompatibilities", ["FARGATE"]),
        ("containerDefinitions", containers),
        *members.items(),
    ]
    return dict(draw(st.permutations(found)))


services = st.none() | st.fixed_dictionaries(
    {
        "serviceArn": st.just("arn:aws:ecs:eu-west-1:123456789012:service/prod/web"),
        "serviceName": st.just("web"),
        "clusterArn": st.just("arn:aws:ecs:eu-west-1:123456789012:cluster/prod"),
        "launchType": st.just("FARGATE"),
        "platformVersion": st.sampled_from(["LATEST", "1.4.0", "1.3.0", "new", None]),
    },
    optional={"x-new": json_values, "schedulingStrategy": st.sampled_from(["REPLICA", "DAEMON"])},
)

_TRUST = Policy.parse(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    },
    "trust",
    trust=True,
)
_ALL = Policy.parse({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, "all")


def _fact[T](known: T) -> st.SearchStrategy[Fact[T]]:
    # Known thrice: what nobody could read hides what the rules would say.
    states: list[Fact[T]] = [Known(known), Known(known), Known(known), Absent(), Unavailable()]
    return st.sampled_from(states)


def _parameter(text: str, name: str) -> Parameter:
    return Parameter(arn=PLACE.arn("ssm", f"parameter{name}"), name=name, type="String", text=text)


facts = st.builds(
    Facts,
    parameter=_fact(_parameter(CONFIG, PARAMETER)) | _fact(_parameter("receivers: [", PARAMETER)),
    approved_parameter=_fact(_parameter("receivers: {}", PARAMETER)) | _fact(_parameter(CONFIG, PARAMETER)),
    execution_role=_fact(Role(f"{ROLE}web-execution", _TRUST, (_ALL,))),
    task_role=_fact(Role(f"{ROLE}web-task", _TRUST, (_ALL,))),
    log_groups=st.fixed_dictionaries(
        {name: _fact(LogGroup(name)) for name in ("/ecs/web", "/ecs/new", "/ecs/aws-otel-collector")}
    ),
)

_standards: list[dict[str, Any]] = [
    {},
    {},
    {"roles": {"execution": f"{ROLE}default-execution"}},
    {
        "roles": {
            "execution": f"{ROLE}default-execution",
            "task": f"{ROLE}default-task",
        }
    },
    {"collector": {"essential": True, "cpu": 512, "memory": 1024, "minimum_release": "v0.49.0"}},
    {"collector": {"parameters_allowed": ["/fargate/*"], "logging": {"driver": "awsfirelens"}}},
    {"collector": {"also": ["otel/*"], "repositories": ["*.dkr.ecr.*/*"], "cpu": 0, "memory": 6}},
    {
        "collector": {
            "kind": "cloudwatch-agent",
            "image": "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.300055.0b1095",
        }
    },
    {
        "collectors": [
            {"where": {"family": "batch"}, "kind": "none"},
            {"where": {"tags": {"team": "*"}}, "kind": "own", "image": "example/otel-collector:1.4.0", "user": "10001"},
        ]
    },
    {"applications": {"cpu_floor": 0, "memory_floor": 4096, "require_endpoint": True, "environment": "test"}},
]
standards = st.sampled_from(_standards).map(lambda members: Standard.model_validate({"version": 1, **members}))


@st.composite
def workloads(draw: st.DrawFn) -> tuple[Workload, Standard]:
    """A workload and the standard that it is judged by."""
    standard, service = draw(standards), draw(services)
    workload = Workload(
        place=PLACE,
        task=TaskDefinition(draw(task_definitions())),
        service=Service(service) if service is not None else None,
        facts=draw(facts),
        kinds=standard.kind_of,
    )
    return workload, standard
