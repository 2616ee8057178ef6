"""The collector is essential as the standard says, by default not.

Why: when an essential container stops, ECS stops the whole task, so a collector that chokes on its configuration
takes the applications with it. Omitted, `essential` means true.

Fix: sets `essential`. SAFE. Refused where the collector is the task's only essential container: a task needs one, and
which application it is that the task lives for is for people to say.

Configure: `collector.essential`.
"""

from collections.abc import Iterator

from domain.drift import Drift, Refusal
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """One drift where the collector is not what the standard says."""
    collector, wanted = workload.collector, standard.collector.essential
    if collector is None or collector.essential is wanted:
        return
    if wanted:
        why = "The collector is not essential, so the task outlives it without telemetry; the standard wants true."
    else:
        found = (
            "is essential"
            if collector.json.get("essential") is not None
            else "leaves `essential` out, which means true"
        )
        why = f"The collector {found}, so the applications stop when it stops; the standard wants false."
    yield Drift(f"containers/{collector.name}/essential", why)


def fix(workload: Workload, standard: Standard) -> Workload:
    """`essential` as the standard says."""
    collector, wanted = workload.collector, standard.collector.essential
    if collector is None:
        return workload
    others = (each for each in workload.task.containers if each.name != collector.name)
    if not wanted and not any(each.essential for each in others):
        raise Refusal(f"{collector.name} is the task's only essential container: make an application essential first.")
    return workload.with_container(collector.with_(essential=wanted))


RULE = Rule(
    id="sidecar.not-essential",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html",
    doc=__doc__,
)
