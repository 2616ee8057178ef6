"""A collector that is not essential restarts after a crash.

Why: ECS does not replace a task for a container that is not essential, nor start that container again, so after one
crash the task runs on without telemetry for as long as it lives.

Fix: enables `restartPolicy` and keeps its other members. SAFE.
"""

from collections.abc import Iterator

from domain.drift import Drift
from domain.ecs.values import mapping_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """One drift where nothing starts the collector again. An essential one ends the task, which is replaced."""
    collector = workload.collector
    if collector is None or collector.essential or collector.restarts:
        return
    found = (
        "has no restartPolicy"
        if collector.json.get("restartPolicy") is None
        else "has a restartPolicy that is not enabled"
    )
    yield Drift(
        f"containers/{collector.name}/restartPolicy",
        f"The collector is not essential and {found}, so it stays dead after a crash; `enabled: true` is wanted.",
    )


def fix(workload: Workload, standard: Standard) -> Workload:
    """`restartPolicy.enabled` set to true."""
    collector = workload.collector
    if collector is None:
        return workload
    policy = {**mapping_of(collector.json.get("restartPolicy")), "enabled": True}
    return workload.with_container(collector.with_(restartPolicy=policy))


RULE = Rule(
    id="sidecar.restart-policy",
    subject=Subject.FAMILY,
    severity=Severity.LOW,
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-restart-policy.html",
    doc=__doc__,
)
