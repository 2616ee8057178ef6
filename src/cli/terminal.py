"""Printing: one console, sentences on stderr, and no control characters from files."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from reports.text import clean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NOT_A_LINE = str.maketrans({"\n": " ", "\t": " ", "\u2028": " ", "\u2029": " "})


def line(text: str) -> str:
    """Return a text on one line, without control characters: a text from a file must not control the terminal."""
    return clean(text.translate(NOT_A_LINE))


def say(sentences: str | Iterable[str]) -> None:
    """Print sentences for people on stderr, one a line."""
    for sentence in [sentences] if isinstance(sentences, str) else sentences:
        print(line(sentence), file=sys.stderr)


def tolerate_any_encoding() -> None:
    """Escape characters that the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def console() -> "Console":
    """Return rich's console, as wide as the terminal, without markup; colour only on a terminal without NO_COLOR."""
    from rich.console import Console  # noqa: PLC0415 - a third of a second that JSON output need not wait for

    class Quiet(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Quiet(markup=False, highlight=False, emoji=False, soft_wrap=False)


def wrapped(out: "Console", text: "Text | str", indent: int = 0, hanging: int = 0) -> None:
    """Print within the console's width, indented (from the second line on by `hanging` more).

    Lines have no trailing blanks, with which rich fills them.
    """
    from rich.text import Text  # noqa: PLC0415 - see console

    folded = Text(text) if isinstance(text, str) else text
    for index, row in enumerate(folded.wrap(out, max(out.width - indent - hanging, 20))):
        row.rstrip()
        row.pad_left(indent + (hanging if index else 0))
        out.print(row, soft_wrap=True)
