"""Messages as custom notifications of Amazon Q Developer in chat applications.

Facts, from AWS's page on custom notifications: `version` must be 1.0 and `source` custom, or the message is dropped;
`client-markdown` is the chat client's format, here Slack's mrkdwn; messages with one `threadId` share a thread. No
limits are documented, so those of a Slack section apply.
"""

import hashlib
import re
from typing import Any

from reports.message import Message
from reports.mrkdwn import link, plain
from reports.text import MARK, line

_TITLE, _DESCRIPTION, _STEP, _SUMMARY, _KEYWORD = 250, 2900, 1000, 500, 100
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")


def notification(message: Message) -> dict[str, Any]:
    """Return the body of an SNS message."""
    alert = message.alert
    named = {"account": alert.account, "region": alert.region, "severity": message.severity.value, "rule": alert.rule}
    same = hashlib.sha256(f"{message.thread}/{alert.id}/{message.header}".encode()).hexdigest()[:32]
    return {
        "version": "1.0",
        "source": "custom",
        "id": same,
        "content": {
            "textType": "client-markdown",
            "title": plain(message.header, _TITLE),
            "description": _description(message),
            "nextSteps": [plain(message.next_step, _STEP)] if message.next_step else [],
            "keywords": [plain(word, _KEYWORD) for word in (message.severity.value, alert.rule) if word],
        },
        "metadata": {
            "threadId": hashlib.sha256(message.thread.encode()).hexdigest()[:32],
            "summary": message.summary(_SUMMARY),
            "eventType": f"{alert.kind}-{plain(alert.transition, _KEYWORD)}",
            "relatedResources": [line(alert.resource, _STEP)] if alert.resource else [],
            "additionalContext": {name: plain(value, _KEYWORD) for name, value in named.items() if value},
        },
    }


def _description(message: Message) -> str:
    """Return the parts of the message that fit, and its links. Of a list, the lines that fit."""
    leads = " · ".join(link(label, url, _KEYWORD) for _, label, url in message.links)
    room = _DESCRIPTION - len(leads) - 4 * len(MARK)
    shown = list[str]()
    # The next step is in nextSteps.
    for part in message.parts:
        text = _DATE.sub(r"\1", part)  # other clients would show Slack's date form itself
        if len(text) + 2 > room:
            shown.append("\n".join([*_whole(text, room), MARK]))
            break
        shown.append(text)
        room -= len(text) + 2
    return "\n\n".join([*shown, *([leads] if leads else [])])


def _whole(text: str, room: int) -> list[str]:
    """Return the lines of a list that fit; none of a code block."""
    lines = list[str]()
    for each in text.split("\n") if "```" not in text else ():
        room -= len(each) + 1
        if room < 0:
            break
        lines.append(each)
    return lines
