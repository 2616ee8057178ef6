"""Rule service.collector-running."""

from collections.abc import Iterator
from datetime import timedelta

from domain.drift import Code, Drift
from domain.facts import FactKind, Known
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_SHOWN = 3


class Kind(Code):
    """What this rule reports."""

    NOT_RUNNING = "collector-not-running", "The collector has stopped in tasks that have settled."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield one drift for all tasks whose collector is not running."""
    collector = workload.collector
    match workload.facts.running:
        case Known(tasks) if collector is not None:
            settled = workload.read_at - timedelta(minutes=standard.services.settling_minutes)
            old = [task for task in tasks if task.started is not None and task.started <= settled]
            found = [(task, next((c for c in task.containers if c.name == collector.name), None)) for task in old]
            down = [(task, container) for task, container in found if container and container.status != "RUNNING"]
            if down:
                states = " or ".join(sorted({container.status for _, container in down}))
                named = ", ".join(task.arn.rpartition("/")[2] for task, _ in down[:_SHOWN])
                more = f" and {len(down) - _SHOWN} more" if len(down) > _SHOWN else ""
                why = (
                    f"In {len(down)} of {len(old)} running tasks the collector is {states} ({named}{more})."
                    " It should be RUNNING. Its log shows why it stopped."
                )
                yield Drift(Kind.NOT_RUNNING, f"service/tasks/{collector.name}", why, states, "RUNNING")


RULE = Rule(
    id="service.collector-running",
    title="Collectors should be running in every task that has settled",
    why="""
        A collector that is not essential can crash while the task stays healthy, the deployment completes, and the
        telemetry is lost. Nothing else shows it.
    """,
    by_hand="""
        Read the collector's own log, which shows why it stopped. Most often the cause is its configuration or its role,
        which other rules check.
    """,
    configure="`services.settling_minutes`.",
    subject=Subject.SERVICE,
    severity=Severity.HIGH,
    codes=tuple(Kind),
    needs=frozenset({FactKind.RUNNING}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html",
)
