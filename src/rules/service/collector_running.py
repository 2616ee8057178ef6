"""In every task that has settled, the collector is running.

Why: a collector that is not essential may crash and leave the task healthy, the deployment complete and the telemetry
gone: nobody notices but who looks for it.

Fix: none; the collector's own log tells why it stopped. Most often its configuration or its role is at fault, of which
other rules speak.

Configure: `services.settling_minutes`.
"""

from collections.abc import Iterator
from datetime import timedelta

from domain.drift import Drift
from domain.facts import FactKind, Known
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_SHOWN = 3


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """One drift for all tasks whose collector is not running."""
    collector = workload.collector
    match workload.facts.running:
        case Known(tasks) if collector is not None:
            settled = workload.read_at - timedelta(minutes=standard.services.settling_minutes)
            old = [task for task in tasks if task.started is not None and task.started <= settled]
            found = [(task, next((c for c in task.containers if c.name == collector.name), None)) for task in old]
            down = [(task, container) for task, container in found if container and container.status != "RUNNING"]
            if down:
                states = sorted({container.status for _, container in down})
                named = ", ".join(task.arn.rpartition("/")[2] for task, _ in down[:_SHOWN])
                more = f" and {len(down) - _SHOWN} more" if len(down) > _SHOWN else ""
                yield Drift(
                    f"service/tasks/{collector.name}",
                    f"In {len(down)} of {len(old)} running tasks the collector is {' or '.join(states)}"
                    f" ({named}{more}); RUNNING is wanted. Its log tells why.",
                )


RULE = Rule(
    id="service.collector-running",
    subject=Subject.SERVICE,
    severity=Severity.HIGH,
    check=check,
    needs=frozenset({FactKind.RUNNING}),
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html",
    doc=__doc__,
)
