"""What is hostile is escaped in each form of a report."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.formats.escaping import code, fence, markdown
from cli.terminal import without_commands
from tests.cli.conftest import Definition, Run
from tests.cli.files import write
from tests.cli.report_schemas import FORMATS, applied, checked, log_of, sarif


def test_markdown_has_no_link_mention_or_reference_of_a_name() -> None:
    shown = markdown("[a](http://x) @me #1 GH-2 www.x.y <b> `c` *d* _e_ ~f~ |")
    for mark in ("[", "](", "http://", "@me", "#1 ", "GH-2", "www.x", "<b>", "`", "*", "_", "~", "|"):
        assert mark not in shown
    assert markdown("# a").startswith("\\#")
    assert markdown("1. a").startswith("\\1")


@given(st.text(alphabet="`ab \n"))
def test_a_code_span_and_a_block_hold_what_they_are_given(text: str) -> None:
    span = code(text)
    marks = len(span) - len(span.lstrip("`"))
    assert "`" * marks not in span[marks:-marks] if span else not text.strip()
    assert fence(text) not in text


@pytest.mark.parametrize("text", ["::error::x", "  ::set-output name=a::b", "##[error]x", "a ##vso[task.complete]b"])
def test_no_row_is_a_command_of_a_pipeline(text: str) -> None:
    row = without_commands(text)
    assert not row.strip().startswith("::")
    assert "##[" not in row
    assert "##vso[" not in row


def test_addresses_stay_as_they_are() -> None:
    for text in ("::1 is loopback", "http://[::1]:4317", "## Title", "a::b"):
        assert without_commands(text) == text


def test_a_long_list_of_definitions_has_drifts_and_no_suggestions(run: Run, floating: Definition) -> None:
    write("many.json", json.dumps([floating | {"family": f"family-{number}"} for number in range(100)], indent=2))
    results = log_of(run, "many.json")["results"]
    assert len(results) == 100
    assert not [each for each in results if "fixes" in each]


def test_suggestions_are_those_of_their_files_where_several_processes_evaluate(run: Run, floating: Definition) -> None:
    for number in range(80):
        write(f"all/{number:02}.json", json.dumps(floating, indent=1 + number % 3))
    results = log_of(run, "all")["results"]
    assert len(results) == 80
    for result in results:
        (change,) = result["fixes"][0]["artifactChanges"]
        path = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert change["artifactLocation"]["uri"] == path
        text = applied(Path(path).read_text(encoding="utf-8"), result["fixes"][0])
        assert ":latest" not in text
        json.loads(text)


TEMPLATE = """\
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web  # the name
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: 1024
      Memory: 2048
      ContainerDefinitions:
        - Name: app
          Image: example/app:1.0.0
        - Name: adot-collector
          # to be pinned
          Image: public.ecr.aws/aws-observability/aws-otel-collector:latest
          Essential: false
          LogConfiguration:
            LogDriver: awslogs
            Options: {awslogs-group: /ecs/web, awslogs-region: !Ref AWS::Region, awslogs-stream-prefix: ecs}
"""


def test_a_template_has_its_drift_and_its_fix_on_the_line_of_the_value(run: Run) -> None:
    write("stack.yaml", TEMPLATE)
    log = log_of(run, "stack.yaml", "--select", "sidecar.image-pinned")
    sarif().validate(run("check", "stack.yaml", "--format", "sarif").json)
    (result,) = log["results"]
    line = 1 + TEMPLATE.splitlines().index(
        "          Image: public.ecr.aws/aws-observability/aws-otel-collector:latest"
    )
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == line
    (fix,) = result["fixes"]
    assert applied(TEMPLATE, fix) == TEMPLATE.replace("collector:latest", "collector:v0.49.0")
    for form in FORMATS:
        ran = run("check", "stack.yaml", "--format", form, "--account", "123456789012", "--region", "eu-west-1")
        checked(form, ran.out)


def test_a_comment_in_a_template_exempts(run: Run) -> None:
    comment = "# outrider:exempt sidecar.image-pinned until 2999-01-31: For this test."
    write("stack.yaml", TEMPLATE.replace("# to be pinned", comment))
    assert log_of(run, "stack.yaml", "--select", "sidecar.image-pinned")["results"] == []
    assert run("fix", "stack.yaml", "--select", "sidecar.image-pinned").code == 0
