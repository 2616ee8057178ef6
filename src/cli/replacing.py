"""Write files in one step: the old content stays until the new one is complete, whatever ends the command before."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cli.unusable import Unusable, reason_of

_ANY_MAY_WRITE = 0o222


@contextmanager
def replacing(name: str) -> Iterator[BinaryIO]:
    """Open a file that takes the place of the named one at the end; raise Unusable if it cannot be written.

    A link stays a link, and permissions stay. What is no regular file, such as a pipe, is written to itself.
    """
    mode = _mode(name)
    try:
        if mode is not None and not stat.S_ISREG(mode):
            with Path(name).open("wb") as file:
                yield file
            return
        path = Path(name).resolve()
        if mode is not None and not (mode & _ANY_MAY_WRITE and os.access(path, os.W_OK)):
            raise _refusal(name, "it is read-only")
        beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
        try:
            with beside.open("wb") as file:
                yield file
            if mode is not None:
                beside.chmod(stat.S_IMODE(mode))
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except BrokenPipeError:  # of standard output: its reader has gone
        raise
    except OSError as error:
        raise _refusal(name, reason_of(error)) from None


def written(name: str, text: str) -> None:
    """Write a text as UTF-8; raise Unusable if that is not possible."""
    with replacing(name) as file:
        file.write(text.encode())


def _mode(name: str) -> int | None:
    """Return the mode of the file; None if there is none."""
    try:
        return Path(name).stat().st_mode
    except FileNotFoundError:
        return None
    except ValueError:  # a NUL within it
        raise _refusal(name, "its name is not valid") from None
    except OSError as error:
        raise _refusal(name, reason_of(error)) from None


def _refusal(name: str, why: str) -> Unusable:
    return Unusable(f"{name} cannot be written ({why}).")
