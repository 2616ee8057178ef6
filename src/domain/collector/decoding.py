"""Names and forms of options, read as the collector reads them: unknown keys, wrong types, durations.

How types are read was measured with real collectors: a bool is only true or false, a number is not quoted, a text is
no number, a list of texts takes one text, one of component ids does not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from domain.collector.checks import CHECKS, FORMS, TEXTS
from domain.collector.options import Option, OptionKind, UnknownKeys
from domain.collector.problems import Problem, ProblemCode, Topic
from domain.collector.reading import Value
from domain.collector.references import has_reference
from domain.collector.releases import Release
from domain.collector.scalars import (
    go_duration,
    is_component_id,
    nearest,
    prometheus_duration,
    shown,
    shown_duration,
)
from domain.collector.settings import Settings

_ID: Final = "component.ID"
_HEADERS: Final = "configopaque.MapList"
_PROMETHEUS_TIME: Final = "model.Duration"
_UNITS: Final = "ms, s, m and h"
_PROMETHEUS_UNITS: Final = "ms, s, m, h, d, w and y"
_BYTES: Final = "helper.ByteSize"
_URL: Final = "config.URL"
"""Prometheus' own type has fields, and is written as a text."""
_SWITCH: Final = Option(OptionKind.BOOL, type="enabled")
_NEVER_NULL: Final = frozenset({"ottl.ErrorMode", _SWITCH.type})
_CONDITIONS: Final = "condition.ContextConditions"
"""Groups of conditions. A list of them may have texts instead, each a condition, if it has nothing else."""
_POLICIES: Final = "tailsamplingprocessor."
"""What these structs do not know, they take for the settings of a policy of another type: mappings."""
# Numbers of Prometheus' that are written as texts of their own.
_WORDED_NUMBERS: Final = frozenset({"config.TLSVersion", "model.ValidationScheme"})
# Numbers that may be a word: `required_acks: all`.
_ALSO_WORDS: Final[Mapping[str, frozenset[str]]] = {"configkafka.RequiredAcks": frozenset({"all"})}

_KINDS: Final[Mapping[OptionKind, str]] = {
    OptionKind.STRUCT: "a mapping",
    OptionKind.MAP: "a mapping",
    OptionKind.LIST: "a list",
    OptionKind.STRING: "a text",
    OptionKind.BOOL: "true or false",
    OptionKind.INT: "a number",
    OptionKind.UINT: "a number that is not negative",
    OptionKind.FLOAT: "a number",
    OptionKind.DURATION: "a duration",
    OptionKind.ANY: "anything",
}


