"""Alerts as Slack messages (Block Kit).

Facts: Slack's Block Kit reference: header text 150 characters, section text 3,000, button text 75, URL 3,000, fifty
blocks; `verbatim` keeps Slack from making links and mentions of plain text. In mrkdwn `&`, `<` and `>` are escaped, and
nothing that came from outside may begin a mention, a link or a format.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from domain.alert import Alert, AlertChange, AlertStatement
from domain.places import Revision, role_name
from domain.rule import Severity, Subject
from reports.text import MARK, cut, line

_HEADER, _SECTION, _BUTTON, _CONTEXT, _URL = 150, 3000, 75, 1900, 3000
_ROOM = 2600  # in a section, for what stands in a code block
_MOST_DRIFTS, _MOST_CHANGES, _MOST_STATEMENTS = 5, 12, 4
_SIGN = {
    Severity.CRITICAL: "🔴",
    Severity.HIGH: "🟠",
    Severity.MEDIUM: "🟡",
    Severity.LOW: "🔵",
    Severity.INFORMATIONAL: "⚪",
}
_DONE = "✅"
_WORD = {
    "opened": "Drift",
    "raised": "Drift, now more severe",
    "reopened": "Drift again",
    "closed": "Closed",
    "registered": "Corrected",
    "superseded": "Correction dropped",
    "refused": "Not corrected",
    "digest": "Digest",
}
_THING = {
    Subject.FAMILY: "task definition",
    Subject.SERVICE: "service",
    Subject.PARAMETER: "parameter",
    Subject.ROLE: "role",
}
# mrkdwn has no escape for its format characters: a look-alike stands for each (asterisk operator, tilde operator,
# macron below), for the underscore only where it is no part of a name.
_LOOKALIKES = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "'"})
_ANGLES = str.maketrans({"<": "\u2039", ">": "\u203a"})
_FORMATS = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# A word joiner keeps these from being a mention of everybody, or an emoji.
_EVERYBODY = re.compile(r"@(?=here|channel|everyone|group)", re.IGNORECASE)
_EMOJI = re.compile(r"(?<!\w):(?=(?!\d{12}:)[\w+'-]+:)")  # an ARN's account is none
_JOINER = "\u2060"
_SINGLE_SIGN_ON = re.compile(r"AWSReservedSSO_(?P<set>.+)_[0-9a-f]{16}/(?P<person>.+)")


def message(alert: Alert) -> dict[str, Any]:
    """The body for an incoming webhook. `text` is what notifications and screen readers show."""
    closed = alert.transition == "closed"
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": _header(alert), "emoji": False}},
        _section(_closed(alert) if closed else _facts(alert)),
    ]
    if not closed:
        blocks += [_section(text) for text in _body(alert) if text]
        if buttons := _buttons(alert):
            blocks.append({"type": "actions", "elements": buttons})
    blocks.append({"type": "context", "elements": [_mrkdwn(_context(alert))]})
    return {"text": _text(alert), "blocks": blocks}


def _header(alert: Alert) -> str:
    """The sign, what happened, and to what; a name is no mention here either."""
    name = role_name(alert.name) if alert.subject == Subject.ROLE else alert.name
    kind = f"{alert.subject} " if alert.subject in set(Subject) - {Subject.FAMILY} else ""
    told = f"{_sign(alert)} {_word(alert)}: {kind}{name}".translate(_ANGLES)
    return line(told, _HEADER)


def _sign(alert: Alert) -> str:
    return _DONE if alert.transition in {"closed", "registered"} else _SIGN[alert.severity]


def _word(alert: Alert) -> str:
    return _WORD.get(alert.transition, alert.transition)


def _text(alert: Alert) -> str:
    severity = f" ({alert.severity.value})" if alert.kind == "finding" else ""
    speaks = {"closed": " keeps the rule again"}.get(alert.transition, " breaks the rule") if severity else ""
    return _plain(f"{_word(alert)}: {alert.name}{severity}{speaks}: {alert.title}", _SECTION)


# --- what stands in a message -----------------------------------------------------------------------------------------


def _facts(alert: Alert) -> str:
    """How bad, what, where; who did it and when."""
    if alert.kind == "digest":
        return f"*{_plain(alert.title, 1000)}.*\n{_date(alert.occurred)}"
    severity = f"*{alert.severity.value}* · " if alert.kind == "finding" else ""
    when = f"by {_who(alert)}, {_date(alert.occurred)}"
    if not alert.actor:
        unknown = "; no event tells who did it" if alert.kind == "finding" else ""
        when = f"{_date(alert.occurred)}{unknown}"
    use = f"\n{_plain(alert.use[:1].upper() + alert.use[1:], 600)}" if alert.use else ""
    first = alert.occurred - alert.since > timedelta(minutes=1)
    since = f" · first seen {_date(alert.since)}" if first else ""
    return f"{severity}{_what(alert)} · {_where(alert)}\n{when}{since}{use}"


def _closed(alert: Alert) -> str:
    who = f" by {_who(alert)}" if alert.actor else ""
    return f"{_what(alert)} keeps the rule again: {_plain(alert.title, 300)}.\n{_date(alert.occurred)}{who}"


def _what(alert: Alert) -> str:
    """`family web, revision 7`."""
    revision = Revision.parse(alert.resource)
    number = f", revision {revision.number}" if revision and alert.subject == Subject.FAMILY else ""
    name = role_name(alert.name) if alert.subject == Subject.ROLE else alert.name
    return f"{_plain(alert.subject, 50)} {_span(name, 400)}{number}"


def _where(alert: Alert) -> str:
    return f"{_plain(alert.account, 50)} / {_plain(alert.region, 50)}"


def _who(alert: Alert) -> str:
    """A person where single sign-on tells the name, else the role and session; and the tool that was used."""
    person = _SINGLE_SIGN_ON.fullmatch(alert.actor)
    name = f"{person['person']} ({person['set']})" if person else alert.actor
    return _plain(name, 200) + (f" with {_plain(alert.tool, 50)}" if alert.tool else "")


def _body(alert: Alert) -> Iterator[str]:
    if alert.kind == "finding":
        yield f"*Rule:* {_plain(alert.title, 300)}.\n{_drifts(alert)}"
    elif alert.kind == "outcome":
        yield f"*{_plain(alert.title, 1000)}.*"
    parts = [_changed(alert), _command(alert), _reasons(alert)]
    yield from parts if alert.kind == "finding" else reversed(parts)
    if alert.next_step:
        yield f"*Next:* {_plain(alert.next_step, 2000)}"
    for statement in alert.statements[:_MOST_STATEMENTS]:
        yield _statement(statement)
    if more := len(alert.statements) - _MOST_STATEMENTS:
        yield f"{MARK} and {more} more, in the finding's details" if more > 0 else ""


def _drifts(alert: Alert) -> str:
    lines = (
        f"{'' if drift.why.startswith(drift.where) else _span(drift.where, 200)}  {_plain(drift.why, 900)}".strip()
        for drift in alert.drifts[:_MOST_DRIFTS]
    )
    return _listed(lines, len(alert.drifts) + alert.omitted, _ROOM)


def _reasons(alert: Alert) -> str:
    if not alert.reasons:
        return ""
    head = {"finding": "*Why it wants a person:*\n", "outcome": "*Why:*\n"}.get(alert.kind, "")
    return head + _listed((f"• {_plain(reason, 600)}" for reason in alert.reasons), len(alert.reasons), _ROOM)


def _changed(alert: Alert) -> str:
    """The changes as a diff, those of one container under its name; nothing where they came to nothing."""
    if not alert.changes or alert.transition == "superseded":
        return ""
    word = {
        "registered": "What was changed:",
        "refused": "What would have been changed:",
    }.get(alert.transition, "A correction, which wants a person:" if alert.safety == "review" else "The correction:")
    shown = alert.changes[:_MOST_CHANGES]
    lines, told = list[str](), 0
    for head, some in groupby(shown, _container):
        lines += [f"{_code(head, 200)}:"] if head else []
        for change in some:
            both = [_code(line(each, 500), 600) for each in _lines(head, change)]
            if sum(map(len, lines + both)) + len(lines + both) > _ROOM:
                break
            lines, told = lines + both, told + 1
    return f"*{word}*\n{_block(lines, len(alert.changes) + alert.omitted_changes - told)}"


def _command(alert: Alert) -> str:
    """The command whole, or where it is to be found: half a command would do something else."""
    if not alert.command:
        return ""
    if len(_escaped(alert.command)) > _ROOM:
        return "*As a command:* it stands whole in the finding's details."
    return f"*As a command:*\n{_block([_code(alert.command, _ROOM)])}"


def _container(change: AlertChange) -> str:
    parts = change.where.split("/")
    return "/".join(parts[:2]) if parts[0] == "containers" and len(parts) > 2 else ""  # noqa: PLR2004 - containers/name/member


def _lines(head: str, change: AlertChange) -> Iterator[str]:
    where = change.where.removeprefix(f"{head}/") if head else change.where
    if change.before is not None:
        yield f"- {where}: {change.before}"
    if change.after is not None:
        yield f"+ {where}: {change.after}"


def _statement(asked: AlertStatement) -> str:
    """Indented where there is room, as it came where there is not."""
    try:
        text = json.dumps(json.loads(asked.statement), indent=2, ensure_ascii=False)
    except ValueError:
        text = asked.statement
    if len(_escaped(text)) > _ROOM:
        text = asked.statement
    whole = len(_escaped(text)) <= _ROOM
    where = "" if whole else " It stands whole in the finding's details."
    return f"*Add to* {_span(asked.to, 150)}:{where}\n{_block([_code(text, _ROOM)])}"


def _buttons(alert: Alert) -> list[dict[str, Any]]:
    thing = _THING.get(Subject(alert.subject), alert.subject) if alert.subject in set(Subject) else "resource"
    named = (("finding", "Open the finding"), ("resource", f"Open the {thing}"), ("rule", "About this rule"))
    return [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": cut(label, _BUTTON)},
            "url": alert.links[key],
            "action_id": key,
        }
        for key, label in named
        if re.fullmatch(r"https://[!-~]+", alert.links.get(key, "")) and len(alert.links[key]) <= _URL
    ]


def _context(alert: Alert) -> str:
    parts = [_where(alert)] if alert.transition == "closed" else []
    parts += [_plain(alert.rule, 200)] if alert.rule else []
    parts += [_plain(", ".join(alert.rules), 800)] if alert.rules else []
    parts += [f"plan {_plain(alert.digest, 100)}"] if alert.digest else []
    return " · ".join(parts) or _where(alert)


def _date(moment: datetime) -> str:
    """In the reader's own time zone; in UTC where a client cannot."""
    fallback = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


