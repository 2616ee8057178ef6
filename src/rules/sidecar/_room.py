"""Whether a task's size holds its collector, and which size would."""

from dataclasses import dataclass

from domain.drift import Refusal
from domain.ecs.fargate import Size, smallest_holding
from domain.standard import Standard
from domain.workload import Workload


def total(*sizes: Size) -> Size:
    """The sum of what is reserved."""
    return Size(sum(size.cpu for size in sizes), sum(size.memory for size in sizes))


@dataclass(frozen=True, slots=True)
class Room:
    """How a task is shared out: CPU units and MiB.

    `kept` is what the applications keep: what they reserve, and no less than the standard's floor. `others` is what
    routers, proxies, agents and further collectors reserve.
    """

    task: Size | None
    collector: Size
    others: Size
    kept: Size

    @classmethod
    def of(cls, workload: Workload, standard: Standard, collector: Size) -> "Room":
        """With a collector that takes `collector`, whether or not one stands in the task already."""
        roles, floor = workload.container_roles, standard.applications
        applications = total(*(Size(each.cpu, each.memory) for each in roles.applications))
        return cls(
            task=workload.task.size,
            collector=collector,
            others=total(*(Size(each.cpu, each.memory) for each in (*roles.collectors[1:], *roles.others))),
            kept=Size(max(applications.cpu, floor.cpu_floor), max(applications.memory, floor.memory_floor)),
        )

    @property
    def needed(self) -> Size:
        """What the task must hold."""
        return total(self.collector, self.others, self.kept)

    @property
    def suffices(self) -> bool:
        """Whether the task holds it all. False where its size is not known."""
        return self.task is not None and self.needed.cpu <= self.task.cpu and self.needed.memory <= self.task.memory

    def arithmetic(self, name: str, size: Size) -> str:
        """The sums, for people; `name` is the collector's."""
        others = f", other containers {self.others}" if self.others != Size(0, 0) else ""
        left = Size(
            size.cpu - self.collector.cpu - self.others.cpu, size.memory - self.collector.memory - self.others.memory
        )
        return f"Of the task's {size}, {name} takes {self.collector}{others}; the applications keep {left}."

    def applied(self, workload: Workload, name: str) -> Workload:
        """The workload with the arithmetic noted; where its task is too small, with the next legal size, for a person.

        Refusal where Fargate has no size so large.
        """
        if self.task is not None and self.suffices:
            return workload.noting(self.arithmetic(name, self.task))
        task = Size(workload.task.cpu or 0, workload.task.memory or 0)
        larger = smallest_holding(max(self.needed.cpu, task.cpu), max(self.needed.memory, task.memory))
        if larger is None:
            raise Refusal(f"{name} and the applications need {self.needed}, and Fargate has no task so large.")
        grows = f"The task grows from {self.task} to" if self.task else "The task names no size to share out and gets"
        changed = workload.with_task(workload.task.with_(cpu=str(larger.cpu), memory=str(larger.memory)))
        return changed.noting(self.arithmetic(name, larger)).needing_review(
            f"{grows} {larger}, the next legal size{': it costs more' if self.task else ''}."
        )
