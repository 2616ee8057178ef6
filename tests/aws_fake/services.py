"""ECS: clusters, services as ECS deploys them, and tasks.

A deployment runs until a test ends it by `complete` or `fail`; with `at_once` each is complete as soon as it begins.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.aws_fake.clock import Clock
from tests.aws_fake.definitions import Definitions
from tests.aws_fake.service import Json, Refused, Service, page, supports

BREAKER: Json = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
NO_BREAKER: Json = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
_PAGE = 100
_SERVICE = (
    "cluster", "serviceName", "taskDefinition", "desiredCount", "launchType", "platformVersion", "networkConfiguration",
    "deploymentController", "deploymentConfiguration", "tags", "loadBalancers", "capacityProviderStrategy",
)  # fmt: skip


@dataclass
class Services(Service):
    """By `cluster/service`. `updates` holds each UpdateService that began a deployment."""

    clock: Clock
    definitions: Definitions
    clusters: dict[str, None] = field(default_factory=dict)
    services: dict[str, Json] = field(default_factory=dict)
    tasks: dict[str, Json] = field(default_factory=dict)
    updates: list[Json] = field(default_factory=list)
    at_once: bool = False
    numbers: int = 0

    # --- for tests ----------------------------------------------------------------------------------------------------

    def add(self, title: str, revision: str, at: datetime | None = None, **members: Any) -> str:
        """A service that runs a revision (ARN), its deployment complete; `at` is when it was deployed."""
        self.clusters[title.partition("/")[0]] = None
        service = self._made(title, revision, {"desiredCount": 2, "deploymentConfiguration": BREAKER} | members)
        self.services[title] = service
        self._deploy(service, at)
        self.complete(title, at=at)
        return self._arn(f"service/{title}")

    def complete(
        self, title: str, *, dead: str = "", sidecars: tuple[str, ...] = ("adot-collector",), at: datetime | None = None
    ) -> None:
        """Its tasks run, and those of older deployments are gone; the container `dead` has stopped in each."""
        service = self.services[title]
        primary = service["deployments"][0]
        primary["rolloutState"] = "COMPLETED"
        primary["runningCount"] = service["desiredCount"]
        service["deployments"] = [primary]
        for task in list(self.tasks_of(title)):
            del self.tasks[task["taskArn"]]
        members = {"group": f"service:{service['serviceName']}", "startedAt": at or self.clock.now()}
        for _ in range(service["desiredCount"]):
            task = self._start(title.partition("/")[0], service["taskDefinition"], members, ("app", *sidecars))
            self._stop(task, dead)

    def moves(self, title: str, running: int) -> None:
        """So many of the tasks of its newest deployment run, and as many of the one before are gone."""
        service = self.services[title]
        primary, *older = service["deployments"]
        primary["runningCount"] = running
        for each in older:
            each["runningCount"] = max(service["desiredCount"] - running, 0)

    def dies(self, title: str, container: str) -> None:
        """A container stops in each of its tasks, and the tasks go on."""
        for task in self.tasks_of(title):
            self._stop(task, container)

    @staticmethod
    def _stop(task: Json, container: str) -> None:
        for each in task["containers"]:
            if each["name"] == container:
                each["lastStatus"] = "STOPPED"

    def fail(self, title: str) -> None:
        """Its tasks die; where the circuit breaker rolls back, the deployment before is the primary one again."""
        service = self.services[title]
        primary, *older = service["deployments"]
        primary["rolloutState"] = "FAILED"
        primary["rolloutStateReason"] = "ECS deployment circuit breaker: tasks failed to start."
        failed = f"(service {service['serviceName']}) (deployment {primary['id']}) deployment failed: "
        event = {"createdAt": self.clock.now(), "message": f"{failed}tasks failed to start."}
        service["events"] = [event, *service.get("events", ())]
        breaker = service["deploymentConfiguration"].get("deploymentCircuitBreaker", {})
        if breaker.get("rollback") and older:
            primary["status"] = "ACTIVE"
            older[0] |= {"status": "PRIMARY", "rolloutState": "IN_PROGRESS", "updatedAt": self.clock.now()}
            service["taskDefinition"] = older[0]["taskDefinition"]
            service["deployments"] = [older[0], primary]

    def update(self, title: str, **given: Any) -> None:
        """As somebody does by UpdateService."""
        cluster, _, name = title.partition("/")
        self.answer("UpdateService", {"cluster": cluster, "service": name} | given)

    def tasks_of(self, title: str) -> Iterator[Json]:
        cluster, _, name = title.partition("/")
        where = self._arn(f"cluster/{cluster}")
        return (
            task for task in self.tasks.values() if (task["clusterArn"], task["group"]) == (where, f"service:{name}")
        )

    # --- clusters -----------------------------------------------------------------------------------------------------

    @supports("clusterName")
    def create_cluster(self, given: Json) -> Json:
        name = given.get("clusterName", "default")
        self.clusters[name] = None
        return {"cluster": {"clusterName": name, "clusterArn": self._arn(f"cluster/{name}"), "status": "ACTIVE"}}

    @supports("nextToken", "maxResults")
    def list_clusters(self, given: Json) -> Json:
        arns = [self._arn(f"cluster/{name}") for name in self.clusters]
        found, token = page(arns, given, "nextToken", "maxResults", _PAGE)
        return {"clusterArns": found} | ({"nextToken": token} if token else {})

    def _cluster(self, given: Json) -> str:
        name = str(given.get("cluster", "default")).rpartition("/")[2]
        if name not in self.clusters:
            raise Refused("ClusterNotFoundException", "Cluster not found.")
        return name

    # --- services -----------------------------------------------------------------------------------------------------

    @supports(*_SERVICE)
    def create_service(self, given: Json) -> Json:
        title = f"{self._cluster(given)}/{given['serviceName']}"
        if self.services.get(title, {"status": "INACTIVE"})["status"] != "INACTIVE":
            raise Refused("InvalidParameterException", "Creation of service was not idempotent.")
        members = {key: value for key, value in given.items() if key in _SERVICE[3:]}
        self.services[title] = service = self._made(title, self._revision(given["taskDefinition"]), members)
        self._deploy(service)
        return {"service": service}

    def _made(self, title: str, revision: str, members: Json) -> Json:
        cluster, _, name = title.partition("/")
        service: Json = {
            "serviceArn": self._arn(f"service/{title}"),
            "serviceName": name,
            "clusterArn": self._arn(f"cluster/{cluster}"),
            "status": "ACTIVE",
            "desiredCount": 1,
            "taskDefinition": revision,
            "deploymentController": {"type": "ECS"},
            "deploymentConfiguration": NO_BREAKER,
            "deployments": [],
            "createdAt": self.clock.now(),
            "tags": [],
        }
        launch = None if "capacityProviderStrategy" in members else members.get("launchType", "FARGATE")
        platform = None if launch in {"EC2", "EXTERNAL"} else "LATEST"
        every = service | {"launchType": launch, "platformVersion": platform} | members
        return {key: value for key, value in every.items() if value is not None}

    @supports("cluster", "services", "include")
    def describe_services(self, given: Json) -> Json:
        cluster, found, failures = self._cluster(given), [], []
        for name in given["services"]:
            title = f"{cluster}/{name.rpartition('/')[2]}"
            if title in self.services:
                shown = dict(self.services[title])
                tags = shown.pop("tags")
                shown["runningCount"] = sum(task["lastStatus"] == "RUNNING" for task in self.tasks_of(title))
                found.append(shown | ({"tags": tags} if "TAGS" in given.get("include", ()) else {}))
            else:
                failures.append({"arn": self._arn(f"service/{title}"), "reason": "MISSING"})
        return {"services": found, "failures": failures}

    @supports("cluster", "service", "taskDefinition", "platformVersion", "forceNewDeployment", "desiredCount")
    def update_service(self, given: Json) -> Json:
        service = self._active(given)
        if service["deploymentController"]["type"] != "ECS" and "taskDefinition" in given:
            raise Refused("InvalidParameterException", "The deployment controller does not allow it.")
        wanted = {key: given[key] for key in ("taskDefinition", "platformVersion") if key in given}
        if "taskDefinition" in wanted:
            wanted["taskDefinition"] = self._revision(wanted["taskDefinition"])
        changed = any(service.get(key) != value for key, value in wanted.items())
        service.update(wanted | ({"desiredCount": given["desiredCount"]} if "desiredCount" in given else {}))
        if changed or given.get("forceNewDeployment"):
            self.updates.append(given)
            self._deploy(service)
        return {"service": service}

    @supports("cluster", "service", "force")
    def delete_service(self, given: Json) -> Json:
        service = self._active(given)
        if service["desiredCount"] and not given.get("force"):
            raise Refused("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
        title = service["serviceArn"].rpartition(":service/")[2]
        for task in list(self.tasks_of(title)):
            del self.tasks[task["taskArn"]]
        service |= {"status": "INACTIVE", "desiredCount": 0, "deployments": []}
        return {"service": service | {"status": "DRAINING"}}

    @supports("cluster", "maxResults", "nextToken", "launchType")
    def list_services(self, given: Json) -> Json:
        cluster = self._cluster(given)
        every = [(title, each) for title, each in self.services.items() if title.startswith(f"{cluster}/")]
        arns = [self._arn(f"service/{title}") for title, each in every if each["status"] == "ACTIVE"]
        found, token = page(arns, given | {"maxResults": given.get("maxResults", 10)}, "nextToken", "maxResults", _PAGE)
        return {"serviceArns": found} | ({"nextToken": token} if token else {})

    def _active(self, given: Json) -> Json:
        title = f"{self._cluster(given)}/{given['service'].rpartition('/')[2]}"
        if title not in self.services:
            raise Refused("ServiceNotFoundException", "Service not found.")
        if self.services[title]["status"] != "ACTIVE":
            raise Refused("ServiceNotActiveException", "Service was not ACTIVE.")
        return self.services[title]

    def _revision(self, name: str) -> str:
        found = self.definitions.find(name)
        if found is None:
            raise Refused("ClientException", "TaskDefinition does not exist.")
        if found["status"] != "ACTIVE":
            raise Refused("ClientException", "TaskDefinition is inactive.")
        return str(found["taskDefinitionArn"])

    def _deploy(self, service: Json, at: datetime | None = None) -> None:
        for each in service["deployments"]:
            each["status"] = "ACTIVE"
        service["deployments"].insert(0, {
            "id": f"ecs-svc/{self._number():04}",
            "status": "PRIMARY",
            "taskDefinition": service["taskDefinition"],
            "rolloutState": "IN_PROGRESS",
            "desiredCount": service["desiredCount"],
            "runningCount": 0,
            "failedTasks": 0,
            "createdAt": at or self.clock.now(),
            "updatedAt": at or self.clock.now(),
        })  # fmt: skip
        if self.at_once:
            self.complete(service["serviceArn"].rpartition(":service/")[2])

    # --- tasks --------------------------------------------------------------------------------------------------------

    @supports("cluster", "serviceName", "family", "desiredStatus", "maxResults", "nextToken")
    def list_tasks(self, given: Json) -> Json:
        cluster, wanted = self._cluster(given), given.get("desiredStatus", "RUNNING")
        every = [task for task in self.tasks.values() if task["clusterArn"] == self._arn(f"cluster/{cluster}")]
        if "serviceName" in given:
            title = f"{cluster}/{given['serviceName'].rpartition('/')[2]}"
            if title not in self.services:
                raise Refused("ServiceNotFoundException", "Service not found.")
            every = list(self.tasks_of(title))
        if "family" in given:
            every = [task for task in every if f"/{given['family']}:" in task["taskDefinitionArn"]]
        arns = [task["taskArn"] for task in every if task["desiredStatus"] == wanted]
        found, token = page(arns, given, "nextToken", "maxResults", _PAGE)
        return {"taskArns": found} | ({"nextToken": token} if token else {})

    @supports("cluster", "tasks")
    def describe_tasks(self, given: Json) -> Json:
        """By ARN or id."""
        cluster = self._cluster(given)
        if len(given["tasks"]) > _PAGE:
            raise Refused("InvalidParameterException", "Tasks cannot have more than 100 elements.")
        arns = [each if ":" in each else self._arn(f"task/{cluster}/{each}") for each in given["tasks"]]
        missing = [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in self.tasks]
        return {"tasks": [self.tasks[arn] for arn in arns if arn in self.tasks], "failures": missing}

    @supports("cluster", "taskDefinition", "count", "launchType", "platformVersion", "networkConfiguration", "group")
    def run_task(self, given: Json) -> Json:
        cluster, revision = self._cluster(given), self._revision(given["taskDefinition"])
        family = revision.rpartition("/")[2].partition(":")[0]
        members = {"group": given.get("group", f"family:{family}"), "launchType": given.get("launchType", "EC2")}
        if members["launchType"] == "FARGATE":
            named = given.get("platformVersion", "LATEST")
            members["platformVersion"] = "1.4.0" if named == "LATEST" else named
        definition = self.definitions.find(revision) or {"containerDefinitions": []}
        names = tuple(container["name"] for container in definition["containerDefinitions"])
        made = [self._start(cluster, revision, members, names) for _ in range(given.get("count", 1))]
        return {"tasks": made, "failures": []}

    @supports("cluster", "task", "reason")
    def stop_task(self, given: Json) -> Json:
        self._cluster(given)
        [task] = [task for arn, task in self.tasks.items() if given["task"] in {arn, arn.rpartition("/")[2]}]
        task |= {"desiredStatus": "STOPPED", "lastStatus": "STOPPED"}
        return {"task": task}

    def _start(self, cluster: str, revision: str, members: Json, names: tuple[str, ...]) -> Json:
        arn = self._arn(f"task/{cluster}/{self._number():032x}")
        self.tasks[arn] = {
            "taskArn": arn,
            "clusterArn": self._arn(f"cluster/{cluster}"),
            "taskDefinitionArn": revision,
            "desiredStatus": "RUNNING",
            "lastStatus": "RUNNING",
            "startedAt": self.clock.now(),
            "containers": [{"name": name, "lastStatus": "RUNNING"} for name in names],
        } | members
        return self.tasks[arn]

    def _arn(self, path: str) -> str:
        return f"arn:aws:ecs:{self.definitions.region}:{self.definitions.account}:{path}"

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers - 1
