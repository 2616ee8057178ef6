"""Folders of Terraform's files: each module is read and evaluated once, and each file's results are its own."""

import json
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cli.sources import terraform
from cli.sources.definition import Stack
from cli.sources.detection import Reader
from cli.sources.hcl_text import blocks_of
from cli.sources.resolving import VARIANTS
from domain.facts import LogGroup
from tests.cli.conftest import Run

SERVICE = """\
resource "aws_ecs_task_definition" "task_NAME" {
  family                   = "NAME"
  requires_compatibilities = ["FARGATE"]
  execution_role_arn       = aws_iam_role.shared.arn
  container_definitions    = jsonencode([{ name = "app", image = var.image_NAME, essential = var.essential }])
}
resource "aws_ecs_service" "service_NAME" {
  name            = "NAME"
  platform_version = "1.3.0"
  task_definition = aws_ecs_task_definition.task_NAME.arn
}
variable "image_NAME" { default = "nginx:NAME" }
"""
COMMON = """\
variable "essential" { default = true }
resource "aws_iam_role" "shared" { name = "shared" }
"""
REGIONS = {"a": "eu-west-1", "b": "eu-west-1", "c": "us-east-1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "common.tf").write_text(COMMON, encoding="utf-8-sig")
    for name, region in REGIONS.items():
        (folder / f"{name}.tf").write_text(f"# {region}\n{SERVICE.replace('NAME', name)}", encoding="utf-8")
    return folder


def test_each_file_is_parsed_once_and_the_module_evaluated_once_for_each_variant_and_region(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed, evaluated = list[str](), Counter[tuple[int, str]]()
    resources_of = terraform._resources_of

    def counted_blocks_of(text: str) -> Any:
        parsed.append(text)
        return blocks_of(text)

    def counted_resources_of(by: Any, unmade: Any) -> Any:
        evaluated[by.variant, by.region] += 1
        return resources_of(by, unmade)

    monkeypatch.setattr(terraform, "blocks_of", counted_blocks_of)
    monkeypatch.setattr(terraform, "_resources_of", counted_resources_of)
    reader = Reader()
    for name in REGIONS:
        reader.file(str(folder / f"{name}.tf"))
    assert len(parsed) == len(set(parsed)) == len(REGIONS) + 1
    assert set(evaluated.values()) == {1}
    assert len(evaluated) == VARIANTS / 2 * (1 + len(set(REGIONS.values())))


def test_a_file_gives_the_same_in_its_folder_as_alone(run: Run, folder: Path) -> None:
    together = run("check", "--format", "json", str(folder)).results
    alone = [run("check", "--format", "json", str(folder / f"{name}.tf")).results for name in REGIONS]
    assert together == [entry for entries in alone for entry in entries]
    assert [entry["resource"] for entry in together] == [*REGIONS]
    assert {drift["location"]["file"] for entry in together for drift in drifts(entry)} == {
        str(folder / f"{name}.tf") for name in REGIONS
    }


def drifts(entry: Any) -> list[Any]:
    return [drift for verdict in entry["verdicts"] if verdict["verdict"] == "drifted" for drift in verdict["drifts"]]


def test_a_file_that_changed_is_read_again(folder: Path) -> None:
    reader = Reader()
    path = folder / "a.tf"
    reader.file(str(folder / "b.tf"))
    path.write_text(path.read_text(encoding="utf-8").replace("nginx:a", "nginx:new"), encoding="utf-8")
    (definition,) = reader.file(str(path)).definitions
    assert str(definition.task.containers[0].image) == "nginx:new"


def test_of_two_variables_of_one_name_the_one_in_the_same_file_is_meant(folder: Path) -> None:
    for name in ("b", "c"):
        path = folder / f"{name}.tf"
        path.write_text(path.read_text(encoding="utf-8").replace(f"image_{name}", "image"), encoding="utf-8")
    reader = Reader()
    images = [reader.file(str(folder / f"{name}.tf")).definitions[0].task.containers[0].image for name in REGIONS]
    assert [*map(str, images)] == ["nginx:a", "nginx:b", "nginx:c"]


def test_another_process_makes_what_definitions_share_once() -> None:
    sent = [pickle.dumps(Stack(log_groups={"/ecs/web": LogGroup("/ecs/web")})) for _ in range(2)]
    one, other = map(pickle.loads, sent)
    assert one is other
    assert one == Stack(log_groups={"/ecs/web": LogGroup("/ecs/web")})


def test_resources_of_one_name_in_two_modules_of_a_plan_are_not_values_of_each_other(run: Run, tmp_path: Path) -> None:
    def module(name: str, mode: str) -> Any:
        container = {"name": "app", "image": "nginx:1", "environment": [{"name": "REGION", "value": "eu-west-1"}]}
        values = {
            "family": name,
            "network_mode": mode,
            "requires_compatibilities": ["FARGATE"],
            "container_definitions": json.dumps([container]),
        }
        address = f"module.{name}.aws_ecs_task_definition.this"
        named = {"address": address, "type": "aws_ecs_task_definition", "name": "this", "values": values}
        return {"address": f"module.{name}", "resources": [named]}

    modules = [module("one", "bridge"), module("two", "awsvpc")]
    plan = {"planned_values": {"root_module": {"child_modules": modules}}}
    (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    one, two = run("check", "--format", "json", "--select", "task.network-mode", "plan.json").results
    assert [entry["verdicts"][0]["verdict"] for entry in (one, two)] == ["drifted", "compliant"]
