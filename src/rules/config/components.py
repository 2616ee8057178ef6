"""Every component of the configuration exists in the collector's release.

Why: ADOT carries a part of what the OpenTelemetry collector has, and drops some with its releases: `logging` is
gone since v0.42.0, `transform` was never there. A collector that does not know a component exits when it starts,
used or not.

Only ADOT's own releases are known. For a floating tag, a bare digest or another distribution it cannot be told.

Fix: none. Take the component that the finding names instead, or a release that has it.
"""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration
from domain.collector.releases import ComponentKind, Release, Standing, component_status
from domain.drift import Doubt, Drift
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import once, well_formed_configuration_of


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each component that the release does not have."""
    configuration, doubts = well_formed_configuration_of(workload)
    yield from doubts
    if configuration is None or workload.collector is None:
        return
    yield from _drifts(configuration, workload.release)
    if workload.release is None:
        where = f"containers/{workload.collector.name}/image"
        yield Doubt(where, "The image names no ADOT release, so which components it has cannot be told.")


@once
def _drifts(configuration: CollectorConfiguration, release: Release | None) -> tuple[Drift | Doubt, ...]:
    found: list[Drift | Doubt] = []
    if release is None:
        return ()
    for part in (part for kind in ComponentKind for part in configuration.defined(kind).values()):
        status = component_status(part.kind, part.type, release)
        if status.standing is Standing.UNDECIDABLE:
            return (*found, Doubt(part.where, status.sentence))
        if status.standing is not Standing.KNOWN:
            found.append(Drift(part.where, status.sentence))
    return tuple(found)


RULE = Rule(
    id="config.components",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://github.com/aws-observability/aws-otel-collector#adot-collector-built-in-components",
    doc=__doc__,
)
