"""Rule sidecar.not-essential."""

from collections.abc import Iterator

from domain.assumptions import FactKnown, Kept, MembersWritten
from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.placeholders import is_filled_in
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.sidecar.config_from_parameter import DOES_NOT_START

_STARTS = (
    FactKnown(FactKind.CONFIGURATION),
    Kept(("sidecar.config-from-parameter",), DOES_NOT_START),
    Kept(
        (
            "sidecar.config-effective",
            "sidecar.ports",
            "sidecar.health-check",
            "config.exists",
            "config.well-formed",
            "config.references",
            "config.components",
            "config.options",
            "config.values",
            "config.variables",
            "config.signals",
            "config.fargate",
        )
    ),
)
"""What has to hold for a collector to start and to stay: an essential one that ends stops the applications."""


class Kind(Code):
    """What this rule reports."""

    ESSENTIAL = "essential", "The collector is essential, and the standard says that it is not."
    NOT_ESSENTIAL = "not-essential", "The collector is not essential, and the standard says that it is."
    PLACEHOLDER = "essential-placeholder", "Unknown: the value is a placeholder."
    ONLY_ESSENTIAL = "only-essential", "No fix: a task needs an essential container, and it has no other."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield one drift where the collector is not as the standard says; a log router belongs to logging.firelens."""
    collector, wanted = workload.present_collector, standard.collector.essential
    if collector.routes_logs:
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
        advice = "Set it to false"
        if not _another_is_essential(workload, collector):
            advice = "A task needs an essential container, and it has no other: make an application essential first"
        why = f"The collector {is_}, so the applications stop when it stops. {advice}."
        yield Drift(Kind.ESSENTIAL, where, why, "true", "false")


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set `essential` as the standard says."""
    collector, wanted = workload.present_collector, standard.collector.essential
    if not wanted and not _another_is_essential(workload, collector):
        why = f"{collector.name} is the task's only essential container. Make an application essential first."
        raise Refusal(Kind.ONLY_ESSENTIAL, why)
    changed = workload.with_container(collector.with_(essential=wanted)).assuming(MembersWritten(("essential",)))
    return changed.assuming(*_STARTS) if wanted else changed


def _another_is_essential(workload: Workload, collector: Container) -> bool:
    return any(each.essential for each in workload.task.containers if each.name != collector.name)


RULE = Rule(
    id="sidecar.not-essential",
    title="Collector containers should be essential only where the standard says so",
    why="""
        When an essential container stops, ECS stops the whole task, so a collector that fails on its configuration
        stops the applications with it. Where `essential` is not set, it is true. The rule does not apply to a collector
        that is also the task's log router, which has to be essential: logging.firelens evaluates it.
    """,
    remedy="""
        SAFE. Sets `essential`. REVIEW where another container's `essential` is a template's placeholder. A collector
        becomes essential as SAFE only where its configuration is known and no drift may keep it from starting or from
        being healthy: the applications would stop with it. Refused where the collector is the task's only essential
        container: a task needs one. Decide which application is essential.
    """,
    configure="`collector.essential`.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=tuple(Kind),
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html",
)
