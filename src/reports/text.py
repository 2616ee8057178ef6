"""Cut text to a length, remove control characters, and write names and times."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

MARK = "…"
# Within brackets of a pattern: control and direction characters, line separators, what Unicode calls "default
# ignorable" (shown as nothing, or as a blank), halves of surrogate pairs, and the two that XML cannot hold in any form.
# Not U+FE00 to U+FE0F, which choose how emoji look.
INVISIBLE = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")


def clean(text: str) -> str:
    """Remove control and direction characters, which could make a line look like another text."""
    return _INVISIBLE.sub("", text)


def cut(text: str, length: int) -> str:
    """Return at most `length` characters, cut after the last word that fits, with a mark."""
    text = clean(text)
    if len(text) <= length:
        return text
    if length < len(MARK):
        return ""
    room = text[: length - len(MARK)]
    if text[len(room)].isspace():  # the room ends at the end of a word
        return room.rstrip() + MARK
    head, space, _ = room.rpartition(" ")
    # If no word ends near the end, cut within a word.
    return (head if space and len(head) > length // 2 else room).rstrip() + MARK


def line(text: str, length: int) -> str:
    """Return the text in one line, cut to `length`."""
    return cut(" ".join(clean(text).split()), length)


def first_of(names: Sequence[str], most: int) -> str:
    """Return the first names, and how many more there are: `shop/web, shop/api and 2 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def minute(moment: datetime) -> str:
    """Return a time for people: `2026-11-23 12:00 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def stamp(moment: datetime) -> str:
    """Return a time as ASFF has it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
