"""A parameter that a source creates, with values in its text that the source does not resolve."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

CONFIGURATION = """\
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
processors:
  bach:
exporters:
  awsxray:
    region: eu-west-1
service:
  pipelines:
    traces:
      receivers: [otlp]
      processors: [bach]
      exporters: [awsxray]
"""
TERRAFORM = """
variable "it" {{}}
resource "aws_ssm_parameter" "otel" {{
  name  = {name}
  type  = "String"
  value = <<EOT
{configuration}EOT
}}
resource "aws_ecs_task_definition" "app" {{
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  container_definitions    = jsonencode([{{ name = "app", image = "nginx:1" }}, {{
    name    = "otel", image = "public.ecr.aws/aws-observability/aws-otel-collector:v0.47.0",
    secrets = [{{ name = "AOT_CONFIG_CONTENT", valueFrom = aws_ssm_parameter.otel.arn }}]
  }}])
}}
"""
CLOUDFORMATION = """
Parameters: {It: {Type: String}}
Resources:
  Configuration:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Name: !Sub '/${It}/otel', Value: !Sub "VALUE"}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: app
      RequiresCompatibilities: [FARGATE]
      ContainerDefinitions:
        - {Name: app, Image: 'nginx:1'}
        - Name: otel
          Image: public.ecr.aws/aws-observability/aws-otel-collector:v0.47.0
          Secrets:
            - Name: AOT_CONFIG_CONTENT
              ValueFrom: !Sub 'arn:aws:ssm:eu-west-1:111122223333:parameter/${It}/otel'
"""


def verdicts(run: Run, name: str, text: str) -> dict[str, Any]:
    Path(name).write_text(text, encoding="utf-8")
    (entry,) = run("check", "--format", "json", name).results
    return {each["rule"]: each for each in entry["verdicts"]}


@pytest.mark.parametrize("name", ['"/otel"', '"/${var.it}/otel"'])
def test_a_value_that_is_open_leaves_the_rest_known(run: Run, name: str) -> None:
    text = TERRAFORM.format(name=name, configuration=CONFIGURATION.replace("eu-west-1", "${var.it}"))
    found = verdicts(run, "main.tf", text)
    (drift,) = found["config.components"]["drifts"]
    assert (found["config.components"]["verdict"], drift["where"]) == ("drifted", "processors/bach")
    assert "bach" in text.splitlines()[drift["location"]["line"] - 1]
    assert (found["config.region"]["verdict"], found["config.options"]["verdict"]) == ("unknown", "unknown")
    assert "var.it" in found["config.region"]["reasons"][0]


def test_a_value_of_cloudformation_too(run: Run) -> None:
    value = CONFIGURATION.replace("eu-west-1", "${It}").replace("\n", "\\n")
    found = verdicts(run, "app.yaml", CLOUDFORMATION.replace("VALUE", value))
    assert [each["where"] for each in found["config.components"]["drifts"]] == ["processors/bach"]
    assert found["config.region"]["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("processors:\n  bach:\n", "${var.it}\n"),
        ("    region: eu-west-1\n", "    ${indent(4, var.it)}\n"),
        ("processors:\n  bach:\n", "%{ if var.it }\nprocessors:\n  bach:\n%{ endif }\n"),
        (CONFIGURATION, "${var.it}\n"),
        (CONFIGURATION, "${var.it}${var.it}\n"),
        ("  awsxray:\n    region: eu-west-1\n", "  ${indent(2, var.it)}\n"),
        ("  awsxray:\n", "  ${var.it}:\n"),
        ("[awsxray]", "${jsonencode(var.it)}"),
        ("[awsxray]", '["${var.it}"]'),
        ("[awsxray]", "[${join(var.it)}]"),
    ],
)
def test_what_may_add_lines_makes_no_drift(run: Run, before: str, after: str) -> None:
    assert before in CONFIGURATION
    text = TERRAFORM.format(name='"/otel"', configuration=CONFIGURATION.replace(before, after))
    found = verdicts(run, "main.tf", text)
    certain = {rule for rule in ("config.well-formed", "config.references") if rule in found}
    assert {found[rule]["verdict"] for rule in certain} <= {"unknown"}
