"""What `outrider check` says, what it takes, and how rules are selected."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Definition, Run
from tests.cli.files import shapes, verdict, write

# --- what it says -----------------------------------------------------------------------------------------------------


def test_a_clean_definition_exits_with_0(run: Run, good: Definition) -> None:
    ran = run("check", write("web.json", good))
    assert ran.code == 0
    assert "web:7: no drift" in ran.out
    assert "1 task definition: 1 without drift." in ran.out
    assert ran.err == ""


def test_a_drifted_one_exits_with_1_and_says_where_why_and_whether_its_fix_is_safe(
    run: Run, floating: Definition
) -> None:
    ran = run("check", write("web.json", floating))
    assert ran.code == 1
    assert "MEDIUM sidecar.image-pinned, fix is safe" in ran.out
    assert "containers/adot-collector/image (web.json:1): The image" in " ".join(ran.out.split())


def test_json_has_the_documented_form(run: Run, floating: Definition) -> None:
    ran = run("check", "--format", "json", write("web.json", floating))
    assert ran.code == 1
    assert ran.json | {"results": ()} == {"version": 1, "results": (), "errors": [], "skipped": []}
    (entry,) = ran.results
    assert entry["file"] == "web.json"
    assert entry["resource"] == "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7"
    assert len({found["rule"] for found in entry["verdicts"]}) == len(entry["verdicts"])
    for found in entry["verdicts"]:
        assert found["page"] == f"docs/rules/{found['rule']}.md"
    drifted = verdict(entry, "sidecar.image-pinned")
    assert (drifted["verdict"], drifted["severity"], drifted["fix"]) == ("drifted", "MEDIUM", "safe")
    (drift,) = drifted["drifts"]
    assert len(drift.pop("fingerprint")) == 32
    assert drifted["drifts"] == [
        {
            "code": "image-floating",
            "where": "containers/adot-collector/image",
            "why": "The image public.ecr.aws/aws-observability/aws-otel-collector has the floating tag latest. The"
            " standard's image is public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0.",
            "found": "latest",
            "wanted": "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0",
            "severity": "MEDIUM",
            "known": False,
            "location": {
                "file": "web.json",
                "line": 1,
                "column": Path("web.json").read_text().index('"public.ecr') + 1,
            },
        }
    ]
    assert verdict(entry, "identity.execution-role")["verdict"] == "unknown"


def test_a_fix_is_review_where_what_it_adds_cannot_be_evaluated_here(run: Run, bare: Definition) -> None:
    (entry,) = run("check", "--format", "json", write("web.json", bare)).results
    assert verdict(entry, "sidecar.present")["fix"] == "review"


def test_why_a_rule_is_unknown_is_in_the_json(run: Run, good: Definition) -> None:
    (entry,) = run("check", "--format", "json", write("web.json", good)).results
    assert entry["not_evaluated"] is None
    assert verdict(entry, "identity.execution-role")["reasons"] == [
        "nothing is read from AWS here (collector configuration, execution role, log groups)"
    ]
    assert verdict(entry, "sidecar.present")["reasons"] == []


def test_a_collector_alone_is_not_evaluated_and_the_reason_is_given(run: Run, good: Definition) -> None:
    good["containerDefinitions"] = good["containerDefinitions"][1:]
    write("collector.json", good)
    (entry,) = run("check", "--format", "json", "collector.json").results
    assert entry["verdicts"] == []
    assert entry["not_evaluated"].startswith("it has only a collector")
    table = run("check", "collector.json")
    assert table.code == 0
    assert "not evaluated; it has only a collector" in table.out
    assert "1 task definition: 1 not evaluated." in table.out


def test_an_informational_drift_is_a_note_and_drifts_nothing(run: Run, good: Definition) -> None:
    environment = good["containerDefinitions"][0]["environment"]
    good["containerDefinitions"][0]["environment"] = [
        entry for entry in environment if entry["name"] != "OTEL_EXPORTER_OTLP_PROTOCOL"
    ]
    ran = run("check", "--format", "json", write("web.json", good))
    assert ran.code == 0
    found = verdict(ran.results[0], "application.otlp-protocol")
    assert (found["verdict"], found["severity"]) == ("compliant", "INFORMATIONAL")
    assert [drift["severity"] for drift in found["drifts"]] == ["INFORMATIONAL"]
    assert "note application.otlp-protocol" in run("check", "web.json").out


def test_out_of_scope_is_no_verdict_and_one_line(run: Run, floating: Definition) -> None:
    del floating["requiresCompatibilities"], floating["compatibilities"]
    write("web.json", floating)
    ran = run("check", "--format", "json", "web.json")
    assert (ran.code, ran.results[0]["verdicts"]) == (0, [])
    assert ran.results[0]["not_evaluated"] == "it does not name FARGATE, and no service is known to run it on Fargate"
    table = run("check", "web.json")
    assert table.code == 0
    assert [row for row in table.out.splitlines() if "not evaluated;" in row] == [
        "  web:7: not evaluated; it does not name FARGATE, and no service is known to run it on Fargate."
    ]


_OPEN = """\
Parameters: {Containers: {Type: String}, Type: {Type: String, AllowedValues: [EC2, FARGATE]}}
Resources:
  Web:
    Type: AWS::ECS::TaskDefinition
    Properties: PROPERTIES
