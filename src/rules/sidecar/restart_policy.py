"""Rule sidecar.restart-policy."""

from collections.abc import Iterator

from domain.drift import Code, Drift
from domain.ecs.values import mapping_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    NO_RESTART = "no-restart", "The collector does not restart after a crash."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield one drift where nothing restarts the collector. An essential one ends the task, which is replaced."""
    collector = workload.collector
    if collector is None or collector.essential or collector.restarts:
        return
    found = (
        "has no restartPolicy"
        if collector.json.get("restartPolicy") is None
        else "has a restartPolicy that is not enabled"
    )
    why = f"The collector is not essential and {found}, so it does not restart after a crash. Set `enabled` to true."
    yield Drift(Kind.NO_RESTART, f"containers/{collector.name}/restartPolicy", why, "false", "true")


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set `restartPolicy.enabled` to true."""
    collector = workload.collector
    if collector is None:
        return workload
    policy = {**mapping_of(collector.json.get("restartPolicy")), "enabled": True}
    return workload.with_container(collector.with_(restartPolicy=policy))


RULE = Rule(
    id="sidecar.restart-policy",
    title="A collector that is not essential restarts after a crash",
    why="""
        ECS neither replaces a task when a container that is not essential stops, nor restarts that container. After one
        crash the task runs without telemetry until it ends.
    """,
    remedy="SAFE. Enables `restartPolicy` and keeps its other members.",
    subject=Subject.FAMILY,
    severity=Severity.LOW,
    codes=tuple(Kind),
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-restart-policy.html",
)
