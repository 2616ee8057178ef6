"""Copilot, ecspresso and Docker Compose: what is made of a file, what is open, and what is refused."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

LONG = "9" * 5000
MANIFEST = """
name: web
type: Backend Service
image: {location: registry.example/web:1}
"""


def checked(run: Run, name: str, text: str) -> Any:
    Path(name).write_text(text, encoding="utf-8")
    ran = run("check", "--format", "json", name)
    assert not ran.json["errors"], ran.err
    return ran.results


def verdicts(entry: Any) -> dict[str, Any]:
    return {each["rule"]: each for each in entry["verdicts"]}


def test_a_manifest_of_copilot_has_its_environments(run: Run) -> None:
    more = "environments:\n  prod: {memory: 3000}\n  test: {count: 1}\n"
    plain, prod = checked(run, "manifest.yml", MANIFEST + more)
    assert (plain["resource"], prod["resource"]) == ("web", "prod-web")
    assert verdicts(plain)["task.size"]["verdict"] == "compliant"
    assert verdicts(prod)["task.size"]["drifts"][0]["location"]["line"] == 6


def test_the_roles_and_the_log_group_of_copilot_are_not_missing(run: Run) -> None:
    (entry,) = checked(run, "manifest.yml", MANIFEST)
    assert verdicts(entry)["task.roles"]["verdict"] == "compliant"
    assert "000000000000" not in run("check", "manifest.yml").out


@pytest.mark.parametrize("kind", ["Request-Driven Web Service", "Static Site"])
def test_what_copilot_runs_elsewhere_is_named(run: Run, kind: str) -> None:
    Path("manifest.yml").write_text(MANIFEST.replace("Backend Service", kind), encoding="utf-8")
    ran = run("check", "manifest.yml")
    assert ran.code == 2
    assert f"is a {kind} of Copilot" in ran.err


def test_an_image_that_copilot_builds_is_open(run: Run) -> None:
    text = MANIFEST + "sidecars:\n  collector: {image: {build: Dockerfile}}\n"
    (entry,) = checked(run, "manifest.yml", text)
    found = verdicts(entry)["sidecar.present"]
    assert found["verdict"] == "unknown"
    assert "image.build" in found["reasons"][0]


def test_an_override_of_copilot_counts(run: Run) -> None:
    text = (
        MANIFEST
        + "taskdef_overrides:\n  - {path: Cpu, value: '300'}\n  - {path: 'ContainerDefinitions[9].Cpu', value: 1}\n"
    )
    (entry,) = checked(run, "manifest.yml", text)
    (drift,) = verdicts(entry)["task.size"]["drifts"]
    assert drift["location"]["line"] == 6


@pytest.mark.parametrize(
    "text",
    [
        MANIFEST.replace("registry.example/web:1", f"registry.example/web:1, port: '{LONG}'"),
        MANIFEST.replace("registry.example/web:1", f"registry.example/web:1, healthcheck: {{interval: {LONG}s}}"),
        f"{MANIFEST}environments: {{prod: {{type: [a], name: [b], cpu: 5}}}}\n",
        *(
            f"{MANIFEST}taskdef_overrides: [{{path: {path}, value: x}}]\n"
            for path in (
                "''", "[]", "'[0]'", "'-'", "ContainerDefinitions", "'ContainerDefinitions[0]'", "a" + ".a" * 3000,
                f"'ContainerDefinitions[{LONG}].Cpu'",
            )
        ),
    ],
)  # fmt: skip
def test_what_has_no_meaning_in_a_manifest_hides_nothing_else(run: Run, text: str) -> None:
    first, *others = checked(run, "manifest.yml", text)
    assert verdicts(first)["sidecar.present"]["verdict"] == "drifted"
    assert [each["resource"] for each in others] in ([], ["prod-web"])


def test_what_only_resembles_a_manifest_is_refused(run: Run) -> None:
    Path("manifest.yml").write_text(MANIFEST.replace("Backend Service", "[Backend Service]"), encoding="utf-8")
    ran = run("check", "manifest.yml")
    assert ran.code == 2
    assert "manifest.yml has containers without the task definition" in ran.err


def test_a_value_that_environments_share_is_changed_only_for_all_of_them(run: Run) -> None:
    text = MANIFEST + "cpu: 256\nmemory: 512\nenvironments:\n  prod: {cpu: 2048}\n"
    Path("manifest.yml").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--select", "task.size", "manifest.yml")
    assert (ran.code, ran.out) == (1, text)
    assert "manifest.yml, line 6: memory" in ran.err
    assert "by hand" in ran.err
    Path("manifest.yml").write_text(text.replace("512", "500").replace("2048", "256, count: 2"), encoding="utf-8")
    assert "memory: 512" in run("fix", "--review", "--select", "task.size", "manifest.yml").out


def test_an_environment_that_needs_no_change_keeps_a_value_that_it_shares(run: Run) -> None:
    text = MANIFEST + "cpu: 256\nmemory: 4096\nenvironments:\n  prod: {cpu: 2048}\n"
    Path("manifest.yml").write_text(text, encoding="utf-8")
    fixed = run("fix", "--review", "--select", "task.size", "manifest.yml").out
    assert "memory: 4096" in fixed
    assert "{cpu: 2048}" in fixed


def test_what_all_environments_want_is_written_although_something_else_is_not(run: Run) -> None:
    text = (
        MANIFEST
        + "cpu: 256\nmemory: 500\nsidecars:\n  otel:\n    image: IMAGE:latest\nenvironments:\n  prod: {count: 2"
    )
    text = text.replace("IMAGE", "public.ecr.aws/aws-observability/aws-otel-collector") + ", variables: {A: b}}\n"
    Path("manifest.yml").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--select", "task.size,sidecar.image-pinned,sidecar.not-essential", "manifest.yml")
    assert ran.out == text.replace("500", "512").replace(":latest", ":v0.49.0")
    assert "web: fixed sidecar.image-pinned, task.size.\nweb: to be fixed by hand: sidecar.not-essential" in ran.err


ECSPRESSO = """{
  "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "512", "memory": "1024",
  "containerDefinitions": [{"name": "adot", "image": IMAGE}, {"name": "web", "image": "nginx:1"}]
}"""


def test_what_a_function_of_ecspresso_gives_is_open_and_named(run: Run) -> None:
    (entry,) = checked(run, "web.json", ECSPRESSO.replace("IMAGE", '"{{ must_env `IMAGE` }}"'))
    found = verdicts(entry)["sidecar.present"]
    assert found["verdict"] == "unknown"
    assert "must_env IMAGE" in found["reasons"][0]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("env `IMAGE` `hunter2`", "env IMAGE"),
        ('env "IMAGE" "hunter2" | upper', "env IMAGE | upper"),
        ("or (env `IMAGE` `hunter2`) `hunter2`", "or (env )"),
    ],
)
def test_the_name_of_a_call_has_no_value_of_it(run: Run, call: str, name: str) -> None:
    text = ECSPRESSO.replace("IMAGE", f'"{{{{ {call} }}}}{{{{ must_env `A` }}}}"')
    Path("web.json").write_text(text, encoding="utf-8")
    ran = run("check", "--format", "json", "web.json")
    assert "hunter2" not in ran.out + ran.err
    assert name in ran.out


CALLS = """{
  "family": "{{ must_env `FAMILY` }}", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc",
  "cpu": "512", "memory": "1024",
  "executionRoleArn": "arn:aws:iam::123456789012:role/a", "taskRoleArn": "arn:aws:iam::123456789012:role/b",
  "containerDefinitions": [
    {"name": "web", "image": "nginx:1",
     "environment": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://localhost:4317"}],
     "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "GROUP", "awslogs-region": "REGION",
       "awslogs-stream-prefix": "web"}}}
  ]
}"""
YAML_CALLS = """
family: web
requiresCompatibilities: [FARGATE]
networkMode: awsvpc
cpu: 512
memory: 1024
executionRoleArn: arn:aws:iam::123456789012:role/a
taskRoleArn: arn:aws:iam::123456789012:role/b
containerDefinitions:
  - name: web
    image: nginx:1
    logConfiguration:
      logDriver: awslogs
      options: {awslogs-group: 'GROUP', awslogs-region: REGION, awslogs-stream-prefix: web}
