"""The CloudWatch agent's configuration: JSON, read as far as it tells what the agent calls.

Source: the page "Manually create or edit the CloudWatch agent configuration file" of the CloudWatch user guide, and the
managed policy CloudWatchAgentServerPolicy.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from domain.collector.permissions import ComponentPermission

_LOGS: Final = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams")
_TRACES: Final = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_SAMPLING: Final = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
_APPLICATION_SIGNALS: Final = ("application_signals", "app_signals")


def agent_permissions(text: str) -> tuple[ComponentPermission, ...] | None:
    """What the agent asks of the task role, section by section; None where the text is no configuration of it."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return tuple(_asked(content)) if isinstance(content, dict) else None


def _asked(content: Mapping[str, object]) -> Iterator[ComponentPermission]:
    metrics, logs, traces = (_section(content, name) for name in ("metrics", "logs", "traces"))
    destinations = _section(metrics, "metrics_destinations")
    if metrics and (not destinations or "cloudwatch" in destinations):
        yield ComponentPermission("metrics", "cloudwatch:PutMetricData", "writes metrics")
    if logs:
        for action in _LOGS:
            yield ComponentPermission("logs", action, "writes log events")
        if "retention_in_days" in _names(logs):
            yield ComponentPermission("logs", "logs:PutRetentionPolicy", "sets the retention of a log group")
    if traces:
        for action in _TRACES:
            yield ComponentPermission("traces", action, "writes traces")
        if any(name in _section(traces, "traces_collected") for name in (*_APPLICATION_SIGNALS, "xray")):
            for action in _SAMPLING:
                yield ComponentPermission("traces", action, "reads sampling rules for the applications")


def _section(content: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _names(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        for name, value in content.items():
            yield name
            yield from _names(value)
    elif isinstance(content, list):
        for value in content:
            yield from _names(value)
