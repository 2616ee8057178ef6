"""The change to make at the source: right names, only what is drifted, nothing that is hidden."""

import json
import shutil
import subprocess
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from aws.ecs import registrable_members
from domain.drift import Safety
from domain.ecs.cloudformation import api_name, property_of
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.places import Revision
from domain.remediation.plan import Plan, visible
from domain.standard import Standard, default_standard
from domain.workload import Workload
from reports.source import fragments
from tests.corpus import corpus
from tests.profiles import examples
from tests.reports import samples
from tests.reports.plans import BEFORE, plan_of, planned, rewritten
from tests.strategies import PLACE, workloads

TERRAFORM = shutil.which("terraform") or ""
with_terraform = pytest.mark.skipif(not TERRAFORM, reason="terraform is not on this machine, and knows its own format")
thoroughly = examples(60)


def texts(plan: Plan, owner: str = "") -> dict[str, str]:
    return {each.form: each.text for each in fragments(plan, owner)}


@cache
def specification(kind: str) -> dict[str, Any]:
    """CloudFormation's resource specification, from cfn-lint's files: its import takes as long as many tests."""
    files = Path(str(distribution("cfn-lint").locate_file("cfnlint"))) / "data" / "schemas"
    name = json.loads((files / "providers" / "us-east-1.json").read_text(encoding="utf-8"))[kind]
    found: dict[str, Any] = json.loads((files / "resources" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def faults(text: str) -> list[str]:
    """What CloudFormation's specification does not take of a fragment."""
    written = yaml.safe_load(text)
    schema = specification(written["Type"])
    return [each.message for each in Draft7Validator(schema).iter_errors(written["Properties"])]


@with_terraform
@pytest.mark.parametrize("plan", [samples.plan(), rewritten()], ids=["one image", "many things"])
def test_terraform_would_write_it_the_same(plan: Plan) -> None:
    formatted(texts(plan)["Terraform"])


def formatted(text: str) -> None:
    done = subprocess.run([TERRAFORM, "fmt", "-"], input=f"{text}\n", capture_output=True, text=True, check=True)  # noqa: S603 - terraform
    assert done.stdout == f"{text}\n"


def test_a_fragment_of_a_whole_definition_is_what_cloudformation_takes() -> None:
    """A definition that was empty before is changed in all that it has."""
    whole = samples.plan().after.task.to_aws()
    del whole["taskDefinitionArn"]
    for each in whole["containerDefinitions"]:
        each["environment"] = []
        each["dockerLabels"] = {}
    [text] = [each.text for each in fragments(plan_of({}, whole)) if each.form == "CloudFormation"]
    shown = yaml.safe_load(text)["Properties"]
    assert shown["ContainerDefinitions"][0]["LogConfiguration"]["Options"]["awslogs-group"] == "/ecs/web"
    assert faults(text) == []


def test_a_wrong_name_would_be_found() -> None:
    [fault] = faults("Type: AWS::ECS::TaskDefinition\nProperties:\n  CPU: '256'")
    assert "'CPU' was unexpected" in fault


# The API's newest members, which the resource specification does not have yet.
NOT_YET = {"trustedExecutionConfiguration", "sharingStrategy"}


def test_every_member_has_the_name_of_the_resource_specification() -> None:
    schema = specification("AWS::ECS::TaskDefinition")
    model: Any = get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
    seen = list[str]()

    def resolved(node: Any) -> Any:
        while "$ref" in node:
            node = schema["definitions"][node["$ref"].rpartition("/")[2]]
        return node

    def walk(shape: Any, node: Any, holder: str) -> None:
        properties = resolved(node).get("properties", {})
        for member, inner in shape.members.items():
            if member in NOT_YET:
                continue
            assert property_of(member, holder) in properties, (holder, member)
            assert api_name(property_of(member, holder)) == member
            seen.append(member)
            found = resolved(properties[property_of(member, holder)])
            if inner.type_name == "structure":
                walk(inner, found, member)
            elif inner.type_name == "list" and inner.member.type_name == "structure":
                walk(inner.member, found["items"], member)

    walk(model, schema, "")
    assert len(seen) > 100


@pytest.mark.parametrize(
    ("owner", "forms"),
    [
        ("", ["CloudFormation", "Terraform", "JSON"]),
        ("CDK (stack shop)", ["CloudFormation", "Terraform", "JSON"]),
        ("Copilot (shop)", ["CloudFormation", "Terraform", "JSON"]),
        ("Terraform (as its tag ManagedBy says)", ["Terraform", "CloudFormation", "JSON"]),
        ("OpenTofu", ["Terraform", "CloudFormation", "JSON"]),
        ("ecspresso", ["JSON", "CloudFormation", "Terraform"]),
    ],
)
def test_the_owners_form_comes_first(owner: str, forms: list[str]) -> None:
    assert [each.form for each in fragments(samples.plan(), owner)] == forms


SERVICE = Service({"serviceName": "web", "platformVersion": "1.3.0", "taskDefinition": Revision(PLACE, "web", 7).arn})


def service_plan(**members: Any) -> Plan:
    before = Workload(PLACE, TaskDefinition({"family": "web"}), SERVICE)
    return Plan(before, before.with_service(SERVICE.with_(**members)), (), Safety.SAFE, (), (), ())


def test_a_service_is_changed_where_the_service_is_defined() -> None:
    assert texts(service_plan(platformVersion="LATEST", forceNewDeployment=True)) == {
        "CloudFormation": "# web: only what changes\nType: AWS::ECS::Service\nProperties:\n  PlatformVersion: LATEST",
        "Terraform": '# web: only what changes\n# aws_ecs_service\nplatform_version = "LATEST"',
        "JSON": '{\n  "platformVersion": "LATEST"\n}',
    }
    assert faults(texts(service_plan(platformVersion="LATEST"))["CloudFormation"]) == []


def test_where_nothing_must_be_changed_there_is_nothing() -> None:
    assert fragments(service_plan(forceNewDeployment=True)) == ()
    assert fragments(plan_of(BEFORE, BEFORE)) == ()


def whole_and_without_secrets(plan: Plan) -> None:
    made = texts(plan)
    assert bool(made) is plan.changes_task
    if not made:
        return
    assert samples.CANARY not in "".join(made.values())
    assert yaml.safe_load(made["CloudFormation"])["Type"] == "AWS::ECS::TaskDefinition"
    assert isinstance(json.loads(made["JSON"]), dict)


@thoroughly
@given(workloads())
def test_whatever_is_changed_is_in_each_form_and_nothing_hidden_is(given_: tuple[Workload, Standard]) -> None:
    whole_and_without_secrets(planned(*given_))


@pytest.mark.parametrize("name", corpus() or [pytest.param("", marks=pytest.mark.skip("no corpus"))])
def test_of_what_people_published_as_well(name: str) -> None:
    task = TaskDefinition(corpus()[name]).only(registrable_members())
    whole_and_without_secrets(planned(Workload(PLACE, task), default_standard()))


texts_of_all_kinds = st.text(max_size=20) | st.sampled_from(
    [
        "yes",
        "on",
        "1e3",
        "- a",
        "a: b",
        "#",
        "'",
        '"',
        "${aws_x.y}",
        "%{if}",
        "a\nb",
        "\x7f",
        "\u2028",
        "null",
        "{}",
        " ",
        "!Ref X",
    ]
)


@thoroughly
@given(
    st.lists(
        texts_of_all_kinds.filter(lambda text: visible("containers/c/image", text or None)), min_size=1, max_size=4
    )
)
def test_any_text_is_quoted(images: list[str]) -> None:
    """Images are shown, whatever they are, if they hold no password."""
    made = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    shown = texts(plan_of({"containerDefinitions": []}, {"containerDefinitions": made}))
    read = yaml.safe_load(shown["CloudFormation"])["Properties"]["ContainerDefinitions"]
    assert [each["Image"] for each in read] == images
    assert json.loads(shown["JSON"])["containerDefinitions"] == made
    if TERRAFORM:
        formatted(shown["Terraform"])
