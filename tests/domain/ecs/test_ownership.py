"""Who owns a task definition: what is certain is stated, and a guess is marked as one."""

import pytest

from domain.ecs.ownership import owner_of
from domain.ecs.task_definition import TaskDefinition
from domain.triggers.actor import Actor

CLOUD_FORMATION = Actor(agent="cloudformation.amazonaws.com")
TERRAFORM = Actor(agent="APN/1.0 HashiCorp/1.0 Terraform/1.13.4 aws-sdk-go-v2/1.36.0")
CLI = Actor(agent="aws-cli/2.31.0 md/awscrt#0.27.6")
STACK = {"aws:cloudformation:stack-name": "shop", "aws:cloudformation:logical-id": "Task"}
COPILOT = {"copilot-application": "shop", "copilot-environment": "prod", "copilot-service": "web"}


@pytest.mark.parametrize(
    ("tags", "actor", "owner"),
    [
        (STACK, None, "CloudFormation (stack shop)"),
        (STACK, CLI, "CloudFormation (stack shop)"),
        (STACK | {"aws-cdk:id": "x"}, None, "CDK (stack shop)"),
        (STACK, Actor(agent="aws-cdk/2.1"), "CDK (stack shop)"),
        (STACK | COPILOT, CLOUD_FORMATION, "Copilot (shop/prod/web)"),
        ({"copilot-application": "shop"}, None, "Copilot (shop)"),
        ({}, CLOUD_FORMATION, "CloudFormation"),
        ({}, TERRAFORM, "Terraform"),
        ({}, Actor(agent="ecspresso/v2.7.0"), "ecspresso"),
        ({}, Actor(agent="codepipeline.amazonaws.com"), "CodePipeline"),
        ({"ManagedBy": "terraform"}, None, "Terraform (as its tag ManagedBy says)"),
        ({"managed-by": "Terraform "}, CLI, "Terraform (as its tag managed-by says)"),
        ({"org:provisioner": "OpenTofu"}, None, "OpenTofu (as its tag org:provisioner says)"),
        ({"terraform": "true"}, None, "Terraform (as its tag terraform says)"),
        # A pipeline that copies a revision copies its tags: who registered it knows better.
        ({"ManagedBy": "terraform"}, CLOUD_FORMATION, "CloudFormation"),
        # Nothing dependable.
        ({}, None, ""),
        ({}, CLI, ""),
        ({}, Actor(agent="AWS Internal console.amazonaws.com"), ""),
        ({}, Actor(), ""),
        ({"ManagedBy": "the platform team"}, None, ""),
        ({"terraform": "false"}, None, ""),
        ({"terraform-state": "true"}, None, ""),
        ({"team": "terraform"}, None, ""),
        ({"copilot-application": ""}, None, ""),
    ],
)
def test_the_owner_is_who_can_be_relied_on(tags: dict[str, str], actor: Actor | None, owner: str) -> None:
    task = TaskDefinition({"family": "web", "tags": [{"key": key, "value": value} for key, value in tags.items()]})
    assert owner_of(task, actor) == owner
