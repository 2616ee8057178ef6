"""A bot of Slack: one message for each thread, which it changes; what is new is a reply to it.

A thread whose most severe finding is routed to another channel has a message in each of these channels.

Facts: Slack's references of chat.postMessage and chat.update: errors come with 200 and `ok: false`; `ts` of the first
message is the thread's `thread_ts`, and what chat.update takes; a reply with `reply_broadcast` is shown in the channel
too. Both need the scope `chat:write` and no other.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from domain.findings.thread import Head
from operations.notification.posting import Post, Secret, SlackRefused, is_local, later, post, unreadable
from reports.message import Message
from reports.slack import body, reply_body

_NO_BOT = (
    'The stored bot is not a JSON object of a channel and a token. Store {"channel": "C…", "token": "xoxb-…"}, the'
    " channel by its id."
)
_GONE = frozenset(
    {"cannot_reply_to_message", "cant_update_message", "edit_window_closed", "message_not_found", "thread_not_found"}
)
"""The message cannot be changed, or somebody deleted it."""
_LATER = frozenset(
    {"fatal_error", "internal_error", "rate_limited", "ratelimited", "request_timeout", "service_unavailable"}
)
_CHECK = {
    "channel_not_found": "Check the channel's id; a private channel must invite the bot.",
    "not_in_channel": "Invite the bot into the channel.",
    "is_archived": "The channel is archived: use another.",
    "missing_scope": "Give the bot the scope chat:write and install it again.",
}


class Account(BaseModel):
    """The bot's secret. `api` is the address of Slack or GovSlack, or a loopback address for tests."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    channel: str = Field(pattern=r"^[!-~]{1,255}$")
    token: SecretStr = Field(min_length=1)
    api: str = "https://slack.com/api/"

    @field_validator("token")
    @classmethod
    def _in_a_header(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[!-~]+", value.get_secret_value()):
            raise ValueError("is not a token")
        return value

    @field_validator("api")
    @classmethod
    def _of_slack(cls, value: str) -> str:
        if not is_local(value) and not re.fullmatch(r"https://(slack|slack-gov)\.com/api/", value):
            raise ValueError("is not an address of Slack")
        return value if urlsplit(value).path.endswith("/") else f"{value}/"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token.get_secret_value()}"}


@dataclass(frozen=True, slots=True)
class Bot:
    """`account` is the bot's secret: JSON of its channel and token. The standard's routes may name other channels."""

    account: Secret

    @property
    def follows(self) -> bool:
        return True

    def send(self, given: Post) -> Head | None:
        """Send a message; return the one that shows the thread. Raises SlackRefused if Slack rejects it or is busy."""
        account = self._account()
        try:
            return self._sent(account, given)
        except SlackRefused as refused:
            if refused.after is None:  # the token may be revoked or rotated: read it again next time
                self.account.forget()
            raise

    def _sent(self, account: Account, given: Post) -> Head:
        """Change the messages first: that may be repeated, if the one reply or new message after it fails."""
        channel, head = given.channel or account.channel, given.head
        heads = [each for each in (*given.others, head) if each is not None]
        changed = {each.channel: each for each in heads if self._change(account, each, given.message, channel)}
        if head is not None and given.silent:
            return head
        if (here := changed.get(channel)) is not None:
            if given.reply is None:
                return here
            # People who follow the thread in the channel that it leaves read there what is new.
            to = here if given.loud or head is None else changed.get(head.channel, here)
            reply = {"channel": to.channel, "thread_ts": to.ts, "reply_broadcast": given.loud}
            answer = self._ask(account, "chat.postMessage", reply_body(given.reply) | reply)
            if error_of(answer) not in _GONE:
                return _accepted(answer, here)
        answer = self._ask(account, "chat.postMessage", body(given.message) | {"channel": channel})
        return _accepted(answer, Head(channel=channel, ts=str(answer.get("ts", ""))))

    def _change(self, account: Account, head: Head, message: Message, channel: str) -> bool:
        """Change a message; return whether that is possible.

        Where Slack refuses it in another channel than the present one, it is left: the bot may have been removed there.
        """
        answer = self._ask(account, "chat.update", body(message) | {"channel": head.channel, "ts": head.ts})
        error = error_of(answer)
        if error in _GONE or (error and error not in _LATER and head.channel != channel):
            return False
        _accepted(answer, head)
        return True

    @staticmethod
    def _ask(account: Account, method: str, content: Mapping[str, Any]) -> dict[str, Any]:
        given = {"unfurl_links": False, "unfurl_media": False, **content}
        text = post(f"{account.api}{method}", given, account.headers, address=_NO_BOT, check="Check the bot's token.")
        try:
            answer = json.loads(text)
        except ValueError:
            raise unreadable() from None
        if not isinstance(answer, dict):
            raise unreadable()
        return answer

    def _account(self) -> Account:
        try:
            return Account.model_validate_json(self.account.text())
        except ValidationError:  # its text shows the input
            self.account.forget()
            raise SlackRefused(_NO_BOT) from None


def _accepted(answer: Mapping[str, Any], head: Head) -> Head:
    """Return the head if Slack accepted the call, else raise SlackRefused."""
    if answer.get("ok") is not True:
        raise _refused(answer)
    return head


def error_of(answer: Mapping[str, Any]) -> str:
    """Return the code of Slack's error; empty if it has not the form of one."""
    given = str(answer.get("error", ""))
    return given if re.fullmatch(r"[a-z_]{1,60}", given) else ""


def _refused(answer: Mapping[str, Any]) -> SlackRefused:
    error = error_of(answer) or "an error"
    if error in _LATER:
        return later(error)
    check = _CHECK.get(error, "Check the bot's token and channel.")
    return SlackRefused(f"Slack answered {error} and rejected the message. {check}")
