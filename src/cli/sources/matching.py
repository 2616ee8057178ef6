"""Which parts of a list are the same ones before and after a change."""

import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

_NAMES = ("name", "key", "containerName", "sourceVolume", "family")
"""The members by which items of ECS's lists are known, and task definitions in a list."""


def matched(old: Sequence[Any], new: Sequence[Any]) -> Mapping[int, int]:
    """Return which old item is kept for each new one, by their places.

    It is one of the same name, or an equal one; between these, one that has no name either.
    """
    matcher = SequenceMatcher(None, [*map(_label, old)], [*map(_label, new)], autojunk=False)
    found = dict[int, int]()
    for _, a, a_end, b, b_end in matcher.get_opcodes():
        pairs = zip(range(a, a_end), range(b, b_end), strict=False)
        found |= {j: i for i, j in pairs if name_of(old[i]) == name_of(new[j])}
    return found


def name_of(item: Any) -> str | None:
    """Return the member that names an item of a list, and its value; None if it has no name."""
    if isinstance(item, dict):
        return next((f"{name} {item[name]}" for name in _NAMES if isinstance(item.get(name), str)), None)
    return None


def _label(item: Any) -> str:
    return name_of(item) or json.dumps(item, sort_keys=True)
