"""Constructs that public templates and modules have, in sketches: what is known of them, and what is named if not."""

import json
from collections.abc import Sequence
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


LOGS = """
variable "names" {}
resource "aws_ecs_task_definition" "app" {
  family                   = FAMILY
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = "arn:aws:iam::123456789012:role/a"
  task_role_arn            = "arn:aws:iam::123456789012:role/b"
  container_definitions = jsonencode([{
    name        = "app"
    image       = "nginx:1"
    environment = [{ name = "OTEL_EXPORTER_OTLP_ENDPOINT", value = "http://localhost:4317" }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = GROUP
        awslogs-region        = "eu-west-1"
        awslogs-stream-prefix = "app"
      }
    }
  }])
}
variable "default" { default = "web" }
"""


def test_of_two_expressions_that_look_alike_none_is_written_for_the_other(run: Run) -> None:
    text = LOGS.replace("FAMILY", 'lookup(var.names, "family")').replace("GROUP", 'lookup(var.names, "group")')
    Path("main.tf").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--select", "sidecar.present,application.resource-attributes", "main.tf")
    assert ran.out.strip() == text.strip()
    assert "by hand" in ran.err


@pytest.mark.parametrize(
    ("family", "written"),
    [
        ("var.names", "service.name=${var.names}"),
        (
            '"${var.names}-${data.aws_region.current.name}"',
            "service.name=${var.names}-${data.aws_region.current.name}",
        ),
        ("var.default", 'service.name=${var.default}"'),
        ('"${var.default}-api"', 'service.name=${var.default}-api"'),
        ('upper("${var.default}")', None),
        ('var.names ? "web" : "api"', None),
        ("each.key", 'service.name=${each.key}"'),
        ('"web"', 'service.name=web"'),
        ('lookup(var.names, "family")', None),
    ],
)
def test_what_stands_for_an_expression_is_never_written(run: Run, family: str, written: str | None) -> None:
    text = LOGS.replace("FAMILY", family).replace("GROUP", '"app"')
    Path("main.tf").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--select", "application.resource-attributes", "main.tf")
    assert (written in ran.out) if written else ran.out.strip() == text.strip()
    assert "zz-region-1" not in ran.out


PARAMETERS = """\
Parameters:
  Name: {Type: String, Default: web}
  Stage: {Type: String, Default: dev}
Conditions:
  Live: !Equals [!Ref Stage, live]
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: FAMILY
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: 512
      Memory: 1024
      Tags: [{Key: Environment, Value: TAG}]
      ContainerDefinitions:
        - Name: app
          Image: nginx:1
          Environment:
            - {Name: OTEL_EXPORTER_OTLP_ENDPOINT, Value: "http://localhost:4317"}
"""


@pytest.mark.parametrize(
    ("family", "tag", "written"),
    [
        ("web", "dev", '"service.name=web,deployment.environment=dev"'),
        ("!Ref Name", "!Ref Stage", '!Sub "service.name=${Name},deployment.environment=${Stage}"'),
        ('{"Ref": "Name"}', "{Ref: Stage}", '!Sub "service.name=${Name},deployment.environment=${Stage}"'),
        ('!Sub "${Stage}-${Name}"', "dev", '!Sub "service.name=${Stage}-${Name},deployment.environment=dev"'),
        (">-\n        web", "dev", '"service.name=web,deployment.environment=dev"'),
        ("&name web", "*name", '"service.name=web,deployment.environment=web"'),
        ("!If [Live, web-live, web-dev]", "dev", None),
        ('{"Fn::If": [Live, web-live, web-dev]}', "dev", None),
        ("!If [Unknown, web-live, web-dev]", "dev", None),
        ("!If [Unknown, !Ref Name, web-dev]", "dev", None),
        ("web", "!If [Unknown, live, dev]", None),
        ("!Ref Name", "web", None),
    ],
)
def test_the_value_of_one_deployment_is_not_written_for_all(
    run: Run, family: str, tag: str, written: str | None
) -> None:
    text = PARAMETERS.replace("FAMILY", family).replace("TAG", tag)
    Path("stack.yaml").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--select", "application.resource-attributes", "stack.yaml")
    if written is None:
        assert ran.out == text
        assert ": containers/app/environment/OTEL_RESOURCE_ATTRIBUTES is not there" in ran.err
    else:
        assert f"Value: {written}\n" in ran.out


SOMETIMES = """\
        - Name: side
          Image: !If [Unknown, "public.ecr.aws/aws-observability/aws-otel-collector:latest", "example/worker:1"]
"""


@pytest.mark.parametrize("review", [(), ("--review",)])
def test_what_drifts_in_some_deployments_alone_is_not_fixed(run: Run, review: Sequence[str]) -> None:
    """What is a collector in one is an application in another, and the task has one size in one of them."""
    text = (
        PARAMETERS.replace("FAMILY", "web").replace("TAG", "dev").replace("Cpu: 512", "Cpu: !If [Unknown, 4096, 256]")
    )
    text += SOMETIMES
    Path("stack.yaml").write_text(text, encoding="utf-8")
    ran = run("fix", *review, "stack.yaml")
    assert "web: fixed application.resource-attributes.\n" in ran.err
    assert "sidecar" not in ran.err
    assert ran.out.endswith(SOMETIMES)
    assert "Memory: 1024\n" in ran.out


