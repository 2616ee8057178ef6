"""The task's own metrics are collected and exported: awsecscontainermetrics feeds a metrics pipeline.

Why: the receiver reads CPU, memory, network and storage of the task and its containers from the task's metadata
endpoint. Without it nothing tells what the task uses, unless Container Insights does: set the rule's mode to off
for its users. A pipeline that ends in `debug` or `file` alone exports nothing.

Fix: none. Add the receiver to a metrics pipeline whose exporter sends to AWS or elsewhere.
"""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration, metrics_exported_from
from domain.collector.releases import Release
from domain.drift import Doubt, Drift
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import once, sound_configuration_of

_RECEIVER = "awsecscontainermetrics"
_WHERE = f"receivers/{_RECEIVER}"


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield one drift where the receiver is missing, unused, or goes nowhere."""
    configuration, doubts = sound_configuration_of(workload)
    yield from doubts
    if configuration is not None and (why := _missing(configuration, None)):
        yield Drift(_WHERE, why)


@once
def _missing(configuration: CollectorConfiguration, _: Release | None) -> str:
    if metrics_exported_from(configuration, _RECEIVER):
        return ""
    ids = {part.id for part in configuration.receivers.values() if part.canonical == _RECEIVER}
    if not ids:
        return f"No {_RECEIVER} receiver is defined, so nothing tells what the task itself uses."
    pipelines = configuration.pipelines.values()
    if not any(pipeline.signal == "metrics" and ids.intersection(pipeline.receivers) for pipeline in pipelines):
        return f"No metrics pipeline names the {_RECEIVER} receiver, so what it would collect is not exported."
    return f"The metrics of {_RECEIVER} end in exporters that send nothing out of the task."


RULE = Rule(
    id="config.container-metrics",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://aws-otel.github.io/docs/components/ecs-metrics-receiver",
    doc=__doc__,
)
