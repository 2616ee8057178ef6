"""CloudFormation and SAM templates, in JSON and YAML, and what CDK synthesises."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from cli.sources.cloudformation_writing import Rewriting, Written, named_as_the_api
from cli.sources.configuration import is_evaluable, once_each
from cli.sources.definition import Around, Definition, File, Origin, Stack, Variant, opaque, varies
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
_OPEN: Final = re.compile(r"\$\{([^{}]*)\}")


def of_template(given: Text, root: Node) -> File:
    """Return the task definitions of a template."""
    variants = [_Template(given, Resolver(given.text, root, variant)) for variant in range(VARIANTS)]
    base = variants[0]
    definitions, written = list[Definition](), list[Written | None]()
    for name in base.of_type(_TASK):
        found = base.task(name)
        if found is None:
            definitions.append(opaque(name))
            written.append(None)
            continue
        for service in (*base.services(name),) or (None,):
            definitions.append(_definition(variants, name, found, service))
            written.append(Written(found[0], None if service is None else service.node))
    if not definitions:
        raise NoDefinition(f"{shown(given.name)} has no {_TASK} in it.")
    rewriting = Rewriting(given.text, written, base.resolver)
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
        self._unresolved = dict[str, tuple[str, ...]]()

    def of_type(self, *kinds: str) -> Iterator[str]:
        """Yield the names of the resources of these types that the template creates."""
        for name in self.resolver.template.members("Resources"):
            if self.resolver.kind(name) in kinds:
                condition = self.resolver.template.get("Resources", name, "Condition")
                if condition is None or self.resolver.condition(str(condition.value)) is not False:
                    yield name

    def properties(self, name: str) -> Node | None:
        """Return a resource's properties, resolved."""
        found = self.resolver.template.get("Resources", name, "Properties")
        if found is None:
            return None
        self.resolver.unresolved = {}
        written = self.resolver.resolved(found)
        self._unresolved[name] = tuple(self.resolver.unresolved)
        return written

    def unresolved(self, task: str, service: str) -> tuple[str, ...]:
        """Return the expressions of a definition that are not resolved, then those of what is around it."""
        others = (name for name in self._unresolved if self.resolver.kind(name) not in {_TASK, _SERVICE})
        every = (self._unresolved.get(name, ()) for name in (task, service, *others))
        return tuple(dict.fromkeys(name for names in every for name in names))

    def task(self, name: str) -> tuple[Node, TaskDefinition] | None:
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

    def services(self, task: str) -> Iterator[_Run]:
        """Yield the services that run a task definition of the template."""
        for name in self.of_type(_SERVICE):
            runs = self.resolver.template.get("Resources", name, "Properties", "TaskDefinition")
            if runs is not None and task in _named_in(runs) and (written := self.properties(name)) is not None:
                node = named_as_the_api(written, ())
                members = {key: value for key, value in node.value.items() if key != "taskDefinition"}
                yield _Run(name, node, Service({"serviceName": name} | members))

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
        for name in self.of_type("AWS::IAM::Role"):
            arn = self._arn(name)
            if arn and (node := self.resolver.resource(name)) is not None:
                found[arn] = node
        named = parameters_named_in(task)
        for node, parameter in self._parameters:
            if named & {parameter.name, parameter.name.removeprefix("/")}:
                found["parameter"] = node
        return found

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
        attached = [*self._attached()]
        for name in self.of_type("AWS::IAM::Role"):
            arn, written = self._arn(name), self.properties(name)
            if not arn or written is None:
                continue
            own = [(f"policy {n + 1} of {name}", each) for n, each in enumerate(_policies(written))]
            others = [(policy, document) for policy, roles, document in attached if roles is None or name in roles]
            arns = [*written.below("ManagedPolicyArns")]
            unknown = [node for node in arns if node.open or not isinstance(node.value, str)]
            complete = not unknown and all(roles is not None for _, roles, _ in attached)
            complete = complete and written.get("PermissionsBoundary") is None
            documents = [(source, closed(node, self.resolver.variant)) for source, node in (*own, *others)]
            trust = written.get("AssumeRolePolicyDocument")
            trusted = None if trust is None else closed(trust, self.resolver.variant)
            yield arn, fact_of(arn, trusted, documents, [str(node.value) for node in arns], complete=complete)

    def _attached(self) -> Iterator[tuple[str, list[str] | None, Node]]:
        """Yield the policies that name their roles: their names, the logical names of the roles, and the document."""
        for name in self.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
            plain = self.resolver.template.get("Resources", name, "Properties")
            written = self.properties(name)
            document = written.get("PolicyDocument") if written else None
            if plain is None or document is None:
                continue
            listed = plain.below("Roles") if plain.get("Roles") else filter(None, [plain.get("RoleName")])
            named = [node.value.get("Ref") if isinstance(node.value, dict) else None for node in listed]
            yield name, None if None in named else [str(role) for role in named], document


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
