"""A service and its deployments, as typed views over their JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.ecs.fargate import amount
from domain.ecs.values import Document, mapping_of, moment_of, objects_of, pairs_of, text_of, truth_of
from domain.places import Revision


@dataclass(frozen=True)
class Deployment(Document):
    """One entry of a service's `deployments`."""

    @property
    def id(self) -> str:
        return text_of(self.json.get("id")) or ""

    @property
    def status(self) -> str:
        """PRIMARY, ACTIVE or INACTIVE."""
        return text_of(self.json.get("status")) or ""

    @property
    def in_progress(self) -> bool:
        return self.json.get("rolloutState") == "IN_PROGRESS"

    @property
    def completed(self) -> bool:
        return self.json.get("rolloutState") == "COMPLETED"

    @property
    def failed(self) -> bool:
        return self.json.get("rolloutState") == "FAILED"

    @property
    def reason(self) -> str:
        """ECS's reason for its state."""
        return text_of(self.json.get("rolloutStateReason")) or ""

    @property
    def rolls_back(self) -> bool:
        """Return whether it is a rollback by ECS: "ECS deployment circuit breaker: rolling back to deploymentId …"."""
        return "rolling back" in self.reason

    @property
    def task_definition(self) -> str:
        """The revision that it deploys, as an ARN."""
        return text_of(self.json.get("taskDefinition")) or ""

    @property
    def running(self) -> int:
        """How many of its tasks run."""
        return _count(self.json.get("runningCount"))

    @property
    def created(self) -> datetime | None:
        return moment_of(self.json.get("createdAt"))

    @property
    def updated(self) -> datetime | None:
        return moment_of(self.json.get("updatedAt"))


@dataclass(frozen=True)
class Service(Document):
    """An ECS service as DescribeServices returns it."""

    @property
    def arn(self) -> str:
        return text_of(self.json.get("serviceArn")) or ""

    @property
    def name(self) -> str:
        return text_of(self.json.get("serviceName")) or self.arn.rpartition("/")[2]

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        given = text_of(self.json.get("clusterArn")) or text_of(self.json.get("cluster")) or "default"
        return given.rpartition("/")[2]

    @property
    def title(self) -> str:
        """`cluster/service`."""
        return f"{self.cluster}/{self.name}"

    @property
    def active(self) -> bool:
        return bool(self.json.get("status", "ACTIVE") == "ACTIVE")

    @property
    def task_definition(self) -> str:
        """The revision that it runs, as an ARN. Where ECS does not control its deployments, its task sets tell."""
        return text_of(self._task_set.get("taskDefinition")) or text_of(self.json.get("taskDefinition")) or ""

    @property
    def revision(self) -> Revision | None:
        """The same, by its parts."""
        return Revision.parse(self.task_definition)

    @property
    def desired(self) -> int:
        """The desired number of tasks."""
        return _count(self.json.get("desiredCount"))

    @property
    def running(self) -> int | None:
        """The number of its tasks that run; None if it does not say."""
        found = self.json.get("runningCount")
        return found if isinstance(found, int) else None

    @property
    def platform_version(self) -> str | None:
        return text_of(self.json.get("platformVersion"))

    @property
    def windows(self) -> bool:
        return (text_of(self.json.get("platformFamily")) or "").lower().startswith("windows")

    @property
    def providers(self) -> frozenset[str]:
        """Return its capacity providers, else its launch type; empty if neither is given."""
        own = self.json.get("capacityProviderStrategy") or self.json.get("launchType")
        given = self.json if own else self._task_set
        strategy = objects_of(given.get("capacityProviderStrategy"))
        named = frozenset(name for item in strategy if (name := text_of(item.get("capacityProvider"))))
        launch_type = text_of(given.get("launchType"))
        return named or (frozenset({launch_type}) if launch_type else frozenset())

    @property
    def fargate(self) -> bool | None:
        """Return whether it runs on Fargate; None if the service does not say. A custom provider is not Fargate."""
        return bool(self.providers & {"FARGATE", "FARGATE_SPOT"}) if self.providers else None

    @property
    def tags(self) -> Mapping[str, str]:
        return pairs_of(self.json.get("tags"), "key", "value")

    @property
    def controller(self) -> str:
        """What controls its deployments: ECS, CODE_DEPLOY or EXTERNAL."""
        return text_of(mapping_of(self.json.get("deploymentController")).get("type")) or "ECS"

    @property
    def _task_set(self) -> Mapping[str, Any]:
        """Return the primary task set of a service whose deployments CodeDeploy or another tool controls."""
        found = objects_of(self.json.get("taskSets")) if self.controller != "ECS" else ()
        return next((each for each in found if each.get("status") == "PRIMARY"), {})

    @property
    def managed(self) -> bool:
        """Whether ECS itself manages it, as an Express Mode service: it would undo what others change."""
        return self.json.get("resourceManagementType") == "ECS"

    @property
    def early_success(self) -> bool:
        """Whether ECS calls a deployment complete before all of its tasks run."""
        criteria = mapping_of(mapping_of(self.json.get("deploymentConfiguration")).get("earlySuccessCriteria"))
        return truth_of(criteria.get("enable")) is True

    @property
    def strategy(self) -> str:
        """How ECS deploys it: ROLLING, BLUE_GREEN, LINEAR or CANARY; empty if not given."""
        return text_of(mapping_of(self.json.get("deploymentConfiguration")).get("strategy")) or ""

    @property
    def rolls_back(self) -> bool:
        """Return whether ECS ends a failing deployment and rolls back."""
        breaker = mapping_of(mapping_of(self.json.get("deploymentConfiguration")).get("deploymentCircuitBreaker"))
        return truth_of(breaker.get("enable")) is True and truth_of(breaker.get("rollback")) is True

    @property
    def may_stop_all(self) -> bool:
        """Return whether ECS may stop all of its tasks in a deployment before it has started others."""
        least = mapping_of(self.json.get("deploymentConfiguration")).get("minimumHealthyPercent")
        return least is not None and amount(least) == 0 and self.desired > 0

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        return tuple(Deployment(item) for item in objects_of(self.json.get("deployments")))

    @property
    def primary(self) -> Deployment | None:
        """Return the current deployment."""
        return next((each for each in self.deployments if each.status == "PRIMARY"), None)

    def deployment(self, id_: str) -> Deployment | None:
        return next((each for each in self.deployments if each.id == id_), None)

    def why_failed(self, id_: str) -> str:
        """Return ECS's reason for the failure of a deployment; empty if it gives none.

        Once a rollback is complete, ECS does not list the deployment that failed. The service's events still name it.
        """
        if (listed := self.deployment(id_)) is not None:
            return listed.reason if listed.failed else ""
        messages = (text_of(event.get("message")) or "" for event in objects_of(self.json.get("events")))
        failures = (message.partition(f"(deployment {id_}) deployment failed: ")[2] for message in messages)
        return next(filter(None, failures), "")


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
