"""A parameter that a source creates, with values in its text that the source does not resolve."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run, verdicts

IAC = Path(__file__).parent / "iac"
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
    reference = "!Sub 'arn:aws:ssm:eu-west-1:111122223333:parameter/${It}/otel'"
    text = template(CONFIGURATION.replace("eu-west-1", "${It}"), NAME="!Sub '/${It}/otel'", FROM=reference)
    found = verdicts(run, "app.yaml", text)
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


# --- what is not certain ----------------------------------------------------------------------------------------------

TEMPLATE = """
Parameters:
  It: {Type: String}
  Port: {Type: String, AllowedValues: ['4317', '14317']}
  Many: {Type: String, AllowedValues: [a, b, c, d, awsxray]}
Mappings: {M: {x: {a: /one, b: /two}}}
Conditions: {Cond: !Equals [!Ref It, x]}
Resources:
  Configuration:
    Type: AWS::SSM::Parameter
    Properties: {Type: TYPE, Name: NAME, Value: !Sub "VALUE"}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: app
      RequiresCompatibilities: [FARGATE]
      ContainerDefinitions:
        - Name: app
          Image: nginx:1
          Environment: [{Name: OTEL_EXPORTER_OTLP_ENDPOINT, Value: 'http://localhost:9999'}]
        - Name: otel
          Image: public.ecr.aws/aws-observability/aws-otel-collector:v0.47.0
          Secrets: [{Name: AOT_CONFIG_CONTENT, ValueFrom: FROM}]
