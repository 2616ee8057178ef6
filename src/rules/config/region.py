"""Rule config.region."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from domain.collector import RegionSource, exporter_regions
from domain.collector.scalars import shown
from domain.drift import Code, Doubt, Drift
from domain.ecs.placeholders import placeholder
from domain.identical import once
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import WELL_FORMED, well_formed_configuration_of

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}", re.ASCII)

_regions = once(exporter_regions)


class Kind(Code):
    """What this rule reports."""

    OTHER_REGION = "other-region", "The exporter sends to a region that the standard does not list."
    NO_REGION = "not-a-region", "The value is not a region."
    PLACEHOLDER = "region-placeholder", "Unknown: the region is a placeholder."
    TASK_UNKNOWN = "task-region-unknown", "Unknown: the region that the task runs in."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each part that names another region."""
    configuration, doubts = well_formed_configuration_of(workload)
    yield from doubts
    if configuration is None:
        return
    own, meant = _region_of(workload), standard.configuration.regions
    for found in _regions(configuration, workload.release):
        if found.source is not RegionSource.CONFIGURED or found.region is None or found.region == own:
            continue
        if any(fnmatchcase(found.region, pattern) for pattern in meant):
            continue
        kind, _, name = found.part.partition("/")
        where, name = f"{kind}/{shown(name)}/region", shown(name)
        # `$NAME` is a placeholder too, but not to a release that uses it as written.
        if "$" not in found.region and placeholder(found.region):
            yield Doubt(Kind.PLACEHOLDER, where, f"The region of {name} is a placeholder.")
        elif _REGION.fullmatch(found.region) and not _REGION.fullmatch(own):
            why = f"{name} sends to {found.region}. The region that the task runs in is not known."
            yield Doubt(Kind.TASK_UNKNOWN, where, why)
        elif _REGION.fullmatch(found.region):
            why = f"{name} sends to {found.region}. The task runs in {own}, and the standard does not list that region."
            yield Drift(Kind.OTHER_REGION, where, why, found.region, own)
        else:
            why = f"The region of {name} is not an AWS region. Remove it, or write ${{env:AWS_REGION}}."
            yield Drift(Kind.NO_REGION, where, why, wanted="${env:AWS_REGION}")


def _region_of(workload: Workload) -> str:
    """The task definition's by its ARN, else by its log configuration; a file may have neither."""
    if workload.revision is not None:
        return workload.revision.place.region
    named = (container.log_options.get("awslogs-region") for container in workload.task.containers)
    return next((region for region in named if region and _REGION.fullmatch(region)), workload.place.region)


RULE = Rule(
    id="config.region",
    title="Exporters should send to the task's own region, or to one that the standard lists",
    why="""
        A region left over from a copied configuration sends telemetry to a place where nobody looks for it, over a paid
        link, and out of a region that data may not leave. An exporter without a region, and `${env:AWS_REGION}`, send
        to the task's own. Of a template's placeholder nothing is known.
    """,
    by_hand="Remove the region, or list it in the standard.",
    configure="`configuration.regions`.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=(*Kind, *WELL_FORMED),
    of_configuration=True,
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/trace-data.html",
)
