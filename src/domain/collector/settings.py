"""One struct of a configuration as the collector has it after reading: what is set, and the defaults of what is not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from domain.collector.options import Option, OptionKind
from domain.collector.problems import Problem, ProblemCode, Topic
from domain.collector.reading import Value
from domain.collector.references import has_reference
from domain.collector.releases import Release
from domain.collector.scalars import go_duration, prometheus_duration

_NO_OPTION: Final = Option(OptionKind.ANY)
_ZERO: Final[Mapping[OptionKind, Value]] = {
    OptionKind.STRING: "",
    OptionKind.BOOL: False,
    OptionKind.INT: 0,
    OptionKind.UINT: 0,
    OptionKind.FLOAT: 0,
    OptionKind.DURATION: 0,
    OptionKind.LIST: (),
}


class NotKnown(Enum):
    """The value is known only when the task starts, or has a form that was refused already."""

    NOT_KNOWN = "not known"


NOT_KNOWN: Final = NotKnown.NOT_KNOWN


def is_empty(value: Value | NotKnown) -> bool:
    """Return whether there is nothing: null, an empty text or an empty list."""
    return value is None or (isinstance(value, str | tuple) and not value)


@dataclass(frozen=True, slots=True)
class Settings:
    """A struct at `where`. `used` tells if a pipeline names the component: only then is it created."""

    where: str
    given: Mapping[str, Value] = field(repr=False)
    option: Option = field(repr=False)
    release: Release | None = None
    used: bool = True
    broken: frozenset[str] = frozenset()
    """Keys whose values have the wrong form."""

    def has(self, key: str) -> bool:
        """Tell if the key is written, null included."""
        return key in self.given

    def at(self, key: str) -> str:
        """Give the path of a key."""
        return f"{self.where}/{key}"

    def value(self, key: str) -> Value | NotKnown:
        """Give the value as the collector has it: the default of what is left out, the zero of what is null."""
        option = (self.option.keys or {}).get(key, _NO_OPTION)
        if key in self.broken:
            return NOT_KNOWN
        if key not in self.given:
            return _ZERO.get(option.kind) if option.default is None else option.default
        value = self.given[key]
        if value is None:
            return _ZERO.get(option.kind)
        return NOT_KNOWN if has_reference(value, self.release) else value

    def is_set(self, key: str) -> bool | None:
        """Tell if a value is written that is not empty; None where it is not known."""
        value = self.given.get(key)
        return None if has_reference(value, self.release) else not is_empty(value)

    def text(self, key: str) -> str | None:
        """Give a text; None where it is not known."""
        value = self.value(key)
        return value if isinstance(value, str) else None

    def number(self, key: str) -> float | None:
        """Give a number; None where it is not known."""
        value = self.value(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def switch(self, key: str) -> bool | None:
        """Give a bool; None where it is not known."""
        value = self.value(key)
        return value if isinstance(value, bool) else None

    def duration(self, key: str) -> int | None:
        """Give a duration in nanoseconds; None where it is not known."""
        value = self.value(key)
        if isinstance(value, str):
            prometheus = (self.option.keys or {}).get(key, _NO_OPTION).prometheus
            return prometheus_duration(value) if prometheus else go_duration(value)
        return int(value) if isinstance(value, int | float) else None

    def entries(self, key: str) -> tuple[Value, ...] | None:
        """Give a list; None where it is not known. One text stands for a list with it alone."""
        value = self.value(key)
        if isinstance(value, str):
            return tuple(value.split(",")) if value else ()
        return value if isinstance(value, tuple) else None

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Give the texts of a list, null as an empty one; None where one of them is not known."""
        entries = self.entries(key)
        if entries is None or any(has_reference(entry, self.release) for entry in entries):
            return None
        # Prometheus' own reader takes numbers and true for texts; elsewhere they were refused already.
        return tuple("" if entry is None else str(entry) for entry in entries)

    def below(self, key: str) -> "Settings":
        """Give the struct at a key, empty where it is left out."""
        value = self.given.get(key)
        option = (self.option.keys or {}).get(key, _NO_OPTION)
        given = value if isinstance(value, Mapping) else {}
        return Settings(self.at(key), given, option, self.release, self.used)

    def each(self, key: str) -> Iterator["Settings"]:
        """Give each struct of a list, null as an empty one."""
        option = (self.option.keys or {}).get(key, _NO_OPTION).element or _NO_OPTION
        value = self.given.get(key)
        for index, entry in enumerate(value if isinstance(value, tuple) else ()):
            if entry is None or isinstance(entry, Mapping):
                yield Settings(f"{self.at(key)}[{index}]", entry or {}, option, self.release, self.used)

    def problem(self, code: ProblemCode, key: str = "", **shown: str | tuple[str, ...]) -> Problem:
        """Give a problem with the value of a key, or with the whole struct."""
        return Problem(Topic.VALUES, code, self.at(key) if key else self.where, **shown)  # type: ignore[arg-type] # names are Problem's own
