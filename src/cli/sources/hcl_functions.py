"""Terraform's functions that are evaluated: those that people use for names, lists and numbers."""

import json
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cli.texts import integer

_FILE = re.compile(r'file\("[^"]*"\)')
_TEXT = re.compile(r'(?<!\[)"[^"]*"')
_NESTED = re.compile(r'"[^"]*(?:[$%]\{|\\)')
"""The beginning of a text in which the next quotation mark may not be its end."""
_TEXTS = re.compile(r'".*"', re.DOTALL)
_HEREDOC = re.compile(r"<<-?\w.*", re.DOTALL)
_LONGEST: Final = 80
_LARGEST: Final = 10**18
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
}


def text_of(value: Any) -> str:
    """Return a value as Terraform writes it into a text."""
    if isinstance(value, bool | dict | list):  # an object is here only if it was encoded
        return json.dumps(value)
    return "" if value is None else str(value)


def title_of(expression: str) -> str:
    """Return an expression as people know it: short, and without the texts in it, which may be values."""
    if _FILE.fullmatch(expression):
        return expression
    texts = _TEXTS if _NESTED.search(expression) else _TEXT
    masked, heredocs = _HEREDOC.subn("…", texts.sub('"…"', expression))
    called = re.match(r"[\w.:-]+\(", masked)
    if len(masked) <= _LONGEST and not heredocs:
        return masked
    return f"{called[0]}…)" if called else f"{masked[:_LONGEST].rstrip('…')}…"


def _number(value: Any) -> Any:
    return integer(str(value)) if isinstance(value, str | int) else None


def _replaced(text: str, old: str, new: str) -> Any:
    return None if old.startswith("/") else text.replace(old, new)


def _formatted(form: str, *values: Any) -> Any:
    if len(re.findall(r"%[sd]", form)) != len(values) or form.count("%") != len(values):
        return None
    pieces = re.split(r"%[sd]", form)
    return "".join(piece + text for piece, text in zip(pieces, [*map(text_of, values), ""], strict=True))


def calculated(sign: str, values: Sequence[Any]) -> Any:
    """Return what an operator makes of two numbers; None if it is not calculated here."""
    if sign not in _OPERATORS or [type(value) in {int, float} for value in values] != [True, True]:
        return None
    try:
        result = _OPERATORS[sign](*values)
        if not abs(result) <= _LARGEST:  # nor one that is no number
            return None
        return int(result) if int(result) == result else result
    except (ZeroDivisionError, OverflowError, ValueError):
        return None  # Terraform would refuse it


_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "tostring": text_of,
    "trimspace": lambda text: text.strip(),
    "tonumber": _number,
    "floor": math.floor,
    "ceil": math.ceil,
    "max": max,
    "min": min,
    "lower": lambda text: text.lower(),
    "upper": lambda text: text.upper(),
    "join": lambda by, items: by.join(map(text_of, items)),
    "split": lambda by, text: text.split(by),
    "replace": _replaced,
    "format": _formatted,
    "coalesce": lambda *items: next((item for item in items if item is not None and item != ""), None),
    "length": len,
    "lookup": lambda values, key, default=None: values.get(key, default),
    "element": lambda items, index: items[index % len(items)],
    "compact": lambda items: [item for item in items if item],
}


def called(name: str, args: Sequence[Any]) -> Any:
    """Return the value of a function of known values; None if it is not evaluated here."""
    function = _FUNCTIONS.get(name)
    if function is None:
        return None
    try:
        return function(*args)
    except (TypeError, ValueError, AttributeError, IndexError, ZeroDivisionError, OverflowError):
        return None  # Terraform would refuse the call


def is_quoted(text: str) -> bool:
    """Return whether a JSON text ends within quotes."""
    row = text.rpartition("\n")[2]
    return len(re.findall(r'(?<!\\)"', row)) % 2 == 1
