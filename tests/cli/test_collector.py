import json
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from domain.collector.releases import newest_known
from tests.cli.conftest import Run

SRC = Path(__file__).parents[2]
GOOD = """\
receivers: {otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}}}}
processors: {memory_limiter: {check_interval: 1s, limit_mib: 400}, batch: {timeout: 5s}}
exporters: {awsxray: {region: "${env:AWS_REGION}"}}
service: {pipelines: {traces: {receivers: [otlp], processors: [memory_limiter, batch], exporters: [awsxray]}}}
"""
BAD = GOOD.replace("timeout", "timout")


def write(name: str, text: str | bytes) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return name


def drifted(entry: Any) -> dict[str, str]:
    """The rules that are drifted, with their severity."""
    return {found["rule"]: found["severity"] for found in entry["verdicts"] if found["verdict"] == "drifted"}


def test_a_clean_configuration_exits_with_0(run: Run) -> None:
    ran = run("collector", write("collector.yaml", GOOD))
    assert (ran.code, ran.err) == (0, "")
    assert f"{newest_known()}: no drift" in ran.out
    assert "1 configuration: 1 without drift." in ran.out


def test_what_the_collector_would_not_start_with_is_high_and_exits_with_1(run: Run) -> None:
    ran = run("collector", write("collector.yaml", BAD))
    assert ran.code == 1
    assert "HIGH config.options" in ran.out
    assert "processors/batch has no option timout; write timeout." in " ".join(ran.out.split())


def test_json_has_the_documented_form(run: Run) -> None:
    ran = run("collector", "--format", "json", "--release", "v0.47.0", write("a.yaml", BAD), write("b.yaml", GOOD))
    assert ran.code == 1
    assert [(entry["file"], entry["release"]) for entry in ran.results] == [
        ("a.yaml", "v0.47.0"),
        ("b.yaml", "v0.47.0"),
    ]
    for entry in ran.results:
        assert set(entry) == {"file", "release", "verdicts"}
    assert [drifted(entry) for entry in ran.results] == [{"config.options": "HIGH"}, {}]


@pytest.mark.parametrize(("bar", "code"), [("LOW", 1), ("MEDIUM", 0)])
def test_the_exit_code_follows_the_lowest_severity_that_fails(run: Run, bar: str, code: int) -> None:
    name = write("collector.yaml", GOOD.replace("memory_limiter, batch]", "batch]"))
    assert run("collector", "--fail-on", bar, name).code == code


def test_a_text_that_is_no_yaml_is_a_verdict_and_hides_no_other(run: Run) -> None:
    ran = run("collector", "--format", "json", write("a.yaml", "receivers: ["), write("b.yaml", BAD))
    assert ran.code == 1
    assert [drifted(entry) for entry in ran.results] == [{"config.well-formed": "CRITICAL"}, {"config.options": "HIGH"}]


def test_what_cannot_be_read_gets_one_sentence_and_hides_no_other(run: Run) -> None:
    ran = run(
        "collector", "--format", "json", "missing.yaml", write("latin.yaml", b"\xff\xfe\xfa"), write("b.yaml", BAD)
    )
    assert ran.code == 1
    assert [each["file"] for each in ran.json["errors"]] == ["missing.yaml", "latin.yaml"]
    assert run("collector", "missing.yaml", write("a.yaml", GOOD)).code == 2
    assert len(ran.err.splitlines()) == 2
    assert "missing.yaml does not exist" in ran.err
    assert [entry["file"] for entry in ran.results] == ["b.yaml"]


def test_a_folder_gives_its_configurations_and_skips_the_rest(run: Run) -> None:
    write("deploy/one/collector.yaml", GOOD)
    write("deploy/two/otel.YML", BAD)
    write("deploy/compose.yaml", "services: {web: {image: web}}\n")
    write("deploy/notes.txt", "receivers:\nexporters:\n")
    ran = run("collector", "--format", "json", "deploy")
    assert [entry["file"] for entry in ran.results] == ["deploy/one/collector.yaml", "deploy/two/otel.YML"]
    assert ran.err == "Skipped, because there is no collector configuration in it: deploy/compose.yaml.\n"


TASK = {"family": "web", "containerDefinitions": [{"name": "app", "image": "web"}]}
PARAMETER = f"""\
Resources:
  Configuration:
    Type: AWS::SSM::Parameter
    Properties:
      Value: |
{indent(GOOD, " " * 8)}"""


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(TASK),
        json.dumps({"taskDefinition": TASK}),
        json.dumps([TASK]),
        "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n",
        "service: web\nresources:\n  Resources:\n    Task:\n      Type: AWS::ECS::TaskDefinition\n",
        'resource "aws_ecs_task_definition" "web" {\n  family = "web"\n}\n',
        'resource "aws_ssm_parameter" "web" {\n  value = <<EOT\n' + GOOD + "EOT\n}\n",
        PARAMETER,
    ],
)
def test_task_definitions_and_templates_are_for_check(run: Run, text: str) -> None:
    ran = run("collector", write("given", text))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "given is not a collector's configuration. `outrider check` evaluates task definitions, and templates with"
        " them.\n"
    )
    assert run("collector", "-", stdin=text.encode()).err.startswith("Standard input is not")


