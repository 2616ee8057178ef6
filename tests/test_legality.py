"""What ECS and Fargate refuse, case by case, and that nothing else is refused."""

import json
from typing import Any

import pytest

from domain.ecs.task_definition import TaskDefinition
from tests.corpus import CORPUS, corpus
from tests.legality import illegal

ROLE = "arn:aws:iam::123456789012:role/web-execution"
LOGS = {"awslogs-group": "/ecs/web", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "web"}
SECRET = {"name": "TOKEN", "valueFrom": "/web/token"}


def task(members: dict[str, Any] | None = None, /, *containers: dict[str, Any]) -> TaskDefinition:
    """One that is legal, but for what is given; None takes a member out."""
    found: dict[str, Any] = {
        "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "512",
        "memory": "1024", "executionRoleArn": ROLE,
        "containerDefinitions": [{"name": "app", "image": "web:1"}, *containers],
    }  # fmt: skip
    found |= members or {}
    return TaskDefinition({name: value for name, value in found.items() if value is not None})


def app(**members: Any) -> dict[str, Any]:
    return {"containerDefinitions": [{"name": "app", "image": "web:1", **members}]}


def other(**members: Any) -> dict[str, Any]:
    return {"name": "other", "image": "other:1", "essential": False, **members}


ILLEGAL: list[tuple[TaskDefinition, str]] = [
    (task({"family": "web shop"}), "The family's name is not one to 255 letters, digits, underscores and hyphens."),
    (task({"family": "w" * 256}), "The family's name is not one to 255 letters, digits, underscores and hyphens."),
    (task({"containerDefinitions": []}), "It has 0 containers; one to 10 are allowed."),
    (task({}, *(other(name=f"c{n}") for n in range(10))), "It has 11 containers; one to 10 are allowed."),
    (task(app(essential=False)), "None of its containers is essential; at least one must be."),
    (
        task(app(name="a.b")),
        "A container's name (a.b) is not one to 255 letters, digits, underscores and hyphens.",
    ),
    (task({}, other(name="app")), "2 containers are called app."),
    (task(app(image="")), "app has no image."),
    (task(app(image="w" * 256)), "The image of app has more than 255 characters."),
    (task(app(command=["x" * 65_536])), "It has 65778 bytes; 65536 are allowed."),
    (task(app(memory=128, memoryReservation=256)), "app reserves 256 MiB of memory and may use only 128."),
    (
        task(app(environmentFiles=[{"type": "s3", "value": f"arn:{n}.env"} for n in range(11)])),
        "app has more than 10 environment files.",
    ),
    (
        task(app(secrets=[SECRET], environment=[{"name": "TOKEN", "value": "x"}])),
        "app sets TOKEN as a secret and once more; the name of a secret must be unique.",
    ),
    (
        task(app(secrets=[SECRET, SECRET])),
        "app sets TOKEN as a secret and once more; the name of a secret must be unique.",
    ),
    (
        task(app(secrets=[SECRET]) | {"executionRoleArn": None}),
        "It has secrets and no execution role that could read them.",
    ),
    (task(app(mountPoints=[{"sourceVolume": "x"}])), "app mounts the volume x, which the task does not have."),
    (
        task(app(volumesFrom=[{"sourceContainer": "x"}])),
        "app takes the volumes of x, which is no container of the task.",
    ),
    (
        task(app(logConfiguration={"logDriver": "awsfirelens"})),
        "A container logs by awsfirelens, and none has a firelensConfiguration.",
    ),
    (
        task(app(firelensConfiguration={"type": "fluentbit"})),
        "A container has a firelensConfiguration, and none logs by awsfirelens.",
    ),
    (
        task({"tags": [{"key": f"k{n}", "value": ""} for n in range(51)]}),
        "It has 51 tags; 50 are allowed.",
    ),
    (task({"tags": [{"key": "k"}, {"key": "k"}]}), "2 tags have the key k."),
    (task({"tags": [{"key": ""}]}), "The key of a tag () has 0 characters; one to 128 are allowed."),
    (
        task({"tags": [{"key": "k", "value": "v" * 257}]}),
        "The value of the tag k has 257 characters; 256 are allowed.",
    ),
    (
        task({}, other(dependsOn=[{"containerName": "app", "condition": "READY"}])),
        "other waits for app to be READY, which is no condition.",
    ),
    (
        task({}, other(dependsOn=[{"containerName": "x", "condition": "START"}])),
        "other waits for x, which is no container of the task.",
    ),
    (
        task({}, other(dependsOn=[{"containerName": "app", "condition": "SUCCESS"}])),
        "other waits for app to end (SUCCESS), and app is essential.",
    ),
    (
        task({}, other(dependsOn=[{"containerName": "app", "condition": "HEALTHY"}])),
        "other waits for app to be HEALTHY, and app has no health check.",
    ),
    (task(app(healthCheck={"command": []})), "The health check of app has no command."),
    *[
        (
            task(app(healthCheck={"command": ["CMD", "x"], member: number})),
            f"The health check of app has the {member} {number}; {low} to {high} are allowed.",
        )
        for member, low, high in (("interval", 5, 300), ("timeout", 2, 60), ("retries", 1, 10), ("startPeriod", 0, 300))
        for number in (low - 1, high + 1)
    ],
    (
        task(app(restartPolicy={"ignoredExitCodes": []})),
        "The restart policy of app does not say whether it is enabled.",
    ),
    (
        task(app(restartPolicy={"enabled": True, "restartAttemptPeriod": 59})),
        "The restart policy of app has the restartAttemptPeriod 59; 60 to 1800 are allowed.",
    ),
    (
        task(app(restartPolicy={"enabled": True, "ignoredExitCodes": list(range(51))})),
        "The restart policy of app ignores more than 50 exit codes.",
    ),
    # Fargate's own.
    (task({"networkMode": "bridge"}), "Its network mode is bridge; Fargate has awsvpc only."),
    (task({"networkMode": None}), "Its network mode is bridge; Fargate has awsvpc only."),
    (
        task({"placementConstraints": [{"type": "memberOf"}]}),
        "It has placementConstraints, which Fargate does not support.",
    ),
    (task({"ipcMode": "task"}), "It has an ipcMode, which Fargate does not support."),
    (task({"pidMode": "host"}), "Its pidMode is not task, the only one that Fargate has."),
    (
        task({"ephemeralStorage": {"sizeInGiB": 201}}),
        "The ephemeral storage has the sizeInGiB 201; 21 to 200 are allowed.",
    ),
    (
        task({"volumes": [{"name": "v", "host": {"sourcePath": "/x"}}]}),
        "The volume v has a host path (sourcePath), which Fargate does not support.",
    ),
    (
        task({"volumes": [{"name": "v", "dockerVolumeConfiguration": {"scope": "task"}}]}),
        "The volume v is Docker's (dockerVolumeConfiguration), which Fargate does not support.",
    ),
    (
        task(app(logConfiguration={"logDriver": "awslogs", "options": LOGS}) | {"executionRoleArn": ""}),
        "app logs by awslogs, and without an execution role Fargate cannot.",
    ),
    (
        task(app(image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1") | {"executionRoleArn": None}),
        "The image of app is in ECR, and without an execution role Fargate cannot pull it.",
    ),
    (
        task(app(portMappings=[{"containerPort": 8080, "hostPort": 80}])),
        "app maps the host port 80 to 8080; on Fargate both are the same.",
    ),
    (task(app(portMappings=[{"containerPort": 70_000}])), "app maps the port 70000, which there is not."),
    (
        task(
            {
                "containerDefinitions": [
                    {"name": "app", "image": "web:1", "portMappings": [{"containerPort": 80}]},
                    other(portMappings=[{"containerPort": 80, "protocol": "tcp"}]),
                ]
            }
        ),
        "The port 80 (tcp) is mapped 2 times; once in a task is allowed.",
    ),
    (task({"cpu": None}), "It has no CPU and memory of the task's own, which Fargate requires."),
    (task({"memory": "512"}), "512 CPU units and 512 MiB is no size that Fargate has."),
    (
        task({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}),
        "It has 512 CPU units; Windows needs at least 1024 on Fargate.",
    ),
    (task(app(cpu=513)), "Its containers reserve 513 CPU units, and the task has 512."),
    (task(app(memoryReservation=1025)), "Its containers reserve 1025 MiB of memory, and the task has 1024."),
    (
        task(app(memory=1025, memoryReservation=512)),
        "app may use 1025 MiB of memory, and the task has 1024.",
    ),
    *[
        (task(app(**{member: value})), f"app has {member}, which Fargate does not support.")
        for member, value in (
            ("links", ["db"]),
            ("privileged", True),
            ("extraHosts", [{"hostname": "h", "ipAddress": "10.0.0.1"}]),
            ("hostname", "h"),
            ("dockerSecurityOptions", ["no-new-privileges"]),
        )
    ],
    *[
        (
            task(app(linuxParameters={member: value})),
            f"app has linuxParameters/{member}, which Fargate does not support.",
        )
        for member, value in (
            ("devices", [{"hostPath": "/dev/x"}]),
            ("sharedMemorySize", 64),
            ("maxSwap", 64),
            ("swappiness", 60),
        )
    ],
    (
        task(app(linuxParameters={"capabilities": {"add": ["NET_ADMIN"]}})),
        "app adds kernel capabilities; Fargate lets only SYS_PTRACE be added.",
    ),
    (
        task(app(resourceRequirements=[{"type": "GPU", "value": "1"}])),
        "app asks for a GPU, which Fargate does not have.",
    ),
    (task(app(startTimeout=1)), "app has the startTimeout 1; 2 to 120 are allowed."),
    (task(app(stopTimeout=121)), "app has the stopTimeout 121; 0 to 120 are allowed."),
    (
        task(app(logConfiguration={"logDriver": "json-file"})),
        "app logs by json-file; Fargate has awslogs, splunk, awsfirelens.",
    ),
    (
        task(app(logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web"}})),
        "app logs by awslogs without awslogs-region and awslogs-stream-prefix, which Fargate requires.",
    ),
]

LEGAL: dict[str, TaskDefinition] = {
    "the plain one": task(),
    "amounts in words": task({"cpu": ".5 vCPU", "memory": "1 GB"}),
    "a limit as large as its reservation": task(app(memory=256, memoryReservation=256)),
    "containers that take the whole task": task(app(cpu=512, memory=1024)),
    "limits that together are larger than the task": task(
        {"containerDefinitions": [
            {"name": "app", "image": "web:1", "memory": 1024, "memoryReservation": 256},
            other(memory=1024, memoryReservation=256),
        ]}
    ),
    "a digest beyond 255 characters": task(app(image=f"{'w' * 250}@sha256:{'0' * 64}")),
    "ten containers": task({}, *(other(name=f"c{n}") for n in range(9))),
    "60 KB": task(app(environment=[{"name": "LARGE", "value": "x" * 60_000}])),
    "fifty tags, and those of AWS": task(
        {"tags": [{"key": f"k{n}"} for n in range(50)] + [{"key": "aws:cloudformation:stack-name", "value": "s"}]}
    ),
    "one port by both protocols": task(
        app(portMappings=[{"containerPort": 53}, {"containerPort": 53, "protocol": "udp", "hostPort": 53}])
    ),
    "a host port that is left to ECS": task(app(portMappings=[{"containerPort": 80, "hostPort": 0}])),
    "a range of ports": task(app(portMappings=[{"containerPortRange": "2000-2010"}])),
    "what is there and off": task(
        app(privileged=False, links=[], hostname="", linuxParameters={"maxSwap": 0, "capabilities": {"add": []}})
    ),
    "SYS_PTRACE": task(app(linuxParameters={"capabilities": {"add": ["SYS_PTRACE"], "drop": ["ALL"]}})),
    "tmpfs": task(app(linuxParameters={"tmpfs": [{"containerPath": "/t", "size": 16}]})),
    "a bind mount": task(app(mountPoints=[{"sourceVolume": "v"}]) | {"volumes": [{"name": "v", "host": {}}]}),
    "a shared process namespace": task({"pidMode": "task"}),
    "one that waits for what ends": task(
        {"containerDefinitions": [
            {"name": "app", "image": "web:1", "dependsOn": [{"containerName": "other", "condition": "SUCCESS"}]},
            other(),
        ]}
    ),
    "a public image and no execution role": task({"executionRoleArn": None}),
    "FireLens": task(
        {"containerDefinitions": [
            {"name": "app", "image": "web:1", "logConfiguration": {"logDriver": "awsfirelens"}},
            other(firelensConfiguration={"type": "fluentbit"}),
        ]}
    ),
    "members that nobody knows yet": task({"x-new": {"a": [1]}} | app(**{"x-new": True})),
    "EC2, by its own rules": task({"requiresCompatibilities": ["EC2"], "networkMode": "host", "cpu": None}),
    "a description, with what only a description has": task(
        {"requiresAttributes": [{"name": "x" * 60_000}], "status": "ACTIVE", "revision": 7}
        | app(environment=[{"name": "LARGE", "value": "x" * 60_000}])
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "sentence"), ILLEGAL, ids=[sentence[:60] for _, sentence in ILLEGAL])
def test_what_is_refused_is_said_and_nothing_else_is(given: TaskDefinition, sentence: str) -> None:
    assert illegal(given) == (sentence,)


@pytest.mark.parametrize("name", LEGAL)
def test_what_aws_takes_is_not_refused(name: str) -> None:
    assert illegal(LEGAL[name]) == ()


def test_no_value_and_no_long_name_is_quoted() -> None:
    long = "x" * 5000
    given = task(app(name=long, environment=[{"name": "A", "value": "c4nary"}], image=""))
    assert max(map(len, illegal(given))) < 250
    assert "c4nary" not in "".join(illegal(given))


# Published for Fargate, and yet refused: each with the reason.
NO_ROLE = "logs by awslogs, and without an execution role Fargate cannot."
RENAMED = "aoc-statsd-emitter waits for aws-collector, which is no container of the task."
EXCEPTIONS = {
    # AWS's own examples leave the execution role to the reader.
    **{
        f"aws-samples+aws-containers-task-definitions__{name}_{name}_fargate.json": f"{container} {NO_ROLE}"
        for name, container in {
            "gunicorn": "gunicorn", "jetty": "jetty", "kibana": "kibana", "nginx": "nginx",
            "tomcat": "tomcat-webserver", "wildfly": "wildfly",
        }.items()
    },
    # The collector was renamed, and what waits for it was forgotten.
    **{
        f"aws-observability+aws-otel-collector___v{release}_ecs-fargate-sidecar.json": RENAMED
        for release in (
            "0.8.0_examples_ecs", "0.19.0_examples_ecs_aws-cloudwatch", "0.23.0_examples_ecs_aws-cloudwatch",
        )
    },
    # Templates, which a pipeline fills in.
    "Poss111+mrbot__ecs_task-definition.json": "mr-bot has no image.",
    "aws-ia+ecs-blueprints__application-code_ecsdemo-cicd_task-definition.json":
        "It has no CPU and memory of the task's own, which Fargate requires.",
}  # fmt: skip


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of collected task definitions is not available")
def test_what_was_published_for_fargate_is_legal_or_known_not_to_be() -> None:
    published = {name: TaskDefinition(found) for name, found in corpus().items()}
    refused = {name: illegal(found) for name, found in published.items() if "FARGATE" in found.launch_types}
    assert len(refused) > len(EXCEPTIONS) + 10, "most are legal"
    assert {name for name, sentences in refused.items() if sentences} == set(EXCEPTIONS)
    for name, sentence in EXCEPTIONS.items():
        assert sentence in refused[name]


def test_any_document_can_be_asked() -> None:
    odd: list[Any] = [None, 1, "x", [], {}, [None], [{"name": None}], {"a": 1}]
    for value in odd:
        for member in ("containerDefinitions", "tags", "volumes", "cpu", "ephemeralStorage", "family"):
            illegal(TaskDefinition({member: value}))
        for member in ("portMappings", "healthCheck", "restartPolicy", "linuxParameters", "secrets", "dependsOn"):
            illegal(task(app(**json.loads(json.dumps({member: value})))))
