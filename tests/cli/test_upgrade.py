"""`outrider upgrade`: what another release breaks."""

import json
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from tests.cli.conftest import Definition, Run

OLD = """
receivers: {otlp: {protocols: {http: {endpoint: "0.0.0.0:4318"}}}}
exporters: {logging: , otlphttp: {endpoint: "https://example.com"}}
service:
  telemetry: {metrics: {address: "localhost:8888"}}
  pipelines: {traces: {receivers: [otlp], exporters: [logging, otlphttp]}}
"""
FINE = """
receivers: {otlp: {protocols: {http: {endpoint: "0.0.0.0:4318"}}}}
exporters: {awsxray: }
service: {pipelines: {traces: {receivers: [otlp], exporters: [awsxray]}}}
"""


def write(name: str, content: object) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return name


def of_release(definition: Definition, tag: str) -> Definition:
    image = f"public.ecr.aws/aws-observability/aws-otel-collector:{tag}"
    definition["containerDefinitions"][1]["image"] = image
    return definition


def places(entry: dict[str, Any]) -> list[str]:
    return [found["where"] for found in entry["breaks"]]


def test_a_definition_is_compared_with_the_release_that_it_names(run: Run, good: Definition) -> None:
    write("web.json", of_release(good, "v0.40.0"))
    ran = run("upgrade", "--to", "v0.49.0", "--format", "json", "--config", write("old.yaml", OLD), "web.json")
    (entry,) = ran.results
    assert ran.code == 1
    assert (entry["resource"].rpartition("/")[2], entry["before"], entry["after"]) == ("web:7", "v0.40.0", "v0.49.0")
    assert places(entry) == ["exporters/logging", "service/telemetry/metrics/address"]
    logging = entry["breaks"][0]
    assert set(logging) == {"rule", "page", "code", "where", "why", "found", "wanted", "severity"}
    assert (logging["rule"], logging["wanted"], logging["severity"]) == ("config.components", "debug", "HIGH")
    assert entry["renamed"] == [
        {"where": "exporters/otlphttp", "found": "otlphttp", "wanted": "otlp_http", "since": "v0.48.0"}
    ]
    assert [found["release"] for found in entry["out_of_support"]] == ["v0.40.0"]
    assert entry["unknown"] == ["The options of v0.40.0 are not known, so it may refuse the same options and values."]


def test_what_the_present_release_refuses_too_is_not_of_the_change(run: Run, good: Definition) -> None:
    write("web.json", of_release(good, "v0.47.0"))
    ran = run("upgrade", "--to", "v0.49.0", "--format", "json", "--config", write("old.yaml", OLD), "web.json")
    assert (ran.code, ran.results[0]["breaks"]) == (0, [])


def test_a_floating_image_has_no_release_to_compare_with(run: Run, floating: Definition) -> None:
    write("web.json", floating)
    config = write("old.yaml", OLD)
    (entry,) = run("upgrade", "--to", "v0.49.0", "--format", "json", "--config", config, "web.json").results
    assert entry["before"] is None
    assert places(entry) == ["exporters/logging", "service/telemetry/metrics/address"]
    named = run("upgrade", "--to", "v0.49.0", "--from", "v0.47.0", "--format", "json", "--config", config, "web.json")
    assert (named.results[0]["before"], named.results[0]["breaks"]) == ("v0.47.0", [])


def test_a_definition_without_its_configuration_is_unknown_and_not_broken(run: Run, good: Definition) -> None:
    ran = run("upgrade", "--to", "v0.49.0", "--format", "json", write("web.json", of_release(good, "v0.47.0")))
    (entry,) = ran.results
    assert (ran.code, entry["breaks"]) == (0, [])
    assert entry["unknown"] == ["The collector's configuration is not known. Give it with --config."]


def test_a_file_of_the_image_changes_with_the_release(run: Run, good: Definition) -> None:
    collector = of_release(good, "v0.40.0")["containerDefinitions"][1]
    collector |= {"secrets": [], "command": ["--config=/etc/ecs/ecs-amp-prometheus.yaml"]}
    (entry,) = run("upgrade", "--to", "v0.41.1", "--format", "json", write("web.json", good)).results
    assert [(found["rule"], found["code"]) for found in entry["breaks"]] == [
        ("sidecar.config-from-parameter", "file-broken")
    ]


def test_configurations_and_definitions_of_a_folder(run: Run, good: Definition) -> None:
    write("all/a.yaml", OLD)
    write("all/b.yml", FINE)
    write("all/c.json", json.dumps({"receivers": {}, "service": {}}))
    write("all/d.json", good)
    write("all/e.yaml", "services: {web: {image: x}}")
    write("all/f.yaml", f"parameter: |\n{indent(OLD, '  ')}")
    write("all/package.json", "{}")
    ran = run("upgrade", "--to", "v0.49.0", "--format", "json", "all")
    assert [entry["file"] for entry in ran.results] == ["all/a.yaml", "all/b.yml", "all/c.json", "all/d.json"]
    assert places(ran.results[0]) == ["exporters/logging", "service/telemetry/metrics/address"]
    assert (ran.results[0]["resource"], ran.results[1]["breaks"]) == (None, [])
    assert ran.code == 1
    assert ran.err == "Skipped, because there is neither in it: all/e.yaml and 2 more.\n"


