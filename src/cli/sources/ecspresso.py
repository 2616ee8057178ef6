"""Task definitions with the template functions of ecspresso: `{{ must_env `TAG` }}` and its like.

https://github.com/kayac/ecspresso. What a function gives is known only where it runs, so the value is open. The text is
parsed with a placeholder of the same length for each function, so that every place is that of the file.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from json import dumps
from typing import Final

from cli.sources import task_definitions
from cli.sources.definition import Around, Definition, File, Origin, Rewriting, Variant
from cli.sources.nodes import Node, Style, mapping, sequence
from cli.sources.open_images import as_collectors
from cli.sources.resolving import VARIANTS, open_text
from cli.sources.spelling import Dialect, Unwritable, is_encoded
from cli.texts import Text, shown
from cli.unusable import NoDefinition, Unusable
from domain.ecs.task_definition import TaskDefinition

_ACTION = re.compile(r"\{\{-?(?P<inside>[^{}]*?)-?\}\}")
_CALL = re.compile(
    r"""\s*(?P<name>[a-z_]\w*)(?P<args>(?:\s+(?:`[^`]*`|"[^"]*"|'[^']*'))+)\s*(?:\|[^|]*)*""", re.IGNORECASE
)
_QUOTED = re.compile(r"""`[^`]*`|"[^"]*"|'[^']*'""")
_CONTROL = re.compile(r"\s*(?:if|else|end|range|with|define|block|template)\b|\s*\$")
_COMMENT = re.compile(r"\s*/\*.*")
_PRIVATE: Final = range(0xF0000, 0xFFFFE)
"""Characters for private use. A placeholder is one of them, repeated, and each call has its own."""
_PLACEHOLDER = re.compile(r"([\U000f0000-\U000ffffd])\1*")


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with placeholders, and the calls that they stand for, by the placeholder's character.

    `actions` are the calls as the file has them within texts, by what stands for their values.
    """

    text: str = field(repr=False)
    calls: Mapping[str, str]
    actions: Mapping[str, str] = field(default_factory=dict, repr=False)

    def opened(self, node: Node, variant: int) -> Node:
        """Return a value in which texts with placeholders are open: they are another text in each variant."""
        match node.parts:
            case dict() as parts:
                opened = {name: replace(part, node=self.opened(part.node, variant)) for name, part in parts.items()}
                return mapping(node, opened)
            case list() as items:
                return sequence(node, [replace(part, node=self.opened(part.node, variant)) for part in items])
            case None:
                pass
        if not isinstance(node.value, str) or (call := next(self._calls(node.value), None)) is None:
            return node
        value = _PLACEHOLDER.sub(lambda found: self._value(found, variant), node.value)
        return replace(node, value=value, style=Style.FIXED, open=call)

    def _calls(self, text: str) -> Iterator[str]:
        yield from (self.calls[each[1]] for each in _PLACEHOLDER.finditer(text) if each[1] in self.calls)

    def _value(self, found: re.Match[str], variant: int) -> str:
        """Return what stands for a call; such characters of the file itself stay."""
        if found[1] not in self.calls:
            return found[0]
        return open_text(self.calls[found[1]], variant)

    def within(self, node: Node) -> Iterator[str]:
        """Yield the calls in a value."""
        if isinstance(node.value, str):
            yield from self._calls(node.value)
        for each in node.below():
            yield from self.within(each)


def filled(given: Text, *, json: bool) -> Filled | None:
    """Return a text with placeholders for calls of template functions; None if it has no such call.

    Outside of texts, JSON needs quotation marks around a placeholder. Raises Unusable for what decides about parts of
    the file, such as `{{ if }}`.
    """
    text = given.text
    if not any(_CALL.fullmatch(found["inside"]) for found in _ACTION.finditer(text)):
        return None
    pieces, calls, actions, at, quoted = list[str](), dict[str, str](), dict[str, str](), 0, False
    used = frozenset(text)
    unused = (letter for letter in map(chr, _PRIVATE) if letter not in used)
    for found in _ACTION.finditer(text):
        before, inside = text[at : found.start()], found["inside"]
        quoted ^= before.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 1
        length, marks = len(found[0]), 2 if json and not quoted else 0
        if _COMMENT.fullmatch(inside) or "\n" in found[0]:
            filler = re.sub(r"[^\n]", " ", found[0])
        elif _CONTROL.match(inside):
            raise _control(given, found)
        else:
            if (letter := next(unused, "")) == "":
                raise Unusable(f"{shown(given.name)} calls more than {len(calls):,} template functions. Split it.")
            calls[letter] = _title(inside)
            if not marks:
                _remember(actions, open_text(calls[letter], 0), f"{{{{{inside}}}}}")
            placeholder = letter * (length - marks)
            filler = f'"{placeholder}"' if marks else placeholder
        pieces += [before, filler]
        at = found.end()
    return Filled("".join([*pieces, text[at:]]), calls, actions)


def _title(inside: str) -> str:
    """Return a call as people know it, with the name of what it reads; its other texts may be values."""
    named = _QUOTED.search(inside) if _CALL.fullmatch(inside) else None
    begin = named.end() if named else 0
    return " ".join(re.sub(r"[`\"']", "", inside[:begin] + _QUOTED.sub("", inside[begin:])).split())


def _remember(actions: dict[str, str], stand_in: str, action: str) -> None:
    """Keep the action that a value stands for; none where two differ in more than blanks."""
    known = actions.setdefault(stand_in, action)
    if "".join(known.split()) != "".join(action.split()):
        actions[stand_in] = ""


def _control(given: Text, found: re.Match[str]) -> Unusable:
    line = given.text.count("\n", 0, found.start()) + 1
    why = f"{shown(given.name)}, line {line}: {found[0]} decides about parts of the file."
    if "containerDefinitions" not in given.text:
        return NoDefinition(why)
    return Unusable(f"{why} Check what `ecspresso render taskdef` prints.")


def of_document(given: Text, root: Node, by: Filled, rewriting: Rewriting | None = None) -> File:
    """Return the task definitions of a document with placeholders. `rewriting` writes changes, if not in it."""
    variants = [by.opened(root, variant) for variant in range(VARIANTS)]
    found = [*task_definitions.definitions_of(variants[0].value, shown(given.name))]
    calls = tuple(dict.fromkeys(by.within(root)))
    definitions = [_definition(given, each, variants, calls) for each in found]
    written = rewriting or task_definitions.Rewritten(given.text, lambda: variants[0], found, _Actions(by))
    return File(given.name, given.text, given.encoding, tuple(definitions), written)


@dataclass(frozen=True, slots=True)
class _Actions(Dialect):
    """Writes a call of a template function as the file has it. Within percent-encoding, there is none."""

    by: Filled

    def text(self, value: str, style: Style) -> str | None:
        del style
        for stand_in in {open_text(call, 0) for call in self.by.calls.values()}:
            whole = stand_in in value and self.by.actions.get(stand_in) and stand_in in dumps(value, ensure_ascii=False)
            if is_encoded(value, stand_in) or (stand_in in value and not whole):
                raise Unwritable
        return None

    def completed(self, written: str) -> str:
        for stand_in, action in self.by.actions.items():
            written = written.replace(stand_in, action)
        return written


def _definition(given: Text, found: Definition, variants: list[Node], calls: tuple[str, ...]) -> Definition:
    base, *others = (task_definitions.node_at(each, found.path) for each in variants)
    around = Around(others=tuple(_variant(found, each) for each in others), unresolved=calls)
    return replace(found, origin=Origin(given.name, given.text, {"": base}), around=around)


def _variant(found: Definition, node: Node) -> Variant:
    """Return a definition with other values; tags that are outside of it stay."""
    return Variant(TaskDefinition(as_collectors(found.task.to_aws() | node.value, node)))
