"""Text for Slack's mrkdwn that is safe, and fits.

`&`, `<` and `>` are escaped, and nothing that came from outside may begin a mention, a link or a format. mrkdwn has no
escape for its format characters, so a look-alike stands for each.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from reports.text import MARK, cut, line

ROOM = 2600  # characters in a section, for what stands in a list or a code block
URL = 3000
# Asterisk operator, tilde operator; macron below for the underscore, only where it is no part of a name.
_LOOKALIKES = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "'"})
_FORMATS = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# A word joiner keeps these from being a mention of everybody, or an emoji.
_EVERYBODY = re.compile(r"@(?=here|channel|everyone|group)", re.IGNORECASE)
_EMOJI = re.compile(r"(?<!\w):(?=(?!\d{12}:)[\w+'-]+:)")  # an ARN's account is none
_JOINER = "\u2060"
_ADDRESS = re.compile(r"https://[!-~]+")
_IN_A_LINK = re.compile(r"https://[!-;=?-{}~]+")  # without <, > and |, which would end it


def plain(text: str, length: int) -> str:
    """Text from outside, as text: no mention, link, emoji or format; no longer than this, escaped."""
    return _within(line(text, length), length, _harmless)


def code(text: str, length: int) -> str:
    """Text from outside within code."""
    return _within(text, length, lambda some: escaped(some).replace("`", "'"))


def span(text: str, length: int) -> str:
    """Text from outside as code within a line; nothing where it is blank."""
    inner = code(line(text, length), length)
    return f"`{inner}`" if inner else ""


def link(text: str, url: str, length: int) -> str:
    """Text from outside that leads to an address; the text alone where that is none, or has no room."""
    shown = plain(text, length)
    return f"<{escaped(url)}|{shown}>" if _IN_A_LINK.fullmatch(url) and len(url) <= URL and shown else shown


def is_address(url: str) -> bool:
    """Whether a button may lead there."""
    return _ADDRESS.fullmatch(url) is not None and len(url) <= URL


def date(moment: datetime) -> str:
    """In the reader's own time zone; in UTC where a client cannot."""
    fallback = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def listed(lines: Iterable[str], total: int, room: int) -> str:
    """The lines that there is room for, and how many of `total` there are beside."""
    shown = list[str]()
    for each in lines:
        if sum(map(len, shown)) + len(shown) + len(each) > room:
            break
        shown.append(each)
    if total > len(shown):
        shown.append(f"{MARK} and {total - len(shown)} more")
    return "\n".join(shown)


def block(lines: Iterable[str], more: int = 0) -> str:
    """A code block, which nothing in it may close; `more` is how many lines are not in it."""
    return f"```{listed(lines, 0, ROOM)}{f'\n{MARK} and {more} more' if more else ''}```"


def escaped(text: str) -> str:
    """The three characters that mrkdwn begins mentions and links with."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _harmless(text: str) -> str:
    text = _FORMATS.sub("\u02cd", text.translate(_LOOKALIKES))
    text = escaped(_EMOJI.sub(f":{_JOINER}", _EVERYBODY.sub(f"@{_JOINER}", text)))
    return _JOINER + text if text.startswith("&gt;") else text  # else a quotation


def _within(text: str, length: int, made: Callable[[str], str]) -> str:
    """What is made of as much of a text as there is room for: escapes take more room than what they stand for."""
    room = length
    while len(told := made(cut(text, room))) > length:
        room -= max((len(told) - length) // 6, 1)
    return told
