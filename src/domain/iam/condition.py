"""Conditions of statements, evaluated with the known condition keys of a request.

Facts: "Condition operators" and "Multivalued context keys" in the IAM user guide.
"""

import ipaddress
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from operator import eq, ge, gt, le, lt
from typing import Final

from domain.ecs.values import moment_of
from domain.iam.context import ABSENT, Context, Like, Values
from domain.iam.glob import ARN_COLONS, encode, is_literal, relation
from domain.iam.template import Template, template
from domain.iam.truth import Truth, agreed, all_of, any_of, negate

type Compare = Callable[[str | Like, str], Truth]
"""(value in the request, glob or text in the policy) → whether the operator accepts it."""


def _as_glob(value: str | Like) -> str:
    return encode(value.pattern) if isinstance(value, Like) else value


def _same_text(value: str | Like, wanted: str) -> Truth:
    if value == wanted:
        return True
    return relation(wanted, _as_glob(value))


def _same_text_in_any_case(value: str | Like, wanted: str) -> Truth:
    return relation(wanted.lower(), _as_glob(value).lower())


def _same_arn(value: str | Like, wanted: str) -> Truth:
    """Each of the six parts on its own: a wildcard does not reach into the next part, except within the last."""
    asked, given = _as_glob(value).split(":", ARN_COLONS), wanted.split(":", ARN_COLONS)
    if len(asked) == len(given) == ARN_COLONS + 1 and is_literal("".join(asked[:-1])):
        return all_of(relation(one, other) for one, other in zip(given, asked, strict=True))
    # IAM documents only ARNs of six parts. If the whole texts cannot match, no interpretation does.
    return False if relation(wanted, _as_glob(value)) is False else None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str) -> Decimal | None:
    """Seconds since 1970, from those or from ISO 8601."""
    if (seconds := _number(text)) is not None:
        return seconds
    moment = moment_of(text)
    return None if moment is None else Decimal(moment.timestamp())


def _ordered(read: Callable[[str], Decimal | None], holds: Callable[[Decimal, Decimal], bool]) -> Compare:
    def compare(value: str | Like, wanted: str) -> Truth:
        if isinstance(value, Like):
            return None
        left, right = read(value), read(wanted)
        return None if left is None or right is None else holds(left, right)

    return compare


def _same_bool(value: str | Like, wanted: str) -> Truth:
    if isinstance(value, Like) or wanted.lower() not in {"true", "false"} or value.lower() not in {"true", "false"}:
        return None
    return value.lower() == wanted.lower()


def _same_bytes(value: str | Like, wanted: str) -> Truth:
    if isinstance(value, Like):
        return None
    try:
        return b64decode(value, validate=True) == b64decode(wanted, validate=True)
    except ValueError:
        return None


def _in_network(value: str | Like, wanted: str) -> Truth:
    if isinstance(value, Like):
        return None
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Operator:
    compare: Compare
    negated: bool = False
    wildcards: bool = False
    variables: bool = False
    """"You can't use a policy variable with other operators" than those of strings and ARNs."""


def _comparisons(kind: str, read: Callable[[str], Decimal | None]) -> dict[str, _Operator]:
    return {
        f"{kind}Equals": _Operator(_ordered(read, eq)),
        f"{kind}NotEquals": _Operator(_ordered(read, eq), negated=True),
        f"{kind}LessThan": _Operator(_ordered(read, lt)),
        f"{kind}LessThanEquals": _Operator(_ordered(read, le)),
        f"{kind}GreaterThan": _Operator(_ordered(read, gt)),
        f"{kind}GreaterThanEquals": _Operator(_ordered(read, ge)),
    }


