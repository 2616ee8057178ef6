"""Alerts as Slack messages (Block Kit).

Facts: Slack's Block Kit reference: header text 150 characters, section text 3,000, button text 75, fifty blocks. In
mrkdwn `&`, `<` and `>` are escaped, and nothing that came from outside may begin a mention, a link or a format.
"""

from typing import Any

from domain.alert import Alert, AlertChange
from domain.rule import Severity
from reports.text import cut

_HEADER, _SECTION, _BUTTON, _CONTEXT = 150, 2900, 75, 1900
_MOST_DRIFTS, _MOST_CHANGES = 10, 8
_SIGN = {
    Severity.CRITICAL: ":red_circle:",
    Severity.HIGH: ":large_orange_circle:",
    Severity.MEDIUM: ":large_yellow_circle:",
    Severity.LOW: ":large_blue_circle:",
    Severity.INFORMATIONAL: ":white_circle:",
}
_WORD = {
    "opened": "Drift",
    "raised": "Drift, now more severe",
    "reopened": "Drift again",
    "closed": "Closed",
    "registered": "Corrected",
    "superseded": "Correction dropped",
    "refused": "Not corrected",
}
# mrkdwn has no escape for its format characters: a look-alike stands for each (asterisk operator, tilde operator). A
# word joiner keeps `@here` from being a mention.
_LOOKALIKES = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "'", "@": "@\u2060"})


def message(alert: Alert) -> dict[str, Any]:
    """The body for an incoming webhook. `text` is what notifications and screen readers show."""
    title = f"{_WORD.get(alert.transition, alert.transition)}: {alert.title}"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(title, _HEADER), "emoji": False}},
        _section(_facts(alert)),
    ]
    blocks += [_section(f"*{_plain(drift.where)}*\n{_plain(drift.why)}") for drift in alert.drifts[:_MOST_DRIFTS]]
    if alert.changes:
        blocks.append(_section(_diff(alert)))
    if alert.reasons:
        blocks.append(_section("\n".join(f"• {_plain(reason)}" for reason in alert.reasons)))
    if buttons := _buttons(alert):
        blocks.append({"type": "actions", "elements": buttons})
    blocks.append({"type": "context", "elements": [_mrkdwn(_context(alert), _CONTEXT)]})
    return {"text": cut(f"{_plain(title)}: {_plain(alert.name)} ({alert.severity.value})", _SECTION), "blocks": blocks}


def _facts(alert: Alert) -> str:
    who = _plain(alert.actor) + (f" with {_plain(alert.tool)}" if alert.tool else "") if alert.actor else ""
    sign = ":white_check_mark:" if alert.transition in {"closed", "registered"} else _SIGN[alert.severity]
    what = f"{sign} *{alert.severity.value}* {_plain(alert.subject)} *{_plain(alert.name)}*"
    return f"{what} in {_plain(alert.account)} / {_plain(alert.region)}" + (f"\nby {who}" if who else "")


def _diff(alert: Alert) -> str:
    lines = [line for change in alert.changes[:_MOST_CHANGES] for line in _lines(change)]
    more = len(alert.changes) - _MOST_CHANGES
    if more > 0:
        lines.append(f"… and {more} more")
    word = {"safe": "The correction", "review": "A correction that wants a person"}.get(
        alert.safety, "What was changed"
    )
    # The fence is closed whatever is cut: else what follows would be read as mrkdwn.
    return f"{word}\n```{cut(chr(10).join(lines), _SECTION - 100)}```"


def _lines(change: AlertChange) -> list[str]:
    head = [f"  {_code(change.where)}"]
    before = [f"- {_code(change.before)}"] if change.before is not None else []
    after = [f"+ {_code(change.after)}"] if change.after is not None else []
    return head + before + after


def _buttons(alert: Alert) -> list[dict[str, Any]]:
    named = (("resource", f"Open the {alert.subject}"), ("rule", "About this rule"))
    return [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": cut(label, _BUTTON)},
            "url": alert.links[key],
            "action_id": key,
        }
        for key, label in named
        if alert.links.get(key, "").startswith("https://")
    ]


def _context(alert: Alert) -> str:
    since = int(alert.since.timestamp())
    parts = [f"since <!date^{since}^{{date_short_pretty}} {{time}}|{alert.since:%Y-%m-%d %H:%M} UTC>"]
    parts += [_plain(alert.rule)] if alert.rule else []
    parts += [f"plan {_plain(alert.digest)}"] if alert.digest else []
    return " · ".join(parts)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text, _SECTION)}


def _mrkdwn(text: str, length: int) -> dict[str, Any]:
    """`verbatim`: Slack makes no link or mention of bare text."""
    return {"type": "mrkdwn", "text": cut(text, length), "verbatim": True}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> str:
    """Text from outside, as text: no mention, link or format."""
    return _escaped(cut(text, 1500)).translate(_LOOKALIKES).replace("\n", " ")


def _code(text: str) -> str:
    """Text from outside within a code block, which nothing may close."""
    return _escaped(cut(text, 300)).replace("`", "'").replace("\n", " ")
