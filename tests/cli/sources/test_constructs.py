"""Constructs that public templates and modules have, in sketches: what is known of them, and what is named if not."""

import json
from pathlib import Path

import pytest

from cli.sources import json_text, yaml_text
from cli.sources.editing import Change, edited
from tests.cli.conftest import Run, verdicts

TASK = """
resource "aws_ecs_task_definition" "app" {{
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = {execution}
  task_role_arn            = {task}
  container_definitions    = jsonencode([{{ name = "app", image = {image} }}, {{ name = "b", image = "busybox:1" }}])
}}
"""
NAMED = """
variable "project" {}
resource "aws_iam_role" "execution" { name = "${var.project}-execution" }
resource "aws_iam_role" "task" { name = "${var.project}-task" }
"""
TEMPLATE = """
Parameters: {Prefix: {Type: String}, Image: {Type: String}}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: app
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: 512
      Memory: 1024
      ExecutionRoleArn: EXECUTION
      TaskRoleArn: TASK
      ContainerDefinitions: [{Name: app, Image: !Ref Image}]
"""


@pytest.mark.parametrize("module", [NAMED, ""])
def test_roles_of_two_resources_are_two_whatever_their_names_are(run: Run, module: str) -> None:
    task = TASK.format(execution="aws_iam_role.execution.arn", task="aws_iam_role.task.arn", image='"nginx:1"')
    assert verdicts(run, "main.tf", module + task)["task.roles"]["verdict"] == "compliant"
    same = TASK.format(execution="aws_iam_role.task.arn", task="aws_iam_role.task.arn", image='"nginx:1"')
    assert verdicts(run, "main.tf", module + same)["task.roles"]["verdict"] == "drifted"


def test_a_role_whose_name_has_a_parameter_is_itself(run: Run) -> None:
    role = "  Role: {Type: AWS::IAM::Role, Properties: {RoleName: !Sub '${Prefix}-role'}}\n"
    by_arn = TEMPLATE.replace("EXECUTION", "!GetAtt Role.Arn").replace("TASK", "!GetAtt Role.Arn")
    assert verdicts(run, "app.yaml", by_arn + role)["task.roles"]["verdict"] == "drifted"


def test_what_is_imported_is_named_by_its_export(run: Run) -> None:
    text = TEMPLATE.replace("EXECUTION", "!ImportValue Roles-Execution").replace("TASK", "!ImportValue Roles-Task")
    found = verdicts(run, "app.yaml", text)["task.roles"]
    assert found["verdict"] == "unknown"
    assert "ImportValue Roles-Execution" in found["reasons"][0]


def test_an_unknown_verdict_names_what_it_depends_on(run: Run) -> None:
    text = TEMPLATE.replace("EXECUTION", "!Ref Prefix").replace("TASK", "!Ref AWS::StackName")
    two = text.replace("[{Name: app", "[{Name: web, Image: 'nginx:1'}, {Name: app")
    (reason,) = verdicts(run, "app.yaml", two)["sidecar.present"]["reasons"]
    assert reason.endswith("(Image)")
    # A task has an application, so a lone container is one, whatever its image.
    [drift] = verdicts(run, "app.yaml", text)["sidecar.present"]["drifts"]
    assert drift["code"] == "collector-absent"


@pytest.mark.parametrize(
    "runs",
    [
        '"${aws_ecs_task_definition.app.family}:${aws_ecs_task_definition.app.revision}"',
        '"${aws_ecs_task_definition.app.family}:${max(aws_ecs_task_definition.app.revision, data.x.y.revision)}"',
        '"app"',
        "aws_ecs_task_definition.app.arn",
        "aws_ecs_task_definition.app.id",
    ],
)
def test_a_service_names_its_definition_in_many_ways(run: Run, runs: str) -> None:
    task = TASK.format(execution='"a"', task='"b"', image='"nginx:1"')
    service = f"""
resource "aws_ecs_service" "app" {{
  name             = "app"
  launch_type      = "FARGATE"
  platform_version = "1.3.0"
  task_definition  = {runs}
}}
"""
    (drift,) = verdicts(run, "main.tf", task + service)["service.platform-version"]["drifts"]
    assert drift["location"]["line"] == 16


@pytest.mark.parametrize("joined", ['format("[%s,%s]", local.app, local.b)', '"[${join(",", [local.app, local.b])}]"'])
def test_containers_that_are_encoded_one_by_one_are_put_together(run: Run, joined: str) -> None:
    text = """
locals {
  app = jsonencode({ name = "app", image = "nginx:1.27", command = [var.command] })
  b   = jsonencode({ name = "b", image = "busybox:1" })
}
resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  container_definitions    = JOINED
}
"""
    (drift,) = verdicts(run, "main.tf", text.replace("JOINED", joined))["sidecar.present"]["drifts"]
    assert drift["why"].startswith("The task has app, b and no collector")