"""


@pytest.mark.parametrize(("name", "text"), [("web.json", CALLS), ("web.yaml", YAML_CALLS)])
@pytest.mark.parametrize(
    ("group", "region"),
    [
        ("{{ tfstate `aws_cloudwatch_log_group.ecs.name` }}", "{{ must_env `AWS_REGION` }}"),
        ("/ecs/{{must_env `STAGE`}}/web", "{{ env `AWS_REGION` `us-east-1` }}"),
        ('/ecs/{{ must_env "STAGE" }}', "{{- env `R` `x` -}}"),
    ],
)
def test_a_fix_writes_a_call_of_ecspresso_as_the_file_has_it(
    run: Run, name: str, text: str, group: str, region: str
) -> None:
    Path(name).write_text(text.replace("GROUP", group).replace("REGION", region), encoding="utf-8")
    ran = run("fix", "--review", "--select", "sidecar.present", name)
    assert "fixed sidecar.present" in ran.err
    assert ran.out.count(group) == 2
    assert ran.out.count(region.replace("{{-", "{{").replace("-}}", "}}")) >= 1
    assert "${" not in ran.out


@pytest.mark.parametrize(
    ("family", "group"),
    [
        ("{{ must_env `FAMILY` }}", "{{ env `A` `B C` }}{{ env `A` `B` `C` }}"),
        ("{{ must_env `FAMILY` }}", "{{ env `\\` `A` }}"),
    ],
)
def test_a_call_of_ecspresso_that_has_no_place_in_a_text_is_left(run: Run, family: str, group: str) -> None:
    """It is percent-encoded, or two of them look alike."""
    text = CALLS.replace("GROUP", group).replace("REGION", "eu-west-1").replace("{{ must_env `FAMILY` }}", family)
    Path("web.json").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--select", "sidecar.present,application.resource-attributes", "web.json")
    assert ran.out.strip() == text.strip()
    assert "by hand" in ran.err


@pytest.mark.parametrize(
    "image",
    ["{{ must_env `STAGE` }}{{- x -}}", "{{ must_env `STAGE` }}{{ env `A` `` }}", "\U000f0000{{ must_env `STAGE` }}"],
)
def test_functions_next_to_one_another_are_all_named(run: Run, image: str) -> None:
    (entry,) = checked(run, "web.json", ECSPRESSO.replace("IMAGE", f'"{image}"'))
    found = verdicts(entry)["sidecar.present"]
    assert found["verdict"] == "unknown"
    assert "must_env STAGE" in found["reasons"][0]


def test_a_function_is_as_long_as_what_stands_for_it(run: Run) -> None:
    text = ECSPRESSO.replace("IMAGE", f'"{{{{ env `A` `` }}}}", "dockerLabels": {{"x": "{"{{x}}" * 200}"}}')
    (entry,) = checked(run, "web.json", text.replace('"cpu": "512"', '"cpu": "300"').replace(',\n  "con', ', "con'))
    (drift,) = verdicts(entry)["task.size"]["drifts"]
    assert drift["location"]["line"] == 2


@pytest.mark.parametrize("text", ["{{.Names}}", "{{resolve:ssm:x}}", "{{ tag }}", "{{}}", "}}{{"])
def test_braces_that_call_nothing_are_text(run: Run, text: str) -> None:
    (entry,) = checked(run, "web.json", ECSPRESSO.replace("IMAGE", f'"nginx:{text}"'))
    assert verdicts(entry)["sidecar.present"]["verdict"] == "drifted"


def test_parts_that_a_template_decides_about_are_refused_with_the_line(run: Run) -> None:
    text = ECSPRESSO.replace("IMAGE", '"{{ env `X` `y` }}"').replace("}]", "}{{ if env `A` `` }}, 1{{ end }}]")
    Path("web.json").write_text(text, encoding="utf-8")
    ran = run("check", "web.json")
    assert ran.code == 2
    assert "web.json, line 3: {{ if env `A` `` }} decides" in ran.err
    assert "ecspresso render" in ran.err


@pytest.mark.skipif(importlib.util.find_spec("_jsonnet") is None, reason="the extra jsonnet is not installed")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{containerDefinitions: [x]}", "line 1, column 25: not Jsonnet (unknown variable: x)"),
        ("{containerDefinitions: error 's3cr3t'}", "line 1, column 24: Jsonnet cannot evaluate this"),
        ("local f(x) = f(x + 1); {containerDefinitions: f(1)}", "Jsonnet cannot evaluate this"),
        ("{containerDefinitions: importstr '/etc/hostname'}", "Jsonnet cannot evaluate this"),
        ("{containerDefinitions: import '../../../x.json'}", "Jsonnet cannot evaluate this"),
    ],
)
def test_jsonnet_with_a_mistake_is_refused_with_its_place(run: Run, text: str, said: str) -> None:
    Path("web.jsonnet").write_text(text, encoding="utf-8")
    ran = run("check", "web.jsonnet")
    assert ran.code == 2
    assert said in " ".join(ran.err.split())
    assert "s3cr3t" not in ran.err


@pytest.mark.skipif(importlib.util.find_spec("_jsonnet") is None, reason="the extra jsonnet is not installed")
@pytest.mark.parametrize(
    "text",
    [
        "local f(x) = f(x + 1) tailstrict; {containerDefinitions: [f(1)]}",
        "{containerDefinitions: std.repeat('x', 3000000000)}",
    ],
)
def test_jsonnet_that_never_ends_or_needs_all_memory_is_stopped(
    run: Run, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("cli.sources.jsonnet._CPU_SECONDS", 1)
    Path("web.jsonnet").write_text(text, encoding="utf-8")
    ran = run("check", "web.jsonnet")
    assert ran.code == 2
    assert "web.jsonnet cannot be evaluated with 1 s of CPU time and 1 GiB of memory" in " ".join(ran.err.split())


def test_jsonnet_without_its_library_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_jsonnet", None)
    Path("web.jsonnet").write_text("{containerDefinitions: []}", encoding="utf-8")
    ran = run("check", "web.jsonnet")
    assert ran.code == 2
    assert "the extra `jsonnet`" in " ".join(ran.err.split())


def test_compose_is_refused_with_what_to_do(run: Run) -> None:
    Path("compose.yaml").write_text("services:\n  web: {image: nginx}\nx-aws-role: {}\n", encoding="utf-8")
    ran = run("check", "compose.yaml")
    assert ran.code == 2
    assert "Docker Compose" in ran.err
    assert "DescribeTaskDefinition" in ran.err
