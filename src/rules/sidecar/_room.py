"""Whether a task's size holds its collector, and which size does."""

from dataclasses import dataclass

from domain.assumptions import MembersWritten
from domain.drift import Code, Refusal
from domain.ecs.container_roles import ContainerRole, Recognised
from domain.ecs.fargate import Size, amount, smallest_holding
from domain.standard import Standard
from domain.workload import Workload


class RoomCode(Code):
    """What making room for a collector reports."""

    ARITHMETIC = "room", "Note: how the task's CPU and memory are divided."
    TASK_TOO_LARGE = "task-too-large", "No fix: Fargate has no task as large as the containers need."
    TASK_GROWS = "task-grows", "Approval: the task gets a larger size."
    NO_SHARE = (
        "no-cpu-share",
        "Approval: a container that reserves no CPU gets almost none while the collector is busy.",
    )


def total(*sizes: Size) -> Size:
    """The sum of what is reserved."""
    return Size(sum(size.cpu for size in sizes), sum(size.memory for size in sizes))


def _shareless(found: Recognised) -> bool:
    """Whether a container that runs next to the collector reserves no CPU; False for a placeholder."""
    cpu = found.container.json.get("cpu")
    exempt = found.role in {ContainerRole.COLLECTOR, ContainerRole.INIT}
    return not exempt and (cpu is None or amount(cpu) == 0)


@dataclass(frozen=True, slots=True)
class Room:
    """How a task's CPU units and MiB are divided.

    `applications` is what the applications reserve, `kept` no less than the standard's floor. `others` is what routers,
    proxies, agents and further collectors reserve. `shareless` names the containers that run next to the collector and
    reserve no CPU: while others are busy, ECS gives such a container 2 of their shares. `before` is the CPU that the
    collector reserves now.
    """

    task: Size | None
    collector: Size
    others: Size
    applications: Size
    kept: Size
    shareless: tuple[str, ...] = ()
    before: int = 0

    @classmethod
    def of(cls, workload: Workload, standard: Standard, collector: Size) -> "Room":
        """With a collector that reserves `collector`, whether or not the task has one already."""
        roles, floor = workload.container_roles, standard.applications
        others = tuple(found.container for found in roles.other_collectors)
        applications = total(*(Size(each.cpu, each.memory) for each in roles.applications))
        return cls(
            task=workload.task.size,
            collector=collector,
            others=total(*(Size(each.cpu, each.memory) for each in (*roles.collectors[1:], *others, *roles.others))),
            applications=applications,
            kept=Size(max(applications.cpu, floor.cpu_floor), max(applications.memory, floor.memory_floor)),
            before=workload.collector.cpu if workload.collector else 0,
            shareless=tuple(each.container.name for each in roles.every if _shareless(each)),
        )

    @property
    def takes_cpu(self) -> bool:
        """Whether the collector gets a larger share of the CPU than it has now."""
        return self.collector.cpu > self.before

    @property
    def needed(self) -> Size:
        """What the task must hold."""
        return total(self.collector, self.others, self.kept)

    @property
    def suffices(self) -> bool:
        """Whether the task holds it all. False where its size is not known."""
        return self.task is not None and self.needed.cpu <= self.task.cpu and self.needed.memory <= self.task.memory

    def arithmetic(self, name: str, size: Size) -> str:
        """The sums as a sentence; `name` is the collector's."""
        others = f", other containers {self.others}" if self.others != Size(0, 0) else ""
        free = Size(size.cpu - self.reserved.cpu, size.memory - self.reserved.memory)
        return (
            f"Of the task's {size}, {name} reserves {self.collector}{others}. The applications reserve"
            f" {self.applications}, and {free} are free."
        )

    @property
    def reserved(self) -> Size:
        """What all containers reserve."""
        return total(self.collector, self.others, self.applications)

    def applied(self, workload: Workload, name: str) -> Workload:
        """The workload with the arithmetic noted; where its task is too small, with the next size, for approval.

        Refusal where Fargate has no size so large.
        """
        workload = workload.assuming(MembersWritten(("cpu", "memory", "memoryReservation")))
        if self.shareless and self.takes_cpu:
            why = (
                f"No CPU is reserved by {' and '.join(self.shareless)}. While {name} is busy, ECS gives such a"
                f" container 2 CPU shares against its {self.collector.cpu}. Let it reserve CPU first."
            )
            workload = workload.needing_approval(RoomCode.NO_SHARE, why)
        if self.task is not None and self.suffices:
            return workload.noting(RoomCode.ARITHMETIC, self.arithmetic(name, self.task))
        task = Size(workload.task.cpu or 0, workload.task.memory or 0)
        larger = smallest_holding(max(self.needed.cpu, task.cpu), max(self.needed.memory, task.memory))
        if larger is None:
            why = f"{name} and the applications need {self.needed}, and Fargate has no task so large."
            raise Refusal(RoomCode.TASK_TOO_LARGE, why)
        grows = f"The task grows from {self.task} to" if self.task else "The task has no size and gets"
        changed = workload.with_task(workload.task.with_(cpu=str(larger.cpu), memory=str(larger.memory)))
        return changed.noting(RoomCode.ARITHMETIC, self.arithmetic(name, larger)).needing_approval(
            RoomCode.TASK_GROWS, f"{grows} {larger}, the next supported size{': it costs more' if self.task else ''}."
        )
