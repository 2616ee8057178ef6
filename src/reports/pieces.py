"""The pieces of a message about an alert, as mrkdwn, each short enough for a section of Slack."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from domain.findings.alert import Alert, AlertChange, AlertFragment, AlertLine, AlertSection, AlertStatement
from domain.places import Revision
from domain.severity import Severity
from domain.subject import Subject
from reports.mrkdwn import ROOM, block, code, date, escaped, link, listed, plain, span
from reports.text import line
from reports.words import findings_are, shown_name

DONE = "✅"
_MOST_DRIFTS, _MOST_CHANGES, _MOST_FINDINGS, _MOST_ACTORS = 5, 8, 12, 4
_WHY = 160  # characters of a finding that is one of several
_SINGLE_SIGN_ON = re.compile(r"AWSReservedSSO_(?P<set>.+)_[0-9a-f]{16}/(?P<person>.+)")


def sign(severity: Severity) -> str:
    """Return the sign of a severity."""
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


# --- what, where, who -------------------------------------------------------------------------------------------------


def named(alert: Alert) -> str:
    """Return the subject's name; a role's without its path."""
    return shown_name(alert.subject, alert.name)


def what(alert: Alert) -> str:
    """`family web, revision 7`."""
    revision = Revision.parse(alert.resource)
    number = f", revision {revision.number}" if revision and alert.subject == Subject.FAMILY else ""
    return f"{plain(alert.subject, 50)} {span(named(alert), 400)}{number}"


def where(alert: Alert) -> str:
    """Return account and region."""
    return f"{plain(alert.account, 50)} / {plain(alert.region, 50)}"


def who(alerts: Sequence[Alert]) -> str:
    """Return who made the changes, and with which tools; empty if no alert names anybody."""
    found = list(dict.fromkeys(_who(alert) for alert in alerts if alert.actor))
    more = [f"{len(found) - _MOST_ACTORS} more"] if len(found) > _MOST_ACTORS else []
    return " and ".join([*found[:_MOST_ACTORS], *more])


def _who(alert: Alert) -> str:
    """Return the person if single sign-on names one, else the role and session; and the tool."""
    person = _SINGLE_SIGN_ON.fullmatch(alert.actor)
    name = f"{person['person']} ({person['set']})" if person else alert.actor
    return plain(name, 200) + (f" with {plain(alert.tool, 50)}" if alert.tool else "")


def since(alert: Alert) -> str:
    """Return when a finding was first seen, if that was earlier."""
    return f" · first seen {date(alert.since)}" if alert.occurred - alert.since > timedelta(minutes=1) else ""


# --- what is open -----------------------------------------------------------------------------------------------------


def drifts(alert: Alert) -> str:
    """Return the rule and each place where the subject violates it."""
    lines = (f"{span(drift.where, 200)}  {plain(drift.why, 900)}" for drift in alert.drifts[:_MOST_DRIFTS])
    return f"*Rule:* {plain(alert.title, 300)}.\n{listed(lines, len(alert.drifts) + alert.omitted, ROOM)}"


def findings(alerts: Sequence[Alert], subject: tuple[str, str]) -> str:
    """Return a line for each of several findings; `subject` is the one that the message names."""
    lines = (_finding(alert, subject) for alert in alerts[:_MOST_FINDINGS])
    return listed(lines, len(alerts), ROOM)


def _finding(alert: Alert, subject: tuple[str, str]) -> str:
    about = "" if (alert.subject, alert.name) == subject else f"{plain(alert.subject, 50)} {span(named(alert), 100)}: "
    why = alert.drifts[0].why if alert.drifts else alert.title
    more = len(alert.drifts) + alert.omitted - 1
    others = f" (and {more} more)" if more > 0 else ""
    rule = link(alert.rule, alert.links.get("rule", ""), 100)
    return f"{sign(alert.severity)} {about}{plain(why, _WHY)}{others} · {rule}"


def closed(alerts: Sequence[Alert]) -> str:
    """`✅ 2 findings are closed: sidecar.resources, sidecar.image-pinned`; those that are exempt or gone apart."""
    lines = list[str]()
    for transition, state in (("closed", "closed"), ("exempted", "exempt"), ("gone", "gone")):
        found = [alert.rule for alert in alerts if alert.transition == transition]
        if found:
            lines.append(f"{DONE} {findings_are(len(found), state)}: {plain(', '.join(dict.fromkeys(found)), 600)}")
    return "\n".join(lines)


# --- what to do -------------------------------------------------------------------------------------------------------


def reasons(alert: Alert) -> str:
    """Return why a correction needs approval or was not made, or what a digest counts."""
    if not alert.reasons:
        return ""
    head = {"finding": "*Why it needs approval:*\n", "outcome": "*Why:*\n"}.get(alert.kind, "")
    if alert.succeeded:
        head = "*Not updated:*\n"
    return head + listed((f"• {plain(reason, 600)}" for reason in alert.reasons), len(alert.reasons), ROOM)


def changed(alert: Alert) -> str:
    """Return the changes as a diff, grouped by container; empty if there are none."""
    if not alert.changes:
        return ""
    word = {
        "registered": "What was changed:",
        "deployed": "What was changed:",
        "updated": "What was changed:",
        "failed": "What the correction changed:",
        "undone": "What was changed, and is undone:",
        "refused": "What would have been changed:",
    }.get(alert.transition, "Proposed fix (needs approval):" if alert.safety == "review" else "Proposed fix:")
    lines, count = list[str](), 0
    for head, some in groupby(alert.changes[:_MOST_CHANGES], _container):
        lines += [f"{code(head, 200)}:"] if head else []
        for change in some:
            both = [code(line(each, 500), 600) for each in _lines(head, change)]
            if sum(map(len, lines + both)) + len(lines + both) > ROOM:
                break
            lines, count = lines + both, count + 1
    return f"*{word}*\n{block(lines, len(alert.changes) + alert.omitted_changes - count)}"


def command(alert: Alert) -> str:
    """Return the whole command, or nothing if it does not fit: half a command would do something else."""
    if not alert.command or len(escaped(alert.command)) > ROOM:
        return ""
    return block([code(alert.command, ROOM)])


def fragment(given: AlertFragment) -> str:
    """Return the change for the source, whole or not at all: half of it would be wrong."""
    text = code(given.text, 2 * ROOM)
    head = f"*In {plain(given.form, 50)}:*"
    return f"{head}\n{block(text.splitlines())}" if len(text) <= ROOM else ""


def statement(missing: AlertStatement) -> str:
    """Return the policy statement, indented if it fits, else on one line."""
    try:
        text = json.dumps(json.loads(missing.statement), indent=2, ensure_ascii=False)
    except ValueError:
        text = missing.statement
    if len(escaped(text)) > ROOM:
        text = missing.statement
    whole = len(escaped(text)) <= ROOM
    at = "" if whole else " The finding's details have the whole statement."
    return f"*Add to* {span(missing.to, 150)}:{at}\n{block([code(text, ROOM)])}"


def _container(change: AlertChange) -> str:
    parts = change.where.split("/")
    return "/".join(parts[:2]) if parts[0] == "containers" and len(parts) > 2 else ""  # noqa: PLR2004 - containers/name/member


def _lines(head: str, change: AlertChange) -> Iterator[str]:
    at = change.where.removeprefix(f"{head}/") if head else change.where
    if change.before is not None:
        yield f"- {at}: {change.before}"
    if change.after is not None:
        yield f"+ {at}: {change.after}"


# --- digests ----------------------------------------------------------------------------------------------------------


def listing(section: AlertSection, room: int) -> str:
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
    return sign(each.severity) if each.severity else DONE if each.done else "•"
