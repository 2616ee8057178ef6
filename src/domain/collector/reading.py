"""What reading a collector configuration gives: plain frozen data, or why it cannot be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

type Value = str | int | float | bool | tuple[Value, ...] | Mapping[str, Value] | None
"""One value of a configuration. Mappings and lists are frozen; shared where the text has an alias."""

MAX_BYTES = 1024 * 1024
"""What is read at most. An advanced SSM parameter holds 8 KiB; files may be longer, and the collector reads any."""
MAX_DEPTH = 40
"""How deep lists and mappings may lie in each other; the deepest real configurations (Prometheus scrapes) reach 12."""
MAX_NODES = 20_000
"""How many values a configuration may have with its aliases written out. A longer text may have more."""


class ConfigurationUnreadable(Exception):
    """A collector configuration that cannot be read.

    `sentence` says what is wrong and what would be right, and never quotes the text: a configuration may hold secrets.
    `line` and `column` count from 1 and are None where the fault has no place.
    """

    def __init__(self, sentence: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(sentence, line, column)
        self.sentence = sentence
        self.line = line
        self.column = column

    def __str__(self) -> str:
        if self.line is None:
            return self.sentence
        return f"Line {self.line}, column {self.column}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Document:
    """The first document of a text, which is what the collector reads; whether others follow it."""

    top: Mapping[str, Value] = field(repr=False)
    more_documents: bool = False
