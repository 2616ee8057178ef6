"""Values of ECS documents as AWS and people write them: numbers as text, nulls, missing keys, wrong types.

A `Document` is a frozen, typed view over the JSON as it was received. `with_(…)` returns a changed copy, `to_aws()` the
JSON itself. A view never changes its JSON, and nothing that was received is lost, renamed or reordered.
Environment values never show in a repr.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

type Json = Mapping[str, Any]


_MISSING: Json = {}


# A check for dict, which JSON's objects are, costs a fraction of a check for Mapping.
_OBJECT: Final = (dict, Mapping)


_LIST: Final = (list, tuple)


def text_of(value: object) -> str | None:
    """A string or number as text; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def moment_of(value: object) -> datetime | None:
    """A time as ISO 8601 text; None for anything else. Without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def truth_of(value: object) -> bool | None:
    """A boolean, also if written as text; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    return None


def mapping_of(value: object) -> Json:
    """An object; an empty one for anything else."""
    return value if value and isinstance(value, _OBJECT) else _MISSING


def objects_of(value: object) -> tuple[Json, ...]:
    """The objects of a list; other items are skipped."""
    return tuple([item for item in value if isinstance(item, _OBJECT)]) if value and isinstance(value, _LIST) else ()


def texts_of(value: object) -> tuple[str, ...]:
    """The texts of a list; a bare text counts as a list of one."""
    if isinstance(value, str):
        return (value,)
    if not value or not isinstance(value, _LIST):
        return ()
    return tuple([text for item in value if (text := text_of(item)) is not None])


def pairs_of(value: object, key: str, content: str) -> dict[str, str]:
    """`[{"name": …, "value": …}]` as a mapping; the last value of a name wins, as in a container."""
    found = dict[str, str]()
    for item in objects_of(value):
        name, text = item.get(key), item.get(content)
        if type(name) is not str:  # a text is by far the most common, and costs no call
            name = text_of(name)
        if name:
            found[name] = text if type(text) is str else text_of(text) or ""
    return found


@dataclass(frozen=True)
class Document:
    """The base of all views: the JSON, and changed copies of it."""

    json: Json = field(repr=False)

    def with_(self, **members: object) -> Self:
        """Return a copy with these members set, in their old places if they had one; None removes a member."""
        kept = {name: members.get(name, value) for name, value in self.json.items()}
        added = {name: value for name, value in members.items() if name not in kept}
        return type(self)(
            {name: value for name, value in (kept | added).items() if value is not None or name not in members}
        )

    def to_aws(self) -> dict[str, Any]:
        """Return a deep copy of the JSON."""
        return copy.deepcopy(dict(self.json))
