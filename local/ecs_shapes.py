"""Where ministack's ECS differs from AWS, and Outrider would notice.

Requests that AWS rejects are rejected, and responses have the shape of AWS's: tags only where they are requested, no
empty members, output-only members present, pages and batches of AWS's size.

Services that CodeDeploy or a third party deploys (`deploymentController`) have task sets and no deployments; what
starts a deployment is rejected for them, with AWS's message for CODE_DEPLOY. The message for EXTERNAL is a guess. Not
simulated: what CodeDeploy would do, CreateTaskSet, and the steps of a blue/green deployment: its `strategy` is kept and
returned, and it is rolled out as any other.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from local.bridge import Call
from local.internals import Ministack

type Response = tuple[int, dict[str, str], bytes]

_MIB = 1024
# cpu -> (least, most, step) MiB, from the table of Fargate task sizes.
_FARGATE_SIZES: Mapping[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1 * _MIB, 4 * _MIB + 1, _MIB)),
    1024: tuple(range(2 * _MIB, 8 * _MIB + 1, _MIB)),
    2048: tuple(range(4 * _MIB, 16 * _MIB + 1, _MIB)),
    4096: tuple(range(8 * _MIB, 30 * _MIB + 1, _MIB)),
    8192: tuple(range(16 * _MIB, 60 * _MIB + 1, 4 * _MIB)),
    16384: tuple(range(32 * _MIB, 120 * _MIB + 1, 8 * _MIB)),
}
INACTIVE = "TaskDefinition is inactive"
_STARTS_A_DEPLOYMENT = {
    "taskDefinition": "task definition",
    "loadBalancers": "load balancers",
    "networkConfiguration": "network configuration",
    "platformVersion": "platform version",
}
_PERCENTAGES: dict[str, Any] = {"maximumPercent": 200, "minimumHealthyPercent": 100}
_ROLLING: dict[str, Any] = {
    **_PERCENTAGES,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "strategy": "ROLLING",
    "bakeTimeInMinutes": 0,
}
MAX_SERVICES = 10  # of one DescribeServices
MAX_CONTAINERS = 10
MAX_TAGS = 50


class EcsShapes:
    """Corrects ECS's requests and responses."""

    def __init__(self, ministack: Ministack) -> None:
        self._ms = ministack

    def install(self) -> None:
        """Resolve a bare family name to its newest ACTIVE revision; ministack takes the newest of all."""
        ecs = self._ms.ecs
        resolve = ecs._resolve_td_key

        def _resolve_td_key(ref: str) -> Any:
            key = resolve(ref)
            family, _, number = str(key).rpartition(":")
            if not ref or ref.startswith("arn:") or ":" in ref or not number.isdecimal():
                return key
            numbers = range(int(number), 0, -1)
            active = (n for n in numbers if (ecs._task_defs.get(f"{family}:{n}") or {}).get("status") == "ACTIVE")
            return f"{family}:{next(active, 0)}"

        ecs._resolve_td_key = _resolve_td_key

    def refuse(self, call: Call) -> Response | None:
        """The error of a request that AWS rejects, with AWS's message."""
        request = call.json()
        match call.name:
            case "RegisterTaskDefinition":
                fault, error = next(_unregistrable(request), None), "ClientException"
            case "DescribeServices" if not 1 <= len(request.get("services") or ()) <= MAX_SERVICES:
                fault = "Services cannot be empty." if not request.get("services") else "Services cannot exceed 10."
                error = "InvalidParameterException"
            case "UpdateService":
                fault, error = self._not_updatable(request)
            case "CreateService" | "RunTask" if self._inactive(request):
                fault, error = (
                    INACTIVE,
                    "ClientException" if call.name == "CreateService" else "InvalidParameterException",
                )
            case _:
                return None
        if fault is None:
            return None
        body = json.dumps({"__type": error, "message": fault}).encode()
        return 400, {"Content-Type": "application/x-amz-json-1.1"}, body

    def _not_updatable(self, request: dict[str, Any]) -> tuple[str | None, str]:
        """Why AWS rejects an UpdateService, and its error."""
        held = self._held(request) or {}
        if held and held.get("status") != "ACTIVE":
            return "Service was not ACTIVE.", "ServiceNotActiveException"
        controller = _controller(held)
        if controller != "ECS":
            named = [what for member, what in _STARTS_A_DEPLOYMENT.items() if request.get(member)]
            instead = "AWS CodeDeploy" if controller == "CODE_DEPLOY" else "CreateTaskSet"
            rest = f"on services with a {controller} deployment controller. Use {instead} to trigger a new deployment."
            if named:
                return f"Unable to update {named[0]} {rest}", "InvalidParameterException"
            if request.get("forceNewDeployment"):
                return f"Cannot force a new deployment {rest}", "InvalidParameterException"
        return (INACTIVE if self._inactive(request) else None), "ClientException"

    def _inactive(self, request: dict[str, Any]) -> bool:
        """Whether the request names a deregistered task definition."""
        held = self._ms.ecs._task_defs.get(self._ms.ecs._resolve_td_key(request.get("taskDefinition") or "")) or {}
        return held.get("status") == "INACTIVE"

    def body(self, call: Call) -> bytes:
        """The request as ministack should read it."""
        request = call.json()
        if call.name == "CreateService":
            given = request.get("deploymentConfiguration") or {}
            rolls = _controller(request) == "ECS"
            request["deploymentConfiguration"] = (_ROLLING if rolls else _PERCENTAGES) | given
            return json.dumps(request).encode()
        if call.name == "UpdateService" and (held := self._held(request)):
            wanted = request.get("platformVersion")
            if wanted and (held.get("platformVersion") or "LATEST") != wanted:
                request["forceNewDeployment"] = True  # on AWS another platform version starts a deployment
            if "deploymentConfiguration" in request:
                request["deploymentConfiguration"] = (
                    held["deploymentConfiguration"] | request["deploymentConfiguration"]
                )
            return json.dumps(request).encode()
        return call.body

    def answer(self, call: Call, status: int, body: bytes) -> bytes:
        if status != HTTPStatus.OK:
            return body
        shape: Callable[[dict[str, Any], dict[str, Any]], None] | None = {
            "RegisterTaskDefinition": self._registered,
            "DescribeTaskDefinition": self._described,
            "DeregisterTaskDefinition": self._described,
            "CreateService": self._service,
            "UpdateService": self._service,
            "DeleteService": self._service,
            "DescribeServices": self._services,
            "ListServices": self._paged,
            "DescribeTasks": self._tasks,
            "RunTask": self._tasks,
        }.get(call.name)
        if shape is None:
            return body
        answer = json.loads(body)
        if call.name == "RegisterTaskDefinition":  # ministack names the root user
            known = self._ms.iam_evaluator.resolve_caller_identity(call.access_key) or {}
            answer["taskDefinition"]["registeredBy"] = known.get("userArn", "")
        shape(call.json(), answer)
        return json.dumps(answer).encode()

    def _registered(self, request: dict[str, Any], answer: dict[str, Any]) -> None:
        """Keep all members: ministack drops those that it does not know."""
        held = self._ms.ecs._task_defs[self._ms.ecs._resolve_td_key(answer["taskDefinition"]["taskDefinitionArn"])]
        for name, value in request.items():
            if name != "tags" and name not in held:
                held[name] = value
        held["registeredBy"] = answer["taskDefinition"]["registeredBy"]
        held["requiresAttributes"] = [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}]
        answer["taskDefinition"] |= {k: v for k, v in held.items() if k not in answer["taskDefinition"]}
        _drop_empty(answer["taskDefinition"])

    def _described(self, request: dict[str, Any], answer: dict[str, Any]) -> None:
        if "TAGS" not in (request.get("include") or ()):
            answer.pop("tags", None)
        _drop_empty(answer["taskDefinition"])

    def _service(self, request: dict[str, Any], answer: dict[str, Any]) -> None:
        held = (
            self._held({"service": answer["service"]["serviceArn"], "cluster": answer["service"]["clusterArn"]}) or {}
        )
        for deployment in (*held.get("deployments", ()), *answer["service"].get("deployments", ())):
            # A later update changes the service's platform version, not that of earlier deployments.
            deployment.setdefault("platformVersion", held.get("platformVersion") or "LATEST")
        _shape_service(answer["service"])
        if not request.get("tags"):
            answer["service"].pop("tags", None)

    def _services(self, request: dict[str, Any], answer: dict[str, Any]) -> None:
        for service in answer["services"]:
            _shape_service(service)
            if "TAGS" not in (request.get("include") or ()):
                service.pop("tags", None)

    @staticmethod
    def _tasks(_request: dict[str, Any], answer: dict[str, Any]) -> None:
        for task in answer["tasks"]:
            shape_task(task)

    @staticmethod
    def _paged(request: dict[str, Any], answer: dict[str, Any]) -> None:
        """ListServices returns ten a page by default, a hundred at most."""
        arns = answer["serviceArns"]
        start, size = int(request.get("nextToken") or 0), min(int(request.get("maxResults") or 10), 100)
        answer["serviceArns"] = arns[start : start + size]
        if start + size < len(arns):
            answer["nextToken"] = str(start + size)

    def _held(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The service that the request names, as ministack stores it."""
        cluster = str(request.get("cluster") or "default").rsplit("/", 1)[-1]
        name = str(request.get("service", "")).rsplit("/", 1)[-1]
        held: dict[str, Any] | None = self._ms.ecs._services.get(f"{cluster}/{name}")
        return held


def shape_deployment(deployment: dict[str, Any]) -> None:
    """The reason as AWS words it. ECS rolls back to the deployment that completed last, under its own id."""
    id_, reason = deployment["id"], str(deployment.get("rolloutStateReason") or "")
    match deployment.get("rolloutState"):
        case "COMPLETED":
            reason = f"ECS deployment {id_} completed."
        case "FAILED":
            reason = "ECS deployment circuit breaker: tasks failed to start."
        case _ if "roll" in reason:
            reason = f"ECS deployment circuit breaker: rolling back to deploymentId {id_}."
        case _:
            reason = f"ECS deployment {id_} in progress."
    deployment["rolloutStateReason"] = reason


def shape_task(task: dict[str, Any]) -> None:
    """Without members that are not set, and on Fargate without a container instance."""
    for node in (task, *task.get("containers", ())):
        for name in [name for name, value in node.items() if value is None or value == ""]:
            del node[name]
    if task.get("launchType") == "FARGATE":
        task.pop("containerInstanceArn", None)


def _controller(service: Mapping[str, Any]) -> str:
    return str((service.get("deploymentController") or {}).get("type") or "ECS")


def _drop_empty(definition: dict[str, Any]) -> None:
    """AWS returns neither null nor an empty string for a member that was not set."""
    for name in [name for name, value in definition.items() if value is None or value == ""]:
        del definition[name]


def _shape_service(service: dict[str, Any]) -> None:
    strategy = service.get("capacityProviderStrategy") or ()
    fargate = service.get("launchType") == "FARGATE" or any(
        str(item.get("capacityProvider", "")).startswith("FARGATE") for item in strategy
    )
    for deployment in service.get("deployments", ()):
        shape_deployment(deployment)
    for node in (service, *service.get("deployments", ())):
        if fargate:
            node["platformVersion"] = node.get("platformVersion") or service.get("platformVersion") or "LATEST"
            node["platformFamily"] = service.get("platformFamily") or "Linux"
        for name in ("platformVersion", "platformFamily") if not fargate else ():
            node.pop(name, None)
        if not node.get("roleArn"):
            node.pop("roleArn", None)
    if _controller(service) != "ECS":
        _shape_task_sets(service)


def _shape_task_sets(service: dict[str, Any]) -> None:
    """Task sets instead of deployments: one that CodeDeploy made, or none where a third party makes them."""
    deployments, service["deployments"] = service["deployments"], []
    controller = _controller(service)
    if controller == "EXTERNAL":
        service["taskSets"], service["runningCount"] = [], 0
        if not service.get("taskDefinition"):
            service.pop("taskDefinition", None)
        return
    service["taskSets"] = [
        {
            "id": each["id"],
            "taskSetArn": f"{service['serviceArn'].replace(':service/', ':task-set/')}/{each['id']}",
            "serviceArn": service["serviceArn"],
            "clusterArn": service["clusterArn"],
            "startedBy": "CODE_DEPLOY",
            "status": "PRIMARY",
            "taskDefinition": each["taskDefinition"],
            "computedDesiredCount": each["desiredCount"],
            "pendingCount": each["pendingCount"],
            "runningCount": each["runningCount"],
            "createdAt": each["createdAt"],
            "updatedAt": each["updatedAt"],
            **{name: each[name] for name in ("launchType", "platformVersion", "platformFamily") if each.get(name)},
            "scale": {"value": 100.0, "unit": "PERCENT"},
            "stabilityStatus": "STEADY_STATE",
        }
        for each in deployments
        if each["status"] == "PRIMARY"
    ]


def _unregistrable(request: dict[str, Any]) -> Iterator[str]:
    """Why AWS rejects a RegisterTaskDefinition: it reports the first reason."""
    containers = request.get("containerDefinitions") or []
    if len(containers) > MAX_CONTAINERS:
        yield f"Too many containers. A task definition can have at most {MAX_CONTAINERS} containers."
    names = [str(container.get("name")) for container in containers]
    if len(set(names)) != len(names):
        yield "Container names must be unique."
    if containers and not any(container.get("essential", True) for container in containers):
        yield "At least one container must be essential."
    tags = request.get("tags")
    if tags is not None and not tags:
        yield "Tags can not be empty."
    tags = tags or []
    if any(str(tag.get("key", "")).lower().startswith("aws:") for tag in tags):
        yield "Tag keys may not begin with aws:."
    if len(tags) > MAX_TAGS:
        yield f"A task definition can have at most {MAX_TAGS} tags."
    if "FARGATE" in (request.get("requiresCompatibilities") or ()):
        yield from _not_for_fargate(request, containers)


def _not_for_fargate(request: dict[str, Any], containers: list[dict[str, Any]]) -> Iterator[str]:
    if request.get("networkMode") != "awsvpc":
        yield "Fargate only supports network mode 'awsvpc'."
    cpu, memory = _units(request.get("cpu"), 1024, "vcpu"), _units(request.get("memory"), _MIB, "gb")
    if memory not in _FARGATE_SIZES.get(cpu, ()):
        yield f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory."
    if sum(int(container.get("cpu") or 0) for container in containers) > cpu:
        yield "The sum of all container cpu values cannot be greater than the value of the task cpu."
    if sum(int(c.get("memoryReservation") or c.get("memory") or 0) for c in containers) > memory:
        yield "Total container memory reservation cannot be greater than the value of the task memory."
    if any(container.get("privileged") for container in containers):
        yield "Fargate does not support privileged containers."
    if not request.get("executionRoleArn"):
        for container in containers:
            if container.get("logConfiguration"):
                driver = container["logConfiguration"].get("logDriver")
                yield f"Fargate requires task definition to have execution role ARN to support log driver {driver}."
            if container.get("secrets"):
                yield "Fargate requires task definition to have execution role ARN to support secrets."


def _units(value: Any, each: int, unit: str) -> int:
    """`"512"`, `"1 vCPU"`, `".5 vCPU"`, `"1GB"` in CPU units or MiB; 0 for anything else."""
    text = str(value or "").lower().strip()
    try:
        return int(float(text.removesuffix(unit)) * each) if text.endswith(unit) else int(text)
    except ValueError:
        return 0
