"""The environment of a person's shell. Only this module of the command line reads it."""

import os
import sys

_DIGITS = 9
_WIDTH = 80
"""Columns where there is no terminal."""


def first_set(*names: str) -> tuple[str, str]:
    """Return the first of these variables that is set, and its value."""
    return next(((name, os.environ[name]) for name in names if os.environ.get(name)), ("", ""))


def wants_styles() -> bool:
    """Return whether a terminal may get colours and weights: NO_COLOR is not set, and the terminal is not dumb."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns() -> int:
    """Return COLUMNS if it is set; else the width of the terminal that standard output is, or was."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and len(given) <= _DIGITS and int(given):
        return int(given)
    try:  # not by shutil, which loads every kind of archive
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or _WIDTH  # type: ignore[union-attr] # see below
    except (AttributeError, ValueError, OSError):  # it is closed, or no terminal
        return _WIDTH
