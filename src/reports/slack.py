"""Messages for Slack (Block Kit).

Facts, from Slack's Block Kit reference: header text 150 characters, section text 3,000, button text 75, URL 3,000,
fifty blocks; `verbatim` stops Slack from turning plain text into links and mentions. chat.postMessage answers
msg_blocks_too_long to about 13,000 characters of blocks: https://github.com/slackapi/bolt-js/issues/2509.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from reports.message import Message
from reports.mrkdwn import plain
from reports.text import MARK, cut

_BUTTON, _NEXT, _PARTS = 75, 2000, 9000
_REST = f"{MARK} The findings' details have the rest."


def body(message: Message) -> dict[str, Any]:
    """Return the body for an incoming webhook. `text` is what notifications and screen readers show."""
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": message.header, "emoji": False}},
        *_sections(message),
    ]
    if buttons := [_button(*each) for each in message.links]:
        blocks.append({"type": "actions", "elements": buttons})
    if message.context:
        blocks.append({"type": "context", "elements": [_mrkdwn(message.context)]})
    return {"text": message.summary(), "blocks": blocks}


def reply_body(message: Message) -> dict[str, Any]:
    """Return the body of a reply, which needs no header."""
    return {"text": message.summary(), "blocks": _sections(message)}


def _sections(message: Message) -> list[dict[str, Any]]:
    following = [f"*Next:* {plain(message.next_step, _NEXT)}"] if message.next_step else []
    return [{"type": "section", "text": _mrkdwn(text)} for text in (*_fitting(message.parts), *following)]


def _fitting(parts: Sequence[str]) -> Iterator[str]:
    """Yield the parts, the last ones only if there is room for all before them."""
    left = _PARTS
    for text in parts:
        left -= len(text)
        if left < 0:
            yield _REST
            return
        yield text


def _button(key: str, label: str, url: str) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": cut(label, _BUTTON)}, "url": url, "action_id": key}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
