"""The environment of a person's shell. Only this module of the command line reads it."""

import os


def first_set(*names: str) -> tuple[str, str]:
    """Return the first of these variables that is set, and its value."""
    return next(((name, os.environ[name]) for name in names if os.environ.get(name)), ("", ""))


def wants_styles() -> bool:
    """Return whether a terminal may get colours and weights: NO_COLOR is not set, and the terminal is not dumb."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
