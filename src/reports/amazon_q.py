"""Alerts as custom notifications of Amazon Q Developer in chat applications.

Facts: AWS's page on custom notifications: `version` must be 1.0 and `source` custom, anything else is dropped;
`client-markdown` is the chat client's own, here Slack's mrkdwn; what shares a `threadId` shares a thread. No lengths
are documented, so those of a section of Slack's are kept.
"""

import hashlib
import re
from typing import Any

from domain.findings.alert import Alert
from reports.mrkdwn import link, plain
from reports.slack import header, links, parts, summary
from reports.text import MARK, line

_TITLE, _DESCRIPTION, _STEP, _SUMMARY, _KEYWORD = 250, 2900, 1000, 500, 100
_LIST = 1000  # each of a digest's lists
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")


def notification(alert: Alert) -> dict[str, Any]:
    """The body of an SNS message."""
    named = {"account": alert.account, "region": alert.region, "severity": alert.severity.value, "rule": alert.rule}
    return {
        "version": "1.0",
        "source": "custom",
        "id": alert.id,
        "content": {
            "textType": "client-markdown",
            "title": plain(header(alert), _TITLE),
            "description": _description(alert),
            "nextSteps": [plain(alert.next_step, _STEP)] if alert.next_step else [],
            "keywords": [plain(word, _KEYWORD) for word in (alert.severity.value, alert.rule) if word],
        },
        "metadata": {
            "threadId": hashlib.sha256((alert.thread or alert.id).encode()).hexdigest()[:32],
            "summary": summary(alert, _SUMMARY),
            "eventType": f"{alert.kind}-{plain(alert.transition, _KEYWORD)}",
            "relatedResources": [line(alert.resource, _STEP)] if alert.resource else [],
            "additionalContext": {name: plain(value, _KEYWORD) for name, value in named.items() if value},
        },
    }


def _description(alert: Alert) -> str:
    """The parts of the message that there is room for, whole, and where it leads."""
    leads = " · ".join(link(label, url, _KEYWORD) for _, label, url in links(alert))
    room = _DESCRIPTION - len(leads) - 4 * len(MARK)
    told = list[str]()
    # The next step has a member of its own.
    for part in parts(alert.model_copy(update={"next_step": ""}), _LIST):
        text = _DATE.sub(r"\1", part)  # a client that is not Slack would show the form itself
        if len(text) + 2 > room:
            told.append(MARK)
            break
        told.append(text)
        room -= len(text) + 2
    return "\n\n".join([*told, *([leads] if leads else [])])
