"""Texts of files, and the files of folders."""

import codecs
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cli.unusable import Unusable, reason_of

STDIN = "-"
_INTEGER = re.compile(r"\d{1,18}")
MAX_BYTES = 32 * 1024 * 1024
"""Far above what ECS accepts (64 KiB a definition), so that a list of a whole account's definitions fits."""
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})
_HIDDEN_FOLDERS_READ = frozenset({".aws"})
"""Where GitHub's starter workflow for ECS has the task definition."""
_OF_THE_AWS_CLI = frozenset({"boto", "cli", "login", "sso"})
"""Folders in a user's own .aws, whose files may hold credentials."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Text:
    """What a file holds. It is never in a repr."""

    name: str
    text: str = field(repr=False)
    encoding: str


def shown(name: str) -> str:
    """Return the name for the start of a sentence."""
    return "Standard input" if name == STDIN else name


def integer(text: str) -> int | None:
    """Return the number that a text is; None if it is none, or longer than any that means something."""
    return int(text) if _INTEGER.fullmatch(text) else None


def found_in(name: str, endings: tuple[str, ...]) -> Iterator[str]:
    """Yield the files of a folder and its subfolders with these endings, in order; raise Unusable if there are none.

    Hidden folders but .aws and those of packages are skipped.
    """
    unreadable = list[OSError]()
    names = list[str]()
    for folder, folders, files in os.walk(name, onerror=unreadable.append):
        folders[:] = sorted(entry for entry in folders if _is_read(entry, folder))
        paths = (Path(folder) / file for file in sorted(files) if file.lower().endswith(endings))
        names += [str(path) for path in paths if path.is_file()]  # no pipe, which may never end, and no dangling link
    if unreadable:
        raise Unusable(f"{unreadable[0].filename} cannot be read ({reason_of(unreadable[0])}). Check its permissions.")
    if not names:
        *others, last = endings
        listed = f"{', '.join(others)} or {last}"
        raise Unusable(f"{name} has no file in it whose name ends with {listed}. Name a file or another folder.")
    yield from names


def _is_read(folder: str, above: str) -> bool:
    if folder in _HIDDEN_FOLDERS_READ:
        return True
    if folder.startswith(".") or folder in _SKIPPED_FOLDERS:
        return False
    return not (Path(above).name in _HIDDEN_FOLDERS_READ and folder in _OF_THE_AWS_CLI)


def text_whatever_it_is(name: str) -> str | None:
    """Return what can be read of a file that is no text, or too large; None if it cannot be opened."""
    try:
        with Path(name).open("rb") as file:
            raw = file.read(MAX_BYTES)
    except OSError:
        return None
    return raw.replace(b"\0", b"").decode("latin-1")  # of UTF-16, the letters that JSON and YAML need


def text_of(name: str) -> str:
    """Return a file's text; raise Unusable if it is not text or does not exist."""
    return read(name).text


def read(name: str) -> Text:
    """Return a file's text, with its name and encoding. Raises Unusable."""
    try:
        if name == STDIN:
            if sys.stdin is None:
                raise Unusable("Standard input is closed. Give it a definition, or name a file.")
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise Unusable(f"{name} does not exist. Check the path.") from None
    except IsADirectoryError:
        raise Unusable(f"{name} is a folder. Name a file.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL within the name
        reason = reason_of(error) if isinstance(error, OSError) else "its name is not valid"
        raise Unusable(f"{name} cannot be read ({reason}).") from None
    if len(raw) > MAX_BYTES:
        raise Unusable(f"{shown(name)} is larger than {MAX_BYTES // 1024 // 1024} MiB. Split it.")
    encoding = next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding).removeprefix(_MARK)
    except UnicodeDecodeError as error:
        raise Unusable(
            f"{shown(name)} is not {error.encoding.upper()}: byte {error.start + 1} does not fit. Save it as UTF-8."
        ) from None
    if "\0" in text:
        raise Unusable(f"{shown(name)} has NUL bytes in it: it is no text file, or UTF-16 without a byte order mark.")
    return Text(name, text, encoding)


def encoded(text: str, encoding: str) -> bytes:
    """Return a text as a file of this encoding has it, with the mark of its byte order."""
    return (text if encoding.startswith("utf-8") else _MARK + text).encode(encoding)
