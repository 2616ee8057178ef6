"""The forms in which the ledger keeps values as JSON. Each is made when it is first needed: making one is slow."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from aws.ledger.table import packed, unpacked

_FORMS = dict[type, TypeAdapter[Any]]()


def form[T](of: type[T]) -> TypeAdapter[T]:
    """Return the form of a type."""
    if of not in _FORMS:
        _FORMS[of] = TypeAdapter(of)
    return _FORMS[of]


def read[T](of: type[T], item: Mapping[str, Any]) -> T:
    """Return the value in an item's body."""
    return form(of).validate_json(unpacked(item["body"]))


def body_of[T](of: type[T], value: T, *, exclude_defaults: bool = False) -> dict[str, Any]:
    """Return a value as an item's body."""
    return {"body": packed(form(of).dump_json(value, exclude_defaults=exclude_defaults))}
