"""Rule config.metric-names."""

import re

from domain.collector import (
    CONTAINER_METRICS,
    CollectorConfiguration,
    MatchType,
    is_unknown_container_metric,
    metric_names_in_filters,
    wanted_metric_name,
)
from domain.drift import Code, Drift
from domain.rule import Rule
from domain.severity import Severity
from domain.subject import Subject
from rules.config._configuration import WELL_FORMED, configuration_check

_RECEIVER = "awsecscontainermetrics"
_SHOWABLE = re.compile(r"[a-z0-9_.]{1,80}", re.ASCII)
# Patterns that are a name except for dots and anchors. Others may match anything, and are not run: users write them.
_PLAIN = re.compile(r"\^?(?P<name>(?:ecs\\?\.task|container)(?:\\?\.[a-z0-9_]+)+)(?:\\?\.\*|\.\*|\$)?", re.ASCII)


class Kind(Code):
    """What this rule reports."""

    UNKNOWN_METRIC = "metric-unknown", "No container metric has the name that is selected."


def _drifts(configuration: CollectorConfiguration) -> tuple[Drift, ...]:
    """Give each name of a container metric that does not exist."""
    fed = _processors_fed(configuration)
    found: dict[tuple[str, str], Drift] = {}
    for written in metric_names_in_filters(configuration):
        alone = next((only for where, only in fed.items() if written.where.startswith(where)), None)
        name = written.name if written.match is MatchType.STRICT else _plain(written.name)
        if alone is None or name is None or not _SHOWABLE.fullmatch(name):
            continue
        if not alone and name.startswith("container."):
            continue  # an application may have metrics of such names too
        if written.match is MatchType.REGEXP and any(name in metric for metric in CONTAINER_METRICS):
            continue
        if is_unknown_container_metric(name):
            meant = wanted_metric_name(name)
            advice = f"Write {meant}" if meant else "Remove it"
            why = f"No container metric is named {name}, so it selects nothing. {advice}."
            drift = Drift(Kind.UNKNOWN_METRIC, f"{written.where}/{name}", why, name, meant or "")
            found[written.where, name] = drift
    return tuple(found.values())


def _processors_fed(configuration: CollectorConfiguration) -> dict[str, bool]:
    """The processors that container metrics pass, by their path; whether nothing else passes them."""
    receivers = configuration.receivers
    found: dict[str, bool] = {}
    for pipeline in configuration.pipelines.values():
        types = {receivers[name].canonical if name in receivers else name for name in pipeline.receivers}
        if _RECEIVER in types:
            for name in pipeline.processors:
                found[f"processors/{name}/"] = found.get(f"processors/{name}/", True) and types == {_RECEIVER}
    return found


def _plain(pattern: str) -> str | None:
    found = _PLAIN.fullmatch(pattern)
    return found["name"].replace("\\", "") if found else None


RULE = Rule(
    id="config.metric-names",
    title="Container metrics that processors select by name should exist",
    why="""
        A filter that includes a name which no metric has drops the data without an error. `ecs.task.memory.limit` and
        `ecs.task.cpu.limit`, which some guides name, do not exist: the limits are `ecs.task.memory.reserved` and
        `ecs.task.cpu.reserved`. The rule evaluates names where awsecscontainermetrics feeds the pipeline. It does not
        search OTTL conditions.
    """,
    by_hand="Write the name that the finding gives.",
    subject=Subject.PARAMETER,
    severity=Severity.MEDIUM,
    codes=(*Kind, *WELL_FORMED),
    of_configuration=True,
    check=configuration_check(_drifts),
    reference="https://aws-otel.github.io/docs/components/ecs-metrics-receiver",
)
