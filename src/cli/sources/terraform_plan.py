"""Terraform's plan as `terraform show -json` prints it: values as Terraform itself resolved them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli.sources.definition import File, Unwritten
from cli.sources.hcl_module import ARNS
from cli.sources.nodes import Node, Part, Style, mapping, moved
from cli.sources.resolving import VARIANTS, open_text
from cli.sources.terraform_resources import TASK, ModuleResources, Resource, definitions_of
from cli.texts import Text, shown
from cli.unusable import NoDefinition


def of_plan(given: Text, root: Node) -> File:
    """Return the task definitions of a plan. What Terraform knows only after applying is open."""
    readers = [_Reader(root, variant) for variant in range(VARIANTS)]
    found = [*definitions_of(given.name, {given.name: given.text}, [each.resources_of(given.name) for each in readers])]
    if not found:
        raise NoDefinition(f"{shown(given.name)} plans no {TASK}.")
    definitions = tuple(each for each, _, _ in found)
    return File(given.name, given.text, given.encoding, definitions, Unwritten(given.text))


@dataclass
class _Reader:
    """Reads one plan in one variant of what is open."""

    root: Node
    variant: int

    def resources_of(self, file: str) -> ModuleResources:
        planned = self.root.get("planned_values", "root_module")
        configured = self.root.get("configuration", "root_module")
        unknown = dict(self._unknown())
        resources = [] if planned is None else [*self._resources(planned, configured, (file, unknown))]
        return ModuleResources(resources, self.variant)

    def _unknown(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield what is known only after applying, by the resource's address."""
        changes = self.root.get("resource_changes")
        for part in changes.children if changes is not None else ():
            address, after = part.node.get("address"), part.node.get("change", "after_unknown")
            if address is not None and after is not None and isinstance(after.value, dict):
                yield str(address.value), after.value

    def _resources(
        self, module: Node, configured: Node | None, of: tuple[str, Mapping[str, Mapping[str, Any]]]
    ) -> Iterator[Resource]:
        file, unknown = of
        expressions = _by_address(configured)
        planned = module.get("resources")
        for part in planned.children if planned is not None else ():
            found = part.node
            kind, name, values, address = (found.get(each) for each in ("type", "name", "values", "address"))
            if kind is None or name is None or values is None or address is None or not isinstance(values.parts, dict):
                continue
            open_ = unknown.get(str(address.value), {})
            known = expressions.get(f"{kind.value}.{name.value}")
            unresolved = dict[str, None]()
            node = self._with_unknown(found, values, (open_, known), unresolved)
            yield Resource(str(kind.value), str(name.value), node, file, tuple(unresolved))
        modules = module.get("child_modules")
        for part in modules.children if modules is not None else ():
            address = part.node.get("address")
            label = str(address.value).rpartition("module.")[2].partition("[")[0] if address is not None else ""
            inner = configured.get("module_calls", label, "module") if configured is not None else None
            yield from self._resources(part.node, inner, of)

    def _with_unknown(
        self,
        resource: Node,
        values: Node,
        known: tuple[Mapping[str, Any], Node | None],
        unresolved: dict[str, None],
    ) -> Node:
        """Return values with the unknown ones, the names of which are added. `known`: these, and their expressions."""
        unknown, expressions = known
        parts = dict(values.parts) if isinstance(values.parts, dict) else {}
        for name, whether in unknown.items():
            if whether is True:
                parts[name] = Part(resource.begin, self._open(resource, name, expressions, unresolved))
        return moved(mapping(values, parts), lambda at: at, Style.FIXED)

    def _open(self, resource: Node, name: str, known: Node | None, unresolved: dict[str, None]) -> Node:
        """Return a value that is known after applying: an ARN of the plan's own resource, or an open one."""
        references = known.get(name, "references") if known is not None else None
        named = [str(part.node.value) for part in references.children] if references is not None else []
        kind, _, rest = (named[0] if named else "").partition(".")
        label, _, attribute = rest.partition(".")
        if len(named) <= 2 and attribute in {"arn", "id", "name"} and kind in ARNS:  # noqa: PLR2004 - Terraform lists the resource too
            value = ARNS[kind].format(self._called(kind, label)) if attribute == "arn" else self._called(kind, label)
            return Node(resource.begin, resource.end, value, None, Style.FIXED)
        title = named[0] if named else name
        if name not in {"arn", "id", "tags_all", "revision", "arn_without_revision", "unique_id", "create_date"}:
            unresolved[title] = None
        value = open_text(title, self.variant)
        return Node(resource.begin, resource.end, value, None, Style.FIXED, title)

    def _called(self, kind: str, label: str) -> str:
        """Return the name of a resource of the root module; the name in its module if it is not known."""
        planned = self.root.get("planned_values", "root_module", "resources")
        for part in planned.children if planned is not None and kind != TASK else ():
            own, name, called = (part.node.get(*each) for each in (("type",), ("name",), ("values", "name")))
            if own is not None and name is not None and (own.value, name.value) == (kind, label):
                return str(called.value).removeprefix("/") if called is not None and called.value else label
        return label


def _by_address(configured: Node | None) -> dict[str, Node]:
    resources = configured.get("resources") if configured is not None else None
    return {
        str(address.value): expressions
        for part in (resources.children if resources is not None else ())
        if (address := part.node.get("address")) and (expressions := part.node.get("expressions"))
    }
