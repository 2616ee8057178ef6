"""A place in a text in HCL, and what may be read from there on."""

import re
from typing import NoReturn

from cli.sources.hcl_syntax import NotHcl
from cli.texts import integer

SPACE = re.compile(r"(?:[ \t\r]+|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
BLANK = re.compile(r"(?:\s+|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
"""What is skipped between the parts of an expression: in brackets, new lines too."""
NAME = re.compile(r"[^\W\d][\w-]*")
_DEEPEST = 60


class Cursor:
    """A place in a text, and how deep in it."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def skip(self, what: re.Pattern[str]) -> None:
        found = what.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def has(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def expect(self, text: str) -> None:
        if not self.has(text):
            self.refuse(f"{text!r} is missing")
        self.at += len(text)

    def closes(self, end: str) -> bool:
        """Tell if a list ends here, and go behind its end."""
        self.skip(BLANK)
        if self.at >= len(self.text):
            self.refuse(f"{end!r} is missing")
        if self.has(end):
            self.at += 1
            return True
        return False

    def comma(self, end: str) -> None:
        """Go behind the comma after an item; the last one needs none."""
        self.skip(BLANK)
        if self.has(","):
            self.at += 1
        elif not self.has(end):
            self.refuse(f"a comma or {end!r} is missing")

    def name(self) -> str:
        found = NAME.match(self.text, self.at)
        if found is None:
            self.refuse("a name or a value is missing")
        self.at = found.end()
        return found[0]

    def integer(self, digits: str) -> int:
        if (number := integer(digits)) is None:
            self.refuse("a number is too large")
        return number

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            self.refuse("it is nested too deeply")

    def refuse(self, what: str) -> NoReturn:
        raise NotHcl(what, min(self.at, len(self.text)))