def test_a_configuration_that_names_a_member_of_task_definitions_is_one(run: Run) -> None:
    assert (
        run("collector", write("collector.yaml", "# logConfiguration of AWS::ECS::TaskDefinition\n" + GOOD)).code == 0
    )


def test_in_a_folder_what_has_a_configuration_within_it_is_skipped(run: Run) -> None:
    write("deploy/collector.yaml", GOOD)
    write("deploy/parameter.yaml", PARAMETER)
    write("deploy/values.yaml", f"collector:\n{indent(GOOD, '  ')}")
    ran = run("collector", "--format", "json", "deploy")
    assert [entry["file"] for entry in ran.results] == ["deploy/collector.yaml"]
    assert "deploy/parameter.yaml and 1 more" in ran.err


@pytest.mark.parametrize("text", ["a: 1\n", None])
def test_a_folder_without_any_cannot_be_used(run: Run, text: str | None) -> None:
    Path("deploy").mkdir()
    if text is not None:
        write("deploy/values.yaml", text)
    ran = run("collector", "deploy")
    assert ran.code == 2
    assert ran.err.endswith(".\n")


def test_nothing_named_cannot_be_used(run: Run) -> None:
    ran = run("collector")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "Name a file or a folder with collector configurations, or - for standard input.\n"


def test_standard_input_is_read(run: Run) -> None:
    assert run("collector", "-", stdin=BAD.encode()).code == 1


@pytest.mark.parametrize("release", ["latest", "0.49", "v1"])
def test_a_release_that_is_none_cannot_be_used(run: Run, release: str) -> None:
    ran = run("collector", "--release", release, write("collector.yaml", GOOD))
    assert ran.code == 2
    assert "is not a release: write it as v0.47.0." in ran.err


def test_of_a_release_whose_options_are_not_known_the_rest_is_evaluated_and_that_is_reported(run: Run) -> None:
    text = BAD.replace("awsxray", "awsxrays")
    ran = run("collector", "--format", "json", "--release", "v0.40.0", write("collector.yaml", text))
    assert drifted(ran.results[0]) == {"config.components": "HIGH"}
    words = {found["rule"]: found["verdict"] for found in ran.results[0]["verdicts"]}
    assert {words[f"config.{name}"] for name in ("options", "values", "signals")} == {"unknown"}
    shown = " ".join(run("collector", "--release", "v0.40.0", "collector.yaml").out.split())
    assert "The options of v0.40.0 are not known, so they are not evaluated." in shown


def test_what_it_starts_with_is_medium_at_most(run: Run) -> None:
    """Unsigned requests, a credential in plain text, a bare variable: the collector runs."""
    text = """\
extensions: {ecs_observer: {cluster_name: prod}}
receivers: {otlp: {protocols: {grpc: }}, awscontainerinsightreceiver: }
processors: {memory_limiter: {check_interval: 1s, limit_mib: 400}, batch: }
exporters:
  prometheusremotewrite: {endpoint: "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write"}
  datadog: {api: {key: 0123456789abcdef}}
  awsemf: {namespace: $SERVICE}
service:
  extensions: [ecs_observer]
  pipelines:
    metrics:
      receivers: [otlp, awscontainerinsightreceiver]
      processors: [memory_limiter, batch]
      exporters: [prometheusremotewrite, datadog, awsemf]
"""
    ran = run("collector", "--format", "json", write("collector.yaml", text))
    assert drifted(ran.results[0]) == {
        "config.variables": "MEDIUM",
        "config.fargate": "MEDIUM",
        "config.destinations": "MEDIUM",
        "config.no-plain-secrets": "MEDIUM",
    }
    assert "0123456789abcdef" not in ran.out


def test_what_only_the_task_decides_is_not_evaluated(run: Run) -> None:
    ran = run("collector", "--format", "json", write("collector.yaml", GOOD.replace("AWS_REGION", "MY_REGION")))
    assert drifted(ran.results[0]) == {}
    said = {found["rule"] for found in ran.results[0]["verdicts"]}
    assert not said & {"config.otlp", "config.region", "config.container-metrics", "config.exists"}


def test_what_no_parameter_holds_is_reported(run: Run) -> None:
    long = GOOD + f"# {'x' * 9000}\n"
    (found,) = run("collector", "--format", "json", write("long.yaml", long)).results
    assert drifted(found) == {"config.well-formed": "MEDIUM"}
    (found,) = run("collector", "--format", "json", write("longer.yaml", GOOD + f"# {'x' * 5000}\n")).results
    (note,) = next(each for each in found["verdicts"] if each["rule"] == "config.well-formed")["drifts"]
    assert (note["severity"], "advanced tier" in note["why"]) == ("INFORMATIONAL", True)


