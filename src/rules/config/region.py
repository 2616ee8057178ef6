"""Exporters send to the task's own region, or to one that the standard lists.

Why: a region left over from the place where a configuration was copied sends telemetry where nobody looks for it,
over a paid link, and out of a region that data may not leave.

No region at all and `${env:AWS_REGION}` are the task's own. A template's placeholder tells nothing.

Fix: none. Take the region out, or list it in the standard.

Configure: `configuration.regions`.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from domain.collector import RegionSource, exporter_regions
from domain.collector.scalars import shown
from domain.drift import Doubt, Drift
from domain.ecs.placeholders import placeholder
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import once, well_formed_configuration_of

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}", re.ASCII)

_regions = once(exporter_regions)


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
        # `$NAME` is a placeholder too, but not to a release that takes it as it stands.
        if "$" not in found.region and placeholder(found.region):
            yield Doubt(where, f"The region of {name} is a placeholder.")
            continue
        if _REGION.fullmatch(found.region):
            why = f"{name} sends to {found.region}; the task runs in {own}, and the standard does not list that region."
        else:
            why = f"{name} names something that is no region; leave it out, or write ${{env:AWS_REGION}}."
        yield Drift(where, why)


def _region_of(workload: Workload) -> str:
    """That of the task definition's ARN, else of its log configuration; a file has no other place."""
    if workload.revision is not None:
        return workload.revision.place.region
    named = (container.log_options.get("awslogs-region") for container in workload.task.containers)
    return next((region for region in named if region), workload.place.region)


RULE = Rule(
    id="config.region",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/trace-data.html",
    doc=__doc__,
)
