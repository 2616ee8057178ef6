"""A bot: one alert → one message by chat.postMessage; one thread for each finding and each family's corrections.

Facts: Slack's reference of chat.postMessage: errors come with 200 and `ok: false`; `ts` of the first message is the
thread's `thread_ts`; a reply with `reply_broadcast` is shown in the channel too. Its scope is `chat:write`.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from aws.calls import CallFailed
from aws.threads import Thread, Threads
from domain.findings.alert import Alert
from operations.notification.posting import Secret, SlackRefused, is_local, later, post, unreadable
from reports.slack import message

_NO_BOT = (
    'The stored bot is not a JSON object of a channel and a token. Store {"channel": "C…", "token": "xoxb-…"}, the'
    " channel by its id."
)
_SEEN = frozenset({"opened", "raised", "reopened"})  # transitions whose replies are shown in the channel too
_GONE = frozenset({"cannot_reply_to_message", "message_not_found", "thread_not_found"})
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


@dataclass(frozen=True, slots=True)
class Bot:
    """`account` is the bot's secret: JSON of its channel and token."""

    account: Secret
    threads: Threads

    def send(self, alert: Alert) -> None:
        """Send an alert. Raises SlackRefused if Slack rejects it or wants a retry, CallFailed for the ledger."""
        account = self._account()
        thread = self.threads.of(alert.thread) if alert.thread else None
        within = thread if thread and thread.channel == account.channel else None
        try:
            ts, begun = self._post(account, alert, within)
        except SlackRefused as refused:
            if refused.after is None:  # the token may be revoked or rotated: read it again next time
                self.account.forget()
            raise
        if alert.thread and begun:
            # The message was sent. Where its thread cannot be stored, the next message begins another one.
            with suppress(CallFailed):
                self.threads.keep(alert.thread, Thread(account.channel, ts), instead_of=thread)

    def _post(self, account: Account, alert: Alert, thread: Thread | None) -> tuple[str, bool]:
        """Post the message; return its time stamp, and whether it begins a thread."""
        body = message(alert) | {"channel": account.channel, "unfurl_links": False, "unfurl_media": False}
        reply = {"thread_ts": thread.ts, "reply_broadcast": alert.transition in _SEEN} if thread else {}
        answer = self._ask(account, body | reply)
        if thread and answer.get("error") in _GONE:  # somebody deleted the thread's first message
            thread, answer = None, self._ask(account, body)
        if answer.get("ok") is not True:
            raise _refused(answer)
        return str(answer.get("ts", "")), thread is None

    @staticmethod
    def _ask(account: Account, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {account.token.get_secret_value()}"}
        url = f"{account.api}chat.postMessage"
        text = post(url, body, headers, address=_NO_BOT, check="Check the bot's token.")
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


def _refused(answer: Mapping[str, Any]) -> SlackRefused:
    given = str(answer.get("error", ""))
    error = given if re.fullmatch(r"[a-z_]{1,60}", given) else "an error"
    if error in _LATER:
        return later(error)
    check = _CHECK.get(error, "Check the bot's token and channel.")
    return SlackRefused(f"Slack answered {error} and rejected the message. {check}")
