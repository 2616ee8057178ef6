"""Rule service.config-fresh."""

from collections.abc import Iterator
from datetime import timedelta

from domain.drift import Code, Drift, Refusal
from domain.ecs.values import truth_of
from domain.facts import FactKind, Known
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    STALE = "tasks-stale", "Tasks run with a configuration from before the parameter changed."
    NO_SERVICE = "no-service", "No fix: the service is not known."
    REPLACES_TASKS = "replaces-tasks", "Approval: a new deployment replaces every task of the service."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield one drift for all tasks that are too old; none where a deployment that replaces them is requested."""
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
                    f" ({changed:%Y-%m-%d %H:%M} UTC) and still have the previous configuration, after more than"
                    f" {days} {'day' if days == 1 else 'days'}. Replace them."
                )
                yield Drift(Kind.STALE, "service/tasks", why, str(stale), "0")


def fix(workload: Workload, standard: Standard) -> Workload:
    """Replace the tasks."""
    if workload.service is None:
        raise Refusal(Kind.NO_SERVICE, "No service is known that could be deployed again.")
    again = workload.with_service(workload.service.with_(forceNewDeployment=True))
    return again.needing_approval(Kind.REPLACES_TASKS, "A new deployment replaces every task of the service.")


RULE = Rule(
    id="service.config-fresh",
    title="Running tasks should not be older than the collector configuration that they should have",
    why="""
        A value from `secrets` is read when the container starts, and not again. A task that started before the
        parameter changed keeps the old configuration until it is replaced.
    """,
    remedy="REVIEW. A new deployment of the same revision replaces the tasks.",
    configure="`services.config_grace_days`.",
    subject=Subject.SERVICE,
    severity=Severity.MEDIUM,
    codes=tuple(Kind),
    needs=frozenset({FactKind.CONFIGURATION, FactKind.RUNNING}),
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html",
)
