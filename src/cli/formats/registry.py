"""Which module writes which format: the one that has its name."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Literal

from cli.formats.content import Content

type OtherFormat = Literal["sarif", "junit", "github", "markdown", "gitlab", "csv", "asff", "ocsf"]


def pieces_of(form: OtherFormat, content: Content) -> Iterator[str]:
    """Yield a report in pieces; each format loads only its own module."""
    pieces: Callable[[Content], Iterator[str]] = import_module(f"cli.formats.{form}").pieces
    return pieces(content)
