"""DynamoDB's condition, key, filter and update expressions."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tests.aws_fake.service import Refused, Unsupported

type Value = dict[str, Any]  # {"S": "text"}
type Item = dict[str, Value]
type Node = tuple[Any, ...]

_TOKEN = re.compile(r"\s*(?:([#:]?\w+)|(<>|<=|>=|[=<>(),+\-]))")
_FUNCTIONS = frozenset({"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"})
_COMPARES: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
}


@dataclass
class Given:
    """The names and values that come with expressions, and which of them were used."""

    names: Mapping[str, str]
    values: Mapping[str, Value]
    used: set[str] = field(default_factory=set)

    def expression(self, text: str, parse: Callable[[str], Any]) -> Any:
        """Parse an expression, and take note of the names and values in it."""
        used = {token for token in _tokens(text) if token[0] in "#:"}
        for token in used:
            if token not in (self.names if token[0] == "#" else self.values):
                raise Refused("ValidationException", f"An expression attribute is not defined: {token}")
        self.used |= used
        return parse(text)

    def refuse_unused(self) -> None:
        if unused := {*self.names, *self.values} - self.used:
            raise Refused("ValidationException", f"Unused in expressions: {sorted(unused)}")

    def name(self, path: str) -> str:
        return self.names[path] if path.startswith("#") else path


@lru_cache(maxsize=1000)
def _tokens(text: str) -> tuple[str, ...]:
    found, at = list[str](), 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unsupported(f"the expression {text!r}")
        found.append(match[1] or match[2])
        at = match.end()
    return tuple(found)


class _Parser:
    """By recursive descent: OR, AND, NOT, comparison."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at = text, _tokens(text), 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token.upper() != wanted):
            raise Refused("ValidationException", f"Syntax error in {self.text!r} at {token!r}")
        self.at += 1
        return token

    def takes(self, word: str) -> bool:
        if self.peek().upper() != word:
            return False
        self.at += 1
        return True

    def end[T](self, found: T) -> T:
        if self.peek():
            raise Refused("ValidationException", f"Syntax error in {self.text!r} at {self.peek()!r}")
        return found

    def condition(self) -> Node:
        node = self.both()
        while self.takes("OR"):
            node = ("or", node, self.both())
        return node

    def both(self) -> Node:
        node = self.single()
        while self.takes("AND"):
            node = ("and", node, self.single())
        return node

    def single(self) -> Node:
        if self.takes("NOT"):
            return ("not", self.single())
        if self.takes("("):
            node = self.condition()
            self.next(")")
            return node
        if self.peek() in _FUNCTIONS:
            return (self.next(), *self.arguments())
        one = self.operand()
        if self.takes("BETWEEN"):
            low = self.operand()
            self.next("AND")
            return ("and", (">=", one, low), ("<=", one, self.operand()))
        if self.takes("IN"):
            return ("in", one, *self.arguments())
        return (self.next(), one, self.operand())

    def arguments(self) -> Iterator[Node]:
        self.next("(")
        yield self.operand()
        while self.takes(","):
            yield self.operand()
        self.next(")")

    def operand(self) -> Node:
        token = self.next()
        if self.peek() == "(" and token in {"size", "if_not_exists", "list_append"}:
            return (token, *self.arguments())
        return ("value" if token.startswith(":") else "path", token)

    def changes(self) -> Iterator[Node]:
        """(verb, path, operand) of an update."""
        while self.peek():
            verb = self.next().upper()
            if verb not in {"SET", "REMOVE", "ADD", "DELETE"}:
                raise Refused("ValidationException", f"Syntax error in {self.text!r} at {verb!r}")
            while True:
                yield self.change(verb)
                if not self.takes(","):
                    break

    def change(self, verb: str) -> Node:
        path = self.next()
        if verb == "REMOVE":
            return (verb, path, None)
        if verb != "SET":
            return (verb, path, self.operand())
        self.next("=")
        operand = self.operand()
        while self.peek() in {"+", "-"}:
            operand = (self.next(), operand, self.operand())
        return (verb, path, operand)


@lru_cache(maxsize=1000)
def condition(text: str) -> Node:
    parser = _Parser(text)
    return parser.end(parser.condition())


