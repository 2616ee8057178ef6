"""No verdict of any rule holds an environment value, or what a configuration keeps for itself."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
import yaml

import engine
from domain.ecs.task_definition import TaskDefinition
from domain.ecs.values import objects_of
from domain.remediation.plan import quotable
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict
from domain.workload import Workload
from rules import CATALOGUE
from tests.rules.examples import Case, Example, all_examples

# What no name of anything in AWS or OpenTelemetry looks like.
ODD = "c4nary {s3cret} = 'p4ss; word'"
# What a real one looks like. It could be a name as well.
KEY = "AKIAC4NARYSECRET7777"
MARKS = ("c4nary", "s3cret", "p4ss", "C4NARY")

RICH = """
extensions:
  health_check: {endpoint: "localhost:13133"}
  sigv4auth: {region: us-east-1, assume_role: {arn: "arn:aws:iam::210987654321:role/metrics"}}
  ecs_observer: {cluster_name: prod, cluster_region: eu-west-1, result_file: /tmp/targets.yaml}
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "10.0.0.1:4317"}
      http: {endpoint: "localhost:4319", cors: {allowed_origins: [a]}}
  awsecscontainermetrics: {collection_interval: 20s}
  awscontainerinsightreceiver: {container_orchestrator: ecs}
  awsxray: {endpoint: "0.0.0.0:2000", proxy_server: {region: us-west-2, endpoint: "0.0.0.0:2000"}}
  kafka: {topic: in, brokers: [b-1.example.com], auth: {sasl: {mechanism: AWS_MSK_IAM, aws_msk: {region: eu-west-1}}}}
  statsd: {endpoint: "0.0.0.0:8125", transport: udp}
processors:
  batch: {timeout: 5s}
  transform: {trace_statements: [set]}
  filter: {metrics: {include: {match_type: strict, metric_names: [ecs.task.memory.limit, other]}}}
  metricstransform: {transforms: [{include: ecs.task.cpu.limit, action: update, new_name: cpu}]}
  attributes: {actions: [{key: token, value: x, action: insert}]}
exporters:
  awsemf: {namespace: web, log_group_name: /metrics/web, log_stream_name: otlp, region: us-west-2, log_retention: 30}
  awscloudwatchlogs: {log_group_name: /logs/web, log_stream_name: otlp, role_arn: "arn:aws:iam::210987654321:role/logs"}
  awsxray: {region: us-west-2, indexed_attributes: [a]}
  datadog: {api: {key: abc, site: datadoghq.eu}}
  logging: {verbosity: detailed}
  otlphttp: {endpoint: "https://user:pw@example.com", headers: {authorization: Bearer x, x-scope: web}}
  prometheusremotewrite:
    endpoint: https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write
    auth: {authenticator: sigv4auth}
service:
  extensions: [health_check, sigv4auth, ecs_observer]
  telemetry: {metrics: {address: "localhost:8889", level: basic}, logs: {level: info}}
  pipelines:
    traces:
      receivers: [otlp, awsxray, kafka]
      processors: [transform, attributes, batch]
      exporters: [awsxray, otlphttp]
    metrics: {receivers: [statsd], processors: [batch], exporters: [logging, prometheusremotewrite]}
    metrics/task:
      receivers: [awsecscontainermetrics, awscontainerinsightreceiver]
      processors: [filter, metricstransform]
      exporters: [awsemf]
    logs: {receivers: [kafka], exporters: [awscloudwatchlogs, datadog]}
