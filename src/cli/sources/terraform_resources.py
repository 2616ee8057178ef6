"""Resources of Terraform's AWS provider as task definitions, services and facts, wherever they were read from."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from cli.sources.configuration import is_evaluable, once_each
from cli.sources.definition import Around, Definition, Origin, Stack, Variant, opaque, unmade, varies
from cli.sources.embedding import json_within
from cli.sources.hcl_module import ARNS
from cli.sources.nodes import Node, Part, Style, mapping, open_below, sequence
from cli.sources.open_images import as_collectors
from cli.sources.resolving import ACCOUNT, REGION
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
    unmade: str = ""
    """Why there is none of it; of the other resources than task definitions, those are left out."""

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


type _Found = tuple[Node, TaskDefinition]
"""A task definition as the API has it, with its places."""


@dataclass(frozen=True)
class ModuleResources:
    """The resources of a module, in one variant of what is open. Each variant has them in the same order."""

    resources: Sequence[Resource]
    variant: int = 0

    def of(self, *kinds: str) -> Iterator[Resource]:
        """Yield the resources of these types."""
        return (each for kind in kinds for each in self._by_kind.get(kind, ()))

    def unresolved(self, task: Resource, service: Resource | None) -> tuple[str, ...]:
        """Return the expressions of a definition that are not resolved, then those of what is around it."""
        own = task.unresolved if service is None else (*task.unresolved, *service.unresolved)
        return tuple(dict.fromkeys((*own, *self._unresolved_around)))

    @cached_property
    def tasks(self) -> Mapping[str, Sequence[tuple[Resource, _Found | None]]]:
        """Return the task definitions of each file with their places, or without if their containers are not known."""
        found = dict[str, list[tuple[Resource, _Found | None]]]()
        for each in self.of(TASK):
            found.setdefault(each.file, []).append((each, self._task(each)))
        return found

    def _task(self, resource: Resource) -> _Found | None:
        node = None if resource.unmade else task_of(resource.attributes)
        if node is None:
            return None
        members = {"family": resource.name} | node.value
        return node, TaskDefinition(as_collectors(members, node) if self.variant else members)

    def services(self, task: Resource) -> list[tuple[Resource, Node, Service]]:
        """Return the services that run a task definition, those of its own file first."""
        keys = {task.arn, task.name, task.text("family")}
        found = {number: each for key in keys for number, each in self._services_by_task.get(key, {}).items()}
        return [
            found[number] for number in sorted(found, key=lambda number: (found[number][0].file != task.file, number))
        ]

    @cached_property
    def _services_by_task(self) -> Mapping[str, Mapping[int, tuple[Resource, Node, Service]]]:
        """The services, with their numbers, by the ARN and the family of what they run."""
        by_task = dict[str, dict[int, tuple[Resource, Node, Service]]]()
        for number, each in enumerate(self.of("aws_ecs_service")):
            runs = each.attributes.get("task_definition")
            if runs is None or not isinstance(runs.value, str):
                continue
            node = service_of(each.attributes)
            members = {name: value for name, value in node.value.items() if name != "taskDefinition"}
            found = each, node, Service({"serviceName": each.called} | members)
            for key in {runs.value, runs.value.rpartition("/")[2].partition(":")[0]} - {""}:
                by_task.setdefault(key, {})[number] = found
        return by_task

    @cached_property
    def _by_kind(self) -> Mapping[str, Sequence[Resource]]:
        by_kind = dict[str, list[Resource]]()
        for each in self.resources:
            by_kind.setdefault(each.kind, []).append(each)
        return by_kind

    @cached_property
    def _unresolved_around(self) -> Sequence[str]:
        around = (each for each in self.resources if each.kind in _AROUND)
        return tuple(dict.fromkeys(name for each in around for name in each.unresolved))

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
        named = {(role or "").rpartition("/")[2] for role in (task.execution_role, task.task_role)}
        roles = (role for name in named for role in self._roles_by_name.get(name, ()))
        found = {role.arn: (role.file, role.attributes) for role in roles}
        numbers = [self._parameters_by_name.get(name, -1) for name in parameters_named_in(task)]
        if (last := max(numbers, default=-1)) >= 0:
            parameter, node, _ = self._parameters[last]
            found["parameter"] = (parameter.file, node)
        return found

    @cached_property
    def _parameters(self) -> Sequence[tuple[Resource, Node, Parameter]]:
        return [*self._parameters_found()]

    @cached_property
    def _parameters_by_name(self) -> Mapping[str, int]:
        """The number of the last parameter of each name, with and without a slash before it."""
        names = ((number, each.called) for number, (each, _, _) in enumerate(self._parameters))
        return {name: number for number, called in names for name in (called, called.removeprefix("/"))}

    @cached_property
    def _roles_by_name(self) -> Mapping[str, Sequence[Resource]]:
        by_name = dict[str, list[Resource]]()
        for role in self.of("aws_iam_role"):
            by_name.setdefault(role.arn.rpartition("/")[2], []).append(role)
        return by_name

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
        attached = [] if self._attached is None else self._attached.get(role.called, [])
        own = (each for each in attached if each.kind == "aws_iam_role_policy")
        named = [(f"{each.name} of {role.name}", each.attributes.get("policy")) for each in own]
        named += [
            (f"inline policy of {role.name}", each.get("policy")) for each in role.attributes.below("inline_policy")
        ]
        arns = [str(arn.value) for arn in role.attributes.below("managed_policy_arns")]
        for each in attached:
            if each.kind == "aws_iam_role_policy":
                continue
            arn = each.text("policy_arn")
            policy = self._policies_by_arn.get(arn)
            document = None if policy is None else policy.attributes.get("policy")
            if policy is None or document is None:
                arns.append(arn)
            else:
                named.append((policy.name, document))
        documents = [(name, self._closed(document)) for name, document in named if document is not None]
        trust = role.attributes.get("assume_role_policy")
        written_trust = None if trust is None else self._closed(trust)
        complete = self._attached is not None and role.attributes.get("permissions_boundary") is None
        return fact_of(role.arn, written_trust, documents, arns, complete=complete)

    @cached_property
    def _attached(self) -> Mapping[str, Sequence[Resource]] | None:
        """The policies of roles and their attachments by the names of the roles; None if a role's name is not known."""
        by_role = dict[str, list[Resource]]()
        for each in self.of("aws_iam_role_policy", "aws_iam_role_policy_attachment", "aws_iam_policy_attachment"):
            named = each.attributes.get("role") or each.attributes.get("roles")
            texts = [] if named is None else [*named.below()] or [named]
            if not texts or any(node.open or not isinstance(node.value, str) for node in texts):
                return None
            for name in dict.fromkeys(str(node.value) for node in texts):
                by_role.setdefault(name, []).append(each)
        return by_role

    @cached_property
    def _policies_by_arn(self) -> Mapping[str, Resource]:
        """The policies; of several with one ARN the first."""
        by_arn = dict[str, Resource]()
        for each in self.of("aws_iam_policy"):
            by_arn.setdefault(each.arn, each)
        return by_arn

    def _closed(self, node: Node) -> Any:
        found = json_within(node) if isinstance(node.value, str) and node.parts is None else node
        return closed(found, self.variant)