@lru_cache(maxsize=1000)
def update(text: str) -> tuple[Node, ...]:
    parser = _Parser(text)
    return parser.end(tuple(parser.changes()))


def holds(node: Node, item: Item, given: Given) -> bool:
    match node:
        case ("or", one, other):
            return holds(one, item, given) or holds(other, item, given)
        case ("and", one, other):
            return holds(one, item, given) and holds(other, item, given)
        case ("not", one):
            return not holds(one, item, given)
        case (test, *operands):
            one, *rest = (_value(each, item, given) for each in operands)
            return _passes(test, one, rest)
        case _:
            raise Unsupported(f"the condition {node}")


def _passes(test: str, one: Value | None, rest: list[Value | None]) -> bool:
    match test:
        case "attribute_exists":
            return one is not None
        case "attribute_not_exists":
            return one is None
        case "<>":
            return one != rest[0]
        case _:
            return one is not None and any(each is not None and _compares(test, one, each) for each in rest)


def _compares(test: str, one: Value, other: Value) -> bool:
    [(kind, held)], [(wanted, sought)] = one.items(), other.items()
    if test in _COMPARES:
        return kind == wanted and _COMPARES[test](*(Decimal(each) if kind == "N" else each for each in (held, sought)))
    match test:
        case "=" | "in":
            return one == other
        case "attribute_type":
            return bool(kind == sought)
        case "begins_with":
            return kind == wanted and bool(held.startswith(sought))
        case "contains":
            return other in held if kind == "L" else sought in held
        case _:
            raise Unsupported(f"{test} in an expression")


def _value(node: Node, item: Item, given: Given) -> Any:
    match node:
        case ("value", token):
            return given.values[token]
        case ("path", path):
            return item.get(given.name(path))
        case ("size", path):
            held = _value(path, item, given)
            return None if held is None else {"N": str(len(next(iter(held.values()))))}
        case ("if_not_exists", path, default):
            held = _value(path, item, given)
            return held if held is not None else _value(default, item, given)
        case ("list_append", one, other):
            return {"L": _value(one, item, given)["L"] + _value(other, item, given)["L"]}
        case ("+" | "-" as sign, one, other):
            left, right = (_number(_value(each, item, given)) for each in (one, other))
            return {"N": str(left + right if sign == "+" else left - right)}
        case _:
            raise Unsupported(f"{node[0]} in an expression")


def _number(value: Value | None) -> Decimal:
    if value is None or "N" not in value:
        raise Refused("ValidationException", "An operand in the update expression has an incorrect data type")
    return Decimal(value["N"])


def updated(changes: tuple[Node, ...], item: Item, given: Given) -> Item:
    """The item as an update leaves it; every operand is read from the item as it was."""
    made = dict(item)
    for verb, path, operand in changes:
        name, value = given.name(path), None if operand is None else _value(operand, item, given)
        match verb:
            case "SET":
                if value is None:
                    raise Refused(
                        "ValidationException", "The provided expression refers to an attribute not in the item"
                    )
                made[name] = value
            case "REMOVE":
                made.pop(name, None)
            case "ADD":
                made[name] = _added(made.get(name), value)
            case _:
                made = _without(made, name, value)
    return made


def _added(held: Value | None, value: Any) -> Value:
    [(kind, amount)] = value.items()
    match kind:
        case "N":
            return {"N": str(Decimal(held["N"] if held else 0) + Decimal(amount))}
        case "SS" | "NS" | "BS":
            return {kind: sorted({*(held or {}).get(kind, ()), *amount})}
        case _:
            raise Refused("ValidationException", f"Incorrect operand type for operator ADD: {kind}")


def _without(item: Item, name: str, value: Any) -> Item:
    [(kind, gone)] = value.items()
    left = sorted(set(item.get(name, {}).get(kind, ())) - set(gone))
    return {key: each for key, each in item.items() if key != name} | ({name: {kind: left}} if left else {})


def equals(node: Node, name: str, given: Given) -> Value | None:
    """The value that a key condition wants of this attribute, if it wants one."""
    match node:
        case ("and", one, other):
            return equals(one, name, given) or equals(other, name, given)
        case ("=", ("path", path), ("value", token)) if given.name(path) == name:
            return given.values[token]
        case _:
            return None