def test_the_present_release_of_a_configuration_may_be_named(run: Run) -> None:
    (entry,) = run(
        "upgrade", "--to", "v0.49.0", "--from", "v0.47.0", "--format", "json", write("old.yaml", OLD)
    ).results
    assert (entry["before"], entry["breaks"]) == ("v0.47.0", [])


def test_what_no_release_brings_is_not_of_the_change(run: Run, floating: Definition) -> None:
    text = """
receivers: {awsecscontainermetrics: , prometheus: {config: {scrape_configs: [{job_name: "${env:JOB}"}]}}}
exporters: {prometheusremotewrite: {endpoint: "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write"}}
service: {pipelines: {metrics: {receivers: [awsecscontainermetrics, prometheus], exporters: [prometheusremotewrite]}}}
---
{}
"""
    config = write("a.yaml", text)
    ran = run("upgrade", "--to", "v0.49.0", "--format", "json", "--config", config, write("web.json", floating), config)
    assert [entry["breaks"] for entry in ran.results] == [[], []]


def test_a_bare_variable_is_plain_text_to_the_new_release(run: Run) -> None:
    text = FINE.replace("awsxray: }", "awsxray: {role_arn: $ROLE_ARN}}")
    write("a.yaml", text)
    (entry,) = run("upgrade", "--to", "v0.41.0", "--from", "v0.40.0", "--format", "json", "a.yaml").results
    assert [(found["code"], found["where"]) for found in entry["breaks"]] == [
        ("bare-variable", "exporters/awsxray/role_arn")
    ]
    assert places(run("upgrade", "--to", "v0.49.0", "--format", "json", "a.yaml").results[0])


def test_going_back_is_a_change_as_well(run: Run) -> None:
    text = FINE.replace("awsxray", "otlp_http").replace("otlp_http: }", 'otlp_http: {endpoint: "https://a"}}')
    (entry,) = run("upgrade", "--to", "v0.47.0", "--format", "json", write("new.yaml", text)).results
    assert (places(entry), entry["breaks"][0]["wanted"]) == (["exporters/otlp_http"], "otlphttp")


def test_a_release_that_is_out_of_support_counts_as_low(run: Run) -> None:
    ran = run("upgrade", "--to", "v0.42.0", "--format", "json", write("a.yaml", FINE))
    assert (ran.code, ran.results[0]["breaks"]) == (1, [])
    assert [found["release"] for found in ran.results[0]["out_of_support"]] == ["v0.42.0"]
    assert run("upgrade", "--to", "v0.42.0", "--fail-on", "MEDIUM", "a.yaml").code == 0


def test_what_has_no_collector_of_adot_is_not_compared(run: Run, bare: Definition) -> None:
    ran = run("upgrade", "--to", "v0.49.0", "--format", "json", write("bare.json", bare))
    assert (ran.code, ran.results[0]["breaks"]) == (0, [])
    assert ran.results[0]["not_evaluated"] == "it has no collector of the kind that the standard wants"
    assert "not evaluated; it has no collector" in run("upgrade", "--to", "v0.49.0", "bare.json").out


def test_the_table_says_the_same(run: Run, good: Definition) -> None:
    write("web.json", of_release(good, "v0.40.0"))
    ran = run("upgrade", "--to", "v0.49.0", "--config", write("old.yaml", OLD), "web.json")
    assert "web:7, from v0.40.0 to v0.49.0: 2 parts break" in ran.out
    assert "breaks HIGH config.components" in ran.out
    assert "exporters/logging: The exporter logging was removed in v0.42.0: use debug." in ran.out
    assert "renamed exporters/otlphttp: otlphttp is called otlp_http since v0.48.0; both names work." in ran.out
    assert "support of v0.40.0 ended on " in ran.out
    assert "1 evaluated: v0.49.0 breaks 1." in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "v9.9.9", "a.yaml"], "v9.9.9 is not a release of ADOT that is known here."),
        (["--to", "newest", "a.yaml"], "'newest' is not a release"),
        (["--to", "v0.49.0"], "Name a file or a folder with task definitions or collector"),
        (["--to", "v0.49.0", "absent.yaml"], "absent.yaml does not exist."),
        (["--to", "v0.49.0", "words.txt"], "words.txt is neither a task definition nor a collector configuration."),
        (["--to", "v0.49.0", "empty"], "empty has no file in it"),
    ],
)
def test_what_cannot_be_used_is_said(run: Run, arguments: list[str], said: str) -> None:
    write("a.yaml", FINE)
    write("words.txt", "words")
    Path("empty").mkdir()
    ran = run("upgrade", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_standard_input(run: Run) -> None:
    ran = run("upgrade", "--to", "v0.49.0", "--format", "json", "-", stdin=OLD.encode())
    assert [entry["file"] for entry in ran.results] == ["-"]
    assert ran.code == 1


def test_rules_that_are_ignored_break_nothing(run: Run) -> None:
    write("old.yaml", OLD)
    ran = run("upgrade", "--to", "v0.49.0", "--ignore", "config.*", "--format", "json", "old.yaml")
    assert (ran.code, ran.results[0]["breaks"]) == (0, [])


def test_where_the_configuration_is_not_known_it_is_not_said_that_nothing_breaks(run: Run, good: Definition) -> None:
    write("web.json", of_release(good, "v0.47.0"))
    ran = run("upgrade", "--to", "v0.49.0", "web.json")
    assert ran.code == 0
    assert "no break found, but not all is known" in ran.out
    assert ran.out.endswith("1 evaluated: v0.49.0 breaks 0, and 1 is not fully known.\n")