"""


@pytest.mark.parametrize(
    "properties",
    [
        "{ContainerDefinitions: !Ref Containers}",
        "{ContainerDefinitions: [{Name: a, Image: b}], RequiresCompatibilities: [!Ref Type]}",
        "{Family: web}",
    ],
)
@pytest.mark.parametrize("form", ["table", "json", "github"])
def test_what_could_not_be_evaluated_is_named_and_counts_only_if_all_is_asked_for(
    run: Run, properties: str, form: str
) -> None:
    Path("stack.yaml").write_text(_OPEN.replace("PROPERTIES", properties), encoding="utf-8")
    ran = run("check", "--format", form, "stack.yaml")
    said = "Not evaluated, because the source does not say enough: Web in stack.yaml."
    assert ran.code == 0
    assert ran.err.startswith(f"{said} The exit code is that of the rest; with --complete it is 3")
    ran = run("check", "--complete", "--format", form, "stack.yaml")
    assert (ran.code, ran.err) == (3, f"{said}\n")


@pytest.mark.parametrize(
    ("task", "service", "gap"),
    [
        ("requires_compatibilities = [var.type]", "", True),
        ("requires_compatibilities = var.type", "", True),
        ("", "launch_type = var.type", True),
        ('requires_compatibilities = ["EC2"]', "launch_type = var.type", False),
        ("requires_compatibilities = [var.type]", 'launch_type = "EC2"', False),
        ("requires_compatibilities = [var.type]", 'launch_type = var.big ? "EC2" : "FARGATE"', True),
        ('requires_compatibilities = var.big ? ["EC2"] : ["FARGATE"]', "launch_type = var.type", True),
        ("", "", False),
    ],
)
def test_what_may_run_on_fargate_is_a_gap(run: Run, task: str, service: str, *, gap: bool) -> None:
    text = 'container_definitions = jsonencode([{ name = "app", image = "nginx:1" }])'
    text = f'resource "aws_ecs_task_definition" "web" {{\n{task}\n{text}\n}}\n'
    text += 'variable "type" {}\nvariable "big" {}\n'
    if service:
        runs = "task_definition = aws_ecs_task_definition.web.arn"
        text += f'resource "aws_ecs_service" "web" {{\n{service}\n{runs}\n}}\n'
    Path("main.tf").write_text(text, encoding="utf-8")
    ran = run("check", "--complete", "--format", "json", "main.tf")
    assert ran.code == (3 if gap else 0)
    assert ("it depends on what the source does not resolve" in ran.results[0]["not_evaluated"]) is gap


def test_a_placeholder_for_the_launch_type_is_a_gap(run: Run, floating: Definition) -> None:
    del floating["compatibilities"]
    ran = run("check", "--complete", write("web.json", floating | {"requiresCompatibilities": ["${TYPE}"]}))
    assert (ran.code, "whether it requires FARGATE is a placeholder" in ran.out) == (3, True)


def test_drift_and_inputs_that_cannot_be_used_come_before_what_could_not_be_evaluated(
    run: Run, floating: Definition
) -> None:
    Path("stack.yaml").write_text(_OPEN.replace("PROPERTIES", "{Family: web}"), encoding="utf-8")
    assert run("check", "--complete", "stack.yaml", write("web.json", floating)).code == 1
    assert run("check", "--complete", "stack.yaml", "gone.json").code == 2


def test_what_the_rules_are_not_for_is_no_gap(run: Run, floating: Definition) -> None:
    floating["requiresCompatibilities"] = floating["compatibilities"] = ["EC2"]
    ran = run("check", "--complete", write("web.json", floating))
    assert (ran.code, ran.err) == (0, "")


def test_rules_without_their_facts_are_said_in_one_line(run: Run, good: Definition, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "10000")
    for name in ("a.json", "b.json"):
        write(name, good)
    ran = run("check", "a.json", "b.json")
    (line,) = [row for row in ran.out.splitlines() if "nknown" in row]
    assert "identity.*" in line
    assert "config.exists" in line or "config.*" in line
    assert "--config" in line


def test_a_verdict_per_rule_is_the_worst_of_its_subjects(run: Run, good: Definition) -> None:
    good["taskRoleArn"] = good["executionRoleArn"] = "arn:aws:iam::123456789012:role/one"
    (entry,) = run("check", "--format", "json", write("web.json", good)).results
    assert verdict(entry, "task.roles")["severity"] == "LOW"
    assert [found["rule"] for found in entry["verdicts"]].count("identity.trust") == 1


@pytest.mark.parametrize(("bar", "code"), [("LOW", 1), ("medium", 1), ("HIGH", 0), ("CRITICAL", 0)])
def test_fail_on_raises_the_bar_for_the_exit_code(run: Run, floating: Definition, bar: str, code: int) -> None:
    assert run("check", "--fail-on", bar, write("web.json", floating)).code == code


# --- what it takes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["register", "describe", "recorded", "list", "list of answers"])
def test_every_shape_is_evaluated_alike(run: Run, floating: Definition, shape: str) -> None:
    plain = run("check", "--format", "json", write("web.json", floating)).results[0]["verdicts"]
    ran = run("check", "--format", "json", write("web.json", shapes(floating)[shape]))
    assert without_places(ran.results[0]["verdicts"]) == without_places(plain)


def without_places(verdicts: Any) -> Any:
    return [{**found, "drifts": [{**drift, "location": None} for drift in found["drifts"]]} for found in verdicts]


def test_tags_next_to_a_description_are_the_definitions(run: Run, floating: Definition) -> None:
    write("standard.yaml", "version: 1\nscope: {exclude: [{tags: {team: shop}}]}\n")
    write("web.json", shapes(floating)["describe"])
    assert run("check", "--standard", "standard.yaml", "--format", "json", "web.json").results[0]["verdicts"] == []


def test_standard_input_is_a_dash(run: Run, floating: Definition) -> None:
    ran = run("check", "--format", "json", "-", stdin=json.dumps(floating).encode())
    assert (ran.code, ran.results[0]["file"]) == (1, "-")


def test_a_folder_is_read_with_its_folders_and_other_json_is_skipped(
    run: Run, good: Definition, floating: Definition
) -> None:
    write("all/a/web.json", good)
    write("all/b/WEB.JSON", floating)
    write("all/package.json", {"name": "web", "version": "1.0.0"})
    write("all/service.json", {"serviceName": "web", "taskDefinition": "web:7"})
    write("all/node_modules/x/task.json", floating)
    write("all/.git/task.json", floating)
    write("all/.aws/task-definition.json", floating)
    write("all/.aws/cli/cache/key.json", floating)
    ran = run("check", "--format", "json", "all")
    assert ran.code == 1
    names = [entry["file"] for entry in ran.results]
    assert names == ["all/.aws/task-definition.json", "all/a/web.json", "all/b/WEB.JSON"]
    assert ran.err == "Skipped, because there is no task definition in it: all/package.json and 1 more.\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(run: Run, floating: Definition, encoding: str) -> None:
    Path("web.json").write_bytes(json.dumps(floating).encode(encoding))
    assert run("check", "web.json").code == 1


@pytest.mark.parametrize(
    ("change", "account_and_region"),
    [
        ({}, "123456789012 eu-west-1"),
        ({"taskDefinitionArn": None}, "123456789012 eu-west-1"),
    ],
)
def test_the_place_is_read_from_the_arn_or_else_from_roles_and_logs(
    run: Run, floating: Definition, change: Definition, account_and_region: str
) -> None:
    account, region = account_and_region.split()
    write("web.json", {key: value for key, value in (floating | change).items() if value is not None})
    write("standard.yaml", f'version: 1\nscope: {{include: [{{account: "{account}", region: {region}}}]}}\n')
    assert run("check", "--standard", "standard.yaml", "web.json").code == 1


def test_a_configuration_counts_as_the_parameter(run: Run, good: Definition) -> None:
    write("web.json", good)
    write("broken.yaml", "receivers: {otlp: }\n")
    ran = run("check", "--config", "broken.yaml", "--format", "json", "web.json")
    assert ran.code == 1
    assert verdict(ran.results[0], "config.well-formed")["verdict"] == "drifted"
    assert verdict(ran.results[0], "config.exists")["verdict"] == "compliant"


# --- some rules only --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--select", "sidecar.image-*"], {"sidecar.image-pinned", "sidecar.image-approved"}),
        (["--select", "sidecar.image-*, task.roles"], {"sidecar.image-pinned", "sidecar.image-approved", "task.roles"}),
        (["--select", "sidecar.image-*", "--ignore", "*.image-pinned"], {"sidecar.image-approved"}),
        (
            ["--select=sidecar.image-pinned", "--select", "task.size,sidecar.present"],
            {"sidecar.image-pinned", "task.size", "sidecar.present"},
        ),
    ],
)
def test_select_and_ignore_leave_some_rules(run: Run, floating: Definition, options: list[str], left: set[str]) -> None:
    ran = run("check", "--format", "json", *options, write("web.json", floating))
    assert {found["rule"] for found in ran.results[0]["verdicts"]} == left
    assert ran.code == (1 if "sidecar.image-pinned" in left else 0)


def test_what_is_ignored_is_not_in_the_table_and_does_not_count(run: Run, floating: Definition) -> None:
    ran = run("check", "--ignore", "sidecar.image-pinned,config.*", write("web.json", floating))
    assert ran.code == 0
    assert "image-pinned" not in ran.out
    assert "config.*" not in ran.out
    assert "identity.*" in ran.out


def test_whether_a_fix_is_safe_is_decided_by_all_rules(run: Run, bare: Definition) -> None:
    (entry,) = run("check", "--format", "json", "--select", "sidecar.present", write("web.json", bare)).results
    assert [found["fix"] for found in entry["verdicts"]] == ["review"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--select", "sidecar.image-pined"], "Did you mean sidecar.image-pinned?"),
        (["--ignore", "sidecar"], "Did you mean 'sidecar.*'?"),
        (["--select", "task.roles", "--ignore", "task.*"], "--select and --ignore leave no rule."),
    ],
)
def test_a_pattern_that_can_mean_nothing_is_refused(
    run: Run, floating: Definition, options: list[str], sentence: str
) -> None:
    ran = run("check", *options, write("web.json", floating))
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


def test_a_file_is_evaluated_once_whatever_it_is_called(run: Run, floating: Definition) -> None:
    write("deploy/web.json", floating)
    names = (
        "deploy/web.json",
        "./deploy/web.json",
        "deploy",
        "deploy/../deploy",
        str(Path("deploy/web.json").resolve()),
    )
    ran = run("check", "--format", "json", *names)
    assert [each["file"] for each in ran.results] == ["deploy/web.json"]
    assert ran.err == ""


def test_a_file_that_is_skipped_in_its_folder_is_a_mistake_where_it_is_named(run: Run, good: Definition) -> None:
    write("web.json", good)
    write("package.json", {})
    for names in ((".", "package.json"), ("package.json", ".")):
        ran = run("check", *names)
        assert ran.code == 2
        assert "package.json is not a task definition" in ran.err
    assert run("check", "--skip-others", ".", "package.json").code == 0