"""


def template(configuration: str, **parts: str) -> str:
    values = {"TYPE": "String", "NAME": "/otel", "FROM": "/otel"} | parts
    text = TEMPLATE.replace("VALUE", configuration.replace("\n", "\\n").replace('"', '\\"'))
    for name, value in values.items():
        text = text.replace(name, value)
    return text


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("[bach]", "[bach]", {"NAME": "!FindInMap [M, !Ref It, a]", "FROM": "!FindInMap [M, !Ref It, b]"}),
        ("[bach]", "[bach]", {"TYPE": "!Ref It"}),
        ("[awsxray]", '["${Many}"]', {}),
        ("exporters:\n", '"${It}":\nexporters:\n', {}),
    ],
)
def test_what_another_value_would_change_is_no_drift(run: Run, before: str, after: str, parts: dict[str, str]) -> None:
    configuration = CONFIGURATION.replace("processors:\n  bach:\n", "").replace(before, after)
    found = verdicts(run, "app.yaml", template(configuration, **parts))
    drifted = {rule for rule in found if rule.startswith("config.") and found[rule]["verdict"] == "drifted"}
    assert not drifted & {"config.references", "config.well-formed", "config.exists"}


def test_of_two_parameters_of_one_name_none_is_evaluated(run: Run) -> None:
    second = "  Other:\n    Type: AWS::SSM::Parameter\n    Condition: Cond\n"
    second += "    Properties: {Type: String, Name: /otel, Value: 'nothing'}\n"
    found = verdicts(run, "app.yaml", template(CONFIGURATION) + second)
    assert found["config.components"]["verdict"] == "unknown"


def test_a_drift_is_certain_where_it_is_and_not_elsewhere(run: Run) -> None:
    """Of two drifts of a kind one depends on an open value."""
    configuration = CONFIGURATION.replace("eu-west-1", "${It}").replace("0.0.0.0:4317", "0.0.0.0:${!env:NOT_SET}")
    found = verdicts(run, "app.yaml", template(configuration))["config.variables"]
    assert [each["where"] for each in found["drifts"]] == ["receivers/otlp/protocols/grpc/endpoint"]


def test_a_value_with_braces_in_its_expression_is_open(run: Run) -> None:
    configuration = CONFIGURATION.replace("eu-west-1", "${merge(var.it, {b = 1}).b}")
    found = verdicts(run, "main.tf", TERRAFORM.format(name='"/otel"', configuration=configuration))
    assert found["config.region"]["verdict"] == "unknown"


def test_a_value_that_terraform_ignores_is_not_that_of_the_source(run: Run) -> None:
    text = TERRAFORM.format(name='"/otel"', configuration="placeholder\n")
    assert verdicts(run, "main.tf", text)["config.well-formed"]["verdict"] == "drifted"
    left = text.replace(
        '  type  = "String"\n', '  type  = "String"\n  lifecycle {\n    ignore_changes = [value]\n  }\n'
    )
    assert "config.well-formed" not in {
        rule for rule, found in verdicts(run, "main.tf", left).items() if found["verdict"] == "drifted"
    }


def test_a_fix_that_another_value_would_change_needs_approval(run: Run) -> None:
    configuration = CONFIGURATION.replace("0.0.0.0:4317", "0.0.0.0:${Port}")
    found = verdicts(run, "app.yaml", template(configuration))["application.otlp-endpoint"]
    assert (found["verdict"], found["fix"]) == ("drifted", "review")


@pytest.mark.parametrize("family", ["", "Family: !Sub '${Known}-api'"])
def test_no_fix_writes_a_family_that_the_source_computes(run: Run, family: str) -> None:
    text = (
        template(CONFIGURATION)
        .replace("Family: app", family)
        .replace("  It:", "  Known: {Type: String, Default: x}\n  It:")
    )
    found = verdicts(run, "app.yaml", text)["application.resource-attributes"]
    assert (found["verdict"], found["fix"]) == ("drifted", "review")
    named = verdicts(run, "app.yaml", template(CONFIGURATION))["application.resource-attributes"]
    assert (named["verdict"], named["fix"]) == ("drifted", "safe")


# --- a configuration in the task definition ---------------------------------------------------------------------------

INLINE = """
variable "it" {{}}
resource "aws_ecs_task_definition" "app" {{
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  container_definitions    = jsonencode([{{ name = "app", image = "nginx:1" }}, {{
    name        = "otel", image = "public.ecr.aws/aws-observability/aws-otel-collector:v0.47.0",
    environment = [{{ name = "AOT_CONFIG_CONTENT", value = <<EOT
{configuration}EOT
    }}]
  }}])
}}
"""


def test_a_text_in_the_task_definition_is_evaluated_as_that_of_a_parameter(run: Run) -> None:
    text = INLINE.format(configuration=CONFIGURATION.replace("[awsxray]", "[nope]"))
    found = verdicts(run, "main.tf", text)
    (drift,) = (each for each in found["config.references"]["drifts"] if each["severity"] == "CRITICAL")
    assert (drift["where"], drift["found"]) == ("service/pipelines/traces/exporters", "nope")
    assert "nope" in text.splitlines()[drift["location"]["line"] - 1]
    found = verdicts(run, "main.tf", INLINE.format(configuration="receivers: [\n  otlp\n"))
    assert found["config.well-formed"]["verdict"] == "drifted"


@pytest.mark.parametrize(
    ("before", "after"),
    [("processors:\n  bach:\n", "${var.it}\n"), ("  awsxray:\n", "  ${var.it}:\n"), (CONFIGURATION, "${var.it}\n")],
)
def test_what_may_add_lines_to_it_makes_no_drift(run: Run, before: str, after: str) -> None:
    found = verdicts(run, "main.tf", INLINE.format(configuration=CONFIGURATION.replace(before, after)))
    assert not {"config.well-formed", "config.references"} & {
        rule for rule in found if found[rule]["verdict"] == "drifted"
    }


def test_the_name_of_a_parameter_in_a_plain_variable_is_no_configuration(run: Run) -> None:
    found = verdicts(run, "main.tf", INLINE.format(configuration="/otel/config\n"))
    assert "config.well-formed" not in found
    assert found["sidecar.config-from-parameter"]["verdict"] == "drifted"


def test_a_fix_that_writes_the_region_is_safe_whichever_it_is(run: Run) -> None:
    """It writes the source's own expression."""
    (entry,) = run("check", "--format", "json", str(IAC / "tf-whole" / "main.tf")).results
    (found,) = (each for each in entry["verdicts"] if each["rule"] == "sidecar.logging")
    assert (found["verdict"], found["fix"]) == ("drifted", "safe")


@pytest.mark.parametrize(
    "text", ["{{ collector_config }}", "${CONFIG}", "{% if it %}\nreceivers: {{ it }}\n{% endif %}\n"]
)
def test_a_text_that_a_template_completes_later_is_not_judged_by_its_form(run: Run, text: str) -> None:
    image = "public.ecr.aws/aws-observability/aws-otel-collector:v0.47.0"
    collector = {"name": "otel", "image": image, "environment": [{"name": "AOT_CONFIG_CONTENT", "value": text}]}
    containers = [{"name": "app", "image": "nginx:1"}, collector]
    task = {"family": "app", "requiresCompatibilities": ["FARGATE"], "containerDefinitions": containers}
    assert "config.well-formed" not in verdicts(run, "app.json", json.dumps(task))
