"""Which workloads are evaluated: what can run on Fargate with Linux, and is in the scope of the standard. Pure."""

from collections.abc import Collection

from domain.ecs.container_roles import ContainerRole
from domain.ecs.placeholders import placeholder
from domain.standard import Standard
from domain.workload import Workload

_ALONE = frozenset({ContainerRole.COLLECTOR, ContainerRole.OTHER_COLLECTOR, ContainerRole.INIT})


def out_of_scope(workload: Workload, standard: Standard) -> str | None:
    """Why a workload is not evaluated; None where it can run on Fargate Linux and the standard's scope takes it in."""
    task, service = workload.task, workload.service
    launch_types = task.launch_types
    if not task.active and service is None:  # a service keeps the revision that it runs
        return "its revision is not active"
    if task.windows or (service is not None and service.windows):
        return "it runs on Windows, for which there is no collector image"
    if service is not None and service.fargate is False:
        return "its service does not run on Fargate"
    on_fargate = bool(service and service.fargate) or workload.runs_on
    if "FARGATE" not in launch_types and (why := _elsewhere(launch_types, on_fargate=bool(on_fargate))):
        return why
    if workload.runs_on is False:
        return "its services all run on EC2"
    scope = standard.scope
    if scope.include and not any(selector.matches(workload) for selector in scope.include):
        return "the standard's scope does not include it"
    if any(selector.matches(workload) for selector in scope.exclude):
        return "the standard's scope excludes it"
    return None


def _elsewhere(launch_types: Collection[str], *, on_fargate: bool) -> str:
    """Why a definition that does not name FARGATE is not evaluated; nothing where a service may run it there."""
    if any(map(placeholder, launch_types)):
        return "" if on_fargate else "whether it requires FARGATE is a placeholder"
    if launch_types:
        return f"it requires {', '.join(sorted(launch_types))}, not FARGATE"
    return "" if on_fargate else "it does not name FARGATE, and no service is known to run it on Fargate"


def only_a_collector(workload: Workload) -> bool:
    """Whether the task has only collectors, and what ends before they start: it needs no sidecar."""
    roles = workload.container_roles
    return bool(roles.collectors or roles.other_collectors) and all(each.role in _ALONE for each in roles.every)
