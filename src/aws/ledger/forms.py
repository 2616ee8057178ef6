"""The forms in which the ledger keeps values as JSON. Each is made when it is first needed: making one is slow."""

from typing import Any

from pydantic import TypeAdapter

_FORMS = dict[type, TypeAdapter[Any]]()


def form[T](of: type[T]) -> TypeAdapter[T]:
    """Return the form of a type."""
    if of not in _FORMS:
        _FORMS[of] = TypeAdapter(of)
    return _FORMS[of]
