"""What is found once for a whole file, however many definitions it has."""

import pytest
import yaml

from cli.sources import cloudformation, nodes
from cli.sources.detection import read_text
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
    found = read_text(Text("stack.yaml", template(), "utf-8"))
    assert len(found.definitions) == 2 * MANY
    assert len(resolved) == len(set(resolved)) == 4 * MANY * VARIANTS


def test_the_lines_of_a_text_are_found_once_for_all_definitions() -> None:
    found = read_text(Text("stack.yaml", template(), "utf-8"))
    lines_of.cache_clear()
    places = [each.origin.place("family") for each in found.definitions if each.origin is not None]
    assert len({place.line for place in places if place is not None}) == MANY
    assert lines_of.cache_info().misses == 1
