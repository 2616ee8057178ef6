"""Rule sidecar.single."""

from collections.abc import Iterator

from domain.drift import Code, Drift
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    SECOND = "second-collector", "The container is a second collector."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield one drift for each collector after the first."""
    collectors = workload.container_roles.collectors
    for further in collectors[1:]:
        why = f"{further.name} and {collectors[0].name} are both collectors. Keep one of them in the task."
        yield Drift(Kind.SECOND, f"containers/{further.name}", why, further.name)


RULE = Rule(
    id="sidecar.single",
    title="Tasks should have no more than one collector container",
    why="""
        Two collectors bind the same ports, so one of them does not start. Where their ports differ, container metrics
        are reported twice and paid for twice.
    """,
    by_hand="Decide which collector the applications use, and remove the other.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=tuple(Kind),
    check=check,
    reference="https://aws-otel.github.io/docs/setup/ecs",
)
