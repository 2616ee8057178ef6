"""Text that fits: cut at a word with a mark, control characters out."""

import re

MARK = "…"
# Control, zero-width and direction characters (Unicode Cc, and the Cf that are not seen), line separators, halves of
# surrogate pairs, tags.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    r"\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """Without control and direction characters, which could make a line look like another text."""
    return _CONTROL.sub("", text)


def cut(text: str, length: int) -> str:
    """At most `length` characters; cut at the last word that fits, with a mark."""
    text = clean(text)
    if len(text) <= length:
        return text
    if length < len(MARK):
        return ""
    room = text[: length - len(MARK)]
    if text[len(room)].isspace():  # the room ends at the end of a word
        return room.rstrip() + MARK
    head, space, _ = room.rpartition(" ")
    # Where there is no word to cut at near the end, cut where it falls.
    return (head if space and len(head) > length // 2 else room).rstrip() + MARK


def line(text: str, length: int) -> str:
    """The same, in one line."""
    return cut(" ".join(clean(text).split()), length)
