"""Alerts as Slack messages (Block Kit).

Facts, from Slack's Block Kit reference: header text 150 characters, section text 3,000, button text 75, URL 3,000,
fifty blocks; `verbatim` stops Slack from turning plain text into links and mentions.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from typing import Any

from domain.findings.alert import Alert, AlertChange, AlertFragment, AlertLine, AlertSection, AlertStatement
from domain.places import Revision, role_name
from domain.severity import Severity
from domain.subject import Subject
from reports.mrkdwn import ROOM, block, code, date, escaped, is_address, link, listed, plain, span
from reports.text import MARK, cut, line
from reports.words import DONE, word_of

_HEADER, _SECTION, _BUTTON = 150, 3000, 75
_MOST_DRIFTS, _MOST_CHANGES, _MOST_STATEMENTS, _MOST_SECTIONS, _MOST_FRAGMENTS = 5, 12, 4, 10, 2
_DONE = "✅"
_ANGLES = str.maketrans({"<": "\u2039", ">": "\u203a"})
_SINGLE_SIGN_ON = re.compile(r"AWSReservedSSO_(?P<set>.+)_[0-9a-f]{16}/(?P<person>.+)")


def message(alert: Alert) -> dict[str, Any]:
    """Return the body for an incoming webhook. `text` is what notifications and screen readers show."""
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": header(alert), "emoji": False}},
        *(_section(text) for text in parts(alert)),
    ]
    if alert.transition != "closed" and (buttons := _buttons(alert)):
        blocks.append({"type": "actions", "elements": buttons})
    blocks.append({"type": "context", "elements": [_mrkdwn(context(alert))]})
    return {"text": summary(alert), "blocks": blocks}


def header(alert: Alert) -> str:
    """Return the sign, what happened, and to what. A name is never a mention."""
    name = role_name(alert.name) if alert.subject == Subject.ROLE else alert.name
    kind = f"{alert.subject} " if alert.subject in set(Subject) - {Subject.FAMILY} else ""
    return line(f"{_sign(alert)} {word_of(alert.transition)}: {kind}{name}".translate(_ANGLES), _HEADER)


def _sign(alert: Alert) -> str:
    return _DONE if alert.transition in DONE else _of(alert.severity)


def _of(severity: Severity) -> str:
    match severity:
        case Severity.CRITICAL:
            return "🔴"
        case Severity.HIGH:
            return "🟠"
        case Severity.MEDIUM:
            return "🟡"
        case Severity.LOW:
            return "🔵"
        case Severity.INFORMATIONAL:
            return "⚪"


def _thing(subject: Subject) -> str:
    match subject:
        case Subject.FAMILY:
            return "task definition"
        case Subject.SERVICE | Subject.PARAMETER | Subject.ROLE:
            return subject.value


def summary(alert: Alert, length: int = _SECTION) -> str:
    """Return the message in one line, as mrkdwn."""
    severity = f" ({alert.severity.value})" if alert.kind == "finding" else ""
    does = ""
    if severity:
        does = " complies with the rule again" if alert.transition == "closed" else " does not comply with the rule"
    return plain(f"{word_of(alert.transition)}: {alert.name}{severity}{does}: {alert.title}", length)


# --- the parts of a message -------------------------------------------------------------------------------------------


def parts(alert: Alert, room: int = ROOM) -> Iterator[str]:
    """Yield the parts of a message as mrkdwn, each short enough for a section; `room` is for one list of a digest."""
    if alert.transition == "closed":
        yield _closed(alert)
        return
    yield _facts(alert)
    yield from filter(None, _body(alert, room))


def _facts(alert: Alert) -> str:
    """Severity, subject and place; who made the change and when."""
    if alert.kind == "digest":
        return f"*{plain(alert.title, 1000)}.*\n{date(alert.occurred)}"
    severity = f"*{alert.severity.value}* · " if alert.kind == "finding" else ""
    did = "the drifted revision was registered by" if alert.kind == "outcome" else "by"
    when = f"{did} {_who(alert)}, {date(alert.occurred)}"
    if not alert.actor:
        unknown = "; no event names who made the change" if alert.kind == "finding" else ""
        when = f"{date(alert.occurred)}{unknown}"
    use = f"\n{plain(alert.use[:1].upper() + alert.use[1:], 600)}" if alert.use else ""
    first = alert.occurred - alert.since > timedelta(minutes=1)
    since = f" · first seen {date(alert.since)}" if first else ""
    return f"{severity}{_what(alert)} · {_where(alert)}\n{when}{since}{use}"


def _closed(alert: Alert) -> str:
    who = f" by {_who(alert)}" if alert.actor else ""
    return f"{_what(alert)} complies with the rule again: {plain(alert.title, 300)}.\n{date(alert.occurred)}{who}"


def _what(alert: Alert) -> str:
    """`family web, revision 7`."""
    revision = Revision.parse(alert.resource)
    number = f", revision {revision.number}" if revision and alert.subject == Subject.FAMILY else ""
    name = role_name(alert.name) if alert.subject == Subject.ROLE else alert.name
    return f"{plain(alert.subject, 50)} {span(name, 400)}{number}"


def _where(alert: Alert) -> str:
    return f"{plain(alert.account, 50)} / {plain(alert.region, 50)}"


def _who(alert: Alert) -> str:
    """Return the person if single sign-on names one, else the role and session; and the tool."""
    person = _SINGLE_SIGN_ON.fullmatch(alert.actor)
    name = f"{person['person']} ({person['set']})" if person else alert.actor
    return plain(name, 200) + (f" with {plain(alert.tool, 50)}" if alert.tool else "")


def _body(alert: Alert, room: int) -> Iterator[str]:
    if alert.kind == "finding":
        yield f"*Rule:* {plain(alert.title, 300)}.\n{_drifts(alert)}"
    elif alert.kind == "outcome":
        yield f"*{plain(alert.title, 1000)}.*"
    found = [_changed(alert), _command(alert), _reasons(alert)]
    yield from found if alert.kind == "finding" else reversed(found)
    for section in alert.sections[:_MOST_SECTIONS]:
        yield _listing(section, room)
    for fragment in alert.fragments[:_MOST_FRAGMENTS]:
        yield _fragment(fragment)
    if alert.next_step:
        yield f"*Next:* {plain(alert.next_step, 2000)}"
    for statement in alert.statements[:_MOST_STATEMENTS]:
        yield _statement(statement)
    if more := len(alert.statements) - _MOST_STATEMENTS:
        yield f"{MARK} and {more} more, in the finding's details" if more > 0 else ""


def _drifts(alert: Alert) -> str:
    lines = (f"{span(drift.where, 200)}  {plain(drift.why, 900)}" for drift in alert.drifts[:_MOST_DRIFTS])
    return listed(lines, len(alert.drifts) + alert.omitted, ROOM)


def _reasons(alert: Alert) -> str:
    if not alert.reasons:
        return ""
    head = {"finding": "*Why it needs approval:*\n", "outcome": "*Why:*\n"}.get(alert.kind, "")
    if alert.transition in {"registered", "deployed"}:
        head = "*Not updated:*\n"
    return head + listed((f"• {plain(reason, 600)}" for reason in alert.reasons), len(alert.reasons), ROOM)


def _listing(section: AlertSection, room: int) -> str:
    """Return a list whose first lines are links, as many as fit without dropping a line."""
    shown = [f"{_bullet(each)} {plain(each.text, 500)}" for each in section.lines]
    left = room - len(listed(shown, len(shown) + section.omitted, room))
    for number, each in enumerate(section.lines):
        linked = f"{_bullet(each)} {link(each.text, each.link, 500)}"
        left -= len(linked) - len(shown[number])
        if left < 0:
            break
        shown[number] = linked
    return f"*{plain(section.title, 200)}*\n{listed(shown, len(section.lines) + section.omitted, room)}"


def _bullet(each: AlertLine) -> str:
    return _of(each.severity) if each.severity else _DONE if each.done else "•"


def _changed(alert: Alert) -> str:
    """Return the changes as a diff, grouped by container; empty for a correction that was dropped."""
    if not alert.changes or alert.transition == "superseded":
        return ""
    word = {
        "registered": "What was changed:",
        "deployed": "What was changed:",
        "failed": "What the correction changed:",
        "undone": "What was changed, and is undone:",
        "refused": "What would have been changed:",
    }.get(alert.transition, "Proposed fix (needs approval):" if alert.safety == "review" else "Proposed fix:")
    shown = alert.changes[:_MOST_CHANGES]
    lines, count = list[str](), 0
    for head, some in groupby(shown, _container):
        lines += [f"{code(head, 200)}:"] if head else []
        for change in some:
            both = [code(line(each, 500), 600) for each in _lines(head, change)]
            if sum(map(len, lines + both)) + len(lines + both) > ROOM:
                break
            lines, count = lines + both, count + 1
    return f"*{word}*\n{block(lines, len(alert.changes) + alert.omitted_changes - count)}"


def _command(alert: Alert) -> str:
    """Return the whole command, or nothing if it does not fit: half a command would do something else."""
    if not alert.command or len(escaped(alert.command)) > ROOM:
        return ""
    return f"*As a command:*\n{block([code(alert.command, ROOM)])}"


def _fragment(fragment: AlertFragment) -> str:
    """Return the change for the source, whole or not at all: half of it would be wrong."""
    text = code(fragment.text, 2 * ROOM)
    head = f"*In {plain(fragment.form, 50)}:*"
    return f"{head}\n{block(text.splitlines())}" if len(text) <= ROOM else ""


def _container(change: AlertChange) -> str:
    parts = change.where.split("/")
    return "/".join(parts[:2]) if parts[0] == "containers" and len(parts) > 2 else ""  # noqa: PLR2004 - containers/name/member


def _lines(head: str, change: AlertChange) -> Iterator[str]:
    where = change.where.removeprefix(f"{head}/") if head else change.where
    if change.before is not None:
        yield f"- {where}: {change.before}"
    if change.after is not None:
        yield f"+ {where}: {change.after}"


def _statement(missing: AlertStatement) -> str:
    """Return the policy statement, indented if it fits, else on one line."""
    try:
        text = json.dumps(json.loads(missing.statement), indent=2, ensure_ascii=False)
    except ValueError:
        text = missing.statement
    if len(escaped(text)) > ROOM:
        text = missing.statement
    whole = len(escaped(text)) <= ROOM
    where = "" if whole else " The finding's details have the whole statement."
    return f"*Add to* {span(missing.to, 150)}:{where}\n{block([code(text, ROOM)])}"


def links(alert: Alert) -> Iterator[tuple[str, str, str]]:
    """Yield the links of a message: key, label and address."""
    thing = _thing(Subject(alert.subject)) if alert.subject in set(Subject) else "resource"
    named = (("finding", "Open the finding"), ("resource", f"Open the {thing}"), ("rule", "About this rule"))
    yield from ((key, label, alert.links[key]) for key, label in named if is_address(alert.links.get(key, "")))


def _buttons(alert: Alert) -> list[dict[str, Any]]:
    return [
        {"type": "button", "text": {"type": "plain_text", "text": cut(label, _BUTTON)}, "url": url, "action_id": key}
        for key, label, url in links(alert)
    ]


def context(alert: Alert) -> str:
    """Return the place, or the rules and the plan."""
    found = [_where(alert)] if alert.transition == "closed" else []
    found += [plain(alert.rule, 200)] if alert.rule else []
    found += [plain(", ".join(alert.rules), 800)] if alert.rules else []
    found += [f"plan {plain(alert.digest, 100)}"] if alert.digest else []
    found += [f"approved by {plain(alert.approved_by, 200)}"] if alert.approved_by else []
    return " · ".join(found) or _where(alert)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
