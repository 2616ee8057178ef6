"""What the CloudWatch agent's configuration asks of the task role."""

import json
from typing import Any

import pytest

from domain.collector.cloudwatch_agent import agent_permissions
from domain.ecs.recognition import CollectorKind
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Facts, Known, Parameter, Unavailable
from domain.permissions import permissions_of_agent
from domain.places import Place
from domain.workload import Workload

PLACE = Place("123456789012", "eu-west-1")
SIGNALS: dict[str, Any] = {
    "traces": {"traces_collected": {"application_signals": {}}},
    "logs": {"metrics_collected": {"application_signals": {}}},
}


def actions(content: Any) -> set[str] | None:
    found = agent_permissions(content if isinstance(content, str) else json.dumps(content))
    return None if found is None else {each.action for each in found}


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        ({}, set()),
        ({"agent": {"region": "eu-west-1"}}, set()),
        ({"metrics": {"metrics_collected": {"statsd": {}}}}, {"cloudwatch:PutMetricData"}),
        ({"metrics": {"metrics_destinations": {"amp": {}}, "metrics_collected": {"statsd": {}}}}, set()),
        (
            {"metrics": {"metrics_destinations": {"amp": {}, "cloudwatch": {}}, "metrics_collected": {}}},
            {"cloudwatch:PutMetricData"},
        ),
        ({"traces": {"traces_collected": {"otlp": {}}}}, {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}),
    ],
)
def test_each_section_asks_for_what_it_calls(content: Any, asked: set[str]) -> None:
    assert actions(content) == asked


def test_application_signals_write_logs_and_traces_and_read_sampling_rules() -> None:
    asked = actions(SIGNALS)
    assert asked is not None
    assert {"logs:PutLogEvents", "xray:PutTraceSegments", "xray:GetSamplingRules", "xray:GetSamplingTargets"} <= asked
    assert "cloudwatch:PutMetricData" not in asked


def test_a_retention_is_set_where_one_is_named_however_deep() -> None:
    files = {"files": {"collect_list": [{"file_path": "/x", "retention_in_days": 7}]}}
    asked = actions({"logs": {"logs_collected": files}})
    assert asked is not None
    assert "logs:PutRetentionPolicy" in asked


@pytest.mark.parametrize("text", ["", "receivers: {}", "[1]", "7", "[" * 100_000])
def test_what_is_no_json_object_is_not_known(text: str) -> None:
    assert actions(text) is None


@pytest.mark.parametrize(
    ("members", "facts", "known"),
    [
        ({"environment": [{"name": "CW_CONFIG_CONTENT", "value": json.dumps(SIGNALS)}]}, Facts(), True),
        (
            {"secrets": [{"name": "CW_CONFIG_CONTENT", "valueFrom": "ecs-cwagent"}]},
            Facts(parameter=Known(Parameter(arn="a", name="ecs-cwagent", type="String", text=json.dumps(SIGNALS)))),
            True,
        ),
        (
            {"secrets": [{"name": "CW_CONFIG_CONTENT", "valueFrom": "ecs-cwagent"}]},
            Facts(parameter=Unavailable("not read")),
            False,
        ),
        ({}, Facts(), False),
    ],
)
def test_they_are_those_of_the_configuration_that_the_agent_reads(
    members: dict[str, Any], facts: Facts, *, known: bool
) -> None:
    agent = {"name": "cw", "image": "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.300055.0b1095", **members}
    task = TaskDefinition({"family": "web", "containerDefinitions": [agent]})
    workload = Workload(PLACE, task, facts=facts, kinds=lambda _: CollectorKind("cloudwatch-agent"))
    found = permissions_of_agent(workload)
    assert (found is not None) is known
    assert all(need.region == "eu-west-1" for need in found or ())
