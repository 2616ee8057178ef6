"""Resources of Terraform's AWS provider as task definitions, services and facts, wherever they were read from."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from cli.sources.configuration import is_evaluable, once_each
from cli.sources.definition import Around, Definition, Origin, Stack, Variant, opaque, varies
from cli.sources.embedding import json_within
from cli.sources.hcl_module import ARNS
from cli.sources.nodes import Node, Part, Style, mapping, open_below, sequence
from cli.sources.open_images import as_collectors
from cli.sources.resolving import ACCOUNT, REGION, region_of
from cli.sources.roles import closed, fact_of, parameters_named_in
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Fact, LogGroup, Parameter, Role

TASK: Final = "aws_ecs_task_definition"
STAND_INS: Final = (
    (REGION, "${data.aws_region.current.name}"),
    (ACCOUNT, "${data.aws_caller_identity.current.account_id}"),
)
_SINGLE: Final = frozenset({
    "runtime_platform", "proxy_configuration", "ephemeral_storage", "efs_volume_configuration",
    "docker_volume_configuration", "fsx_windows_file_server_volume_configuration", "authorization_config",
    "deployment_controller", "deployment_circuit_breaker", "network_configuration",
})  # fmt: skip
"""Blocks that the API has as one object."""
_PLURAL: Final[Mapping[str, str]] = {"volume": "volumes", "placement_constraints": "placementConstraints"}
_NOT_OF_TASKS: Final = frozenset({
    "arn", "id", "revision", "skip_destroy", "tags_all", "track_latest", "arn_without_revision", "depends_on",
    "lifecycle", "count", "for_each", "provider", "region", "container_definitions", "timeouts",
})  # fmt: skip
_AROUND: Final = frozenset({
    "aws_iam_role", "aws_iam_policy", "aws_iam_role_policy", "aws_iam_role_policy_attachment",
    "aws_iam_policy_attachment", "aws_ssm_parameter", "aws_cloudwatch_log_group",
})  # fmt: skip
"""What gives facts about a task."""
_SNAKE = re.compile(r"_([a-z0-9])")


@dataclass(frozen=True)
class Resource:
    """A resource: its type, its name in its module, and what was written for it."""

    kind: str
    name: str
    attributes: Node = field(repr=False)
    file: str = ""
    unresolved: tuple[str, ...] = ()

    def text(self, name: str) -> str:
        """Return an attribute that is known and a text; else nothing."""
        found = self.attributes.get(name)
        return found.value if found is not None and isinstance(found.value, str) and not found.open else ""

    @property
    def called(self) -> str:
        """Return its name in AWS; the name in its module if AWS or the provider makes one."""
        return self.text("name") or self.name

    @property
    def arn(self) -> str:
        """Return its ARN: the known one, else one that stands for it."""
        known = self.text("arn")
        if known.startswith("arn:"):
            return known
        name = self.name if self.kind == TASK else self.called
        return ARNS[self.kind].format(name.removeprefix("/"))


_IGNORED: Final = frozenset({"value", "insecure_value", "all", "all_changes"})
"""What `ignore_changes` names where the value is ignored."""


@dataclass(frozen=True)
class ModuleResources:
    """The resources of a module, in one variant of what is open."""

    resources: Sequence[Resource]
    variant: int = 0

    def of(self, *kinds: str) -> Iterator[Resource]:
        """Yield the resources of these types."""
        return (each for each in self.resources if each.kind in kinds)

    def unresolved(self, task: Resource, service: Resource | None) -> tuple[str, ...]:
        """Return the expressions of a definition that are not resolved, then those of what is around it."""
        own = (task,) if service is None else (task, service)
        around = (each for each in self.resources if each.kind in _AROUND)
        return tuple(dict.fromkeys(name for each in (*own, *around) for name in each.unresolved))

    def tasks(self) -> Iterator[tuple[Resource, Node, TaskDefinition]]:
        """Yield the task definitions whose containers are known, with their places."""
        for each in self.of(TASK):
            if (node := task_of(each.attributes)) is not None:
                members = {"family": each.name} | node.value
                yield each, node, TaskDefinition(as_collectors(members, node) if self.variant else members)

    def services(self, task: Resource) -> Iterator[tuple[Resource, Node, Service]]:
        """Yield the services that run a task definition."""
        families = {task.name, task.text("family")} - {""}
        for each in self.of("aws_ecs_service"):
            runs = each.attributes.get("task_definition")
            if runs is None or not isinstance(runs.value, str):
                continue
            if runs.value == task.arn or runs.value.rpartition("/")[2].partition(":")[0] in families:
                node = service_of(each.attributes)
                members = {name: value for name, value in node.value.items() if name != "taskDefinition"}
                yield each, node, Service({"serviceName": each.called} | members)

    @cached_property
    def stack(self) -> Stack:
        """Return what else the module creates."""
        groups = (each.called for each in self.of("aws_cloudwatch_log_group"))
        return Stack(
            parameters=once_each(parameter for _, _, parameter in self._parameters),
            roles={each.arn: self._role(each) for each in self.of("aws_iam_role")},
            log_groups={name: LogGroup(name) for name in groups},
        )

    def places(self, task: TaskDefinition) -> dict[str, tuple[str, Node]]:
        """Return in which files the roles are, and the parameter that a task takes from the module."""
        found = {each.arn: (each.file, each.attributes) for each in self.of("aws_iam_role")}
        named = parameters_named_in(task)
        for each, node, _ in self._parameters:
            if named & {each.called, each.called.removeprefix("/")}:
                found["parameter"] = (each.file, node)
        return found

    @cached_property
    def _parameters(self) -> Sequence[tuple[Resource, Node, Parameter]]:
        return [*self._parameters_found()]

    def _parameters_found(self) -> Iterator[tuple[Resource, Node, Parameter]]:
        for each in self.of("aws_ssm_parameter"):
            value = each.attributes.get("value") or each.attributes.get("insecure_value")
            kind = each.attributes.get("type")
            if value is None or (kind is not None and kind.open) or not is_evaluable(value, self.variant):
                continue
            if _is_ignored(each):
                continue
            text = value.value if isinstance(value.value, str) else json.dumps(value.value)
            yield each, value, Parameter("", each.called, each.text("type") or "String", text)

    def _role(self, role: Resource) -> Fact[Role]:
        own = [(f"{name} of {role.name}", document) for name, document in self._policies(role)]
        arns = [str(arn.value) for arn in role.attributes.below("managed_policy_arns")]
        complete = role.attributes.get("permissions_boundary") is None
        documents = list[tuple[str, Any]](own)
        for each in self.of("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"):
            if self._is_of(each, role) is False:
                continue
            complete = complete and self._is_of(each, role) is True
            policy = each.text("policy_arn")
            written = next((found for found in self.of("aws_iam_policy") if found.arn == policy), None)
            if written is not None and (document := written.attributes.get("policy")) is not None:
                documents.append((written.name, self._closed(document)))
            else:
                arns.append(policy)
        for each in self.of("aws_iam_role_policy"):
            complete = complete and self._is_of(each, role) is not None
        trust = role.attributes.get("assume_role_policy")
        written_trust = None if trust is None else self._closed(trust)
        return fact_of(role.arn, written_trust, documents, arns, complete=complete)

    def _policies(self, role: Resource) -> Iterator[tuple[str, Any]]:
        for each in self.of("aws_iam_role_policy"):
            if self._is_of(each, role) and (document := each.attributes.get("policy")) is not None:
                yield each.name, self._closed(document)
        for inline in role.attributes.below("inline_policy"):
            if (document := inline.get("policy")) is not None:
                yield "inline policy", self._closed(document)

    def _is_of(self, policy: Resource, role: Resource) -> bool | None:
        """Return whether a policy belongs to a role; None if that is not known."""
        named = policy.attributes.get("role") or policy.attributes.get("roles")
        if named is None:
            return None
        texts = [*named.below()] or [named]
        if any(node.open or not isinstance(node.value, str) for node in texts):
            return None
        return role.called in [str(node.value) for node in texts]

    def _closed(self, node: Node) -> Any:
        found = json_within(node) if isinstance(node.value, str) and node.parts is None else node
        return closed(found, self.variant)


def _is_ignored(parameter: Resource) -> bool:
    """Return whether Terraform keeps the text that a parameter has in AWS, whatever the source says."""
    lifecycle = parameter.attributes.get("lifecycle")
    return lifecycle is not None and any(name.rpartition(".")[2] in _IGNORED for name in open_below(lifecycle))


def definitions_of(
    file: str, texts: Mapping[str, str], read: Sequence[ModuleResources]
) -> Iterator[tuple[Definition, Node | None, Node | None]]:
    """Yield the task definitions of a file with the places of each and of its service, if that is in the file too.

    `read` has the module once for each variant; the first is the base.
    """
    base, *variants = read
    for resource in base.of(TASK):
        if resource.file == file and task_of(resource.attributes) is None:
            written = resource.attributes.get("container_definitions")
            expression = "" if written is None else next(open_below(written), "")
            yield opaque(resource.name, resource.text("family"), expression), None, None
    for resource, node, task in base.tasks():
        if resource.file != file:
            continue
        for runs in (*base.services(resource),) or (None,):
            places = {"": (file, node), **base.places(task)}
            service, own = None, None
            if runs is not None:
                service, places["service"] = runs[2], (runs[0].file, runs[1])
                own = runs[1] if runs[0].file == file else None
            origins = {name: Origin(name, text, _of_file(places, name)) for name, text in texts.items()}
            others = {key: origins[name] for key, (name, _) in places.items() if name != file}
            origin = replace(origins[file], others=others)
            unresolved = base.unresolved(resource, None if runs is None else runs[0])
            is_open = unresolved or any(region_of(text) != REGION for text in texts.values())
            variant = tuple(_others(variants, resource.name, service)) if is_open else ()
            family = varies(node.get("family"))
            around = Around(service, base.stack, variant, STAND_INS, unresolved, family)
            yield Definition(task, (resource.name,), origin=origin, around=around), node, own


def _of_file(places: Mapping[str, tuple[str, Node]], file: str) -> dict[str, Node]:
    return {key: node for key, (name, node) in places.items() if name == file}


def _others(variants: Sequence[ModuleResources], name: str, runs: Service | None) -> Iterator[Variant]:
    for each in variants:
        for resource, _, task in each.tasks():
            if resource.name == name:
                services = [service for _, _, service in each.services(resource) if runs and service.name == runs.name]
                yield Variant(task, services[0] if services else runs, each.stack)


def task_of(attributes: Node) -> Node | None:
    """Return a task definition as the API has it, with its places; None if its containers are not known."""
    written = attributes.get("container_definitions")
    containers = None if written is None else json_within(written)
    if containers is None or not containers.lists_objects:
        return None
    node = _as_the_api(attributes, _NOT_OF_TASKS)
    return mapping(node, node.members() | {"containerDefinitions": Part(containers.begin, containers)})


def service_of(attributes: Node) -> Node:
    """Return a service as the API has it, with its places."""
    node = _as_the_api(attributes, frozenset({"depends_on", "lifecycle", "count", "for_each", "tags_all", "timeouts"}))
    parts = dict(node.members())
    if "name" in parts:
        parts["serviceName"] = parts.pop("name")
    if (breaker := parts.pop("deploymentCircuitBreaker", None)) is not None:
        inner = mapping(breaker.node, {"deploymentCircuitBreaker": breaker})
        parts["deploymentConfiguration"] = Part(breaker.begin, inner)
    return mapping(node, parts)


def _as_the_api(node: Node, without: frozenset[str]) -> Node:
    """Return an object with the API's names; maps of tags and properties become lists of pairs."""
    parts = dict[str, Part]()
    for name, part in node.members().items():
        value = part.node
        if name in without or (value.value is None and not value.open) or value.value in ([], {}):
            continue
        if name in _SINGLE and isinstance(value.parts, list) and value.parts:
            value = value.parts[0].node
        if name in {"tags", "properties"} and isinstance(value.parts, dict):
            value = _pairs(value, "key" if name == "tags" else "name")
        elif isinstance(value.parts, dict):
            value = _as_the_api(value, frozenset())
        elif value.lists_objects:
            items = [Part(item.begin, _as_the_api(item.node, frozenset())) for item in value.children]
            value = sequence(value, items)
        ours = _PLURAL.get(name) or _SNAKE.sub(lambda found: found[1].upper(), name)
        parts[ours] = Part(part.begin, value)
    return mapping(node, parts)


def _pairs(node: Node, key: str) -> Node:
    items = list[Part]()
    for name, part in node.members().items():
        named = Node(part.begin, part.begin, name, None, Style.FIXED)
        members = {key: Part(part.begin, named), "value": Part(part.begin, replace(part.node, style=Style.FIXED))}
        items.append(Part(part.begin, mapping(replace(part.node, style=Style.FIXED, open=""), members)))
    return sequence(node, items, Style.FIXED)
