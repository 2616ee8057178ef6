"""Texts from files within Markdown, where they must stay texts: no markup, link, mention or reference."""

import re

from cli.terminal import line

_MARKUP = re.compile(r"[\\`*_{}\[\]()<>!|~&$]")
_START = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))")
_LINKED = re.compile(r"([@#]|\bGH-|:(?=//)|\bwww\.)(?=\S)", re.IGNORECASE)
_SPACE = "\u200b"
"""Of no width: what is on both sides of it is not one word, so no address, mention or reference."""


def markdown(text: str) -> str:
    """Return a text as Markdown that shows it as it is."""
    plain = _LINKED.sub(rf"\1{_SPACE}", line(text))
    return _START.sub(r"\1\\\2", _MARKUP.sub(lambda found: f"&#{ord(found[0])};", plain))


def code(text: str) -> str:
    """Return a text as a code span."""
    plain = line(text).strip()
    if not plain:
        return ""
    marks = "`" * (_longest_run(plain) + 1)
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{marks}{space}{plain}{space}{marks}"


def fence(text: str) -> str:
    """Return marks for a block of code in which no line of the text ends it."""
    return "`" * max(3, _longest_run(text) + 1)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
