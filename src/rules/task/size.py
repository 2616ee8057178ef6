"""The task's CPU and memory are a pair that Fargate offers.

Why: ECS refuses every other pair when the task definition is registered, so this speaks of files and of what a
correction would register.

Fix: REVIEW; the smallest legal size that holds what the task and its containers ask for. A larger task costs more.
Refused where Fargate has none so large.
"""

from collections.abc import Iterator

from domain.drift import Doubt, Drift, Refusal
from domain.ecs.fargate import MEMORY_BY_CPU, amount, smallest_holding
from domain.ecs.placeholders import placeholder
from domain.ecs.task_definition import TaskDefinition
from domain.ecs.values import text_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield a drift for a missing or impossible amount, else for a pair that does not exist."""
    task = workload.task
    size = task.size
    if size is not None:
        if not size.legal:
            yield Drift(*_illegal(size.cpu, size.memory))
        return
    for member, title in (("cpu", "CPU"), ("memory", "memory")):
        given = task.json.get(member)
        if amount(given) is not None:
            continue
        text = text_of(given)
        if not text:
            yield Drift(member, f"The task sets no {title}; Fargate needs both CPU and memory.")
        elif placeholder(text):
            yield Doubt(member, f"The task's {title} is a placeholder.")
        else:
            yield Drift(
                member, f"The task's {title} is {text}, which is no amount; write 256 or .25 vCPU, 512 or 0.5 GB."
            )


def fix(workload: Workload, standard: Standard) -> Workload:
    """Take the smallest size that holds the task."""
    task = workload.task
    if any(isinstance(item, Doubt) for item in check(workload, standard)):
        raise Refusal("The task's size is a placeholder; correct it where that is filled in.")
    cpu = max(task.cpu or 0, sum(container.cpu for container in task.containers))
    memory = max(task.memory or 0, sum(container.memory for container in task.containers))
    # What one container may use at most must be there, too.
    memory = max(memory, *(container.memory_limit or 0 for container in task.containers), 0)
    size = smallest_holding(cpu, memory)
    if size is None:
        raise Refusal(
            f"Fargate has no task as large as {cpu} CPU units and {memory} MiB; let its containers ask for less."
        )
    return workload.with_task(_sized(task, size.cpu, size.memory)).needing_review(
        f"the task becomes {size}, the smallest size that holds it; what it costs follows its size."
    )


def _illegal(cpu: int, memory: int) -> tuple[str, str]:
    choices = MEMORY_BY_CPU.get(cpu)
    if choices is None:
        return "cpu", f"The task has {cpu} CPU units; Fargate offers {', '.join(map(str, MEMORY_BY_CPU))}."
    low, high, step = choices[0], choices[-1], choices[1] - choices[0]
    regular = choices == tuple(range(low, high + 1, step))
    offered = f"{low} to {high} MiB in steps of {step}" if regular else f"{', '.join(map(str, choices))} MiB"
    return "memory", f"The task has {memory} MiB; with {cpu} CPU units Fargate offers {offered}."


def _sized(task: TaskDefinition, cpu: int, memory: int) -> TaskDefinition:
    # What is right already stays as it is written, "1 GB" included.
    changed = {}
    if task.cpu != cpu:
        changed["cpu"] = str(cpu)
    if task.memory != memory:
        changed["memory"] = str(memory)
    return task.with_(**changed)


RULE = Rule(
    id="task.size",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    check=check,
    fix=fix,
    of_collector=False,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size",
    doc=__doc__,
)