def test_the_standard_is_applied(run: Run) -> None:
    write("standard.yaml", "version: 1\nrules:\n  - {rules: [config.options], mode: off}\n")
    ran = run("collector", "--format", "json", "--standard", "standard.yaml", write("collector.yaml", BAD))
    assert ran.code == 0
    assert "config.options" not in {found["rule"] for found in ran.results[0]["verdicts"]}


def test_many_files_are_evaluated_in_one_run(run: Run) -> None:
    for number in range(200):
        write(f"many/{number}.yaml", GOOD.replace("limit_mib: 400", f"limit_mib: {number + 1}"))
    ran = run("collector", "--format", "json", "many")
    assert (ran.code, len(json.loads(ran.out)["results"])) == (0, 200)


def test_select_and_ignore_leave_some_rules(run: Run) -> None:
    write("collector.yaml", BAD)
    ran = run("collector", "--format", "json", "--ignore", "config.options", "collector.yaml")
    assert (ran.code, drifted(ran.results[0])) == (0, {})
    only = run("collector", "--format", "json", "--select", "config.opt*", "collector.yaml")
    assert [found["rule"] for found in only.results[0]["verdicts"]] == ["config.options"]


PLACES = """\
# A comment.
receivers:
  otlp:
    protocols:
      grpc:
        endpont: 0.0.0.0:4317
exporters:
  awsxray:
  awsemf:
    # Another one.

    namespace: 5
service:
  pipelines:
    traces:
      receivers: [otlp]
      processors:
        - batch
      exporters: [awsxray]
"""


def lines(entry: Any) -> dict[str, int]:
    """The line of each drift, by its path."""
    drifts = (drift for found in entry["verdicts"] for drift in found["drifts"])
    return {drift["where"]: drift["location"]["line"] for drift in drifts}


def test_each_drift_has_its_line(run: Run) -> None:
    (found,) = run("collector", "--format", "json", write("collector.yaml", PLACES)).results
    assert lines(found).items() >= {
        ("receivers/otlp/protocols/grpc/endpont", 6),
        ("exporters/awsemf", 9),
        ("exporters/awsemf/namespace", 12),
        ("service/pipelines/traces/processors", 17),
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("receivers:\n  otlp: {protocols: {grpc: }\nexporters:\n", 3),
        ("receivers:\n  otlp: [\n", 3),
        ("- a\n", 1),
        ("receivers:\nexporters:\nreceivers:\n", 3),
    ],
)
def test_what_cannot_be_read_has_the_line_at_which_reading_ends(run: Run, text: str, line: int) -> None:
    (found,) = run("collector", "--format", "json", write("collector.yaml", text)).results
    assert lines(found) == {"configuration": line}


def test_a_configuration_that_check_is_given_has_the_lines_of_its_own_file(run: Run) -> None:
    definition = str(SRC / "bench" / "definition.json")
    ran = run("check", "--format", "json", "--config", write("collector.yaml", PLACES), definition)
    drifts = [drift for found in ran.results[0]["verdicts"] for drift in found["drifts"]]
    found = {drift["where"]: (drift["location"]["file"], drift["location"]["line"]) for drift in drifts}
    assert found["exporters/awsemf/namespace"] == ("collector.yaml", 12)


def test_a_configuration_in_the_definition_keeps_its_place_whatever_file_is_given(run: Run) -> None:
    task = json.loads((SRC / "bench" / "definition.json").read_text(encoding="utf-8"))
    for container in task["containerDefinitions"]:
        if secrets := [each for each in container.get("secrets", ()) if each["name"] == "AOT_CONFIG_CONTENT"]:
            container["secrets"] = [each for each in container["secrets"] if each not in secrets]
            container["environment"] = [{"name": "AOT_CONFIG_CONTENT", "value": PLACES}]
    write("web.json", json.dumps(task))
    ran = run("check", "--format", "json", "--config", write("collector.yaml", GOOD), "web.json")
    (found,) = (each for each in ran.results[0]["verdicts"] if each["rule"] == "config.options")
    assert {drift["location"]["file"] for drift in found["drifts"]} == {"web.json"}


@pytest.mark.parametrize("command", [["collector"], ["upgrade", "--to", "v0.49.0"]])
def test_rules_that_the_command_does_not_evaluate_are_no_clean_result(run: Run, command: list[str]) -> None:
    ran = run(*command, "--select", "task.*", write("collector.yaml", BAD))
    assert (ran.code, ran.out) == (2, "")
    assert "leave no rule that this command evaluates. It evaluates " in " ".join(ran.err.split())
