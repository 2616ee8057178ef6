"""The names of files in reports: relative to the folder that the command runs in, as forges and editors have them."""

from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from cli.texts import STDIN

STDIN_NAME = "stdin"


@lru_cache(maxsize=256)
def report_path(name: str) -> str:
    """Return a file's path with slashes, relative where it is within the current folder."""
    if name == STDIN:
        return STDIN_NAME
    path, here = Path(name), Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def uri_of(name: str) -> str:
    """Return the path as a URI reference: relative, or with the scheme file."""
    path = report_path(name)
    return Path(path).as_uri() if Path(path).is_absolute() else quote(path)