_OPERATORS: Final[Mapping[str, _Operator]] = {
    "StringEquals": _Operator(_same_text, variables=True),
    "StringNotEquals": _Operator(_same_text, variables=True, negated=True),
    "StringEqualsIgnoreCase": _Operator(_same_text_in_any_case, variables=True),
    "StringNotEqualsIgnoreCase": _Operator(_same_text_in_any_case, variables=True, negated=True),
    "StringLike": _Operator(_same_text, variables=True, wildcards=True),
    "StringNotLike": _Operator(_same_text, variables=True, wildcards=True, negated=True),
    # "ArnEquals and ArnLike behave identically."
    "ArnEquals": _Operator(_same_arn, variables=True, wildcards=True),
    "ArnLike": _Operator(_same_arn, variables=True, wildcards=True),
    "ArnNotEquals": _Operator(_same_arn, variables=True, wildcards=True, negated=True),
    "ArnNotLike": _Operator(_same_arn, variables=True, wildcards=True, negated=True),
    **_comparisons("Numeric", _number),
    **_comparisons("Date", _moment),
    "Bool": _Operator(_same_bool),
    "BinaryEquals": _Operator(_same_bytes),
    "IpAddress": _Operator(_in_network),
    "NotIpAddress": _Operator(_in_network, negated=True),
}

_NAME = re.compile(r"(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?")


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator of a statement."""

    key: str
    wanted: tuple[Template, ...]
    operator: _Operator | None = field(repr=False)
    quantifier: str | None
    if_exists: bool
    null: bool
    _constant: bool = field(init=False, repr=False, compare=False)
    _of_unknown: Truth = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_constant", all(wanted.fixed is not None for wanted in self.wanted))
        object.__setattr__(self, "_of_unknown", self._whatever_the_key(Context()))

    @classmethod
    def parse(cls, name: str, key: str, wanted: tuple[str, ...], *, variables: bool) -> "Condition":
        found = _NAME.fullmatch(name)
        quantifier, base, suffix = found.groups() if found else (None, name, None)
        operator = _OPERATORS.get(base)
        null = name == "Null"  # IAM has no Null with a quantifier or with IfExists: those stay undecided
        templates = tuple(
            template(
                text,
                wildcards=operator is not None and operator.wildcards,
                variables=variables and operator is not None and operator.variables,
            )
            for text in wanted
        )
        return cls(key.lower(), templates, operator, quantifier, suffix is not None, null)

    def unknown_keys(self, context: Context) -> tuple[str, ...]:
        """Return the keys, its own and those of its variables, that are not known."""
        keys = (self.key, *(key for text in self.wanted for key in text.keys))
        return tuple(key for key in keys if context.values(key) is None)

    def holds(self, context: Context) -> Truth:
        values = context.values(self.key)
        if values is None:
            return self._of_unknown if self._constant else self._whatever_the_key(context)
        return self._holds(values, context)

    def _whatever_the_key(self, context: Context) -> Truth:
        """Evaluate both cases of an unknown key: absent, or some value."""
        return agreed((self._holds(ABSENT, context), self._holds((Like("*"),), context)))

    def _holds(self, values: Values, context: Context) -> Truth:
        if not self.wanted:
            return None
        if self.null:
            return any_of(_same_bool("false" if values else "true", wanted.literal) for wanted in self.wanted)
        if self.operator is None:
            return None
        if not values:
            if self.if_exists or self.quantifier == "ForAllValues":
                return True
            # "If the policy condition requires that the key is not matched and it is not present, it is true."
            return self.operator.negated and self.quantifier is None
        if len(values) == 1 and self.quantifier is None:
            return self._holds_for(values[0], self.operator, context)
        answers = [self._holds_for(value, self.operator, context) for value in values]
        match self.quantifier:
            case "ForAllValues":
                # "… or if the key resolves to a null data set, such as an empty string"
                return True if all(value == "" for value in values) else all_of(answers)
            case "ForAnyValue":
                return any_of(answers)
            case _:
                return agreed(answers)  # IAM defines nothing for several values without a quantifier

    def _holds_for(self, value: str | Like, operator: _Operator, context: Context) -> Truth:
        answer: Truth = False
        for wanted in self.wanted:
            text, exact = wanted.resolve(context)
            if text is None:
                continue  # "There is no equal or like value"
            same = operator.compare(value, text)
            if same and exact:
                return not operator.negated
            if same is not False:
                answer = None
        return negate(answer) if operator.negated else answer
