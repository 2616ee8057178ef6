"""ECS services as ECS runs them: moto keeps no circuit breaker, no rollout states and no tasks of a deployment."""

import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

type Json = dict[str, Any]

HANDLED = frozenset({"DescribeServices", "UpdateService", "ListTasks", "DescribeTasks"})
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@dataclass
class Services:
    """By `cluster/service`. `now` gives the time; `updates` holds each UpdateService that was taken."""

    account: str
    region: str
    services: dict[str, Json] = field(default_factory=dict)
    tasks: dict[str, Json] = field(default_factory=dict)
    updates: list[Json] = field(default_factory=list)
    numbers: int = 0

    def add(self, title: str, revision: str, now: datetime, **members: Any) -> str:
        """A service that runs a revision (ARN), its deployment complete."""
        cluster, _, name = title.partition("/")
        arn = f"arn:aws:ecs:{self.region}:{self.account}:service/{title}"
        service: Json = {
            "serviceArn": arn,
            "serviceName": name,
            "clusterArn": f"arn:aws:ecs:{self.region}:{self.account}:cluster/{cluster}",
            "status": "ACTIVE",
            "desiredCount": 2,
            "launchType": "FARGATE",
            "platformVersion": "LATEST",
            "taskDefinition": revision,
            "deploymentController": {"type": "ECS"},
            "deploymentConfiguration": copy.deepcopy(BREAKER),
            "deployments": [],
            "tags": [],
        } | members
        service = {key: value for key, value in service.items() if value is not None}
        self.services[title] = service
        self._deploy(service, now)
        self.complete(title, now)
        return arn

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers - 1

    def _deploy(self, service: Json, now: datetime) -> None:
        for each in service["deployments"]:
            each["status"] = "ACTIVE"
        service["deployments"].insert(0, {
            "id": f"ecs-svc/{self._number():04}",
            "status": "PRIMARY",
            "taskDefinition": service["taskDefinition"],
            "rolloutState": "IN_PROGRESS",
            "createdAt": now,
            "updatedAt": now,
        })  # fmt: skip

    # --- what becomes of a deployment --------------------------------------------------------------------------------

    def complete(self, title: str, now: datetime, *, dead: str = "", sidecars: tuple[str, ...] = ()) -> None:
        """Its tasks run, and those of older deployments are gone; the container `dead` has stopped in each."""
        service = self.services[title]
        primary = service["deployments"][0]
        primary["rolloutState"] = "COMPLETED"
        service["deployments"] = [primary]
        self.tasks = {arn: task for arn, task in self.tasks.items() if task["group"] != f"service:{title}"}
        for _ in range(service["desiredCount"]):
            cluster = title.partition("/")[0]
            arn = f"arn:aws:ecs:{self.region}:{self.account}:task/{cluster}/{self._number():032x}"
            names = ("app", *(sidecars or ("adot-collector",)))
            self.tasks[arn] = {
                "taskArn": arn,
                "group": f"service:{title}",
                "clusterArn": service["clusterArn"],
                "taskDefinitionArn": service["taskDefinition"],
                "lastStatus": "RUNNING",
                "startedAt": now,
                "containers": [
                    {"name": name, "lastStatus": "STOPPED" if name == dead else "RUNNING"} for name in names
                ],
            }

    def dies(self, title: str, container: str) -> None:
        """A container stops in each of its tasks, and the tasks go on."""
        for task in self.tasks.values():
            for each in task["containers"]:
                if task["group"] == f"service:{title}" and each["name"] == container:
                    each["lastStatus"] = "STOPPED"

    def fail(self, title: str, now: datetime) -> None:
        """Its tasks die; where the circuit breaker rolls back, the deployment before is the primary one again."""
        service = self.services[title]
        primary, *older = service["deployments"]
        primary["rolloutState"] = "FAILED"
        primary["rolloutStateReason"] = "ECS deployment circuit breaker: tasks failed to start."
        breaker = service["deploymentConfiguration"].get("deploymentCircuitBreaker", {})
        if breaker.get("rollback") and older:
            primary["status"] = "ACTIVE"
            older[0] |= {"status": "PRIMARY", "rolloutState": "IN_PROGRESS", "updatedAt": now}
            service["taskDefinition"] = older[0]["taskDefinition"]
            service["deployments"] = [older[0], primary]

    # --- ECS's own calls ---------------------------------------------------------------------------------------------

    def answer(self, operation: str, arguments: Json, now: datetime) -> Json:
        match operation:
            case "DescribeServices":
                titles = [f"{arguments['cluster']}/{name}" for name in arguments["services"]]
                found = [self.services[title] for title in titles if title in self.services]
                return copy.deepcopy({"services": found, "failures": []})
            case "UpdateService":
                return self._update(arguments, now)
            case "ListTasks":
                group = f"service:{arguments['cluster']}/{arguments['serviceName']}"
                return {"taskArns": [arn for arn, task in self.tasks.items() if task["group"] == group]}
            case _:
                return copy.deepcopy({"tasks": [self.tasks[arn] for arn in arguments["tasks"] if arn in self.tasks]})

    def _update(self, arguments: Json, now: datetime) -> Json:
        service = self.services[f"{arguments['cluster']}/{arguments['service']}"]
        if service["deploymentController"]["type"] != "ECS" and "taskDefinition" in arguments:
            error = {"Error": {"Code": "InvalidParameterException", "Message": ""}}
            raise ClientError(error, "UpdateService")  # type: ignore[arg-type] # as much of it as is read
        wanted: Json = {key: arguments[key] for key in ("taskDefinition", "platformVersion") if key in arguments}
        changed = any(service.get(key) != value for key, value in wanted.items())
        service.update(wanted)
        if changed or arguments.get("forceNewDeployment"):
            self.updates.append(arguments)
            self._deploy(service, now)
        return copy.deepcopy({"service": service})
