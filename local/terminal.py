"""What the demo prints: paragraphs, tables of findings and diffs, as wide as the terminal."""

import os
import shutil
import sys
import textwrap
from dataclasses import dataclass

LEAST_WIDTH, MOST_WIDTH = 40, 100
TABLE_WIDTH = 72  # in less room what is wrong is printed under its rule
MOST_LINES = 4
RULE_COLUMN, SEVERITY_COLUMN = 30, 9

_SEVERITIES = {"CRITICAL": "1;31", "HIGH": "31", "MEDIUM": "33", "LOW": "36"}


@dataclass(frozen=True, slots=True)
class Page:
    """The printed page: as wide as the terminal; in colour only on a terminal, and without NO_COLOR."""

    width: int = 80
    colour: bool = False

    @classmethod
    def of_terminal(cls) -> "Page":
        width = min(max(shutil.get_terminal_size((80, 24)).columns, LEAST_WIDTH), MOST_WIDTH)
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return cls(width, sys.stdout.isatty() and not plain)

    def styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour and text else text

    def line(self, text: str = "", style: str = "") -> None:
        print(self.styled(text, style), flush=True)

    def say(self, text: str, indent: int = 2, style: str = "", hanging: int = 0) -> None:
        """A paragraph, wrapped; `hanging` indents all lines but the first that much further."""
        for row in wrapped(text, self.width, " " * indent, " " * (indent + hanging)):
            self.line(row, style)

    def head(self, text: str) -> None:
        self.line()
        self.say(text, 0, "1")

    def row(self, severity: str, rule: str, wrong: str) -> None:
        """One finding: severity, rule, and what is wrong next to them, or below where there is no room."""
        in_columns = self.width >= TABLE_WIDTH
        left = 4 + SEVERITY_COLUMN + (RULE_COLUMN if in_columns else 0)
        shown = wrapped(wrong, self.width - left)[:MOST_LINES]
        if len(" ".join(shown)) < len(wrong):
            shown[-1] = shown[-1][: self.width - left - 1].rstrip(" ,.") + "…"
        graded = self.styled(f"{severity:<{SEVERITY_COLUMN}}", _SEVERITIES.get(severity, "2"))
        first = shown.pop(0) if in_columns else ""
        self.line(f"    {graded}{rule:<{RULE_COLUMN}}{first}".rstrip())
        for each in shown:
            self.line(" " * left + each)

    def change(self, sign: str, text: str, indent: int) -> None:
        style = {"+": "32", "-": "31"}.get(sign, "")
        first, later = f"  {sign or ' '} {' ' * indent}", f"    {' ' * indent}  "
        for row in wrapped(text, self.width, first, later):
            self.line(row, style)


def wrapped(text: str, width: int, first: str = "", later: str = "") -> list[str]:
    """Lines of at most `width` characters; a word that is longer is cut."""
    return textwrap.wrap(
        text, max(width, 10), initial_indent=first, subsequent_indent=later, break_on_hyphens=False
    ) or [first.rstrip()]
