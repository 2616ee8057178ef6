"""What a fix writes where a source computes a value: the expression or nothing, and never one deployment's value."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, Run
from tests.cli.sources.test_constructs import TEMPLATE

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


def logs(family: str = '"app"', group: str = '"app"') -> str:
    return LOGS.replace("FAMILY", family).replace("GROUP", group)


def fixed(run: Run, name: str, text: str, rules: str = "application.resource-attributes", *, diff: bool = False) -> Ran:
    """Fix the drift of these rules in a file with this text."""
    Path(name).write_text(text, encoding="utf-8")
    return run("fix", "--review", *(["--diff"] if diff else []), "--select", rules, name)


def test_of_two_expressions_that_look_alike_none_is_written_for_the_other(run: Run) -> None:
    text = logs('lookup(var.names, "family")', 'lookup(var.names, "group")')
    ran = fixed(run, "main.tf", text, "sidecar.present,application.resource-attributes")
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
    text = logs(family)
    ran = fixed(run, "main.tf", text)
    assert (written in ran.out) if written else ran.out.strip() == text.strip()
    assert "zz-region-1" not in ran.out


MODULE = """
variable "stage" { default = "dev" }
variable "live" { default = true }
locals {
  tags  = { Environment = var.stage, Owner = "x" }
  other = { "outrider:stage" = "dev", "deployment.environment" = "dev" }
}
output "tags" { value = [local.tags, local.other] }
"""


@pytest.mark.parametrize(
    ("tags", "written"),
    [
        ("local.tags", "${local.tags.Environment}"),
        ('merge(local.tags, { Owner = "y" })', "${local.tags.Environment}"),
        ('merge({ Environment = "test" }, local.tags)', "${local.tags.Environment}"),
        ('merge(local.tags, { Environment = "live" })', "live"),
        ("merge(local.tags, { Environment = var.stage })", "${var.stage}"),
        ("var.live ? local.tags : local.other", None),
        ("var.live ? { Environment = var.stage } : {}", None),
        ("local.other", None),
    ],
)
def test_a_tag_of_an_object_that_stands_elsewhere_is_written_by_its_reference(
    run: Run, tags: str, written: str | None
) -> None:
    text = logs(f'"app"\n  tags = {tags}') + MODULE
    ran = fixed(run, "main.tf", text)
    if written is None:
        assert ran.out == text
        assert "by hand: application.resource-attributes" in ran.err
    else:
        assert f'"service.name=app,deployment.environment={written}"' in ran.out


def test_a_tag_of_a_service_in_another_file_is_written_by_its_expression(run: Run) -> None:
    Path("main.tf").write_text(logs() + MODULE, encoding="utf-8")
    service = """
