"""Task definitions and services."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import batched
from typing import Any

from botocore.session import get_session

from aws.calls import CallFailed, calling, tolerating
from aws.errors import Meaning
from aws.sessions import Sessions
from domain.ecs.fargate import platform_older
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Fact, Known, RunningContainer, RunningTask
from domain.findings.users import SeenTasks
from domain.places import Place, Revision

_TASKS = 100  # tasks that one DescribeTasks accepts
_SERVICES = 10  # services that one DescribeServices accepts
_MOST = 100  # names that ECS returns in one page; of services it returns 10 unasked
_PAGES: Any = {"PaginationConfig": {"PageSize": _MOST}}


@lru_cache(maxsize=1)
def registrable_members() -> frozenset[str]:
    """Return the members that RegisterTaskDefinition accepts, from botocore's own model of it."""
    model = get_session().get_service_model("ecs")
    shape = model.operation_model("RegisterTaskDefinition").input_shape
    return frozenset(shape.members if shape else ())


@dataclass(frozen=True, slots=True)
class ClusterTasks:
    """A cluster's tasks: those that no service started, by family, and those that run, by service."""

    of_no_service: Mapping[str, SeenTasks]
    by_service: Mapping[str, tuple[RunningTask, ...]]


@dataclass(frozen=True, slots=True)
class Ecs:
    """What Outrider reads from ECS, and the few calls that write. All raise CallFailed."""

    sessions: Sessions
    running: Mapping[tuple[Place, str], Fact[tuple[RunningTask, ...]]] = field(default_factory=dict, repr=False)
    """The running tasks of services that were read with those of others, so that they are not read again."""

    def task_definition(self, place: Place, name: str) -> TaskDefinition | None:
        """Return a revision by ARN or `family:number`, or a family's newest active one; None if there is none.

        The document contains the tags, as registration expects them.
        """
        client = self.sessions.client("ecs", place)
        with tolerating(Meaning.ABSENT), calling("ecs:DescribeTaskDefinition", name):
            return _with_tags(client.describe_task_definition(taskDefinition=name, include=["TAGS"]))
        return None

    def service(self, place: Place, title: str) -> Service | None:
        """Return a service by `cluster/service`, with its tags; None if it does not exist or is inactive."""
        cluster, _, name = title.partition("/")
        client = self.sessions.client("ecs", place)
        with tolerating(Meaning.ABSENT), calling("ecs:DescribeServices", title):
            found = client.describe_services(cluster=cluster, services=[name], include=["TAGS"])
            service = next((Service(plain(item)) for item in found["services"]), None)
            return service if service is not None and service.active else None
        return None

    def families(self, place: Place, token: str = "") -> tuple[list[str], str]:
        """Return a page of the families with an active revision, and the token of the next page; empty after the last.

        Their revisions are not listed: there may be thousands.
        """
        client = self.sessions.client("ecs", place)
        with calling("ecs:ListTaskDefinitionFamilies", str(place)):
            page = client.list_task_definition_families(status="ACTIVE", maxResults=_MOST, **_from(token))
        return list(page["families"]), page.get("nextToken") or ""

    def newest(self, place: Place, token: str = "") -> tuple[dict[str, int], str]:
        """Return a page of active revisions, newest first: by family, the newest one's number; and the next token."""
        client = self.sessions.client("ecs", place)
        with calling("ecs:ListTaskDefinitions", str(place)):
            page = client.list_task_definitions(status="ACTIVE", sort="DESC", maxResults=_MOST, **_from(token))
        found = dict[str, int]()
        for revision in filter(None, map(Revision.parse, page["taskDefinitionArns"])):
            found[revision.family] = max(revision.number, found.get(revision.family, 0))
        return found, page.get("nextToken") or ""

    def described(self, place: Place, titles: Sequence[str]) -> Iterator[list[Service]]:
        """Yield many services of one cluster in batches, as `service` returns one. What is gone is missing."""
        client = self.sessions.client("ecs", place)
        for batch in batched(titles, _SERVICES, strict=False):
            cluster, found = batch[0].partition("/")[0], list[Any]()
            with tolerating(Meaning.ABSENT), calling("ecs:DescribeServices", cluster):
                names = [title.partition("/")[2] for title in batch]
                found = client.describe_services(cluster=cluster, services=names, include=["TAGS"])["services"]
            services = (Service(plain(item)) for item in found)
            yield [service for service in services if service.active]

    def clusters(self, place: Place) -> list[str]:
        """Return the names of the clusters."""
        client = self.sessions.client("ecs", place)
        with calling("ecs:ListClusters", str(place)):
            pages = client.get_paginator("list_clusters").paginate(**_PAGES)
            return [arn.rpartition("/")[2] for page in pages for arn in page["clusterArns"]]

    def services(self, place: Place, cluster: str, token: str = "") -> tuple[list[str], str]:
        """Return a page of a cluster's services as `cluster/service`, and the token of the next page.

        A cluster that was deleted meanwhile has none.
        """
        client = self.sessions.client("ecs", place)
        with tolerating(Meaning.ABSENT), calling("ecs:ListServices", cluster):
            page = client.list_services(cluster=cluster, maxResults=_MOST, **_from(token))
            titles = [f"{cluster}/{arn.rpartition('/')[2]}" for arn in page["serviceArns"]]
            return titles, page.get("nextToken") or ""
        return [], ""

    def tasks(self, place: Place, cluster: str) -> ClusterTasks:
        """Return a cluster's tasks. Those of no service that ended within the last hour are not counted, but named."""
        alone, by_service = dict[str, SeenTasks](), dict[str, list[RunningTask]]()
        for task in self._tasks(place, cluster):
            group, _, name = task.get("group", "").partition(":")
            if group == "service":
                if task.get("lastStatus") == "RUNNING":
                    by_service.setdefault(f"{cluster}/{name}", []).append(_running(task))
                continue
            revision = Revision.parse(task.get("taskDefinitionArn", ""))
            if revision is None:
                continue
            number, count, platform = alone.get(revision.family, SeenTasks(0, 0))
            runs, on = task.get("desiredStatus") == "RUNNING", task.get("platformVersion", "")
            oldest = on if not platform or platform_older(on, platform) else platform
            alone[revision.family] = SeenTasks(max(number, revision.number), count + runs, oldest)
        return ClusterTasks(alone, {title: tuple(tasks) for title, tasks in by_service.items()})

    def tasks_by_id(self, place: Place, cluster: str, ids: Sequence[str]) -> Iterator[tuple[str, RunningTask]]:
        """Yield those of a cluster's tasks that run, each with its service as `cluster/service`."""
        for task in self._describe_tasks(place, cluster, ids, cluster):
            if task.get("lastStatus") == "RUNNING":
                yield f"{cluster}/{task.get('group', '').partition(':')[2]}", _running(task)

    def _tasks(self, place: Place, cluster: str) -> Iterator[Mapping[str, Any]]:
        """Return a cluster's tasks; none if it was deleted meanwhile."""
        client = self.sessions.client("ecs", place)
        arns = list[str]()
        with tolerating(Meaning.ABSENT), calling("ecs:ListTasks", cluster):
            for status in ("RUNNING", "STOPPED"):
                pages = client.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=status, **_PAGES)
                arns += [arn for page in pages for arn in page["taskArns"]]
            return self._describe_tasks(place, cluster, arns, cluster)
        return iter(())

    def _describe_tasks(
        self, place: Place, cluster: str, arns: Sequence[str], resource: str
    ) -> Iterator[Mapping[str, Any]]:
        """Yield tasks of a cluster; an error names the `resource`."""
        client = self.sessions.client("ecs", place)
        for batch in batched(arns, _TASKS, strict=False):
            with calling("ecs:DescribeTasks", resource):
                found = client.describe_tasks(cluster=cluster, tasks=list(batch))
            yield from found["tasks"]

    def running_tasks(self, place: Place, title: str) -> Fact[tuple[RunningTask, ...]]:
        """Return the running tasks of a service, with the state of their containers."""
        known = self.running.get((place, title))
        if known is not None:
            return known
        cluster, _, name = title.partition("/")
        client = self.sessions.client("ecs", place)
        try:
            with calling("ecs:ListTasks", title):
                pages = client.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=name, **_PAGES)
                arns = [arn for page in pages for arn in page["taskArns"]]
            tasks = self._describe_tasks(place, cluster, arns, title)
            return Known(tuple(_running(task) for task in tasks if task.get("lastStatus") == "RUNNING"))
        except CallFailed as failed:
            return failed.fact

    def register(self, place: Place, task: TaskDefinition) -> TaskDefinition:
        """Register a new revision and return it; `task` holds only members that RegisterTaskDefinition accepts.

        Other calls may not know the revision for a while.
        """
        with calling("ecs:RegisterTaskDefinition", task.family):
            found = self.sessions.client("ecs", place, once=True).register_task_definition(**task.to_aws())
        return _with_tags(found)

    def deregister(self, revision: Revision) -> None:
        with calling("ecs:DeregisterTaskDefinition", str(revision)):
            self.sessions.client("ecs", revision.place).deregister_task_definition(taskDefinition=revision.arn)

    def update(
        self, place: Place, title: str, *, revision: str = "", platform: str = "", force: bool = False
    ) -> Service:
        """Change a service's revision (ARN) or platform version, or replace its tasks; nothing else changes."""
        cluster, _, name = title.partition("/")
        given = {"taskDefinition": revision, "platformVersion": platform, "forceNewDeployment": force}
        with calling("ecs:UpdateService", title):
            found = self.sessions.client("ecs", place, once=True).update_service(
                cluster=cluster, service=name, **{member: value for member, value in given.items() if value}
            )
        return Service(plain(found["service"]))


def _from(token: str) -> dict[str, str]:
    return {"nextToken": token} if token else {}


def _with_tags(found: Mapping[str, Any]) -> TaskDefinition:
    """Return the revision of an answer, with its tags, which are another member there."""
    return TaskDefinition(plain(dict(found["taskDefinition"]) | ({"tags": found["tags"]} if found.get("tags") else {})))


def _running(task: Mapping[str, Any]) -> RunningTask:
    containers = tuple(
        RunningContainer(item.get("name", ""), item.get("lastStatus", "")) for item in task.get("containers", [])
    )
    return RunningTask(task["taskArn"], task.get("taskDefinitionArn", ""), task.get("startedAt"), containers)


def plain(value: Any) -> Any:
    """Return botocore's response as JSON, with datetimes as ISO text, so that it can be stored."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