OPEN = """
resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 2048
  container_definitions = jsonencode([
    { name = "app", image = "nginx:1.27", APPLICATION },
    { name = "otel", image = "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0", MEMBERS },
  ])
}
"""


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ("secrets = var.secrets", "sidecar.config-from-parameter"),
        ("environment = [for k, v in var.e : { name = k, value = v }]", "sidecar.config-from-parameter"),
        ('secrets = concat([{ name = "A", valueFrom = "a" }], var.more)', "sidecar.config-from-parameter"),
        ("logConfiguration = var.log", "sidecar.logging"),
        ("logConfiguration = { logDriver = var.driver, options = var.options }", "sidecar.logging"),
        ("essential = var.essential", "sidecar.not-essential"),
        ("cpu = var.cpu, memory = var.memory", "sidecar.resources"),
    ],
)
def test_a_member_that_is_not_resolved_makes_no_drift(run: Run, members: str, rule: str) -> None:
    text = OPEN.replace("MEMBERS", members).replace("APPLICATION", "cpu = 256")
    assert verdicts(run, "main.tf", text)[rule]["verdict"] == "unknown"


def test_the_variables_that_are_resolved_count_although_others_are_not(run: Run) -> None:
    given = '[{ name = "OTEL_EXPORTER_OTLP_ENDPOINT", value = "localhost:4317" }]'
    text = OPEN.replace("MEMBERS", 'secrets = concat([{ name = "AOT_CONFIG_CONTENT", valueFrom = "/a" }], var.more)')
    found = verdicts(run, "main.tf", text.replace("APPLICATION", f"environment = concat({given}, var.more)"))
    (drift,) = found["application.otlp-endpoint"]["drifts"]
    assert drift["found"] == "localhost:4317"
    assert found["sidecar.config-from-parameter"]["verdict"] == "compliant"
    assert found["application.resource-attributes"]["verdict"] == "unknown"


COLLECTOR = """{
    "name": "otel",
    "image": "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0",
    "environment": [{"name": "AOT_CONFIG_CONTENT", "value": "receivers: {}"}]
  }"""


@pytest.mark.parametrize(
    "containers",
    [
        'templatefile("containers.json.tpl", { image = var.image })',
        "data.template_file.containers.rendered",
        'file("containers.json")',
        'jsondecode(file("containers.json"))',
        "<<EOF\n[${local.app}, ${local.collector}]\nEOF",
        '<<EOF\n[${local.app}, ${"ESCAPED"}]\nEOF',
        'format("[%s,%s]", local.app, local.collector)',
    ],
)
def test_a_fix_writes_nothing_into_what_computes_the_containers(run: Run, containers: str) -> None:
    app = '{"name": "app", "image": "IMAGE"}'
    Path("containers.json").write_text(f"[{app}, {COLLECTOR}]", encoding="utf-8")
    Path("containers.json.tpl").write_text(f"[{app}, {COLLECTOR}]".replace("IMAGE", "${image}"), encoding="utf-8")
    escaped = COLLECTOR.replace("\n", "").replace('"', '\\"')
    text = f"""
data "template_file" "containers" {{
  template = file("containers.json.tpl")
  vars     = {{ image = var.image }}
}}
locals {{
  app       = jsonencode({{ name = "app", image = var.image }})
  collector = "{escaped}"
}}
resource "aws_ecs_task_definition" "app" {{
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 2048
  container_definitions    = {containers.replace("ESCAPED", escaped)}
}}
"""
    Path("main.tf").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--write", "main.tf")
    assert Path("main.tf").read_text(encoding="utf-8") == text
    assert ": containers/otel/essential is not there, and cannot be added here." in ran.err
    assert ": containers/otel/restartPolicy is not there" in ran.err


def test_a_configuration_encoded_within_the_containers_is_read_with_its_places(run: Run) -> None:
    text = """
variable "region" {}
locals {
  otel = yamlencode({
    receivers = { otlp = { protocols = { grpc = {} } } }
    exporters = { awsxray = { region = var.region, regoin = "eu-west-1" } }
    service   = { pipelines = { traces = { receivers = ["otlp"], exporters = ["awsxray"] } } }
  })
}
resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  container_definitions = jsonencode([
    { name = "app", image = "nginx:1.27", cpu = floor(512 * 0.5) },
    {
      name        = "otel"
      image       = "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"
      cpu         = ceil(512 * 0.5)
      memory      = var.memory
      environment = [{ name = "AOT_CONFIG_CONTENT", value = CONFIGURATION }]
    },
  ])
}
"""
    for written, line in (("local.otel", 6), (text[text.index("yamlencode") : text.index("\n}\n")], 25)):
        found = verdicts(run, "main.tf", text.replace("CONFIGURATION", written))
        assert [drift["code"] for drift in found["sidecar.config-from-parameter"]["drifts"]] == ["environment"]
        (drift,) = found["config.options"]["drifts"]
        assert (drift["where"], drift["location"]["line"]) == ("exporters/awsxray/regoin", line)
        assert found["sidecar.resources"]["verdict"] == "unknown"