"""

# Scalars that are names of components or of AWS's resources: findings tell them, that is what they are for.
NAMES = frozenset({
    "arn", "authenticator", "cluster_name", "endpoint", "exporters", "extensions", "log_group_name", "namespace",
    "processors", "receivers", "role_arn", "topic",
})  # fmt: skip


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    match value:
        case dict():
            for key, item in value.items():
                yield from _paths(item, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from _paths(item, (*path, index))
        case _:
            yield path


def _with(value: Any, path: tuple[Any, ...], canary: str) -> Any:
    if not path:
        return canary
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = _with(value[path[0]], path[1:], canary)
    return copied


def _everywhere(value: Any, canary: str) -> Any:
    for path in _paths(value):
        value = _with(value, path, canary)
    return value


def _said(verdict: Verdict) -> str:
    match verdict:
        case Drifted(drifts=drifts) | Compliant(notes=drifts):
            return "\n".join(f"{drift.where}: {drift.why} {drift.found} {drift.wanted}" for drift in drifts)
        case Unknown(reasons=reasons):
            return "\n".join(reasons)
        case Exempt(reason=reason):
            return reason


def _leaks(workload: Workload) -> list[str]:
    standard = Example("a.b", Case(name="none", verdict="none")).standard
    said = [
        f"{verdict.rule}: {_said(verdict)} {verdict!r}" for verdict in engine.evaluate(workload, standard, CATALOGUE)
    ]
    said.append(repr(workload))
    return [text for text in said if any(mark in text for mark in MARKS)]


def _fed(text: str, type_: str = "String") -> Workload:
    facts = {"parameter": {"text": text, "type": type_}, "task_role": {"policies": {"telemetry": {"Statement": []}}}}
    return Example("a.b", Case(name="canary", verdict="none", facts=facts)).before


DOCUMENT = yaml.safe_load(RICH)


def test_rules_report_on_the_configuration() -> None:
    """Else the canaries below would prove nothing."""
    standard = Example("a.b", Case(name="none", verdict="none")).standard
    verdicts = engine.evaluate(_fed(RICH), standard, CATALOGUE)
    drifted = {verdict.rule for verdict in verdicts if isinstance(verdict, Drifted)}
    assert drifted >= {
        "config.components", "config.otlp", "config.metric-names", "config.protection", "config.region",
        "config.no-plain-secrets", "identity.task-role",
    }  # fmt: skip


@pytest.mark.parametrize("type_", ["String", "SecureString"])
def test_a_configuration_full_of_secrets_shows_none(type_: str) -> None:
    assert _leaks(_fed(yaml.safe_dump(_everywhere(DOCUMENT, ODD)), type_)) == []
    assert _leaks(_fed(f"{ODD}: [\n  - {{ {ODD}", type_)) == []


@pytest.mark.parametrize("path", list(_paths(DOCUMENT)), ids=lambda path: "/".join(map(str, path)))
def test_a_secret_in_any_one_place_of_a_configuration_is_not_shown(path: tuple[Any, ...]) -> None:
    assert _leaks(_fed(yaml.safe_dump(_with(DOCUMENT, path, ODD)))) == []
    if not NAMES.intersection(path):
        assert _leaks(_fed(yaml.safe_dump(_with(DOCUMENT, path, KEY)))) == []


@pytest.mark.parametrize("canary", [ODD, KEY])
def test_no_environment_value_is_shown_but_those_that_may_be(canary: str) -> None:
    """Over every example of every rule."""
    leaks = list[tuple[str, str]]()
    for example in all_examples():
        task = json.loads(json.dumps(example.before.task.json))
        for variable in _variables(task):
            if quotable(str(variable.get("name")), "x") is None:
                variable["value"] = canary
        workload = replace(example.before, task=TaskDefinition(task))
        said = [_said(verdict) for verdict in engine.evaluate(workload, example.standard, CATALOGUE)]
        leaks += [(example.id, text) for text in (*said, repr(workload)) if any(mark in text for mark in MARKS)]
    assert leaks == []


def _variables(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for container in objects_of(task.get("containerDefinitions")):
        yield from (cast("dict[str, Any]", item) for item in objects_of(container.get("environment")))


@pytest.mark.parametrize("canary", [ODD, KEY])
def test_a_plain_configuration_shows_no_more_than_a_parameter(canary: str) -> None:
    case = Case(
        name="plain",
        verdict="none",
        before={
            "containers": {
                "adot-collector": {
                    "secrets": None,
                    "environment": {
                        "AOT_CONFIG_CONTENT": canary,
                        "OTEL_SERVICE_NAMESPACE": canary,
                        "AWS_REGION": canary,
                    },
                }
            }
        },
    )
    assert _leaks(Example("a.b", case).before) == []
