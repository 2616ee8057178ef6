"""Exactly one collector stands in the task.

Why: two collectors want the same ports, so one of them does not start; where their ports differ, container metrics
are reported twice and paid for twice.

Fix: none. Which of them the applications mean is for people to say.
"""

from collections.abc import Iterator

from domain.drift import Drift
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """One drift for each collector beyond the first."""
    collectors = workload.container_roles.collectors
    for further in collectors[1:]:
        yield Drift(
            f"containers/{further.name}",
            f"{further.name} is a collector beside {collectors[0].name}; keep one of them in the task.",
        )


RULE = Rule(
    id="sidecar.single",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    check=check,
    reference="https://aws-otel.github.io/docs/setup/ecs",
    doc=__doc__,
)