def test_what_would_give_the_containers_is_named_without_the_texts_in_it(run: Run) -> None:
    text = """
resource "aws_ecs_task_definition" "a" {
  container_definitions = file("containers/a.json")
}
resource "aws_ecs_task_definition" "b" {
  container_definitions = templatefile("b.tpl", { password = "s3cr3t" })
}
"""
    Path("main.tf").write_text(text, encoding="utf-8")
    ran = run("check", "main.tf")
    said = " ".join(ran.out.split())
    assert '(file("containers/a.json"))' in said
    assert "(templatefile(" in said
    assert "s3cr3t" not in said


@pytest.mark.parametrize(
    ("name", "text", "before", "after"),
    [
        ("a.yaml", "a: {b: [!Ref x]}", "[!Ref x]", "[!Ref x, two]"),
        ("a.yaml", "a: {b: [one]}", "[one]", "[one, two]"),
        ("a.json", '{"a":{"b":["one"]}}', '["one"]', '["one","two"]'),
    ],
)
def test_an_item_is_added_as_the_language_writes_lists(name: str, text: str, before: str, after: str) -> None:
    root = yaml_text.node_of(text) if name.endswith("yaml") else json_text.node_of(text)
    assert root is not None
    items = root.value["a"]["b"]
    found = edited(text, [Change(root, {"a": {"b": [*items, "two"]}})])
    assert found.text == text.replace(before, after)


def test_an_empty_value_at_the_end_of_a_file_is_replaced() -> None:
    text = "a: 1\nb:"
    root = yaml_text.node_of(text)
    assert root is not None
    assert edited(text, [Change(root, {"a": 1, "b": False})]).text == "a: 1\nb: false"


def test_what_one_expression_adds_is_removed_by_hand_where_some_of_it_stays(run: Run) -> None:
    text = """
locals {
  deps = join(",", [
    jsonencode({ containerName = "app", condition = "START" }),
    jsonencode({ containerName = "nope", condition = "START" }),
  ])
}
resource "aws_ecs_task_definition" "web" {
  family                = "web"
  network_mode          = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  container_definitions = <<EOF
[
  {"name": "app", "image": "example.com/app:1.0.0", "essential": true},
  {"name": "adot", "image": "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0", "essential": false,
   "dependsOn": [${local.deps}]}
]
EOF
}
"""
    Path("main.tf").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--write", "--select", "task.depends-on", "main.tf")
    assert Path("main.tf").read_text(encoding="utf-8") == text
    assert "dependsOn" in ran.out + ran.err
    assert "by hand" in ran.out + ran.err


def test_a_number_that_is_too_large_is_not_calculated(run: Run) -> None:
    containers = json.dumps([{"name": "app", "image": "example.com/app:1.0.0"}])
    task = {"family": "web-${local.big * 2}", "container_definitions": containers}
    text = {"locals": {"big": 10**400}, "resource": {"aws_ecs_task_definition": {"web": task}}}
    Path("main.tf.json").write_text(json.dumps(text), encoding="utf-8")
    assert run("check", "main.tf.json").code in {0, 1}


@pytest.mark.parametrize(
    "containers", ["[local.app, local.side]", "[local.app, [local.side]]", "[local.app, var.on ? [local.side] : []]"]
)
def test_containers_in_lists_of_lists_are_known(run: Run, containers: str) -> None:
    text = f"""
variable "on" {{}}
locals {{
  app  = [{{ name = "app", image = "nginx:1" }}]
  side = {{ name = "otel", image = "public.ecr.aws/aws-observability/aws-otel-collector:latest", essential = false }}
}}
resource "aws_ecs_task_definition" "app" {{
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  container_definitions    = jsonencode(flatten({containers}))
}}
"""
    found = verdicts(run, "main.tf", text)
    assert found["sidecar.present"]["verdict"] == ("unknown" if "?" in containers else "compliant")
    assert found["task.roles"]["verdict"] == "drifted"


def test_a_list_of_lists_that_is_open_leaves_the_containers_unknown(run: Run) -> None:
    text = TASK.format(execution='"a"', task='"b"', image='"nginx:1"').replace(
        "jsonencode([", "jsonencode(flatten([var.x, "
    )
    Path("main.tf").write_text(text.replace('"busybox:1" }])', '"busybox:1" }]))'), encoding="utf-8")
    (entry,) = run("check", "--format", "json", "main.tf").results
    by_rule = {each["rule"]: each["verdict"] for each in entry["verdicts"]}
    assert entry["not_evaluated"] or by_rule["sidecar.present"] == "unknown"


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        ("Propertys: {Family: web}", "it has no Properties"),
        ("Properties: {Family: web}", "it has no ContainerDefinitions"),
        ("Properties: {ContainerDefinitions: {Name: app, Image: web}}", "its ContainerDefinitions are not a list"),
        (
            "Properties: {ContainerDefinitions: !Ref Containers}",
            "its containers are not known here: the source computes",
        ),
        ("Properties: {Fn::Transform: {Name: AWS::Include}}", "its containers are not known here: the source computes"),
    ],
)
def test_a_mistake_that_hides_the_containers_is_named(run: Run, properties: str, why: str) -> None:
    text = f"Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    {properties}\n"
    Path("stack.yaml").write_text(text, encoding="utf-8")
    (result,) = run("check", "--format", "json", "stack.yaml").results
    assert result["not_evaluated"].startswith(why)
