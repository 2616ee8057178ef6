"""Findings about what a stack or another tool owns: they name the owner, and have the change in its form."""

from dataclasses import replace

import pytest

from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.findings.finding import Transition, TransitionKind
from domain.remediation.plan import Plan
from reports.alerts import AlertContext, alert_of
from reports.asff import asff
from tests.reports import samples

STACK = {"aws:cloudformation:stack-name": "shop", "aws:cloudformation:logical-id": "Task"}


def owned(tags: dict[str, str]) -> Plan:
    """The plan that pins an image, of a definition with these tags."""
    plan = samples.plan()
    listed = [{"key": key, "value": value} for key, value in tags.items()]
    before, after = (
        replace(each, task=TaskDefinition({**each.task.json, "tags": listed})) for each in (plan.before, plan.after)
    )
    return replace(plan, before=before, after=after)


def details(plan: Plan) -> dict[str, str]:
    found = asff(samples.finding(), samples.PINNED, docs=samples.DOCS, facts={}, plan=plan)
    other: dict[str, str] = found["Resources"][0]["Details"]["Other"]
    return other


@pytest.mark.parametrize(
    ("tags", "owner", "form", "written"),
    [
        (STACK, "CloudFormation (stack shop)", "CloudFormation", "Type: AWS::ECS::TaskDefinition"),
        (STACK | {"aws-cdk:x": "y"}, "CDK (stack shop)", "CloudFormation", "ContainerDefinitions:"),
        ({"managed-by": "terraform"}, "Terraform (as its tag managed-by says)", "Terraform", "aws_ecs_task_definition"),
    ],
)
def test_a_finding_names_the_owner_and_has_the_change_in_its_form(
    tags: dict[str, str], owner: str, form: str, written: str
) -> None:
    plan = owned(tags)
    found = details(plan)
    assert found["source"] == owner
    assert written in found[f"change in {form}"]
    assert "v0.49.0" in found[f"change in {form}"]
    alert = alert_of(
        Transition(samples.finding(), TransitionKind.OPENED),
        samples.PINNED,
        plan,
        AlertContext(samples.ACTOR, samples.THEN, ""),
    )
    assert alert.next_step.startswith(f"Make this change at the source of web in {owner} and deploy it.")
    (fragment,) = alert.fragments
    assert (fragment.form, written in fragment.text) == (form, True)
    message = samples.shown(alert)
    assert any(f"*In {form}:*" in part for part in message.parts)
    assert samples.CANARY not in str(found) + str(alert) + str(message)


def test_without_a_tag_that_names_an_owner_nothing_is_claimed() -> None:
    found = details(samples.plan())
    assert "source" not in found
    assert not [name for name in found if name.startswith("change in ")]


def test_the_stack_of_a_service_is_not_taken_for_that_of_its_definition() -> None:
    service = Service({"serviceName": "web", "tags": [{"key": key, "value": value} for key, value in STACK.items()]})
    plan = samples.plan()
    both = replace(plan, before=replace(plan.before, service=service), after=replace(plan.after, service=service))
    assert "source" not in details(both)
    changed = replace(both, after=replace(both.after, service=service.with_(platformVersion="LATEST")))
    assert details(changed)["source"] == "CloudFormation (stack shop)"
