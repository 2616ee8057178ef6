"""What is printed, and where: one console, sentences on stderr, nothing that a terminal would obey."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from reports.text import clean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NOT_A_LINE = str.maketrans({"\n": " ", "\t": " ", "\u2028": " ", "\u2029": " "})


def line(text: str) -> str:
    """On one line, without what a terminal would obey: texts from files are shown as they are, and no more."""
    return clean(text.translate(NOT_A_LINE))


def say(sentences: str | Iterable[str]) -> None:
    """Sentences for people, on stderr, one a line."""
    for sentence in [sentences] if isinstance(sentences, str) else sentences:
        print(line(sentence), file=sys.stderr)


def bear_with_any_encoding() -> None:
    """What the terminal's encoding lacks is shown escaped; a file may hold anything."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def console() -> "Console":
    """Rich's, as wide as the terminal; colour only on a terminal and without NO_COLOR. Names of files are no markup."""
    from rich.console import Console  # noqa: PLC0415 - a third of a second that JSON output need not wait for

    class Quiet(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Quiet(markup=False, highlight=False, emoji=False, soft_wrap=False)


def wrapped(out: "Console", text: "Text | str", indent: int = 0, hanging: int = 0) -> None:
    """Printed within the console's width, indented (from the second line on by `hanging` more).

    Without the blanks that rich fills lines up with.
    """
    from rich.text import Text  # noqa: PLC0415 - see console

    folded = Text(text) if isinstance(text, str) else text
    for index, row in enumerate(folded.wrap(out, max(out.width - indent - hanging, 20))):
        row.rstrip()
        row.pad_left(indent + (hanging if index else 0))
        out.print(row, soft_wrap=True)
