"""The edits that turn one JSON document into another: set a value, copy one from the document, remove one.

They are for documents that never change, such as a revision of a task definition: places are given by index.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.ecs.values import Json

type Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Set:
    """Put a value at a place; one index beyond a list's end appends."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Copy:
    """Put a copy of the value at `source`, in the document before all edits, at a place."""

    path: Path
    source: Path


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove the value at a place; what follows it in a list moves up."""

    path: Path


type Edit = Set | Copy | Remove


def edits(before: Json, after: Json) -> tuple[Edit, ...]:
    """The edits that turn `before` into `after`, in order; each refers to the document as the earlier ones left it.

    What `before` has stays where it is or is copied: a value is set only where it is new.
    """
    return tuple(_changed((), (), before, after))


def name_of(item: Json) -> str | None:
    """The name that identifies an object within its list."""
    return next((str(item[key]) for key in ("name", "key", "containerName", "containerPort") if item.get(key)), None)


def same(one: Any, another: Any) -> bool:
    """Whether two JSON values are equal; to Python, 1 equals True."""
    return one is another or json.dumps(one, sort_keys=True, default=str) == json.dumps(
        another, sort_keys=True, default=str
    )


def _changed(at: Path, source: Path, before: Any, after: Any) -> Iterator[Edit]:
    """`before` stands at `at` now, and stood at `source` in the beginning."""
    if before is after:  # a fix shares what it does not change
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from (Remove((*at, name)) for name in before if name not in after)
        for name, value in after.items():
            if name in before:
                yield from _changed((*at, name), (*source, name), before[name], value)
            else:
                yield Set((*at, name), value)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _changed_list(at, source, before, after)
    elif not same(before, after):
        yield Set(at, after)


def _changed_list(at: Path, source: Path, before: list[Any], after: list[Any]) -> Iterator[Edit]:
    origins = _origins(before, after)
    kept = [origin for origin in origins if origin is not None]
    if not kept:
        if before or after:
            yield Set(at, after)
        return
    # Items can stay in place only if they keep their order and new ones come last.
    in_place = kept == sorted(kept) and origins[: len(kept)] == kept
    if in_place:
        yield from (Remove((*at, index)) for index in reversed(range(len(before))) if index not in kept)
    else:
        yield Set(at, [])
    for index, (origin, value) in enumerate(zip(origins, after, strict=True)):
        place = (*at, index)
        if origin is None:
            yield Set(place, value)
            continue
        if not in_place:
            yield Copy(place, (*source, origin))
        yield from _changed(place, (*source, origin), before[origin], value)


def _origins(before: list[Any], after: list[Any]) -> list[int | None]:
    """For each of `after`, the index in `before` of the same thing: by its name, else by being equal."""
    named_before, named_after = _names(before), _names(after)
    if named_before is not None and named_after is not None:
        return [named_before.get(name) for name in named_after]
    left = dict(enumerate(before))
    found = list[int | None]()
    for value in after:
        origin = next((index for index, one in left.items() if same(one, value)), None)
        found.append(origin)
        if origin is not None:
            del left[origin]
    return found


def _names(items: list[Any]) -> dict[str, int] | None:
    """Name → index; None where an item has no name, or shares it."""
    names = [name_of(item) if isinstance(item, Mapping) else None for item in items]
    found = {name: index for index, name in enumerate(names) if name is not None}
    return found if len(found) == len(items) else None
