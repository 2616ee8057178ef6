"""The names of files in reports: relative to the folder that the command runs in, as forges and editors have them."""

import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from cli.texts import STDIN

STDIN_NAME = "stdin"


def report_path(name: str, folder: Path | None = None) -> str:
    """Return a file's path with slashes, relative to a folder; without one, relative where it is in the current one."""
    return STDIN_NAME if name == STDIN else _path(name, folder, Path.cwd())


@lru_cache(maxsize=256)
def _path(name: str, folder: Path | None, here: Path) -> str:
    path = here / name
    if ".." in path.parts or not path.is_relative_to(folder or here):
        path = path.parent.resolve() / path.name  # a link to a file stays one, as forges have it
    if folder is not None:
        return Path(os.path.relpath(path, folder)).as_posix()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def uri_of(name: str) -> str:
    """Return the path as a URI reference: relative, or with the scheme file."""
    path = report_path(name)
    return Path(path).as_uri() if Path(path).is_absolute() else quote(path)
