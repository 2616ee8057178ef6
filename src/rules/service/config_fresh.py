"""No running task is older than the collector configuration that it should have, beyond a grace.

Why: a value from `secrets` is read when the container starts, and never again. A task that started before the
parameter changed goes on with the old configuration until it is replaced.

Fix: REVIEW; a new deployment of the same revision replaces the tasks.

Configure: `services.config_grace_days`.
"""

from collections.abc import Iterator
from datetime import timedelta

from domain.drift import Drift, Refusal
from domain.ecs.values import truth_of
from domain.facts import FactKind, Known
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """One drift for all tasks that are too old; none where a deployment that replaces them is asked for already."""
    if workload.service is None or truth_of(workload.service.json.get("forceNewDeployment")):
        return
    match workload.facts.parameter, workload.facts.running:
        case Known(parameter), Known(tasks) if parameter.modified is not None:
            changed, days = parameter.modified, standard.services.config_grace_days
            if workload.read_at - changed < timedelta(days=days):
                return
            stale = sum(1 for task in tasks if task.started is not None and task.started < changed)
            if stale:
                why = (
                    f"{stale} of {len(tasks)} running tasks started before {parameter.name} last changed"
                    f" ({changed:%Y-%m-%d %H:%M} UTC) and still have the configuration of before;"
                    f" tasks no older than it are wanted after {days} days."
                )
                yield Drift("service/tasks", why)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Replace the tasks."""
    if workload.service is None:
        raise Refusal("No service is at hand that could be deployed again.")
    again = workload.with_service(workload.service.with_(forceNewDeployment=True))
    return again.needing_review("A new deployment replaces every task of the service.")


RULE = Rule(
    id="service.config-fresh",
    subject=Subject.SERVICE,
    severity=Severity.MEDIUM,
    check=check,
    fix=fix,
    needs=frozenset({FactKind.CONFIGURATION, FactKind.RUNNING}),
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html",
    doc=__doc__,
)
