"""Task definitions in Jsonnet, as ecspresso takes them. The library is an optional extra.

Jsonnet says nothing of places. A text of the result that the file has exactly once is found there again, and is the
place of what holds it. What the file computes cannot be mapped back, so no change is written.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cli.sources import ecspresso, jsonnet_process
from cli.sources.definition import File, Unwritten
from cli.sources.json_text import content_of, node_of
from cli.sources.jsonnet_process import Reply, Request
from cli.sources.nodes import Node, Part, Style
from cli.texts import STDIN, Text, shown
from cli.unusable import NoDefinition, Unusable

_STATIC = re.compile(r"STATIC ERROR: [^\n]*?:(?P<line>\d+):(?P<column>\d+)[^:\n]*: (?P<what>[^\n]*)")
_RUNTIME = re.compile(r"\n\t[^\n]*?:(?P<line>\d+):(?P<column>\d+)")
_CPU_SECONDS = 10
_PATIENCE: Final = 6
"""So many times longer may it take on a busy machine."""
_MEMORY: Final = 1024**3


def of_file(given: Text) -> File:
    """Return the task definitions that a file gives; raise Unusable if it cannot be evaluated."""
    if "containerDefinitions" not in given.text:
        raise NoDefinition(f"{shown(given.name)} has no containerDefinitions in it.")
    made = replace(given, text=_evaluated(given))
    by = ecspresso.filled(made, json=True) or ecspresso.Filled(made.text, {})
    _, plain = content_of(by.text, shown(given.name))
    result = node_of(plain)
    root = _placed(result, _Places.of(given.text, result), 0)
    return ecspresso.of_document(given, root, by, Unwritten(given.text))


def _evaluated(given: Text) -> str:
    name = shown(given.name)
    if find_spec("_jsonnet") is None:
        raise Unusable(
            f"{name} is Jsonnet, and the library for it is not installed. Install Outrider with the extra `jsonnet`, or"
            " check what `ecspresso render taskdef` prints."
        )
    folder = Path() if given.name == STDIN else Path(given.name).parent
    request: Request = {
        "name": given.name,
        "text": given.text,
        "folders": [str(Path.cwd()), str(folder.resolve())],
        "seconds": _CPU_SECONDS,
        "bytes": _MEMORY,
    }
    reply = _reply(request)
    if reply is None:
        raise Unusable(
            f"{name} cannot be evaluated with {_CPU_SECONDS} s of CPU time and {_MEMORY // 1024**3} GiB of memory."
            " Correct it, or check what `ecspresso render taskdef` prints."
        )
    if reply["mistake"]:
        raise _mistake(name, reply["mistake"])
    return reply["made"]


def _reply(request: Request) -> Reply | None:
    """Return what a process of its own makes of a file; None if a limit ended it."""
    try:
        ran = subprocess.run(  # noqa: S603 - a script of Outrider, which takes the file on standard input
            [sys.executable, "-P", jsonnet_process.__file__],
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=request["seconds"] * _PATIENCE,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    reply: Reply = json.loads(ran.stdout)
    return reply


def _mistake(name: str, said: str) -> Unusable:
    """Return where the mistake is. What a file itself says of it may hold values, and is not repeated."""
    if (found := _STATIC.match(said)) is not None:
        what = f"not Jsonnet ({found['what'][:1].lower()}{found['what'][1:]})"
    else:
        found, what = _RUNTIME.search(said), "Jsonnet cannot evaluate this"
    place = f", line {found['line']}, column {found['column']}" if found else ""
    return Unusable(f"{name}{place}: {what}. Correct it there, or check what `ecspresso render taskdef` prints.")


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
    yield from (f"{name}:" for name in node.members())
    for each in node.below():
        yield from _texts(each)


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
    for name in node.members():
        yield from places.of_name(name)
    for each in node.below():
        yield from _known(each, places)
