"""Task definitions in Jsonnet, as ecspresso takes them. The library is an optional extra.

Jsonnet says nothing of places. A text of the result that the file has exactly once is found there again, and is the
place of what holds it. What the file computes cannot be mapped back, so no change is written.
"""

import importlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cli.sources import ecspresso
from cli.sources.definition import File, Wanted
from cli.sources.json_text import content_of, node_of
from cli.sources.nodes import Edited, Node, Part, Style
from cli.texts import STDIN, Text, shown
from cli.unusable import NoDefinition, Unusable

_FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "must_env": ("name",),
    "env": ("name", "default"),
    "tfstate": ("address",),
    "ssm": ("name",),
    "secretsmanager_arn": ("name",),
    "cfn_output": ("stack", "output"),
    "cfn_export": ("name",),
}
"""What ecspresso adds to Jsonnet, as `std.native("must_env")("TAG")`, with the names of the arguments."""
_VARIABLE = re.compile(r"""std\.extVar\(\s*["']([^"']+)["']""")
_STATIC = re.compile(r"STATIC ERROR: [^\n]*?:(?P<line>\d+):(?P<column>\d+)[^:\n]*: (?P<what>[^\n]*)")
_RUNTIME = re.compile(r"\n\t[^\n]*?:(?P<line>\d+):(?P<column>\d+)")
_MOST_BYTES: Final = 2 * 1024 * 1024
_DEEPEST: Final = 200


def of_file(given: Text) -> File:
    """Return the task definitions that a file gives; raise Unusable if it cannot be evaluated."""
    if "containerDefinitions" not in given.text:
        raise NoDefinition(f"{shown(given.name)} has no containerDefinitions in it.")
    made = replace(given, text=_evaluated(given))
    by = ecspresso.filled(made, json=True) or ecspresso.Filled(made.text, {})
    _, plain = content_of(by.text, shown(given.name))
    result = node_of(plain)
    root = _placed(result, _Places.of(given.text, result), 0)
    return ecspresso.of_document(given, root, by, _Unwritten(given.text))


@dataclass(frozen=True)
class _Unwritten:
    """No change is written to what computes a definition."""

    text: str = field(repr=False)

    def __call__(self, wanted: Sequence[Wanted]) -> Edited:
        return Edited(self.text, tuple((each.task.family,) for each in wanted))


def _evaluated(given: Text) -> str:
    name = shown(given.name)
    try:
        library: Any = importlib.import_module("_jsonnet")
    except ImportError:
        raise Unusable(
            f"{name} is Jsonnet, and the library for it is not installed. Install Outrider with the extra `jsonnet`, or"
            " check what `ecspresso render taskdef` prints."
        ) from None
    folder = Path() if given.name == STDIN else Path(given.name).parent
    try:
        made: str = library.evaluate_snippet(
            given.name,
            given.text,
            max_stack=_DEEPEST,
            ext_vars={each: _call("std.extVar")(each) for each in _VARIABLE.findall(given.text)},
            import_callback=_Imports((Path.cwd(), folder.resolve())),
            native_callbacks={each: (names, _call(each)) for each, names in _FUNCTIONS.items()},
        )
    except RuntimeError as error:
        raise _mistake(name, str(error)) from None
    return made


def _mistake(name: str, said: str) -> Unusable:
    """Return where the mistake is. What a file itself says of it may hold values, and is not repeated."""
    if (found := _STATIC.match(said)) is not None:
        what = f"not Jsonnet ({found['what'][:1].lower()}{found['what'][1:]})"
    else:
        found, what = _RUNTIME.search(said), "Jsonnet cannot evaluate this"
    place = f", line {found['line']}, column {found['column']}" if found else ""
    return Unusable(f"{name}{place}: {what}. Correct it there, or check what `ecspresso render taskdef` prints.")


def _call(name: str) -> Callable[..., str]:
    """Return what gives the call of a template function, which stays open."""
    return lambda *args: f"{{{{ {name.replace('.', '_')} {' '.join(f'`{each}`' for each in args)} }}}}"


@dataclass(frozen=True, slots=True)
class _Imports:
    """Reads what a file imports, within these folders only."""

    folders: tuple[Path, ...]

    def __call__(self, folder: str, name: str) -> tuple[str, bytes]:
        path = (Path(folder) / name).resolve()
        if not any(path.is_relative_to(each) for each in self.folders):
            raise RuntimeError("it is outside of the folder")
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            raise RuntimeError("it is no file that is read")
        return str(path), path.read_bytes()


@dataclass(frozen=True, slots=True)
class _Places:
    """Where texts and names of members are in a file, if they are there once, and once in its result."""

    text: str = field(repr=False)
    counts: Mapping[str, int] = field(repr=False)

    @classmethod
    def of(cls, text: str, result: Node) -> "_Places":
        return cls(text, Counter(_texts(result)))

    def of_value(self, value: Any) -> Iterator[int]:
        """Yield the place of a text."""
        if isinstance(value, str) and value and self.counts[value] == 1:
            yield from self._once(f"{re.escape(json.dumps(value, ensure_ascii=False))}|'{re.escape(value)}'")

    def of_name(self, name: str) -> Iterator[int]:
        """Yield the place of a member's name."""
        if self.counts[f"{name}:"] == 1:
            yield from self._once(rf"(?<![\w'\"]){re.escape(name)}(?=\s*:)|(['\"]){re.escape(name)}\1(?=\s*:)")

    def _once(self, pattern: str) -> Iterator[int]:
        begins = [found.start() for found in re.finditer(pattern, self.text)]
        yield from begins if len(begins) == 1 else ()


def _texts(node: Node) -> Iterator[str]:
    """Yield the texts in a value, and the names of members with a colon."""
    if isinstance(node.value, str):
        yield node.value
    if isinstance(node.parts, dict):
        yield from (f"{name}:" for name in node.parts)
    for part in node.children:
        yield from _texts(part.node)


def _placed(node: Node, places: _Places, above: int) -> Node:
    """Return a value with its place, if that is known; else that of the first of its parts, or of what holds it."""
    match node.parts:
        case dict() as members:
            begin = min(_known(node, places), default=above)
            inner = dict[str, Part]()
            for name, part in members.items():
                at = next(places.of_name(name), begin)
                inner[name] = Part(at, _placed(part.node, places, at))
            return Node(begin, begin, node.value, inner, Style.FIXED)
        case list() as items:
            parts = [Part(above, _placed(part.node, places, above)) for part in items]
            return Node(above, above, node.value, parts, Style.FIXED)
        case None:
            begin = next(places.of_value(node.value), above)
            return Node(begin, begin, node.value, None, Style.FIXED)


def _known(node: Node, places: _Places) -> Iterator[int]:
    yield from places.of_value(node.value)
    for name in node.parts if isinstance(node.parts, dict) else ():
        yield from places.of_name(name)
    for part in node.children:
        yield from _known(part.node, places)
