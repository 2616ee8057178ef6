"""The standard of one account as a document, in which each value says which line of the standard it comes from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from domain.organization import Membership
from domain.standard.document import Standard
from domain.standard.layered import layered, layers_of
from domain.standard.part import Part
from domain.standard.problems import Path
from domain.standard.sections import SETTABLE, Mode
from domain.standard.strictness import strictest
from domain.standard.text import position_of

_LEFT_OUT = frozenset({"layers"})


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the document, at `path`, and where it comes from: `origin` is empty for a default."""

    path: Path
    value: Any
    origin: Path = ()


@dataclass(frozen=True, slots=True)
class Origins:
    """The standard of an account, and the lines that it comes from. `node` is the document's."""

    standard: Standard
    node: yaml.Node
    member: Membership

    @property
    def layers(self) -> tuple[int, ...]:
        """Return the indexes of the layers for the account; the last one wins."""
        return layers_of(self.standard, self.member)

    def line(self, origin: Path) -> int:
        """Return the line of a field."""
        return position_of(self.node, origin).line

    def values(self) -> Iterator[Value]:
        """Yield every value, in the order of the document."""
        found = layered(self.standard, self.layers)
        for name in Standard.__dataclass_fields__:
            value = getattr(found, name)
            match value:
                case _ if name in _LEFT_OUT:
                    continue
                case Part():
                    for field in value.__dataclass_fields__:  # type: ignore[attr-defined] # a dataclass
                        yield self._field(name, field, getattr(value, field))
                case _ if name in {"rules", "exemptions"}:
                    yield from self._entries(name, value)
                case _:
                    yield Value((name,), plain(value), self._of_document(name))
        yield from self._tightened(found)

    def _of_document(self, name: str) -> Path:
        if name == "mode":
            set_in = [i for i in self.layers if self.standard.layers[i].mode is not None]
            if set_in:
                return ("layers", set_in[-1], "mode")
        return (name,) if name in self.standard.model_fields_set else ()

    def _field(self, section: str, field: str, value: object) -> Value:
        own = getattr(self.standard, section)
        origin: Path = (section, field) if field in own.model_fields_set else ()
        if value != getattr(own, field):
            for i in self.layers:
                if field in self.standard.layers[i].set.get(section, {}):
                    origin = ("layers", i, "set", section, field)
        return Value((section, field), plain(value), origin)

    def _entries(self, name: str, values: Sequence[Part]) -> Iterator[Value]:
        own = len(getattr(self.standard, name))
        origins: list[Path] = [(name, i) for i in range(own)]
        for i in self.layers:
            origins += [("layers", i, name, at) for at in range(len(getattr(self.standard.layers[i], name)))]
        if not values:
            yield Value((name,), [])
        for i, (value, origin) in enumerate(zip(values, origins, strict=True)):
            yield Value((name, i), plain(value), origin)

    def _tightened(self, found: Standard) -> Iterator[Value]:
        """Yield the entry that gives locked rules the organisation's values, where a layer has looser ones."""
        changes: dict[str, dict[str, Any]] = {}
        for section in SETTABLE:
            own, given = getattr(self.standard, section), getattr(found, section)
            tight = strictest(section, own, given)
            for field in own.__dataclass_fields__:
                if getattr(tight, field) != getattr(given, field):
                    changes.setdefault(section, {})[field] = plain(getattr(tight, field))
        if changes and self.standard.locked.rules:
            entry = {"rules": list(self.standard.locked.rules), "set": changes}
            yield Value(("rules", len(found.rules)), entry, ("locked", "rules"))


def plain(value: object) -> Any:
    """Return a value as YAML writes it, without the defaults of sections within."""
    match value:
        case Part():
            given = {name: plain(getattr(value, name)) for name in value.model_dump(exclude_defaults=True)}
            return {name: each for name, each in given.items() if each != {}}
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case Mode.OFF:
            return "off"
        case str():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            return value
