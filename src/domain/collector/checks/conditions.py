"""Conditions in OTTL, judged by their form alone: their words, brackets and comparisons."""

import re
from itertools import accumulate
from typing import Final

from domain.collector.checks.building import Check, all_readable

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<number>0x[0-9a-fA-F]+|\d+(?:\.\d+)?)
      | (?P<compare>==|!=|<=|>=|<|>)
      | (?P<bracket>[()\[\]{},:])
      | (?P<math>[-+*/])
      | (?P<named>=)
      | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<dot>\.)
    )""",
    re.VERBOSE | re.ASCII,
)
_OPENS: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSES: Final = frozenset(_OPENS.values())
_DEEPEST: Final = 100  # brackets within brackets
_LONGEST: Final = 5000  # tokens; more of both would take seconds


def conditions(key: str) -> Check:
    """Refuse a list with a condition that the collector cannot read."""
    return all_readable(key, condition_fault, "a condition in OTTL")


def condition_fault(condition: str) -> str:
    """Say in a few words why a condition cannot be read; empty where its form is right."""
    if not condition.strip():
        return "it is empty"
    tokens = _tokens(condition)
    if tokens is None:
        return "it has a character, or a text without its end, that no condition has"
    if not _balanced(tokens):
        return "its brackets do not match"
    if len(tokens) > _LONGEST or _depth(tokens) > _DEEPEST:
        return ""
    return "" if _is_boolean(tokens) else "it compares nothing"


def _tokens(condition: str) -> list[tuple[str, str]] | None:
    found, position, text = list[tuple[str, str]](), 0, condition.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        position = match.end()
    return found


def _balanced(tokens: list[tuple[str, str]]) -> bool:
    open_ = list[str]()
    for kind, token in tokens:
        if kind != "bracket":
            continue
        if token in _OPENS:
            open_.append(_OPENS[token])
        elif token in _CLOSES and (not open_ or open_.pop() != token):
            return False
    return not open_


def _depth(tokens: list[tuple[str, str]]) -> int:
    steps = ((token in _OPENS) - (token in _CLOSES) for kind, token in tokens if kind == "bracket")
    return max(accumulate(steps), default=0)


def _is_boolean(tokens: list[tuple[str, str]]) -> bool:
    """Tell if each part between `and` and `or` compares, calls a function, or is true or false."""
    parts, depth = [list[tuple[str, str]]()], 0
    for kind, token in tokens:
        depth += (token in _OPENS) - (token in _CLOSES) if kind == "bracket" else 0
        if depth == 0 and kind == "word" and token in {"and", "or"}:
            parts.append([])
        else:
            parts[-1].append((kind, token))
    return all(_is_term(part) for part in parts)


def _is_term(part: list[tuple[str, str]]) -> bool:
    while part and part[0] == ("word", "not"):
        part = part[1:]
    if not part:
        return False
    if len(part) == 1:
        return part[0][1] in {"true", "false"}
    depth = 0
    for index, (kind, token) in enumerate(part):
        if kind == "compare" and depth == 0:
            return 0 < index < len(part) - 1
        depth += (token in _OPENS) - (token in _CLOSES) if kind == "bracket" else 0
    if part[0] == ("bracket", "("):
        return part[-1] == ("bracket", ")") and _is_boolean(part[1:-1])
    # A function's name begins with a capital letter.
    return part[0][0] == "word" and part[0][1][0].isupper() and part[1] == ("bracket", "(")