def test_a_change_that_fits_one_deployment_asks_for_a_check(run: Run) -> None:
    text = PARAMETERS.replace("FAMILY", "!Sub '${Open}-web'").replace("TAG", "dev")
    text = text.replace("Image: nginx:1", "Image: nginx:1\n          Memory: 900\n          Cpu: 400")
    text = text.replace("Cpu: 512", "Cpu: !If [Unknown, 4096, 512]").replace(
        "Memory: 1024", "Memory: !If [Unknown, 8192, 1024]"
    )
    text += "        - Name: adot-collector\n"
    text += "          Image: public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0\n"
    Path("stack.yaml").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--select", "sidecar.resources,application.*", "stack.yaml")
    assert "check this: what is written for sidecar.resources may not fit each deployment: it depends on" in ran.err
    assert "(Open, Unknown)" in ran.err


def test_a_block_of_one_line_is_replaced_and_one_with_a_comment_is_not(run: Run) -> None:
    image = "public.ecr.aws/aws-observability/aws-otel-collector"
    text = PARAMETERS.replace("FAMILY", ">-\n        web").replace("TAG", "dev")
    text += f"        - Name: adot-collector\n          Image: |-\n            {image}:latest\n"
    text += "          Essential: >- # to be changed\n            true\n"
    Path("stack.yaml").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--select", "sidecar.image-pinned,sidecar.not-essential", "stack.yaml")
    assert f"          Image: {image}:v0.49.0\n          Essential: >- # to be changed\n            true\n" in ran.out
    at = text[: text.index("Essential")].count("\n") + 1
    assert f"stack.yaml, line {at}: containers/adot-collector/essential is computed" in ran.err


def test_what_a_template_imports_is_not_written_as_a_text(run: Run) -> None:
    logs = "Options: {awslogs-group: !ImportValue logs, awslogs-region: !Ref AWS::Region}}"
    text = TEMPLATE.replace("EXECUTION", "arn:aws:iam::123456789012:role/a").replace("TASK", "arn:aws:iam::123:role/b")
    text = text.replace("!Ref Image}", f"'nginx:1', LogConfiguration: {{LogDriver: awslogs, {logs}}}")
    Path("app.yaml").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--select", "sidecar.present", "app.yaml")
    assert ran.out.strip() == text.strip()
    assert "by hand" in ran.err


def test_a_rule_is_reported_as_fixed_only_if_all_of_its_fix_is_written(run: Run) -> None:
    """A task is not enlarged for a reservation that must be made by hand."""
    collector = '{ name = "otel", image = "public.ecr.aws/aws-observability/aws-otel-collector:latest" }'
    text = LOGS.replace("FAMILY", '"app"').replace("GROUP", '"app"').replace("}])\n}", "}, merge(local.otel, {})])\n}")
    text += f"locals {{\n  otel = {collector}\n}}\n"
    Path("main.tf").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--diff", "main.tf")
    assert run("fix", "--review", "--write", "main.tf").code == 1
    assert "cpu                      = 512\n" in Path("main.tf").read_text(encoding="utf-8")
    assert "fixed sidecar" not in ran.err
    assert "by hand: sidecar.image-pinned, sidecar.not-essential" in ran.err
    assert "sidecar.resources" in ran.err.partition("by hand:")[2].partition("\n")[0]
    assert "@@ containers/otel/cpu @@ line 23 (by hand)\n" in ran.out
    assert ran.code == 1


def test_of_two_definitions_that_share_names_each_is_written_as_far_as_it_can_be(run: Run) -> None:
    collector = '{ name = "otel", essential = true, image = IMAGE }'
    text = LOGS.replace("FAMILY", '"app"').replace("GROUP", '"app"').replace("}])\n}", f"}}, {collector}])\n}}")
    image = "public.ecr.aws/aws-observability/aws-otel-collector"
    text = text.replace("IMAGE", f'"{image}:latest"') + text.replace('"app" {', '"b" {').replace("IMAGE", "var.image")
    text = text.replace('variable "names" {}\n', "") + f'variable "image" {{\n  default = "{image}:latest"\n}}\n'
    Path("main.tf").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--select", "sidecar.image-pinned", "main.tf")
    assert ran.out.count(f'"{image}:v0.49.0"') == 1
    assert "app: fixed sidecar.image-pinned." in ran.err
    second = text[: text.rindex("var.image")].count("\n") + 1
    assert f"main.tf, line {second}: containers/otel/image is computed" in ran.err
    assert ran.err.count("is computed") == 1


def test_what_the_file_has_nowhere_is_reported_as_missing(run: Run) -> None:
    text = (
        LOGS.replace("FAMILY", '"app"').replace("GROUP", '"app"').replace('  network_mode             = "awsvpc"\n', "")
    )
    Path("main.tf").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "--select", "task.network-mode", "main.tf")
    assert (
        "main.tf, line 3: networkMode is not there, and cannot be added here. Add it by hand; --diff shows how."
        in ran.err
    )


def test_next_to_an_expression_for_some_variables_the_others_are_shown(run: Run) -> None:
    pair = '{ name = "OTEL_EXPORTER_OTLP_ENDPOINT", value = "http://localhost:4318/v1/traces" }'
    text = LOGS.replace("FAMILY", '"app"').replace("GROUP", '"app"')
    begin, end = text.index("environment = ["), text.index("]\n    logConf")
    computed = f"environment = concat([for name in var.names : {{ name = name, value = name }}], [{pair}]"
    Path("main.tf").write_text(text[:begin] + computed + text[end:].replace("]", ")", 1), encoding="utf-8")
    ran = run("fix", "--review", "--diff", "--select", "application.otlp-endpoint", "main.tf")
    assert "OTEL_EXPORTER_OTLP_ENDPOINT/value @@ line" in ran.out
    assert "+http://localhost:4318" in ran.out


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