def _is_ignored(parameter: Resource) -> bool:
    """Return whether Terraform keeps the text that a parameter has in AWS, whatever the source says."""
    lifecycle = parameter.attributes.get("lifecycle")
    return lifecycle is not None and any(name.rpartition(".")[2] in _IGNORED for name in open_below(lifecycle))


def definitions_of(
    file: str, texts: Mapping[str, str], read: Sequence[ModuleResources], *, names_region: bool
) -> Iterator[tuple[Definition, Node | None, Node | None]]:
    """Yield the task definitions of a file with the places of each and of its service, if that is in the file too.

    `read` has the module once for each variant; the first is the base. `names_region` tells if the module names a
    region, which may be the one that is meant.
    """
    base, *variants = read
    for number, (resource, found) in enumerate(base.tasks.get(file, ())):
        if resource.unmade:
            yield unmade(resource.text("family") or resource.name, resource.unmade), None, None
            continue
        if found is None:
            written = resource.attributes.get("container_definitions")
            expression = "" if written is None else next(open_below(written), "")
            yield opaque(resource.name, resource.text("family"), expression), None, None
            continue
        node, task = found
        for runs in (*base.services(resource),) or (None,):
            places = {"": (file, node), **base.places(task)}
            service, own = None, None
            if runs is not None:
                service, places["service"] = runs[2], (runs[0].file, runs[1])
                own = runs[1] if runs[0].file == file else None
            unresolved = base.unresolved(resource, None if runs is None else runs[0])
            same = [(each, *each.tasks[file][number]) for each in variants] if unresolved or names_region else []
            variant = tuple(_others(same, service))
            family = varies(node.get("family"))
            around = Around(service, base.stack, variant, STAND_INS, unresolved, family)
            yield Definition(task, (resource.name,), origin=_origin(file, texts, places), around=around), node, own


def _origin(file: str, texts: Mapping[str, str], places: Mapping[str, tuple[str, Node]]) -> Origin:
    roots = dict[str, dict[str, Node]]()
    for key, (name, node) in places.items():
        roots.setdefault(name, {})[key] = node
    every = {name: Origin(name, texts[name], below) for name, below in roots.items()}
    others = {key: every[name] for key, (name, _) in places.items() if name != file}
    return replace(every[file], others=others)


def _others(same: Iterable[tuple[ModuleResources, Resource, _Found | None]], runs: Service | None) -> Iterator[Variant]:
    """Yield a definition in each variant in which its containers are known."""
    for each, resource, found in same:
        if found is not None:
            services = [service for _, _, service in each.services(resource) if runs and service.name == runs.name]
            yield Variant(found[1], services[0] if services else runs, each.stack)


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
