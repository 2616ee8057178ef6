"""The command line in this process, and files for it."""

import copy
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cli.main import main
from tests.rules.examples import base, task_json
from tools.output_schemas import SCHEMAS


@dataclass(frozen=True)
class Ran:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def results(self) -> Any:
        """The entries of an output."""
        return self.json["results"]


type Run = Callable[..., Ran]
type Definition = dict[str, Any]

TEMPLATE = """\
Resources:
  Role: {Type: AWS::IAM::Role}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RequiresCompatibilities: [FARGATE]
      Family: web
      ExecutionRoleArn: !GetAtt Role.Arn
      ContainerDefinitions:
        - Name: web
          Image: nginx:1
          LogConfiguration: {LogDriver: awslogs, Options: {awslogs-region: !Ref AWS::Region}}
"""
"""A template that names neither account nor region."""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in an empty folder, 100 columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        code = main(arguments)
        said = capsys.readouterr()
        assert "Outrider did not expect this" not in said.err
        return Ran(code, said.out, said.err)

    return run


def verdicts(run: Run, name: str, text: str) -> dict[str, Any]:
    """What `check` says of a file with one task definition and this text, by rule."""
    Path(name).write_text(text, encoding="utf-8")
    (entry,) = run("check", "--format", "json", name).results
    return {each["rule"]: each for each in entry["verdicts"]}


@pytest.fixture
def good() -> Definition:
    """The examples' good definition: no rule reports a drift."""
    return task_json(copy.deepcopy(base()["task"]))


@pytest.fixture
def floating(good: Definition) -> Definition:
    """One drift, with a SAFE fix: the collector's tag floats."""
    good["containerDefinitions"][1]["image"] = "public.ecr.aws/aws-observability/aws-otel-collector:latest"
    return good


@pytest.fixture
def bare(good: Definition) -> Definition:
    """No collector, whose fix is REVIEW: parameter, roles and log group are not known here."""
    del good["containerDefinitions"][1]
    return good


def strict(schema: Any) -> Any:
    """The schema, with every field that it does not name forbidden."""
    match schema:
        case {"properties": dict(), **rest}:
            inner = {name: strict(value) for name, value in schema["properties"].items()}
            return {name: strict(value) for name, value in rest.items()} | {
                "properties": inner,
                "additionalProperties": False,
            }
        case dict():
            return {name: strict(value) for name, value in schema.items()}
        case list():
            return [strict(item) for item in schema]
        case _:
            return schema


def held(name: str, output: Any) -> None:
    """Check an output against its schema, and that it has no more fields."""
    text = (SCHEMAS / f"{name}.v1.json").read_text(encoding="utf-8")
    jsonschema.validate(output, strict(json.loads(text)), cls=jsonschema.Draft202012Validator)