resource "aws_ecs_service" "app" {
  name            = "app"
  launch_type     = "FARGATE"
  task_definition = aws_ecs_task_definition.app.arn
  tags            = { Environment = var.stage }
}
"""
    Path("service.tf").write_text(service, encoding="utf-8")
    ran = run("fix", "--review", "--select", "application.resource-attributes", "main.tf")
    assert '"service.name=app,deployment.environment=${var.stage}"' in ran.out


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
    ran = fixed(run, "stack.yaml", text)
    if written is None:
        assert ran.out == text
        assert ": containers/app/environment/OTEL_RESOURCE_ATTRIBUTES is not there" in ran.err
    else:
        assert f"Value: {written}\n" in ran.out


@pytest.mark.parametrize(
    "tags",
    [
        "!If [Live, [{Key: Environment, Value: live}], [{Key: Environment, Value: dev}]]",
        "[!If [Live, {Key: Environment, Value: live}, {Key: Environment, Value: dev}]]",
        '{"Fn::If": [Live, [{Key: Environment, Value: live}], [{Key: Environment, Value: dev}]]}',
        "\n        - !If\n          - Live\n          - {Key: Env, Value: live}\n          - {Key: Env, Value: dev}",
    ],
)
def test_a_tag_that_a_condition_chooses_is_not_written_for_all(run: Run, tags: str) -> None:
    text = PARAMETERS.replace("FAMILY", "web").replace("[{Key: Environment, Value: TAG}]", tags)
    ran = fixed(run, "stack.yaml", text)
    assert ran.out == text
    assert "by hand: application.resource-attributes" in ran.err


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
    ran = fixed(run, "stack.yaml", text, "sidecar.resources,application.*")
    assert "check this: what is written for sidecar.resources may not fit each deployment: it depends on" in ran.err
    assert "(Open, Unknown)" in ran.err


def test_a_block_of_one_line_is_replaced_and_one_with_a_comment_is_not(run: Run) -> None:
    image = "public.ecr.aws/aws-observability/aws-otel-collector"
    text = PARAMETERS.replace("FAMILY", ">-\n        web").replace("TAG", "dev")
    text += f"        - Name: adot-collector\n          Image: |-\n            {image}:latest\n"
    text += "          Essential: >- # to be changed\n            true\n"
    ran = fixed(run, "stack.yaml", text, "sidecar.image-pinned,sidecar.not-essential")
    assert f"          Image: {image}:v0.49.0\n          Essential: >- # to be changed\n            true\n" in ran.out
    at = text[: text.index("Essential")].count("\n") + 1
    assert f"stack.yaml, line {at}: containers/adot-collector/essential is computed" in ran.err


def test_what_a_template_imports_is_not_written_as_a_text(run: Run) -> None:
    logs = "Options: {awslogs-group: !ImportValue logs, awslogs-region: !Ref AWS::Region}}"
    text = TEMPLATE.replace("EXECUTION", "arn:aws:iam::123456789012:role/a").replace("TASK", "arn:aws:iam::123:role/b")
    text = text.replace("!Ref Image}", f"'nginx:1', LogConfiguration: {{LogDriver: awslogs, {logs}}}")
    ran = fixed(run, "app.yaml", text, "sidecar.present")
    assert ran.out.strip() == text.strip()
    assert "by hand" in ran.err


def test_a_rule_is_reported_as_fixed_only_if_all_of_its_fix_is_written(run: Run) -> None:
    """A task is not enlarged for a reservation that must be made by hand."""
    collector = '{ name = "otel", image = "public.ecr.aws/aws-observability/aws-otel-collector:latest" }'
    text = logs().replace("}])\n}", "}, merge(local.otel, {})])\n}")
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
    text = logs().replace("}])\n}", f"}}, {collector}])\n}}")
    image = "public.ecr.aws/aws-observability/aws-otel-collector"
    text = text.replace("IMAGE", f'"{image}:latest"') + text.replace('"app" {', '"b" {').replace("IMAGE", "var.image")
    text = text.replace('variable "names" {}\n', "") + f'variable "image" {{\n  default = "{image}:latest"\n}}\n'
    ran = fixed(run, "main.tf", text, "sidecar.image-pinned")
    assert ran.out.count(f'"{image}:v0.49.0"') == 1
    assert "app: fixed sidecar.image-pinned." in ran.err
    second = text[: text.rindex("var.image")].count("\n") + 1
    assert f"main.tf, line {second}: containers/otel/image is computed" in ran.err
    assert ran.err.count("is computed") == 1


def test_what_the_file_has_nowhere_is_reported_as_missing(run: Run) -> None:
    text = logs().replace('  network_mode             = "awsvpc"\n', "")
    ran = fixed(run, "main.tf", text, "task.network-mode")
    assert (
        "main.tf, line 3: networkMode is not there, and cannot be added here. Add it by hand; --diff shows how."
        in ran.err
    )


def test_next_to_an_expression_for_some_variables_the_others_are_shown(run: Run) -> None:
    pair = '{ name = "OTEL_EXPORTER_OTLP_ENDPOINT", value = "http://localhost:4318/v1/traces" }'
    text = logs()
    begin, end = text.index("environment = ["), text.index("]\n    logConf")
    computed = f"environment = concat([for name in var.names : {{ name = name, value = name }}], [{pair}]"
    ran = fixed(
        run,
        "main.tf",
        text[:begin] + computed + text[end:].replace("]", ")", 1),
        "application.otlp-endpoint",
        diff=True,
    )
    assert "OTEL_EXPORTER_OTLP_ENDPOINT/value @@ line" in ran.out
    assert "+http://localhost:4318" in ran.out


@pytest.mark.parametrize(
    ("name", "group", "region", "values"),
    [
        ("stack.yaml", "!Ref LogGroup", "!Ref AWS::Region", ("/ecs/web-prod", "${AWS::Region}")),
        (
            "tf-whole/main.tf",
            "aws_cloudwatch_log_group.web.name",
            "data.aws_region.current.name",
            ("/ecs/web", "${data."),
        ),
    ],
)
def test_the_diff_shows_the_expression_that_is_written(
    run: Run, name: str, group: str, region: str, values: Sequence[str]
) -> None:
    text = (Path(__file__).parent / "iac" / name).read_text(encoding="utf-8")
    path = Path(name.rpartition("/")[2])
    path.write_text(text, encoding="utf-8")
    options = "@@ containers/adot-collector/logConfiguration/options/awslogs"
    shown = run("fix", "--review", "--diff", str(path)).out
    written = run("fix", "--review", str(path)).out
    for option, expression in (("group", group), ("region", region)):
        (row,) = [each for each in shown.split(options) if each.startswith(f"-{option} ")]
        assert row.split("\n")[1] == f"+{expression}"
        assert written.count(expression) > text.count(expression)
    assert not any(f"+{value}" in shown for value in values)


def test_the_diff_hides_an_expression_that_may_have_a_secret_in_it(run: Run) -> None:
    text = logs('format("%s-hunter2", var.default)')
    ran = fixed(run, "main.tf", text, diff=True)
    assert "OTEL_RESOURCE_ATTRIBUTES/value" in ran.out
    assert "+(hidden)" in ran.out
    assert "format(" not in ran.out


COPIED = """
Parameters: {Env: {Type: String, Default: dev}}
Conditions: {Prod: !Equals [!Ref Env, prod]}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RequiresCompatibilities: [FARGATE]
      ContainerDefinitions:
        - Name: app
          Image: app:1
          Environment:
            - Name: IMAGE
              Value: VALUE
        - Name: adot
          Image: public.ecr.aws/aws-observability/aws-otel-collector:latest
