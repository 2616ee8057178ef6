"""What is found once for a whole file, however many definitions it has."""

from pathlib import Path

import pytest
import yaml

from cli.sources import cloudformation, nodes
from cli.sources.definition import Wanted
from cli.sources.detection import Reader
from cli.sources.editing import _Document
from cli.sources.nodes import lines_of
from cli.sources.resolving import VARIANTS, Resolver
from cli.texts import Text

MANY = 12


def template() -> str:
    resources = {}
    for number in range(MANY):
        arn = {"Fn::GetAtt": [f"Role{number}", "Arn"]}
        resources[f"Role{number}"] = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": f"role-{number}"}}
        resources[f"Task{number}"] = {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Family": {"Fn::Sub": "${AWS::Region}-web"},
                "TaskRoleArn": arn,
                "ContainerDefinitions": [{"Name": "app", "Image": f"nginx:{number}"}],
            },
        }
        for service in (f"One{number}", f"Other{number}"):
            properties = {"TaskDefinition": {"Ref": f"Task{number}"}}
            resources[service] = {"Type": "AWS::ECS::Service", "Properties": properties}
    return yaml.safe_dump({"Resources": resources})


def test_each_resource_of_a_template_is_resolved_once_in_each_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = list[tuple[int, int]]()

    class Counting(Resolver):
        def resolved(self, node: nodes.Node) -> nodes.Node | None:
            if self.depth == 0 and node.end > node.begin:
                resolved.append((self.variant, node.begin))
            return super().resolved(node)

    monkeypatch.setattr(cloudformation, "Resolver", Counting)
    found = Reader().text(Text("stack.yaml", template(), "utf-8"))
    assert len(found.definitions) == 2 * MANY
    assert len(resolved) == len(set(resolved)) == 4 * MANY * VARIANTS


def test_the_lines_of_a_text_are_found_once_for_all_definitions() -> None:
    found = Reader().text(Text("stack.yaml", template(), "utf-8"))
    lines_of.cache_clear()
    places = [each.origin.place("family") for each in found.definitions if each.origin is not None]
    assert len({place.line for place in places if place is not None}) == MANY
    assert lines_of.cache_info().misses == 1


@pytest.mark.parametrize("name", ["stack.yaml", "main.tf"])
def test_a_change_of_one_definition_looks_only_at_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = (
        'resource "aws_ecs_task_definition" "t{}" {{\n  family = "web"\n'
        '  container_definitions = jsonencode([{{ name = "app", image = "nginx:{}" }}])\n}}\n'
    )
    text = template() if name.endswith("yaml") else "".join(resource.format(each, each) for each in range(MANY))
    found = Reader().text(Text(str(tmp_path / name), text, "utf-8"))
    made = list[int]()
    init = _Document.__init__

    def counted(self: _Document, *args: object) -> None:
        made.append(1)
        init(self, *args)  # type: ignore[arg-type] # as they were given

    monkeypatch.setattr(_Document, "__init__", counted)
    first = found.definitions[0].task
    container = first.to_aws()["containerDefinitions"][0] | {"image": "nginx:new"}
    changed = first.with_(containerDefinitions=[container])
    wanted = [Wanted(changed if each.task is first else each.task, each.around.service) for each in found.definitions]
    after = found.rewritten(wanted).text
    assert after == text.replace("nginx:0", "nginx:new")
    assert len(made) == 1
