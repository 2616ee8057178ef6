"""The collector's own log goes to awslogs, completely, or to the standard's log driver.

Why: what fails in the collector (a denied action, a dropped batch, a configuration that does not parse) is told by
its log and nowhere else. Fargate refuses awslogs without a stream prefix, and a task whose log group does not exist
does not start.

Fix: adds what is missing: the applications' log group or the standard's, the region, the stream prefix; lets a group
that does not exist be created. SAFE; where another log driver is replaced, REVIEW.

Configure: `collector.logging`.
"""

from collections.abc import Iterator

from domain.drift import Doubt, Drift
from domain.ecs.container import Container
from domain.ecs.values import mapping_of, truth_of
from domain.facts import Absent, FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.sidecar.log_configuration import awslogs_options, log_configuration

NEEDED = ("awslogs-group", "awslogs-region", "awslogs-stream-prefix")


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """The driver, then what awslogs lacks, then its group."""
    collector = workload.collector
    if collector is None:
        return
    where, driver, wanted = (
        f"containers/{collector.name}/logConfiguration",
        collector.log_driver,
        standard.collector.logging,
    )
    if driver is None:
        yield Drift(
            where,
            f"The collector has no log configuration, so nobody hears of its failures; {wanted.driver} is wanted.",
        )
    elif driver not in {"awslogs", wanted.driver}:
        yield Drift(f"{where}/logDriver", f"The collector logs by {driver}; the standard's driver is {wanted.driver}.")
    elif driver == "awslogs":
        options = collector.log_options
        for name in NEEDED:
            if not options.get(name):
                yield Drift(f"{where}/options/{name}", f"The log driver awslogs has no {name}, which Fargate needs.")
        yield from _of_group(
            workload, options.get("awslogs-group", ""), options.get("awslogs-region", ""), where, collector
        )


def _of_group(workload: Workload, group: str, region: str, where: str, collector: Container) -> Iterator[Drift | Doubt]:
    if not group or truth_of(collector.log_options.get("awslogs-create-group")):
        return
    where = f"{where}/options/awslogs-group"
    if region and workload.place.region and region != workload.place.region:
        yield Doubt(where, f"The log group {group} is in {region}, whose log groups are not read.")
    elif isinstance(workload.facts.log_groups.get(group), Absent):
        yield Drift(
            where, f"The log group {group} does not exist, and awslogs-create-group does not let it be created."
        )


def fix(workload: Workload, standard: Standard) -> Workload:
    """The log configuration made complete."""
    collector = workload.collector
    if collector is None:
        return workload
    driver = collector.log_driver
    if driver not in {"awslogs", standard.collector.logging.driver}:
        changed = collector.with_(logConfiguration=log_configuration(workload, standard))
        after = workload.with_container(changed)
        return (
            after
            if driver is None
            else after.needing_review(f"The collector's log moves from {driver} to {changed.log_driver}.")
        )
    if driver != "awslogs":
        return workload
    given = dict(mapping_of(mapping_of(collector.json.get("logConfiguration")).get("options")))
    if any(not collector.log_options.get(name) for name in NEEDED):
        made = awslogs_options(workload, standard)
        given |= {name: made[name] for name in NEEDED if not collector.log_options.get(name)}
    if any(_of_group(workload, str(given["awslogs-group"]), str(given["awslogs-region"]), "", collector)):
        given["awslogs-create-group"] = "true"
    configuration = {**mapping_of(collector.json.get("logConfiguration")), "options": given}
    return workload.with_container(collector.with_(logConfiguration=configuration))


RULE = Rule(
    id="sidecar.logging",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    needs=frozenset({FactKind.LOG_GROUPS}),
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html",
    doc=__doc__,
)