def form_of(value: Value) -> str:
    """Say what kind a value is of, and nothing else of it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case Mapping():
            return "a mapping"
        case _:
            return "a list"


@dataclass(frozen=True, slots=True)
class Decoder:
    """Reads the values of one component by their options; `used` tells if a pipeline names it."""

    release: Release | None
    used: bool = True

    def problems(self, value: Value, option: Option, where: str) -> Iterator[Problem]:
        """Yield what the collector refuses of a value."""
        if value is None and option.type in _NEVER_NULL:
            yield _wrong(value, option, where)
        if value is None or has_reference(value, self.release):
            return
        match option.kind:
            case OptionKind.STRUCT if option.type == _URL:
                yield from _text(value, Option(OptionKind.STRING, prometheus=True), where)
            case OptionKind.STRUCT:
                yield from self._struct(value, option, where)
            case OptionKind.MAP:
                if not isinstance(value, Mapping):
                    yield _wrong(value, option, where)
                elif option.element is not None:
                    for key, entry in value.items():
                        yield from self.problems(entry, option.element, f"{where}/{shown(key)}")
            case OptionKind.LIST:
                yield from self._list(value, option, where)
            case _:
                yield from _scalar(value, option, where)

    def _struct(self, value: Value, option: Option, where: str) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            yield _wrong(value, option, where)
            return
        keys = option.keys or {}
        broken = set[str]()
        for key, entry in value.items():
            if (below := keys.get(key)) is None:
                if key == "enabled" and option.optional:
                    yield from self.problems(entry, _SWITCH, f"{where}/enabled")
                elif _is_refused(entry, option) and not has_reference(key, self.release):
                    yield _unknown(key, option, where)
                continue
            found = tuple(self.problems(entry, below, f"{where}/{key}"))
            if found:
                broken.add(key)
                yield from found
        if option.optional and value.get("enabled") is False:
            return
        settings = Settings(where, value, option, self.release, self.used, frozenset(broken))
        for check in CHECKS.get(option.type, ()):
            yield from check(settings)

    def _list(self, value: Value, option: Option, where: str) -> Iterator[Problem]:
        element = option.element
        if isinstance(value, Mapping) and option.type == _HEADERS:
            for key, entry in value.items():
                yield from self.problems(entry, Option(OptionKind.STRING), f"{where}/{shown(key)}")
        elif isinstance(value, tuple):
            if element is None:
                return
            plain = (isinstance(entry, str) and not has_reference(entry, self.release) for entry in value)
            if element.type == _CONDITIONS and any(plain):
                yield from self._plain_conditions(value, element, where)
                return
            for index, entry in enumerate(value):
                if entry is None and element.prometheus and element.kind is OptionKind.STRUCT:
                    yield _wrong(entry, element, f"{where}[{index}]")
                elif entry is None and element.kind is OptionKind.STRUCT:
                    yield from self.problems({}, element, f"{where}[{index}]")
                else:
                    yield from self.problems(entry, element, f"{where}[{index}]")
        elif not (isinstance(value, str) and _takes_one_text(option)):
            yield _wrong(value, option, where)

    def _plain_conditions(self, value: tuple[Value, ...], group: Option, where: str) -> Iterator[Problem]:
        for index, entry in enumerate(value):
            place = f"{where}[{index}]"
            if isinstance(entry, str):
                for problem in self.problems({"conditions": (entry,)}, group, place):
                    yield replace(problem, where=place)
            else:
                yield _wrong(entry, Option(OptionKind.STRING), place)


def _is_refused(entry: Value, option: Option) -> bool:
    """Tell if a struct refuses an entry whose key it does not have."""
    if option.unknown is UnknownKeys.UNDECIDED and option.type.startswith(_POLICIES):
        return entry is not None and not isinstance(entry, Mapping)
    return option.unknown is UnknownKeys.REFUSED


def _takes_one_text(option: Option) -> bool:
    """Tell if one text stands for a list: in lists of plain texts."""
    element = option.element
    return element is not None and element.kind is OptionKind.STRING and not element.text and not option.prometheus


def _wrong(value: Value, option: Option, where: str) -> Problem:
    form = "a list of component ids" if _lists_ids(option) else _KINDS[option.kind]
    return Problem(Topic.OPTIONS, ProblemCode.WRONG_TYPE, where, found=form_of(value), wanted=(form,))


def _lists_ids(option: Option) -> bool:
    return option.kind is OptionKind.LIST and option.element is not None and option.element.type == _ID


def _unknown(key: str, option: Option, where: str) -> Problem:
    names = tuple(option.keys or ())
    return Problem(
        Topic.OPTIONS,
        ProblemCode.UNKNOWN_KEY,
        f"{where}/{shown(key)}",
        found=shown(key),
        wanted=names,
        nearest=nearest(key, names) or _deeper(key, option),
    )


def _deeper(key: str, option: Option) -> str:
    """Give where a key belongs that one struct alone below this one has: `config/scrape_configs`."""
    found = [name for name, below in (option.keys or {}).items() if key in (below.keys or {})]
    return f"{found[0]}/{key}" if len(found) == 1 else ""


def _scalar(value: Value, option: Option, where: str) -> Iterator[Problem]:
    match option.kind:
        case OptionKind.DURATION:
            yield from _duration(value, option, where)
        case OptionKind.STRING:
            yield from _text(value, option, where)
        case OptionKind.BOOL if not isinstance(value, bool):
            yield _wrong(value, option, where)
        case OptionKind.INT | OptionKind.UINT | OptionKind.FLOAT:
            yield from _number(value, option, where)
        case _:
            pass


def _duration(value: Value, option: Option, where: str) -> Iterator[Problem]:
    if isinstance(value, str):
        if go_duration(value) is None:
            yield Problem(Topic.OPTIONS, ProblemCode.DURATION_FORM, where, found=shown_duration(value), limit=_UNITS)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        yield _wrong(value, option, where)


def _text(value: Value, option: Option, where: str) -> Iterator[Problem]:
    if option.prometheus and isinstance(value, int | float):
        value = str(value)  # Prometheus takes numbers and true for texts
    if option.type == _BYTES and isinstance(value, int | float) and not isinstance(value, bool):
        return
    if not isinstance(value, str):
        yield _wrong(value, option, where)
    elif option.type == _PROMETHEUS_TIME and prometheus_duration(value) is None:
        yield Problem(
            Topic.OPTIONS, ProblemCode.DURATION_FORM, where, found=shown_duration(value), limit=_PROMETHEUS_UNITS
        )
    elif option.type == _ID and not is_component_id(value):
        yield Problem(Topic.OPTIONS, ProblemCode.COMPONENT_ID, where)
    elif option.type in TEXTS:
        choices, may_be_empty = TEXTS[option.type]
        if value.lower() not in choices and not (may_be_empty and not value):
            yield Problem(Topic.VALUES, ProblemCode.CHOICE, where, wanted=choices)
    elif option.type in FORMS:
        form, wanted = FORMS[option.type]
        if not form.fullmatch(value):
            yield Problem(Topic.VALUES, ProblemCode.BAD_FORM, where, wanted=(wanted,))


def _number(value: Value, option: Option, where: str) -> Iterator[Problem]:
    if option.type in _WORDED_NUMBERS:
        return
    if isinstance(value, str) and value in _ALSO_WORDS.get(option.type, ()):
        return
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield _wrong(value, option, where)
    elif option.kind is OptionKind.UINT and value < 0:
        yield Problem(Topic.OPTIONS, ProblemCode.TOO_SMALL, where, found=str(value), limit="0")