# --- text that is safe, and fits --------------------------------------------------------------------------------------


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _listed(lines: Iterable[str], total: int, room: int) -> str:
    """The lines that there is room for, and how many of `total` there are beside."""
    shown = list[str]()
    for each in lines:
        if sum(map(len, shown)) + len(shown) + len(each) > room:
            break
        shown.append(each)
    if total > len(shown):
        shown.append(f"{MARK} and {total - len(shown)} more")
    return "\n".join(shown)


def _block(lines: Iterable[str], more: int = 0) -> str:
    """A code block, which nothing in it may close; `more` is how many changes are not in it."""
    return f"```{_listed(lines, 0, _ROOM)}{f'\n{MARK} and {more} more' if more else ''}```"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _harmless(text: str) -> str:
    text = _FORMATS.sub("\u02cd", text.translate(_LOOKALIKES))
    text = _escaped(_EMOJI.sub(f":{_JOINER}", _EVERYBODY.sub(f"@{_JOINER}", text)))
    return _JOINER + text if text.startswith("&gt;") else text  # else a quotation


def _plain(text: str, length: int) -> str:
    """Text from outside, as text: no mention, link, emoji or format; no longer than this, escaped."""
    return _within(line(text, length), length, _harmless)


def _code(text: str, length: int) -> str:
    """Text from outside within code."""
    return _within(text, length, lambda some: _escaped(some).replace("`", "'"))


def _span(text: str, length: int) -> str:
    """Text from outside as code within a line; nothing where it is blank."""
    inner = _code(line(text, length), length)
    return f"`{inner}`" if inner else ""


def _within(text: str, length: int, made: Callable[[str], str]) -> str:
    """What is made of as much of a text as there is room for: escapes take more room than what they stand for."""
    room = length
    while len(told := made(cut(text, room))) > length:
        room -= max((len(told) - length) // 6, 1)
    return told
