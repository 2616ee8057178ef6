"""Terraform's plan as `terraform show -json` prints it: values as Terraform itself resolved them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cli.sources.definition import File, Unwritten
from cli.sources.hcl_module import ARNS
from cli.sources.nodes import Node, Part, Style, mapping, moved
from cli.sources.resolving import REGION, VARIANTS, open_text, region_of
from cli.sources.terraform_resources import TASK, ModuleResources, Resource, definitions_of
from cli.texts import Text, shown
from cli.unusable import NoDefinition


def of_plan(given: Text, root: Node) -> File:
    """Return the task definitions of a plan. What Terraform knows only after applying is open."""
    read = [_Reader(root, given.name, variant).resources() for variant in range(VARIANTS)]
    names_region = region_of(given.text) != REGION
    found = [*definitions_of(given.name, {given.name: given.text}, read, names_region=names_region)]
    if not found:
        raise NoDefinition(f"{shown(given.name)} plans no {TASK}.")
    definitions = tuple(each for each, _, _ in found)
    return File(given.name, given.text, given.encoding, definitions, Unwritten(given.text))


@dataclass
class _Reader:
    """Reads one plan in one variant of what is open."""

    root: Node
    file: str
    variant: int

    def resources(self) -> ModuleResources:
        planned = self.root.get("planned_values", "root_module")
        configured = self.root.get("configuration", "root_module")
        resources = [] if planned is None else [*self._resources(planned, configured)]
        return ModuleResources(resources, self.variant)

    @cached_property
    def _unknown(self) -> Mapping[str, Mapping[str, Any]]:
        """What is known only after applying, by the resource's address."""
        return {
            str(address.value): after.value
            for change in self.root.below("resource_changes")
            if (address := change.get("address"))
            and (after := change.get("change", "after_unknown"))
            and isinstance(after.value, dict)
        }

    def _resources(self, module: Node, configured: Node | None) -> Iterator[Resource]:
        expressions = _by_address(configured)
        for found in module.below("resources"):
            kind, name, values, address = (found.get(each) for each in ("type", "name", "values", "address"))
            if kind is None or name is None or values is None or address is None or not isinstance(values.parts, dict):
                continue
            known, parts = expressions.get(f"{kind.value}.{name.value}"), dict(values.parts)
            unresolved = dict[str, None]()
            for attribute, whether in self._unknown.get(str(address.value), {}).items():
                if whether is True:
                    parts[attribute] = Part(found.begin, self._open(found, attribute, known, unresolved))
            node = moved(mapping(values, parts), lambda at: at)
            yield Resource(str(kind.value), str(name.value), node, self.file, tuple(unresolved))
        for inner in module.below("child_modules"):
            address = inner.get("address")
            label = str(address.value).rpartition("module.")[2].partition("[")[0] if address is not None else ""
            called = configured.get("module_calls", label, "module") if configured is not None else None
            yield from self._resources(inner, called)

    def _open(self, resource: Node, name: str, known: Node | None, unresolved: dict[str, None]) -> Node:
        """Return a value that is known after applying: an ARN of the plan's own resource, or an open one."""
        named = [str(each.value) for each in known.below(name, "references")] if known is not None else []
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
        called = self._names.get((kind, label)) if kind != TASK else None
        return called.removeprefix("/") if called else label

    @cached_property
    def _names(self) -> Mapping[tuple[str, str], str]:
        """The names of the root module's resources, by their types and their names in the module."""
        names = dict[tuple[str, str], str]()
        for found in self.root.below("planned_values", "root_module", "resources"):
            kind, label, called = (found.get(*each) for each in (("type",), ("name",), ("values", "name")))
            if kind is not None and label is not None:
                named = str(called.value) if called is not None and called.value else ""
                names.setdefault((str(kind.value), str(label.value)), named)
        return names


def _by_address(configured: Node | None) -> dict[str, Node]:
    return {
        str(address.value): expressions
        for each in (configured.below("resources") if configured is not None else ())
        if (address := each.get("address")) and (expressions := each.get("expressions"))
    }
