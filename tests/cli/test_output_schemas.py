"""docs/schemas is what the commands print: no field is missing, and none is there that the schema does not explain."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.conftest import Definition, Run, held
from tests.cli.test_doctor import stack
from tests.operations.conftest import sessions, world
from tests.operations.world import World
from tools import output_schemas

__all__ = ["sessions", "stack", "world"]

CONFIGURATION = """\
receivers: {otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}}}}
exporters: {logging: , awsemf: {log_retention: 45}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [logging, awsemf]}}}
"""


def test_the_files_are_made_from_the_code_and_every_field_is_explained() -> None:
    for path, text in output_schemas.texts().items():
        assert path.read_text(encoding="utf-8") == text
        fields = [
            (kind, name, field)
            for kind, each in [("output", json.loads(text)), *json.loads(text)["$defs"].items()]
            for name, field in each.get("properties", {}).items()
        ]
        assert [(kind, name) for kind, name, field in fields if "description" not in field] == []


@pytest.fixture
def files(run: Run, good: Definition, floating: Definition, bare: Definition) -> None:
    """Clean, drifted, without a collector, out of scope, and what cannot be used, in the folder of the run."""
    assert run("rules").code == 0
    elsewhere = {key: value for key, value in good.items() if key not in {"requiresCompatibilities", "compatibilities"}}
    Path("all").mkdir()
    named = {"good": good, "floating": floating, "bare": bare, "elsewhere": elsewhere, "package": {}}
    for name, content in named.items():
        Path(f"all/{name}.json").write_text(json.dumps(content), encoding="utf-8")
    Path("all/broken.json").write_text("{", encoding="utf-8")
    Path("collector.yaml").write_text(CONFIGURATION, encoding="utf-8")
    Path("standard.yaml").write_text(
        "version: 1\ncollector: {cpu: 512}\nrules: [{rules: sidecar.image-pinned, severity: LOW}]\n"
        "exemptions: [{rules: sidecar.*, where: {family: x}, reason: Replaced., expires: 2020-01-01}]\n",
        encoding="utf-8",
    )


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("check", "check all"),
        ("check", "check --config collector.yaml --select config.* all gone.json"),
        ("collector", "collector . gone.yaml"),
        ("upgrade", "upgrade --to v0.49.0 --config collector.yaml all collector.yaml"),
        ("upgrade", "upgrade --to v0.47.0 --from v0.40.0 collector.yaml"),
        ("rules", "rules"),
        ("standard-validate", "standard validate standard.yaml gone.yaml collector.yaml"),
        ("standard-diff", "standard diff --standard standard.yaml all"),
    ],
)
def test_what_a_command_prints_is_of_its_schema(run: Run, name: str, command: str) -> None:
    output = run(*command.split(), "--format", "json").json
    held(name, output)
    assert output["version"] == 1
    assert output.get("results", output.get("rules"))


@pytest.mark.usefixtures("stack")
def test_what_doctor_prints_is_of_its_schema(run: Run, world: World) -> None:
    held("doctor", run("doctor", "--format", "json").json)
    world.fail("DescribeTrails", "AccessDeniedException")
    found = run("doctor", "--format", "json").json
    held("doctor", found)
    assert any(each["failed"] for each in found["checks"])


def test_a_schema_of_another_output_refuses(run: Run) -> None:
    with pytest.raises(jsonschema.ValidationError):
        held("check", run("rules", "--format", "json").json)
