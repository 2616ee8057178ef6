"""The dashboard and the alarms show metrics that the functions emit, and the dashboard shows all of them."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from domain.findings.finding import TransitionKind
from domain.severity import Severity
from handlers import metrics
from handlers.metrics import Dimension, Metric
from tests.templates import CALLED, ROOT, SRC, of_type, template
from tools import dashboard

OURS = "Outrider/${AWS::StackName}"
FUNCTIONS = {function.removesuffix("Function").lower() for function in CALLED}
# AWS's own metrics, by namespace. Any other name is a mistake.
OF_AWS = {
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    "AWS/States": {"ExecutionsFailed"},
    "AWS/Lambda": {"Duration", "Errors", "Throttles"},
}
VALUES: dict[Dimension, set[str]] = {
    Dimension.FUNCTION: FUNCTIONS,
    Dimension.CHANGE: {change.value for change in TransitionKind},
    Dimension.SEVERITY: {severity.value for severity in Severity if severity is not Severity.INFORMATIONAL},
}
_SEARCH = re.compile(r"""^SEARCH\('\{"(?P<of>[^"]+)","(?P<by>\w+)"\} MetricName="(?P<name>\w+)"', '\w+', \d+\)$""")

# namespace, name, dimension, its value or None where all values are searched for
type Shown = tuple[str, str, str, str | None]


@cache
def emitted() -> dict[str, Metric]:
    """Every metric that there is, by the name of its constant."""
    return {name: value for name, value in vars(metrics).items() if isinstance(value, Metric)}


def widgets() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "dashboard.json").read_text(encoding="utf-8"))["widgets"]
    return found


def shown() -> Iterator[Shown]:
    for widget in widgets():
        for line in widget["properties"].get("metrics", ()):
            if isinstance(line[0], dict):
                found = _SEARCH.match(line[0]["expression"])
                assert found, line
                yield found["of"], found["name"], found["by"], None
            else:
                namespace, name, by, value, *_ = line
                yield namespace, name, by, value


def alarmed() -> Iterator[Shown]:
    for alarm in of_type("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        (dimension,) = properties["Dimensions"]
        namespace = properties["Namespace"]
        namespace = namespace["Fn::Sub"] if isinstance(namespace, dict) else namespace
        yield namespace, properties["MetricName"], dimension["Name"], dimension["Value"]


@pytest.mark.parametrize("where", [shown, alarmed])
def test_what_is_shown_and_alarmed_on_is_emitted(where: Any) -> None:
    ours = {(metric.name, metric.by.value) for metric in emitted().values()}
    for namespace, name, by, value in where():
        if namespace == OURS:
            assert (name, by) in ours, (name, by)
            assert value is None or value in VALUES[Dimension(by)], (name, value)
        else:
            assert name in OF_AWS[namespace], (namespace, name)


def test_everything_that_is_emitted_is_shown() -> None:
    ours = {(name, by) for namespace, name, by, _ in shown() if namespace == OURS}
    assert {(metric.name, metric.by.value) for metric in emitted().values()} == ours


def test_every_value_that_is_known_beforehand_is_shown_or_left_out_on_purpose() -> None:
    for by in (Dimension.CHANGE, Dimension.SEVERITY):
        assert {value for _, _, on, value in shown() if on == by.value} == VALUES[by]


def test_every_metric_that_there_is_a_name_for_is_counted_somewhere() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (SRC / "handlers").glob("*.py"))
    for name in emitted():
        assert re.search(rf"\b(metrics\.|count\(){name}\b", source), name


def test_the_functions_write_where_the_dashboard_looks() -> None:
    given = template()["Globals"]["Function"]["Environment"]["Variables"]["OUTRIDER_METRICS"]
    assert given == {"Fn::Sub": OURS}


def test_the_template_shows_the_dashboard_of_the_file() -> None:
    body, _ = template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert json.loads(body) == {"widgets": widgets()}
    written = dashboard.TEMPLATE.read_text(encoding="utf-8")
    assert dashboard.filled(written) == written


def test_what_the_dashboard_names_is_in_every_stack() -> None:
    """A part that a condition leaves out is given by a variable: else CloudFormation would refuse the stack."""
    body, given = template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    resources = template()["Resources"]
    for name in re.findall(r"\$\{([\w:]+)(?:\.\w+)?\}", body):
        known = name.startswith("AWS::") or name in given
        assert known or (name in resources and "Condition" not in resources[name]), name


def test_the_dashboard_shows_every_alarm_that_is_in_every_stack() -> None:
    (widget,) = [widget for widget in widgets() if widget["type"] == "alarm"]
    alarms = {name for name, alarm in of_type("AWS::CloudWatch::Alarm").items() if "Condition" not in alarm}
    assert set(widget["properties"]["alarms"]) == {f"${{{name}.Arn}}" for name in alarms}


def test_the_runbook_has_every_metric_and_alarm() -> None:
    page = Path(ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    for name in {metric.name for metric in emitted().values()} | of_type("AWS::CloudWatch::Alarm").keys():
        assert f"`{name}`" in page, name
