"""Read the task definitions of a file, whatever kind of source it is."""

from cli.sources.definition import Definition, File
from cli.sources.detection import read_text
from cli.texts import Text, text_of

__all__ = ["Definition", "File", "definitions_in", "read"]


def read(name: str) -> File:
    """Read one file; raise Unusable if it has no task definition or cannot be read."""
    return definitions_in(name, *text_of(name))


def definitions_in(name: str, text: str, encoding: str) -> File:
    """Return the task definitions of a file's text; raise Unusable if it has none or cannot be parsed."""
    return read_text(Text(name, text, encoding))
