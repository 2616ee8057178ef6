"""Text that fits: cut at a word with a mark, control characters out."""

import re

MARK = "…"
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"  # the last: halves
)


def clean(text: str) -> str:
    """Without control and direction characters, which could make a line show what it does not say."""
    return _CONTROL.sub("", text)


def cut(text: str, length: int) -> str:
    """At most `length` characters; cut at the last word that fits, with a mark."""
    text = clean(text)
    if len(text) <= length:
        return text
    room = text[: length - len(MARK)]
    head, space, _ = room.rpartition(" ")
    # Where there is no word to cut at near the end, cut where it falls.
    return (head if space and len(head) > length // 2 else room).rstrip() + MARK
