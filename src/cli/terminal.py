"""Printing: styled text that folds at the terminal's width, sentences on stderr, no control characters from files."""

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TextIO

from cli.environment import columns, wants_styles
from reports.text import clean

NOT_A_LINE = str.maketrans({"\n": " ", "\t": " ", "\u2028": " ", "\u2029": " "})
_NARROWEST = 20
_WORD = re.compile("[^ ]+")
_COMMAND = re.compile(r"^\s*::(?=[A-Za-z])|##(?=\w*\[)")


class Style(StrEnum):
    """The parameters of the escape sequence that begins a style."""

    PLAIN = ""
    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    MAGENTA = "35"
    CYAN = "36"
    BOLD_RED = "1;31"
    BOLD_GREEN = "1;32"


type Part = str | tuple[str, Style]
type Text = str | Sequence[Part]
"""A text, or parts of one, some of which have a style."""


def line(text: str) -> str:
    """Return a text on one line, without control characters: a text from a file must not control the terminal."""
    return clean(text.translate(NOT_A_LINE))


def without_commands(row: str) -> str:
    """Return a row that no pipeline takes for a command: GitHub reads `::name` at its start, others `##name[`."""
    return _COMMAND.sub(lambda found: f"{found[0][:-1]} {found[0][-1]}", row) if ":" in row or "#" in row else row


def say(sentences: str | Iterable[str]) -> None:
    """Print sentences for people on stderr, one a line."""
    for sentence in [sentences] if isinstance(sentences, str) else sentences:
        print(without_commands(line(sentence)), file=sys.stderr)


def tolerate_any_encoding() -> None:
    """Escape characters that the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


@dataclass(frozen=True, slots=True)
class Console:
    """Where text is printed for people. Without `styled` no escape sequence is written."""

    out: TextIO | None
    width: int
    styled: bool = False

    def print(self, text: Text = "", indent: int = 0) -> None:
        """Print a line that is never folded, so that what is copied from it is whole."""
        self._write([(" " * indent, Style.PLAIN), *_parts(text)])

    def wrapped(self, text: Text, indent: int = 0, hanging: int = 0) -> None:
        """Print within the width, indented; from the second line on by `hanging` more."""
        parts = _parts(text)
        plain = "".join(part for part, _ in parts)
        first = max(self.width - indent, _NARROWEST)
        rows = [*_folded(plain, first, max(first - hanging, _NARROWEST))] or [(0, 0)]
        for index, (begin, end) in enumerate(rows):
            margin = " " * (indent + (hanging if index else 0))
            self._write([(margin, Style.PLAIN), *_cut(parts, begin, end)])

    def _write(self, parts: Iterable[tuple[str, Style]]) -> None:
        if self.styled:
            text = "".join(f"\x1b[{style}m{part}\x1b[0m" if style and part else part for part, style in parts)
        else:
            text = without_commands("".join(part for part, _ in parts).rstrip())
        print(text, file=self.out)


def console(out: TextIO | None = None) -> Console:
    """Return the console of standard output, or of a file: as wide as the terminal or COLUMNS, styled on a terminal."""
    out = out or sys.stdout
    return Console(out, columns(), out is not None and out.isatty() and wants_styles())


def _parts(text: Text) -> list[tuple[str, Style]]:
    if isinstance(text, str):
        return [(text, Style.PLAIN)]
    return [(part, Style.PLAIN) if isinstance(part, str) else part for part in text]


def _cut(parts: Sequence[tuple[str, Style]], begin: int, end: int) -> Iterator[tuple[str, Style]]:
    at = 0
    for part, style in parts:
        cut = part[max(begin - at, 0) : max(end - at, 0)]
        if cut:
            yield cut, style
        at += len(part)


def _folded(text: str, width: int, rest: int) -> Iterator[tuple[int, int]]:
    """Yield where each row begins and ends: at blanks, and within a word only if it is wider than a row.

    The first row has one width, the rest another.
    """
    begin = end = used = 0
    for start, stop in (word.span() for word in _WORD.finditer(text)):
        wide = _columns(text[start:stop])
        gap = _columns(text[end:start]) if end > begin else 0
        if end > begin and used + gap + wide > width:
            yield begin, end
            begin, used, gap, width = start, 0, 0, rest
        elif end == begin:
            begin = start
        end, used = stop, used + gap + wide
        while used > width:
            fits = _fitting(text, begin, width)
            yield begin, fits
            begin, used, width = fits, _columns(text[fits:end]), rest
    if end > begin:
        yield begin, end


def _fitting(text: str, begin: int, width: int) -> int:
    """Return where the letters end that fit into a row."""
    used, at = 0, begin
    while used + (wide := _columns(text[at])) <= width or at == begin:
        used, at = used + wide, at + 1
    return at


def _columns(text: str) -> int:
    """Return how many columns a text takes in a terminal."""
    return len(text) if text.isascii() else sum(map(_column, text))


@cache
def _column(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
