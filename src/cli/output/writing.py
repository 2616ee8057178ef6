"""Write output as JSON."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date
from typing import Any

_INDENT = 2


def plain(thing: Any) -> Any:
    """Return frozen dataclasses as JSON's own types."""
    match thing:
        case tuple() | list():
            return [plain(item) for item in thing]
        case str() | int() | float() | None:
            return thing
        case Mapping():
            return {name: plain(value) for name, value in thing.items()}
        case _:
            return {name: plain(getattr(thing, name)) for name in _names(thing)}


def _names(thing: Any) -> tuple[str, ...]:
    kind = type(thing)
    if kind not in _NAMES:
        _NAMES[kind] = tuple(each.name for each in fields(kind))
    return _NAMES[kind]


_NAMES: dict[type, tuple[str, ...]] = {}


def rendered(thing: object, indent: int = 0) -> str:
    """Return it as JSON, its further lines indented."""
    text = json.dumps(plain(thing), indent=_INDENT)
    return text.replace("\n", "\n" + " " * indent) if indent else text


ENTRY = 2 * _INDENT
"""How far an entry of `results` is indented."""


def streamed(entries: Iterable[str], rest: Callable[[], Mapping[str, Iterable[object]]]) -> Iterator[str]:
    """Yield an output: each entry as soon as there is one, then the other lists, which are complete only then."""
    yield '{\n  "version": 1,\n  "results": ['
    begin, end = "\n    ", ""
    for entry in entries:
        yield f"{begin}{entry}"
        begin, end = ",\n    ", "\n  "
    lists = [f'  "{name}": {rendered(tuple(items), _INDENT)}' for name, items in rest().items()]
    yield f"{end}],\n" + ",\n".join(lists) + "\n}\n"


def iso(moment: date | None) -> str | None:
    """Return a day or a time as outputs have it."""
    return moment.isoformat() if moment is not None else None
