"""How CloudFormation names what the API has: a template read with the names of the API, and written with its own."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cli.sources.definition import Wanted
from cli.sources.editing import Change, edited
from cli.sources.nodes import Edited, Node, Part, Path, Style, mapping, sequence
from cli.sources.resolving import STAND_INS, Resolver, open_text
from cli.sources.spelling import Dialect, Unwritable, computed_in, holds, with_computed
from domain.ecs.cloudformation import OWN_KEYS, api_name, property_of

_REFERENCE = re.compile(r"\$\{([^}!]*)\}")
_CALL = re.compile(
    r"""\{?\s*(?:(?:!Ref|["']?Ref["']?\s*:)\s*["']?(?P<ref>[\w:]+)["']?"""
    r"""|(?:!Sub|["']?Fn::Sub["']?\s*:)\s*["']?(?P<text>[^"'\s\[|>\\]+)["']?)\s*\}?"""
)


def named_as_the_api(node: Node, path: Path) -> Node:
    """Return a node with its members named as the API does."""
    match node.parts:
        case dict() as parts:
            renamed = dict[str, Part]()
            for name, part in parts.items():
                ours = name if OWN_KEYS & {*path} else api_name(name)
                renamed[ours] = Part(part.begin, named_as_the_api(part.node, (*path, ours)), part.end)
            return mapping(node, renamed)
        case list() as parts:
            return sequence(node, [Part(part.begin, named_as_the_api(part.node, path), part.end) for part in parts])
        case None:
            return node


@dataclass(frozen=True, slots=True)
class Written:
    """The places of a task definition and of the service that runs it."""

    task: Node
    service: Node | None


@dataclass(frozen=True)
class Rewriting:
    """Writes changed definitions and services into the template."""

    text: str = field(repr=False)
    definitions: Sequence[Written | None]
    resolver: Resolver = field(repr=False)
    unresolved: Sequence[str]

    def __call__(self, wanted: Sequence[Wanted]) -> Edited:
        changes = dict[int, Change]()
        for written, each in zip(self.definitions, wanted, strict=True):
            if written is None:
                continue
            nodes = [node for node in (written.task, written.service) if node is not None]
            computed = computed_in([(self.text, node) for node in nodes], _within_text)
            dialect = _TemplateDialect(self.resolver, self.unresolved, computed)
            task = each.task.to_aws()
            if "family" not in written.task.value:
                del task["family"]  # CloudFormation makes it
            changes[written.task.begin] = Change(written.task, task, dialect)
            if written.service is not None and each.service is not None:
                before = written.service.value
                members = {name: value for name, value in each.service.to_aws().items() if name != "serviceName"}
                kept = {name: before[name] for name in ("serviceName", "taskDefinition") if name in before}
                changes[written.service.begin] = Change(written.service, kept | members, dialect)
        return edited(self.text, [*changes.values()])


def _within_text(expression: str, _value: str) -> str | None:
    """Return what Fn::Sub has for a Ref, and the text of an Fn::Sub that only has one; None for other functions."""
    found = _CALL.fullmatch(expression.strip())
    if found is None:
        return None
    text: str = found["text"] or f"${{{found['ref']}}}"
    return text


class _TemplateDialect(Dialect):
    """How a template writes names and texts."""

    def __init__(self, resolver: Resolver, unresolved: Sequence[str], computed: Mapping[str, str | None]) -> None:
        self._resolver, self._unresolved, self._computed = resolver, unresolved, computed

    def name(self, name: str, path: Path) -> str:
        return name if OWN_KEYS & {*path} else property_of(name, "".join(path[-1:]))

    def text(self, value: str, style: Style) -> str | None:
        """Return the expression of the template that has this value, or one with what stands for region and account."""
        known = self._resolver.expressions.get(value)
        if known is not None:
            found = self._resolver.text[known[0] : known[1]]
            fits = found.startswith("{") is (style is Style.JSON) and "\n" not in found
            if found and fits:
                return found
        value = with_computed(value, self._computed)
        stands = any(stand_in in value for stand_in, _ in STAND_INS)
        for stand_in, expression in STAND_INS:
            value = value.replace(stand_in, expression)
        names = _REFERENCE.findall(value)
        if not names or not all(self._is_defined(name) for name in names):
            if stands or any(holds(value, open_text(name, 0)) for name in self._unresolved):
                raise Unwritable
            return None
        return (
            json.dumps({"Fn::Sub": value}) if style is Style.JSON else f"!Sub {json.dumps(value, ensure_ascii=False)}"
        )

    def _is_defined(self, name: str) -> bool:
        head, template = name.partition(".")[0], self._resolver.template
        return name.startswith("AWS::") or any(template.get(part, head) for part in ("Parameters", "Resources"))
