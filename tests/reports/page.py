"""docs/messages.md: each golden message as people read it. test_golden.py writes and checks it."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).with_name("golden")
PAGE = Path(__file__).parents[2] / "docs" / "messages.md"
TITLES = {
    "thread-first": "A revision and its service: the first message",
    "thread-last": "The same: the last message",
    "thread-reply": "The same by a bot: the reply to the first message, which becomes the last one",
    "thread-at-once": "The same, if all of it happened before the first message was sent",
    "thread-partly": "A correction that leaves a drift",
    "thread-registered": "A correction that is registered and not deployed",
    "opened": "A finding opened: the proposed fix is safe",
    "opened-review": "A finding opened: the proposed fix needs approval",
    "opened-service": "A finding of a service: no event names who caused it",
    "opened-parameter": "A finding of a parameter",
    "opened-role": "A finding of a role",
    "opened-unused": "A finding of a revision that nothing runs yet",
    "opened-statement": "A role lacks permissions: the policy statement to add",
    "raised": "A finding became more severe",
    "reopened": "A finding opened again",
    "closed": "A finding closed",
    "registered": "A correction was registered",
    "superseded": "A correction was dropped: a bot's reply, and no message by webhook",
    "refused": "A correction was refused",
    "refused-approval": "An approval was refused",
    "refused-service": "A correction of a service was refused",
    "approved": "An approved correction was registered, and is being rolled out",
    "deployed": "A correction is deployed, and its collectors run",
    "failed": "A correction failed and was rolled back",
    "not-back": "A correction failed and could not be rolled back",
    "undone": "A correction was undone",
    "fought": "A family whose pipeline brings the drift back",
    "burst": "Many alerts at once: a digest of those that are not sent one by one",
    "daily": "The daily digest",
    "weekly": "The weekly digest of a team",
    "digest": "The digest of a baseline sweep",
    "digest-in-part": "The same, sent before everything was evaluated",
}
HEAD = """\
# Slack messages

This page is made from the golden files of `tests/reports`; a test there keeps it up to date. Text in brackets is a
button. Slack shows times in the reader's time zone. The first lines of a digest are links to the findings.
Signs: 🔴 CRITICAL, 🟠 HIGH, 🟡 MEDIUM, 🔵 LOW, ⚪ for information, ✅ done.
"""


def as_text(message: Mapping[str, Any]) -> Iterator[str]:
    """A Block Kit message as the lines that a person sees."""
    for block in message["blocks"]:
        match block["type"]:
            case "header":
                yield block["text"]["text"]
            case "section":
                yield from ["", *_seen(block["text"]["text"]).split("\n")]
            case "context":
                yield from ["", *(_seen(element["text"]) for element in block["elements"])]
            case "actions":
                yield from ["", "  ".join(f"[{element['text']['text']}]" for element in block["elements"])]
            case other:
                raise ValueError(f"How a block of type {other} reads is not known here.")


def _seen(mrkdwn: str) -> str:
    """Formats out; code blocks indented; dates and escapes as they are shown."""
    text = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", mrkdwn)
    text = re.sub(r"<https://[^|>]*\|([^>]*)>", r"\1", text)
    prose, *rest = re.split(r"```", text)
    prose = re.sub(r"\*([^*\n]+)\*", r"\1", prose).replace("`", "")
    code = "".join("    " + line + "\n" for line in rest[0].split("\n")) if rest else ""
    return html.unescape(prose + code).rstrip("\n")


def page() -> str:
    parts = [HEAD]
    for name, title in TITLES.items():
        message = json.loads((GOLDEN / f"slack-{name}.json").read_text(encoding="utf-8"))
        lines = "\n".join(line.rstrip() for line in as_text(message))
        parts.append(f"## {title}\n\nNotification: {html.unescape(message['text'])}\n\n```text\n{lines}\n```\n")
    return "\n".join(parts)
