"""Deployments of ECS services that take time, fail and roll back, or complete with a dead collector; and their events.

ministack completes a deployment at once where it has no docker. A play, set through `/_outrider/rollouts`, is used by
the next deployments of the services that it names. ministack's own circuit breaker fails deployments and rolls them
back.

Shown as AWS shows it (from DescribeServices' responses and service events that people have published):

- A deployment is PRIMARY while it is the newest, ACTIVE while it still has tasks and another is PRIMARY, and gone from
  the list then. It is IN_PROGRESS, then COMPLETED or FAILED, with AWS's `rolloutStateReason`.
- The circuit breaker counts `failedTasks` (half of the desired count, 3 to 200), then the deployment is FAILED: "ECS
  deployment circuit breaker: tasks failed to start." Without `rollback`, or where none completed before, it stays
  PRIMARY.
- With `rollback` the deployment that completed last is PRIMARY and IN_PROGRESS again under its own id ("… rolling back
  to deploymentId ecs-svc/…"), with its task definition and platform version, and the failed one ACTIVE. When that is
  COMPLETED the failed one is gone from the list: a later read shows a stable service on the earlier revision.
- A task's `startedBy` is its deployment's id. Containers with a health check are HEALTHY as soon as they run.

Unlike AWS: a failing deployment's tasks all die at the end of its time, an image that cannot be pulled is no failure,
and CloudWatch alarms roll nothing back.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from local.bridge import Bridge
from local.ecs_shapes import shape_deployment, shape_task
from local.internals import Ministack


class Outcome(StrEnum):
    """How a deployment ends."""

    COMPLETES = "completes"
    FAILS = "fails"  # its tasks die; with the circuit breaker on, ECS gives up and, if configured so, rolls back
    LOSES_A_CONTAINER = "loses-a-container"  # completes, and a container that is not essential is STOPPED


class UnusablePlay(Exception):
    """A play that cannot be used. The message says why."""


@dataclass(frozen=True, slots=True)
class Play:
    """What happens to the next `times` deployments of the services that match the pattern `service`.

    `seconds` is how long a deployment stays IN_PROGRESS, and `rollback_seconds` the rollback of one that fails.
    `container` is the one that is lost; empty: every one that is not essential.
    """

    service: str
    outcome: Outcome = Outcome.COMPLETES
    seconds: float = 0.0
    rollback_seconds: float = 0.0
    container: str = ""
    times: int = 1

    @classmethod
    def of(cls, given: Any) -> "Play":
        if not isinstance(given, dict) or not isinstance(given.get("service"), str):
            raise UnusablePlay('A rollout is a JSON object with at least a "service", such as {"service": "orders"}.')
        unknown = set(given) - set(cls.__dataclass_fields__)
        if unknown:
            raise UnusablePlay(
                f"A rollout has no {', '.join(sorted(unknown))}. It has {', '.join(cls.__dataclass_fields__)}."
            )
        try:
            outcome = Outcome(given.get("outcome", Outcome.COMPLETES))
        except ValueError:
            raise UnusablePlay(f'"outcome" is one of {", ".join(Outcome)}.') from None
        return cls(**{**given, "outcome": outcome})

    def json(self) -> dict[str, Any]:
        return asdict(self)


class Rollouts:
    """The plays, the deployments that follow them, and the state last published of each."""

    def __init__(self, ministack: Ministack, bridge: Bridge) -> None:
        self._ms = ministack
        self._bridge = bridge
        self._plays: list[Play] = []
        self._taken: dict[str, Play | None] = {}  # by deployment
        self._started: set[str] = set()  # deployments whose play has begun
        self._due: set[str] = set()  # deployments that may complete
        self._states: dict[str, str] = {}  # the rollout state last published, by deployment
        self._task_states: dict[str, tuple[Any, ...]] = {}
        self._lock = threading.RLock()

    def add(self, play: Play) -> None:
        with self._lock:
            self._plays.append(play)

    def clear(self) -> None:
        with self._lock:
            self._plays.clear()

    def plays(self) -> list[Play]:
        with self._lock:
            return list(self._plays)

    def install(self) -> None:
        ecs = self._ms.ecs
        ecs._get_docker = lambda: None  # a task here is a record, whatever the machine has installed
        make, complete, run = ecs._make_deployment, ecs._complete_service_deployment, ecs._run_task
        reconcile = ecs._reconcile_service_tasks

        def _make_deployment(task_definition: str, desired_count: int, status: str = "PRIMARY") -> dict[str, Any]:
            deployment: dict[str, Any] = make(task_definition, desired_count, status)
            deployment["rolloutState"] = "IN_PROGRESS"
            shape_deployment(deployment)
            return deployment

        def _run_task(data: dict[str, Any]) -> Any:
            deployment_id = data.get("_deploymentId")
            return run({**data, "startedBy": deployment_id} if deployment_id else data)

        def _reconcile_service_tasks(cluster: str, key: str) -> None:
            service = ecs._services.get(key) or {}
            primary = ecs._primary_deployment(service)
            if primary and primary["rolloutState"] == "FAILED" and service.get("desiredCount"):
                ecs._refresh_service_state(
                    cluster, f"service:{service['serviceName']}"
                )  # what ran before keeps running
            else:
                reconcile(cluster, key)

        def _complete_service_deployment(cluster: str, key: str, expected_deployment_id: str | None = None) -> None:
            if self._may_complete(cluster, key):
                self.announce()  # what is about to complete may have begun in the same step, as a rollback does
                complete(cluster, key, expected_deployment_id)
                self._forget_failed(ecs._services.get(key))

        ecs._make_deployment = _make_deployment
        ecs._run_task = _run_task
        ecs._reconcile_service_tasks = _reconcile_service_tasks
        ecs._complete_service_deployment = _complete_service_deployment

    def _examine(self, task: dict[str, Any]) -> None:
        """The health of a running task's containers, and of the task: that of its essential ones."""
        ecs = self._ms.ecs
        definition = ecs._task_defs.get(ecs._resolve_td_key(task["taskDefinitionArn"])) or {}
        checked = {each["name"] for each in definition.get("containerDefinitions", ()) if each.get("healthCheck")}
        for container in task["containers"]:
            running = container["lastStatus"] == "RUNNING"
            container["healthStatus"] = "HEALTHY" if running and container["name"] in checked else "UNKNOWN"
        essential = {e["name"] for e in definition.get("containerDefinitions", ()) if e.get("essential", True)}
        healthy = {each["healthStatus"] for each in task["containers"] if each["name"] in essential & checked}
        task["healthStatus"] = "HEALTHY" if healthy == {"HEALTHY"} else "UNKNOWN"

    @staticmethod
    def _forget_failed(service: dict[str, Any] | None) -> None:
        """ECS no longer lists a failed deployment once another is complete."""
        primary = next((d for d in (service or {}).get("deployments", ()) if d["status"] == "PRIMARY"), None)
        if service and primary and primary["rolloutState"] == "COMPLETED":
            service["deployments"] = [d for d in service["deployments"] if d["rolloutState"] != "FAILED"]

    def _may_complete(self, cluster: str, key: str) -> bool:
        """Whether the primary deployment's play, if any, lets it complete now. The first call starts the play."""
        service = self._ms.ecs._services.get(key) or {}
        deployment = self._ms.ecs._primary_deployment(service)
        if deployment is None or deployment.get("rolloutState") != "IN_PROGRESS":
            return True
        id_ = deployment["id"]
        with self._lock:
            if id_ not in self._taken:
                self._taken[id_] = self._take(str(service.get("serviceName")))
            play = self._taken[id_]
            if play is None:
                return True
            if id_ in self._started:
                return id_ in self._due
            self._started.add(id_)
        place = (self._ms.responses.get_account_id(), self._ms.responses.get_region())
        timer = threading.Timer(play.seconds, self._end, (place, cluster, key, id_, play))
        timer.daemon = True
        timer.start()
        return False

    def _take(self, service: str) -> Play | None:
        for index, play in enumerate(self._plays):
            if play.times > 0 and fnmatchcase(service, play.service):
                self._plays[index] = replace(play, times=play.times - 1)
                return play
        return None

    def _end(self, place: tuple[str, str], cluster: str, key: str, deployment_id: str, play: Play) -> None:
        ecs = self._ms.ecs
        with self._ms.responses.request_scope(*place):
            service = ecs._services.get(key) or {}
            deployment = ecs._primary_deployment(service)
            if deployment is None or deployment["id"] != deployment_id or service.get("status") != "ACTIVE":
                return  # replaced in the meantime
            self.announce()
            if play.outcome is Outcome.FAILS:
                self._fail(cluster, key, deployment_id, play)
                self.announce()
                ecs._reconcile_service_tasks(cluster, key)  # a rollback's tasks run, and it completes
            else:
                if play.outcome is Outcome.LOSES_A_CONTAINER:
                    self._lose(deployment_id, play.container)
                with self._lock:
                    self._due.add(deployment_id)
                ecs._complete_service_deployment(cluster, key)
            self.announce()

    def _fail(self, cluster: str, key: str, deployment_id: str, play: Play) -> None:
        """Let the deployment's tasks die until the circuit breaker opens; once, where there is none."""
        ecs = self._ms.ecs
        service = ecs._services[key]
        breaker = (service.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker") or {}
        rounds = ecs._circuit_breaker_threshold(service) if breaker.get("enable") else 1
        before = next((each for each in service["deployments"] if each.get("rolloutState") == "COMPLETED"), None)
        for each in service["deployments"]:  # the response to UpdateService may not yet show each platform version
            if each["id"] == deployment_id:
                each.setdefault("platformVersion", service.get("platformVersion") or "LATEST")
        if before is not None and play.rollback_seconds:
            with self._lock:
                self._taken[before["id"]] = Play(play.service, seconds=play.rollback_seconds)
                self._started.discard(before["id"])
                self._due.discard(before["id"])
        for _ in range(rounds):
            task = next((task for task in self._running(deployment_id)), None)
            if task is None:
                break
            for container in task["containers"]:
                container["exitCode"] = 1
            reason = "Essential container in task exited"
            ecs._mark_task_stopped(task["taskArn"], task, reason, "EssentialContainerExited", 1)
            self.announce()
            ecs._reconcile_service_tasks(cluster, key)
        primary = ecs._primary_deployment(service)
        if before is not None and primary is before:
            service["platformVersion"] = before.get("platformVersion", "")
        for event in service["events"]:
            _word(event, str(service["serviceName"]), deployment_id, str(primary["id"]) if primary else "")

    def _lose(self, deployment_id: str, name: str) -> None:
        for task in self._running(deployment_id):
            essential = dict(zip((c["name"] for c in task["containers"]), task["_container_essentials"], strict=False))
            for container in task["containers"]:
                if container["name"] == name or (not name and not essential[container["name"]]):
                    container["lastStatus"], container["exitCode"] = "STOPPED", 1
                    container["reason"] = "Exited"

    def _running(self, deployment_id: str) -> Iterable[dict[str, Any]]:
        tasks = list(self._ms.ecs._tasks.values())
        return (t for t in tasks if t.get("_deployment_id") == deployment_id and t.get("lastStatus") == "RUNNING")

    # --- events -----------------------------------------------------------------------------------------------------

    def announce(self) -> None:
        """Publish what has changed in this account and region since the last call."""
        with self._lock:
            for service in list(self._ms.ecs._services.values()):
                oldest_first = service.get("deployments", ())[::-1]
                # A rollback begins after what it undoes has failed.
                for deployment in sorted(oldest_first, key=lambda each: each.get("rolloutState") != "FAILED"):
                    self._announce_deployment(service, deployment)
            for task in list(self._ms.ecs._tasks.values()):
                self._announce_task(task)

    def _announce_deployment(self, service: Mapping[str, Any], deployment: dict[str, Any]) -> None:
        if (service.get("deploymentController") or {}).get("type", "ECS") != "ECS":
            return  # these events are of rolling updates
        shape_deployment(deployment)
        id_, state = str(deployment["id"]), str(deployment.get("rolloutState"))
        if self._states.get(id_) == state:
            return
        if id_ not in self._states and state != "IN_PROGRESS":
            self._publish_state(service, id_, "IN_PROGRESS", f"ECS deployment {id_} in progress.")
        self._states[id_] = state
        self._publish_state(service, id_, state, str(deployment.get("rolloutStateReason") or ""))

    def _publish_state(self, service: Mapping[str, Any], deployment_id: str, state: str, reason: str) -> None:
        detail = {
            "eventType": "ERROR" if state == "FAILED" else "INFO",
            "eventName": f"SERVICE_DEPLOYMENT_{state}",
            "deploymentId": deployment_id,
            "updatedAt": _now(),
            "reason": reason or f"ECS deployment {deployment_id} {state.lower().replace('_', ' ')}.",
        }
        self._bridge.publish("aws.ecs", "ECS Deployment State Change", [service["serviceArn"]], detail)

    def _announce_task(self, task: dict[str, Any]) -> None:
        self._examine(task)
        containers = tuple(container.get("lastStatus") for container in task.get("containers", ()))
        state = (task.get("lastStatus"), task.get("desiredStatus"), containers)
        arn = str(task["taskArn"])
        if self._task_states.get(arn) == state:
            return
        self._task_states[arn] = state
        detail = self._ms.ecs._sanitize(task)
        detail.pop("tags", None)
        shape_task(detail)
        detail["updatedAt"] = _now()
        self._bridge.publish("aws.ecs", "ECS Task State Change", [arn], detail)


def _word(event: dict[str, Any], service: str, failed: str, primary: str) -> None:
    """A service event of ministack's circuit breaker, worded as ECS words it."""
    if event["message"].endswith("deployment circuit breaker was triggered."):
        event["message"] = f"(service {service}) (deployment {failed}) deployment failed: tasks failed to start."
    elif event["message"].endswith("rolled back to the last completed deployment."):
        event["message"] = f"(service {service}) rolling back to deployment {primary}."


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