"""
IMAGE = "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"


@pytest.mark.parametrize("form", ['!Join ["", [CHOICE]]', '!Sub ["${Image}", {Image: CHOICE}]'])
def test_an_expression_that_chooses_is_written_nowhere_else(run: Run, form: str) -> None:
    value = form.replace("CHOICE", f'!If [Prod, hunter2, "{IMAGE}"]')
    Path("app.yaml").write_text(COPIED.replace("VALUE", value), encoding="utf-8")
    assert f"          Image: {IMAGE}\n" in run("fix", "--review", "--select", "sidecar.image-pinned", "app.yaml").out
    assert "hunter2" not in run("fix", "--review", "--diff", "--select", "sidecar.image-pinned", "app.yaml").out


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (f'!Join ["", [!Select [1, [hunter2, "{IMAGE}"]]]]', IMAGE),
        (f'!Sub ["${{Image}}", {{Image: "{IMAGE}", Password: hunter2}}]', IMAGE),
        (f"!Sub [{IMAGE}, {{Password: hunter2}}]", IMAGE),
        (f'!Sub "{IMAGE}"', f'!Sub "{IMAGE}"'),
        (f"!Sub '{IMAGE}'", f"!Sub '{IMAGE}'"),
        (f"!Sub {IMAGE}", f"!Sub {IMAGE}"),
    ],
)
def test_the_diff_shows_an_expression_only_if_its_texts_are_all_in_the_value(run: Run, value: str, shown: str) -> None:
    ran = fixed(run, "app.yaml", COPIED.replace("VALUE", value), "sidecar.image-pinned", diff=True)
    assert f"\n+{shown}\n" in ran.out
    assert "hunter2" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('lookup(var.names, "hunter2")', 'lookup(var.names, "…")'),
        ('lookup(var.names, "${var.default ? "hunter2" : "b"}")', 'lookup(var.names, "…")'),
        (r'lookup(var.names, "a\"hunter2")', 'lookup(var.names, "…")'),
        ("upper(<<-END\n  hunter2 ${var.names}\nEND\n)", "upper(…)"),
        ("sha256(<<-END\n  hunter2\nEND\n)", "sha256(…)"),
        ('sha1(<<END\nhunter2 "a\nEND\n)', "sha1(…)"),
    ],
)
def test_what_names_an_expression_has_no_text_of_it(run: Run, value: str, shown: str) -> None:
    text = logs().replace('"http://localhost:4317"', value)
    Path("main.tf").write_text(text, encoding="utf-8")
    ran = run("check", "main.tf")
    assert f"({shown})" in ran.out
    assert "hunter2" not in ran.out
