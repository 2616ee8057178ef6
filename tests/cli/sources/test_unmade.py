"""Resources of which the source makes none: no count, nothing to go through, a condition that is false."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

MODULE = """\
variable "none" { default = 0 }
variable "create" { default = false }
variable "open" {}
variable "names" { default = [] }
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}
resource "aws_ecs_task_definition" "app" {
  HOW
  family                   = "web"
  requires_compatibilities = ["FARGATE"]
  container_definitions    = jsonencode([{ name = "app", image = "nginx:1" }])
}
resource "aws_ecs_task_definition" "other" {
  family                   = "other"
  requires_compatibilities = ["FARGATE"]
  container_definitions    = jsonencode([{ name = "app", image = "nginx:1" }])
}
resource "aws_ecs_service" "old" {
  count            = var.create ? 1 : 0
  name             = "other"
  platform_version = "1.3.0"
  task_definition  = aws_ecs_task_definition.other.arn
}
"""


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("count = 0", "its count is 0"),
        ('count = "0"', "its count is 0"),
        ("count = var.none", "its count is 0 (var.none)"),
        ("count = var.create ? 1 : 0", "its count is 0 (var.create ? 1 : 0)"),
        ('count = "${var.none}"', "its count is 0 (var.none)"),
        ("for_each = {}", "its for_each is empty"),
        ("for_each = toset([])", "its for_each is empty"),
        ("for_each = tomap({})", "its for_each is empty"),
        ("for_each = toset(var.names)", "its for_each is empty (toset(var.names))"),
        ("count = 1", None),
        ("count = var.open", None),
        ("count = var.open ? 0 : 1", None),
        ("count = length(var.open)", None),
        ("for_each = var.open", None),
        ('for_each = toset(["a"])', None),
        ('count = data.aws_region.current.name == "eu-west-1" ? 1 : 0', None),
        ('count = data.aws_caller_identity.current.account_id == "123456789012" ? 1 : 0', None),
    ],
)
def test_a_resource_of_which_terraform_makes_none_is_not_evaluated(run: Run, how: str, why: str | None) -> None:
    Path("main.tf").write_text(MODULE.replace("HOW", how), encoding="utf-8")
    web, other = run("check", "--format", "json", "main.tf").results
    assert web["not_evaluated"] == (why and f"there is none of it: {why}")
    assert bool(web["verdicts"]) is (why is None)
    assert other["not_evaluated"] is None
    verdicts = {each["rule"]: each["verdict"] for each in other["verdicts"]}
    assert verdicts.get("service.platform-version") != "drifted"


def test_the_value_of_a_tfvars_file_decides(run: Run) -> None:
    Path("main.tf").write_text(MODULE.replace("HOW", "count = var.create ? 1 : 0"), encoding="utf-8")
    Path("terraform.tfvars").write_text("create = true\n", encoding="utf-8")
    web, other = run("check", "--format", "json", "main.tf").results
    assert web["not_evaluated"] is None
    assert {each["rule"]: each["verdict"] for each in other["verdicts"]}["service.platform-version"] == "drifted"


def test_in_json_a_count_of_0_makes_none_either(run: Run) -> None:
    task = {"count": "${var.none}", "family": "web", "requires_compatibilities": ["FARGATE"]}
    task["container_definitions"] = json.dumps([{"name": "app", "image": "nginx:1"}])
    module = {"variable": {"none": {"default": 0}}, "resource": {"aws_ecs_task_definition": {"app": task}}}
    Path("main.tf.json").write_text(json.dumps(module), encoding="utf-8")
    (web,) = run("check", "--format", "json", "main.tf.json").results
    assert web["not_evaluated"] == "there is none of it: its count is 0 (var.none)"


def test_nothing_is_written_to_a_resource_of_which_there_is_none(run: Run) -> None:
    text = MODULE.replace("HOW", "count = 0").partition('resource "aws_ecs_task_definition" "other"')[0]
    Path("main.tf").write_text(text, encoding="utf-8")
    ran = run("fix", "--review", "main.tf")
    assert (ran.code, ran.out, ran.err) == (0, text, "web: not evaluated; there is none of it: its count is 0.\n")


def test_a_condition_that_is_false_makes_none(run: Run) -> None:
    task = {"Type": "AWS::ECS::TaskDefinition", "Condition": "Live", "Properties": {"ContainerDefinitions": []}}
    template = {
        "Parameters": {"Stage": {"Type": "String", "Default": "dev"}},
        "Conditions": {"Live": {"Fn::Equals": [{"Ref": "Stage"}, "live"]}},
        "Resources": {"Task": task},
    }
    Path("stack.json").write_text(json.dumps(template), encoding="utf-8")
    ran = run("check", "--format", "json", "stack.json")
    assert ran.results[0]["not_evaluated"] == "there is none of it: its condition Live is false"
    assert (ran.code, ran.err) == (0, "")
    assert run("check", "--complete", "stack.json").code == 0
