"""Safe text for Slack's mrkdwn, within Slack's lengths.

`&`, `<` and `>` are escaped, and no text from outside can start a mention, a link or a format. mrkdwn has no escape for
its format characters, so each is replaced by a look-alike.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from reports.text import MARK, cut, line, minute

ROOM = 2600  # characters in a section, for a list or a code block
URL = 3000
# Asterisk operator, tilde operator; macron below for the underscore, except within a name.
_LOOKALIKES = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "'"})
_FORMATS = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# A word joiner prevents a mention of everybody, or an emoji.
_EVERYBODY = re.compile(r"@(?=here|channel|everyone|group)", re.IGNORECASE)
_EMOJI = re.compile(r"(?<!\w):(?=(?!\d{12}:)[\w+'-]+:)")  # not the account of an ARN
_JOINER = "\u2060"
_ADDRESS = re.compile(r"https://[!-~]+")
_IN_A_LINK = re.compile(r"https://[!-;=?-{}~]+")  # without <, > and |, which would end it


def plain(text: str, length: int) -> str:
    """Return text from outside without mention, link, emoji or format; at most `length` characters, escaped."""
    return _within(line(text, length), length, _harmless)


def code(text: str, length: int) -> str:
    """Return text from outside for a code block."""
    return _within(text, length, lambda some: escaped(some).replace("`", "'"))


def span(text: str, length: int) -> str:
    """Return text from outside as code within a line; empty if it is blank."""
    inner = code(line(text, length), length)
    return f"`{inner}`" if inner else ""


def link(text: str, url: str, length: int) -> str:
    """Return text from outside as a link; the text alone if the address is not valid or too long."""
    shown = plain(text, length)
    return f"<{escaped(url)}|{shown}>" if _IN_A_LINK.fullmatch(url) and len(url) <= URL and shown else shown


def is_address(url: str) -> bool:
    """Return whether a button may link to it."""
    return _ADDRESS.fullmatch(url) is not None and len(url) <= URL


def date(moment: datetime) -> str:
    """Return a time that Slack shows in the reader's time zone; other clients show UTC."""
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time}}|{minute(moment)}>"


def listed(lines: Iterable[str], total: int, room: int) -> str:
    """Return the lines that fit, and how many of `total` are not shown."""
    shown = list[str]()
    for each in lines:
        if sum(map(len, shown)) + len(shown) + len(each) > room:
            break
        shown.append(each)
    if total > len(shown):
        shown.append(f"{MARK} and {total - len(shown)} more")
    return "\n".join(shown)


def block(lines: Iterable[str], more: int = 0) -> str:
    """Return a code block that its content cannot close; `more` is how many lines are not in it."""
    return f"```{listed(lines, 0, ROOM)}{f'\n{MARK} and {more} more' if more else ''}```"


def escaped(text: str) -> str:
    """Escape the three characters that start mentions and links."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _harmless(text: str) -> str:
    text = _FORMATS.sub("\u02cd", text.translate(_LOOKALIKES))
    text = escaped(_EMOJI.sub(f":{_JOINER}", _EVERYBODY.sub(f"@{_JOINER}", text)))
    return _JOINER + text if text.startswith("&gt;") else text  # it would be a quotation


def _within(text: str, length: int, made: Callable[[str], str]) -> str:
    """Return the escaped text, cut to `length`: an escape is longer than its character."""
    room = length
    while len(result := made(cut(text, room))) > length:
        room -= max((len(result) - length) // 6, 1)
    return result
