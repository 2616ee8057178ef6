"""A collector's configuration: the places in a file that is one, and what of one is open."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from cli.sources.definition import Origin
from cli.sources.nodes import Node
from cli.sources.resolving import first_open, open_text
from domain.collector import CollectorConfiguration, ConfigurationUnreadable
from domain.collector.reading import Value
from domain.collector.references import has_reference
from domain.facts import Parameter


@dataclass(frozen=True)
class ConfigurationOrigin(Origin):
    """Places in a configuration, which are looked for only when one is asked for.

    In one that cannot be read every place is the one at which reading ends.
    """

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        from cli.sources import yaml_text  # noqa: PLC0415 - most configurations have no drift

        try:
            CollectorConfiguration.parse(self.text)
            root = yaml_text.node_of(self.text)
        except ConfigurationUnreadable as unreadable:
            root = self._end_at(unreadable.line, unreadable.column)
        except yaml_text.NotYaml as error:
            root = self._end_at(error.line, error.column)
        return {} if root is None else {"parameter": root}

    def _end_at(self, line: int | None, column: int | None) -> Node | None:
        if line is None or column is None:
            return None
        lines = self.text.splitlines(keepends=True)
        at = min(sum(map(len, lines[: line - 1])) + column - 1, len(self.text))
        return Node(at, at, None)


def has_only_open_values(configuration: CollectorConfiguration) -> bool:
    """Return whether all keys of a configuration are known, so that what is open are values."""
    return not any(map(has_reference, _keys_within(configuration.document)))


def _keys_within(value: Value) -> Iterator[str]:
    match value:
        case Mapping():
            yield from value
            yield from (key for each in value.values() for key in _keys_within(each))
        case tuple():
            yield from (key for each in value for key in _keys_within(each))
        case _:
            return


def is_evaluable(written: Node, variant: int) -> bool:
    """Return whether a parameter's value can be evaluated: nothing in it is open, or single values of a configuration.

    What is open anywhere else in a text may add lines to it, or be a key.
    """
    if not isinstance(written.value, str) or not written.open:
        return not first_open(written)
    if written.value == open_text(written.open, variant):
        return False
    try:
        return has_only_open_values(CollectorConfiguration.parse(written.value))
    except ConfigurationUnreadable:
        return False


def once_each(parameters: Iterable[Parameter]) -> dict[str, Parameter]:
    """Return parameters by name; none of a name that several have, because which of them is created is not known."""
    found, several = dict[str, Parameter](), set[str]()
    for each in parameters:
        if found.setdefault(each.name, each) != each:
            several.add(each.name)
    return {name: each for name, each in found.items() if name not in several}
