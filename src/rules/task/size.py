"""Rule task.size."""

from collections.abc import Iterator

from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.fargate import MEMORY_BY_CPU, amount, smallest_holding
from domain.ecs.placeholders import placeholder
from domain.ecs.task_definition import TaskDefinition
from domain.ecs.values import text_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    NOT_SUPPORTED = "size-not-supported", "Fargate does not support the CPU, or the memory with that CPU."
    MISSING = "size-missing", "The task sets no CPU or no memory."
    NOT_AN_AMOUNT = "size-not-an-amount", "The value is not an amount of CPU or memory."
    PLACEHOLDER = "size-placeholder", "Unknown: the value is a placeholder."
    PLACEHOLDER_LEFT = "placeholder-not-filled", "No fix: the size is a placeholder."
    TOO_LARGE = "task-too-large", "No fix: Fargate has no size so large."
    SIZE_CHANGES = "size-changes", "Approval: the task's size changes, and its cost with it."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield a drift for a missing or impossible amount, else for a combination that does not exist."""
    task = workload.task
    size = task.size
    if size is not None:
        if not size.legal:
            yield _illegal(size.cpu, size.memory)
        return
    for member, title in (("cpu", "CPU"), ("memory", "memory")):
        given = task.json.get(member)
        if amount(given) is not None:
            continue
        text = text_of(given)
        if not text:
            yield Drift(Kind.MISSING, member, f"The task sets no {title}. Fargate needs both CPU and memory.")
        elif placeholder(text):
            yield Doubt(Kind.PLACEHOLDER, member, f"The task's {title} is a placeholder.")
        else:
            why = f"The task's {title} is {text}, which is not an amount. Write 256 or .25 vCPU, 512 or 0.5 GB."
            yield Drift(Kind.NOT_AN_AMOUNT, member, why, text)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set the smallest size that holds the task."""
    task = workload.task
    if any(isinstance(item, Doubt) for item in check(workload, standard)):
        raise Refusal(Kind.PLACEHOLDER_LEFT, "The task's size is a placeholder. Correct it where it is filled in.")
    cpu = max(task.cpu or 0, sum(container.cpu for container in task.containers))
    memory = max(task.memory or 0, sum(container.memory for container in task.containers))
    # The hard limit of each container must fit, too.
    memory = max(memory, *(container.memory_limit or 0 for container in task.containers), 0)
    size = smallest_holding(cpu, memory)
    if size is None:
        why = f"Fargate has no task as large as {cpu} CPU units and {memory} MiB. Reserve less for its containers."
        raise Refusal(Kind.TOO_LARGE, why)
    return workload.with_task(_sized(task, size.cpu, size.memory)).needing_approval(
        Kind.SIZE_CHANGES, f"The task becomes {size}, the smallest size that holds it. Its cost depends on its size."
    )


def _illegal(cpu: int, memory: int) -> Drift:
    choices = MEMORY_BY_CPU.get(cpu)
    if choices is None:
        offered = ", ".join(map(str, MEMORY_BY_CPU))
        why = f"The task has {cpu} CPU units. Fargate supports {offered}."
        return Drift(Kind.NOT_SUPPORTED, "cpu", why, str(cpu), offered)
    low, high, step = choices[0], choices[-1], choices[1] - choices[0]
    regular = choices == tuple(range(low, high + 1, step))
    offered = f"{low} to {high} MiB in steps of {step}" if regular else f"{', '.join(map(str, choices))} MiB"
    why = f"The task has {memory} MiB. With {cpu} CPU units Fargate supports {offered}."
    return Drift(Kind.NOT_SUPPORTED, "memory", why, str(memory), offered)


def _sized(task: TaskDefinition, cpu: int, memory: int) -> TaskDefinition:
    # A value that is right stays as it is written, "1 GB" included.
    changed = {}
    if task.cpu != cpu:
        changed["cpu"] = str(cpu)
    if task.memory != memory:
        changed["memory"] = str(memory)
    return task.with_(**changed)


RULE = Rule(
    id="task.size",
    title="Task CPU and memory should be a combination that Fargate supports",
    why="""
        ECS refuses every other combination when the task definition is registered, so this rule matters for files and
        for what a correction would register.
    """,
    remedy="""
        REVIEW. Sets the smallest supported size that holds what the task and its containers reserve. A larger task
        costs more. Refused where Fargate has no size so large.
    """,
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=tuple(Kind),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size",
)
