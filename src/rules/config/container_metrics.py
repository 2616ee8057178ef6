"""Rule config.container-metrics."""

from domain.collector import CollectorConfiguration, metrics_exported_from
from domain.collector.releases import ComponentKind
from domain.drift import Code, Doubt, Drift
from domain.rule import Rule
from domain.severity import Severity
from domain.subject import Subject
from rules.config._configuration import DEFINED, configuration_check, dangling, in_its_file, undefined

_RECEIVER = "awsecscontainermetrics"
_WHERE = f"receivers/{_RECEIVER}"


class Kind(Code):
    """What this rule reports."""

    NO_RECEIVER = "receiver-missing", "No awsecscontainermetrics receiver is defined."
    UNUSED = "receiver-unused", "No metrics pipeline names the receiver."
    NOT_EXPORTED = "metrics-not-exported", "The receiver's metrics reach no exporter that sends them out of the task."


def _drifts(configuration: CollectorConfiguration) -> tuple[Drift | Doubt, ...]:
    """Give one drift where the receiver is missing, unused, or goes nowhere."""
    if metrics_exported_from(configuration, _RECEIVER):
        return ()
    if _RECEIVER in undefined(configuration, ComponentKind.RECEIVER):
        return (dangling(f"a receiver {_RECEIVER}"),)
    ids = {part.id for part in configuration.receivers.values() if part.canonical == _RECEIVER}
    if not ids:
        why = f"No {_RECEIVER} receiver is defined, so nothing reports what the task itself uses. Add the receiver."
        return (in_its_file(configuration, Drift(Kind.NO_RECEIVER, _WHERE, why, wanted=_RECEIVER)),)
    pipelines = configuration.pipelines.values()
    if not any(pipeline.signal == "metrics" and ids.intersection(pipeline.receivers) for pipeline in pipelines):
        why = f"No metrics pipeline names the {_RECEIVER} receiver, so its metrics are not exported."
        return (Drift(Kind.UNUSED, _WHERE, why),)
    if undefined(configuration, ComponentKind.EXPORTER):
        return (dangling("an exporter"),)
    why = f"The metrics of {_RECEIVER} reach only exporters that send nothing out of the task."
    return (Drift(Kind.NOT_EXPORTED, _WHERE, why),)


RULE = Rule(
    id="config.container-metrics",
    title="The task's own metrics should be collected by awsecscontainermetrics and exported",
    why="""
        The receiver reads CPU, memory, network and storage of the task and its containers from the task's metadata
        endpoint. Without it nothing reports what the task uses, unless Container Insights does: set the rule's mode to
        off for its users. A pipeline that ends in `debug` or `file` alone exports nothing.
    """,
    by_hand="Add the receiver to a metrics pipeline whose exporter sends to AWS or to another backend.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=(*Kind, *DEFINED),
    of_configuration=True,
    check=configuration_check(_drifts, all_of_it=True),
    reference="https://aws-otel.github.io/docs/components/ecs-metrics-receiver",
)
