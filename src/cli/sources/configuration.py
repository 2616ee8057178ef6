"""A file that is a collector's configuration, and the places in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cli.sources.definition import Origin
from cli.sources.nodes import Node
from domain.collector import CollectorConfiguration, ConfigurationUnreadable


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
