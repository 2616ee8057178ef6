"""Rule sidecar.logging."""

from collections.abc import Iterator

from domain.assumptions import FactKnown
from domain.drift import Code, Doubt, Drift
from domain.ecs.container import Container
from domain.ecs.placeholders import is_filled_in
from domain.ecs.values import mapping_of, truth_of
from domain.facts import Absent, FactKind
from domain.masking import log_group, word
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.sidecar.log_configuration import LogCode, awslogs_options, log_configuration, wanted_driver

_DEPENDS_ON = FactKnown(FactKind.LOG_GROUPS), FactKnown(FactKind.EXECUTION_ROLE)
NEEDED = ("awslogs-group", "awslogs-region", "awslogs-stream-prefix")


class Kind(Code):
    """What this rule reports."""

    NO_LOG = "log-missing", "The collector has no log configuration."
    OTHER_DRIVER = "log-driver", "The log driver is neither awslogs nor the standard's."
    OPTION_MISSING = "log-option-missing", "The log driver awslogs lacks an option that Fargate needs."
    NO_GROUP = "log-group-absent", "The log group does not exist, and awslogs does not create it."
    OTHER_REGION = "log-group-elsewhere", "Unknown: the log group is in another region, where it is not read."
    PLACEHOLDER = "log-placeholder", "Unknown: the log configuration is a placeholder."
    LOG_MOVES = "log-moves", "Approval: the collector's log moves to another log driver."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield drifts of the driver, then of the options that awslogs lacks, then of its group."""
    collector = workload.present_collector
    where, driver = f"containers/{collector.name}/logConfiguration", collector.log_driver
    wanted = wanted_driver(collector, standard)
    if (member := _filled_in(collector)) is not None:
        yield Doubt(Kind.PLACEHOLDER, f"{where}{member}", "The collector's log configuration is a placeholder.")
    elif driver is None:
        why = f"The collector has no log configuration, so its failures are not visible. Use {wanted}."
        yield Drift(Kind.NO_LOG, where, why, wanted=wanted)
    elif driver not in {"awslogs", wanted}:
        whose = "It is the log router, which needs" if collector.routes_logs else "The standard's log driver is"
        why = f"The collector logs by {word(driver)}. {whose} {wanted}."
        yield Drift(Kind.OTHER_DRIVER, f"{where}/logDriver", why, word(driver), wanted)
    elif driver == "awslogs":
        options = collector.log_options
        for name in NEEDED:
            if not options.get(name):
                why = f"The log driver awslogs has no {name}, which Fargate needs."
                yield Drift(Kind.OPTION_MISSING, f"{where}/options/{name}", why)
        yield from _of_group(
            workload, options.get("awslogs-group", ""), options.get("awslogs-region", ""), where, collector
        )


def _filled_in(collector: Container) -> str | None:
    """Return the member of the log configuration that a template fills in, which may be all of it; else None."""
    given = collector.json.get("logConfiguration")
    inner = mapping_of(given)
    found = {"": given, "/logDriver": inner.get("logDriver"), "/options": inner.get("options")}
    return next((name for name, value in found.items() if is_filled_in(value)), None)


def _of_group(workload: Workload, group: str, region: str, where: str, collector: Container) -> Iterator[Drift | Doubt]:
    if not group or truth_of(collector.log_options.get("awslogs-create-group")):
        return
    where, name = f"{where}/options/awslogs-group", log_group(group)
    if region and workload.place.region and region != workload.place.region:
        why = f"The log group {name} is in {word(region)}, whose log groups are not read."
        yield Doubt(Kind.OTHER_REGION, where, why)
    elif isinstance(workload.facts.log_groups.get(group), Absent):
        why = f"The log group {name} does not exist, and awslogs-create-group is not true, so it is not created."
        yield Drift(Kind.NO_GROUP, where, why, name)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Complete the log configuration."""
    collector = workload.present_collector
    driver, wanted = collector.log_driver, wanted_driver(collector, standard)
    if driver not in {"awslogs", wanted}:
        changed = collector.with_(logConfiguration=log_configuration(workload, standard, wanted))
        after = workload.with_container(changed).assuming(*_DEPENDS_ON)
        if driver is None:
            return after
        why = f"The collector's log moves from {word(driver)} to {changed.log_driver}."
        return after.needing_approval(Kind.LOG_MOVES, why)
    if driver != "awslogs":
        return workload
    given = dict(mapping_of(mapping_of(collector.json.get("logConfiguration")).get("options")))
    if any(not collector.log_options.get(name) for name in NEEDED):
        made = awslogs_options(workload, standard)
        given |= {name: made[name] for name in NEEDED if not collector.log_options.get(name)}
    if any(_of_group(workload, str(given["awslogs-group"]), str(given["awslogs-region"]), "", collector)):
        given["awslogs-create-group"] = "true"
    configuration = {**mapping_of(collector.json.get("logConfiguration")), "options": given}
    return workload.with_container(collector.with_(logConfiguration=configuration)).assuming(*_DEPENDS_ON)


RULE = Rule(
    id="sidecar.logging",
    title="Collectors should log to awslogs with all options, or to the standard's log driver",
    why="""
        Only the collector's log shows what fails in it: a denied action, a dropped batch, a configuration that cannot
        be parsed. Fargate refuses awslogs without a stream prefix, and a task whose log group does not exist does not
        start.
    """,
    remedy="""
        Adds what is missing: the applications' log group or the standard's, the region, the stream prefix. Lets a group
        that does not exist be created. SAFE where the log group and what the execution role allows are known. REVIEW
        where they are not, where a template's placeholder would be copied, and where another log driver is replaced.
    """,
    configure="`collector.logging`.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=(*Kind, *LogCode),
    needs=frozenset({FactKind.LOG_GROUPS}),
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html",
)
