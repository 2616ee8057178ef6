"""CloudFormation and SAM templates, in JSON and YAML, and what CDK synthesises."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from cli.sources.cloudformation_writing import Rewriting, Written, named_as_the_api
from cli.sources.configuration import is_evaluable, once_each
from cli.sources.definition import Around, Definition, File, Origin, Stack, Variant, opaque, unmade, varies
from cli.sources.nodes import Node, Part, Style
from cli.sources.open_images import as_collectors
from cli.sources.resolving import STAND_INS, VARIANTS, Resolver
from cli.sources.roles import closed, fact_of, parameters_named_in
from cli.texts import Text, shown
from cli.unusable import NoDefinition
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Fact, LogGroup, Parameter, Role

_TASK: Final = "AWS::ECS::TaskDefinition"
_SERVICE: Final = "AWS::ECS::Service"
_POLICIES: Final = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
_AROUND: Final = ("AWS::SSM::Parameter", *_POLICIES, "AWS::IAM::Role")
"""What gives facts about a task."""
_OPEN: Final = re.compile(r"\$\{([^{}]*)\}")


def of_template(given: Text, root: Node) -> File:
    """Return the task definitions of a template."""
    variants = [_Template(given, Resolver(given.text, root, variant)) for variant in range(VARIANTS)]
    base = variants[0]
    definitions, written = list[Definition](), list[Written | None]()
    for name in base.of_type(_TASK):
        found = base.task(name)
        if found is None:
            definitions.append(base.unread(name))
            written.append(None)
            continue
        for service in (*base.services(name),) or (None,):
            definitions.append(_definition(variants, name, found, service))
            written.append(Written(found[0], None if service is None else service.node))
    for name, condition in base.unmade(_TASK):
        definitions.append(unmade(name, f"its condition {condition} is false"))
        written.append(None)
    if not definitions:
        raise NoDefinition(f"{shown(given.name)} has no {_TASK} in it.")
    rewriting = Rewriting(given.text, written, base.resolver, base.every_unresolved)
    return File(given.name, given.text, given.encoding, tuple(definitions), rewriting)


def _definition(
    variants: Sequence["_Template"],
    name: str,
    found: tuple[Node, TaskDefinition],
    runs: "_Run | None",
) -> Definition:
    """Return one task definition with a service that runs it, if there is one."""
    base, (node, task) = variants[0], found
    service, roots = None, {"": node, **base.places(task)}
    if runs is not None:
        roots["service"], service = runs.node, runs.service
    stack, unresolved = base.stack, base.unresolved(name, "" if runs is None else runs.name)
    others = _others(variants[1:], name, runs) if unresolved or base.resolver.stands_in else ()
    around = Around(service, stack, tuple(others), STAND_INS, unresolved, varies(node.get("family")))
    origin = Origin(base.given.name, base.given.text, roots)
    return Definition(task, (name,), origin=origin, around=around)


def _others(variants: Sequence["_Template"], name: str, runs: "_Run | None") -> Iterator[Variant]:
    for each in variants:
        if (found := each.task(name)) is not None:
            services = [other.service for other in each.services(name) if runs and other.name == runs.name]
            service = next(iter(services), runs.service if runs else None)
            yield Variant(found[1], service, each.stack)


@dataclass(frozen=True, slots=True)
class _Run:
    """A service that runs a task definition: its logical name, and its properties with their places."""

    name: str
    node: Node
    service: Service


class _Template:
    """One template in one variant."""

    def __init__(self, given: Text, resolver: Resolver) -> None:
        self.given, self.resolver = given, resolver
        self.task, self._resolved = cache(self._task), cache(self._resolve)

    def of_type(self, *kinds: str) -> Iterator[str]:
        """Yield the names of the resources of these types that the template creates."""
        return (name for kind in kinds for name in self._by_type.get(kind, ()))

    @cached_property
    def _by_type(self) -> Mapping[str, Sequence[str]]:
        by_type = dict[str, list[str]]()
        for name in self.resolver.template.members("Resources"):
            if not self._false_condition(name):
                by_type.setdefault(self.resolver.kind(name), []).append(name)
        return by_type

    def unmade(self, kind: str) -> Iterator[tuple[str, str]]:
        """Yield the names of the resources of a type that the template does not create, each with its condition."""
        for name in self.resolver.template.members("Resources"):
            if self.resolver.kind(name) == kind and (condition := self._false_condition(name)):
                yield name, condition

    def _false_condition(self, name: str) -> str:
        condition = self.resolver.template.get("Resources", name, "Condition")
        named = "" if condition is None else str(condition.value)
        return named if named and self.resolver.condition(named) is False else ""

    def properties(self, name: str) -> Node | None:
        """Return a resource's properties, resolved."""
        return self._resolved(name)[0]

    def _resolve(self, name: str) -> tuple[Node | None, tuple[str, ...]]:
        """Return a resource's properties, and the expressions in them that are not resolved."""
        found = self.resolver.template.get("Resources", name, "Properties")
        if found is None:
            return None, ()
        self.resolver.unresolved = {}
        return self.resolver.resolved(found), tuple(self.resolver.unresolved)

    def unresolved(self, task: str, service: str) -> tuple[str, ...]:
        """Return the expressions of a definition that are not resolved, then those of what is around it."""
        own = (name for each in (task, service) for name in self._resolved(each)[1])
        return tuple(dict.fromkeys((*own, *self._unresolved_around)))

    @cached_property
    def _unresolved_around(self) -> Sequence[str]:
        return tuple(dict.fromkeys(name for each in self.of_type(*_AROUND) for name in self._resolved(each)[1]))

    @cached_property
    def every_unresolved(self) -> Sequence[str]:
        """Return all expressions of task definitions, services and what is around them that are not resolved."""
        every = self.of_type(_TASK, _SERVICE, *_AROUND)
        return tuple(dict.fromkeys(name for each in every for name in self._resolved(each)[1]))

    def _task(self, name: str) -> tuple[Node, TaskDefinition] | None:
        """Return a task definition, with its places; None if its containers are not known."""
        written = self.properties(name)
        if written is None:
            return None
        node = named_as_the_api(written, ())
        containers = node.get("containerDefinitions")
        if containers is None or not containers.lists_objects:
            return None
        members = {"family": name} | node.value
        return node, TaskDefinition(as_collectors(members, node) if self.resolver.variant else members)

    def unread(self, name: str) -> Definition:
        """Return what is known of a task definition whose containers are not known: whether that is a mistake."""
        written = self.properties(name)
        if written is None:
            return opaque(name, why="it has no Properties")
        containers = written.get("ContainerDefinitions")
        if isinstance(written.parts, dict) and containers is None and not written.open:
            return opaque(name, why="it has no ContainerDefinitions")
        if containers is not None and isinstance(containers.value, dict) and not containers.open:
            return opaque(name, why="its ContainerDefinitions are not a list")
        return opaque(name)

    def services(self, task: str) -> Sequence[_Run]:
        """Return the services that run a task definition of the template."""
        return self._services_by_task.get(task, ())

    @cached_property
    def _services_by_task(self) -> Mapping[str, Sequence[_Run]]:
        by_task = dict[str, list[_Run]]()
        for name in self.of_type(_SERVICE):
            runs = self.resolver.template.get("Resources", name, "Properties", "TaskDefinition")
            if runs is None or (written := self.properties(name)) is None:
                continue
            node = named_as_the_api(written, ())
            members = {key: value for key, value in node.value.items() if key != "taskDefinition"}
            run = _Run(name, node, Service({"serviceName": name} | members))
            for task in dict.fromkeys(_named_in(runs)):
                by_task.setdefault(task, []).append(run)
        return by_task

    @cached_property
    def stack(self) -> Stack:
        """Return what else the template creates."""
        names = {found.value for name in self.of_type("AWS::Logs::LogGroup") if (found := self._name(name))}
        return Stack(
            parameters=once_each(parameter for _, parameter in self._parameters),
            roles=dict(self._roles()),
            log_groups={str(name): LogGroup(str(name)) for name in names},
        )

    def places(self, task: TaskDefinition) -> dict[str, Node]:
        """Return where a task's roles are, and the parameter that it takes from the template."""
        found = dict[str, Node]()
        for role in filter(None, (task.execution_role, task.task_role)):
            found |= self._roles_by_name.get(role.rpartition("/")[2], {})
        numbers = [self._parameters_by_name.get(name, -1) for name in parameters_named_in(task)]
        if (last := max(numbers, default=-1)) >= 0:
            found["parameter"] = self._parameters[last][0]
        return found

    @cached_property
    def _roles_by_name(self) -> Mapping[str, Mapping[str, Node]]:
        """The places of the roles by their names and ARNs."""
        by_name = dict[str, dict[str, Node]]()
        for name in self.of_type("AWS::IAM::Role"):
            arn = self._arn(name)
            if arn and (node := self.resolver.resource(name)) is not None:
                by_name.setdefault(arn.rpartition("/")[2], {})[arn] = node
        return by_name

    @cached_property
    def _parameters_by_name(self) -> Mapping[str, int]:
        """The number of the last parameter of each name, with and without a slash before it."""
        named = ((number, parameter.name) for number, (_, parameter) in enumerate(self._parameters))
        return {name: number for number, called in named for name in (called, called.removeprefix("/"))}

    def _name(self, name: str) -> Node | None:
        found = self.resolver.resource(name)
        return None if found is None else self.resolver.resolved(_reference(found, "Ref", name))

    def _arn(self, name: str) -> str:
        found = self.resolver.resource(name)
        arn = None if found is None else self.resolver.resolved(_reference(found, "Fn::GetAtt", [name, "Arn"]))
        return str(arn.value) if arn is not None and not arn.open else ""

    @cached_property
    def _parameters(self) -> Sequence[tuple[Node, Parameter]]:
        """Each parameter whose value can be evaluated, once for each name of it, and its value's place."""
        return [*self._parameters_found()]

    def _parameters_found(self) -> Iterator[tuple[Node, Parameter]]:
        for name in self.of_type("AWS::SSM::Parameter"):
            written, called = self.properties(name), self._name(name)
            value = written.get("Value") if written else None
            if written is None or value is None or called is None:
                continue
            kind, named = written.get("Type"), written.get("Name")
            if (kind is not None and kind.open) or not is_evaluable(value, self.resolver.variant):
                continue
            names = (str(node.value) for node in (called, named) if node is not None and self._is_one(node))
            for each in dict.fromkeys(names) if isinstance(value.value, str) else ():
                yield value, Parameter("", each, str(kind.value if kind else "String"), value.value)

    def _is_one(self, name: Node) -> bool:
        """Whether the same text is the same name: what is open in it are parameters, and no functions."""
        opens = _OPEN.findall(name.value) if isinstance(name.value, str) else ()
        return all(self.resolver.template.get("Parameters", each) is not None for each in opens)

    def _roles(self) -> Iterator[tuple[str, Fact[Role]]]:
        for name in self.of_type("AWS::IAM::Role"):
            arn, written = self._arn(name), self.properties(name)
            if not arn or written is None:
                continue
            own = [(f"policy {n + 1} of {name}", each) for n, each in enumerate(_policies(written))]
            others = [] if self._attached is None else self._attached.get(name, [])
            arns = [*written.below("ManagedPolicyArns")]
            unknown = [node for node in arns if node.open or not isinstance(node.value, str)]
            complete = not unknown and self._attached is not None and written.get("PermissionsBoundary") is None
            documents = [(source, closed(node, self.resolver.variant)) for source, node in (*own, *others)]
            trust = written.get("AssumeRolePolicyDocument")
            trusted = None if trust is None else closed(trust, self.resolver.variant)
            yield arn, fact_of(arn, trusted, documents, [str(node.value) for node in arns], complete=complete)

    @cached_property
    def _attached(self) -> Mapping[str, Sequence[tuple[str, Node]]] | None:
        """The policies that name their roles, with their documents, by the logical names of the roles.

        None if a role of one is not known.
        """
        by_role = dict[str, list[tuple[str, Node]]]()
        for name in self.of_type(*_POLICIES):
            plain = self.resolver.template.get("Resources", name, "Properties")
            written = self.properties(name)
            document = written.get("PolicyDocument") if written else None
            if plain is None or document is None:
                continue
            listed = plain.below("Roles") if plain.get("Roles") else filter(None, [plain.get("RoleName")])
            named = [node.value.get("Ref") if isinstance(node.value, dict) else None for node in listed]
            if None in named:
                return None
            for role in dict.fromkeys(map(str, named)):
                by_role.setdefault(role, []).append((name, document))
        return by_role


def _named_in(node: Node) -> Iterator[str]:
    """Yield the names of the resources that an expression refers to."""
    match node.value:
        case {"Ref": str() as name} | {"Fn::GetAtt": [str() as name, *_]}:
            yield name
        case _:
            for each in node.below():
                yield from _named_in(each)


def _reference(place: Node, function: str, argument: Any) -> Node:
    """Return a function that is not written in the template, to know what it gives."""
    inner = Node(place.begin, place.begin, argument, None, Style.FIXED)
    return Node(place.begin, place.begin, {function: argument}, {function: Part(place.begin, inner)}, Style.FIXED)


def _policies(role: Node) -> Iterator[Node]:
    documents = (policy.get("PolicyDocument") for policy in role.below("Policies"))
    return filter(None, documents)
