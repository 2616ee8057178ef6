"""Rule config.components."""

from collections.abc import Iterator
from functools import partial

from domain.collector import CollectorConfiguration, takes_signals_of
from domain.collector.releases import Release, ReleaseStanding, component_status
from domain.drift import Code, Doubt, Drift
from domain.identical import once
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import WELL_FORMED, well_formed_configuration_of


class Kind(Code):
    """What this rule reports."""

    NOT_IN_RELEASE = "not-in-release", "The collector's release does not have the component."
    RELEASE_UNKNOWN = "release-unknown", "Unknown: the image names no ADOT release."
    RELEASE_NOT_LISTED = "release-not-listed", "Unknown: the release is older or newer than those that are known."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each component that the release does not have."""
    configuration, doubts = well_formed_configuration_of(workload)
    yield from doubts
    if configuration is None:
        return
    yield from _drifts(configuration, workload.release)
    if workload.release is None:
        where = f"containers/{workload.present_collector.name}/image"
        why = "The image names no ADOT release, so its components are not known."
        yield Doubt(Kind.RELEASE_UNKNOWN, where, why)


@once
def _drifts(configuration: CollectorConfiguration, release: Release | None) -> tuple[Drift | Doubt, ...]:
    found: list[Drift | Doubt] = []
    if release is None:
        return ()
    for part in configuration.components:
        fits = partial(takes_signals_of, configuration, part, release=release)
        status = component_status(part.kind, part.type, release, fits)
        if status.standing is ReleaseStanding.UNDECIDABLE:
            return (*found, Doubt(Kind.RELEASE_NOT_LISTED, part.where, status.sentence))
        if status.standing is not ReleaseStanding.KNOWN:
            instead = status.instead or ""
            found.append(Drift(Kind.NOT_IN_RELEASE, part.where, status.sentence, part.type, instead))
    return tuple(found)


RULE = Rule(
    id="config.components",
    title="Components of a configuration should exist in the collector's release",
    why="""
        ADOT has a part of the components of the OpenTelemetry collector, and removes some in later releases: `logging`
        was removed in v0.42.0, `transform` was never included. A collector that does not know a component exits when it
        starts, whether the component is used or not. Only ADOT's own releases are known. For a floating tag, a bare
        digest or another distribution the rule is Unknown.
    """,
    by_hand="Use the component that the finding names instead, or a release that has it.",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, *WELL_FORMED),
    of_configuration=True,
    check=check,
    reference="https://github.com/aws-observability/aws-otel-collector#adot-collector-built-in-components",
)
