"""Rule sidecar.not-essential."""

from collections.abc import Iterator

from domain.assumptions import MembersWritten
from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.placeholders import is_filled_in
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    ESSENTIAL = "essential", "The collector is essential, and the standard says that it is not."
    NOT_ESSENTIAL = "not-essential", "The collector is not essential, and the standard says that it is."
    PLACEHOLDER = "essential-placeholder", "Unknown: the value is a placeholder."
    ONLY_ESSENTIAL = "only-essential", "No fix: a task needs an essential container, and it has no other."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield one drift where the collector is not as the standard says; a log router belongs to logging.firelens."""
    collector, wanted = workload.collector, standard.collector.essential
    if collector is None or collector.routes_logs:
        return
    where, given = f"containers/{collector.name}/essential", collector.json.get("essential")
    if is_filled_in(given):
        yield Doubt(Kind.PLACEHOLDER, where, "Whether the collector is essential is a placeholder.")
    elif collector.essential is wanted:
        return
    elif wanted:
        why = "The collector is not essential, so the task runs on without telemetry when it stops. Set it to true."
        yield Drift(Kind.NOT_ESSENTIAL, where, why, "false", "true")
    else:
        is_ = "is essential" if given is not None else "is essential by default"
        why = f"The collector {is_}, so the applications stop when it stops. Set it to false."
        yield Drift(Kind.ESSENTIAL, where, why, "true", "false")


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set `essential` as the standard says."""
    collector, wanted = workload.collector, standard.collector.essential
    if collector is None:
        return workload
    others = (each for each in workload.task.containers if each.name != collector.name)
    if not wanted and not any(each.essential for each in others):
        why = f"{collector.name} is the task's only essential container. Make an application essential first."
        raise Refusal(Kind.ONLY_ESSENTIAL, why)
    return workload.with_container(collector.with_(essential=wanted)).assuming(MembersWritten(("essential",)))


RULE = Rule(
    id="sidecar.not-essential",
    title="Collector containers should be essential only where the standard says so",
    why="""
        When an essential container stops, ECS stops the whole task, so a collector that fails on its configuration
        stops the applications with it. Where `essential` is not set, it is true. The rule does not apply to a collector
        that is also the task's log router, which has to be essential: logging.firelens evaluates it.
    """,
    remedy="""
        SAFE. Sets `essential`. REVIEW where another container's `essential` is a template's placeholder. Refused where
        the collector is the task's only essential container: a task needs one. Decide which application is essential.
    """,
    configure="`collector.essential`.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=tuple(Kind),
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html",
)
