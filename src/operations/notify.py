"""Notify: one alert → one Slack message, by an incoming webhook whose URL is kept as a secret."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from pydantic import ValidationError

from domain.alert import Alert
from reports.slack import message

_FRESH = 300.0  # seconds that the URL is held: a rotated one is used soon
_TIMEOUT = 10.0
_BUSY, _SERVER = 429, 500


class AlertUnreadable(Exception):
    """A message that is no alert of ours."""


class SlackRefused(Exception):
    """Slack did not take a message. `after` is the seconds that it asked us to wait, if it did. Never holds the URL."""

    def __init__(self, reason: str, after: int | None = None) -> None:
        self.after = after
        super().__init__(reason)


def read_alert(body: str) -> Alert:
    """The alert itself, or the one that SNS wrapped in an envelope of its own."""
    try:
        content = json.loads(body)
        if isinstance(content, dict) and content.get("Type") == "Notification":
            content = json.loads(content["Message"])
        return Alert.model_validate(content)
    except (ValueError, KeyError, ValidationError):
        raise AlertUnreadable("The message is no alert: it did not come from the stack's topic.") from None


@dataclass(slots=True)
class Notifier:
    """`read_url` reads the webhook's URL from where it is kept."""

    read_url: Callable[[], str]
    clock: Callable[[], float] = monotonic
    _held: tuple[float, str] | None = field(default=None, init=False, repr=False)

    def notify(self, alert: Alert) -> None:
        """SlackRefused where Slack asks for a later try or does not take the message."""
        self._post(message(alert))

    def _post(self, body: dict[str, Any]) -> None:
        request = Request(self._url(), json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - the scheme is checked below
        try:
            with urlopen(request, timeout=_TIMEOUT):  # noqa: S310 - https, or loopback; see _url
                return
        except HTTPError as error:
            status, after = error.code, error.headers.get("Retry-After", "")
            error.close()
        except (URLError, OSError):
            raise SlackRefused("Slack could not be reached.", after=30) from None
        if status == _BUSY or status >= _SERVER:
            raise SlackRefused(
                f"Slack answered {status} and asks for a later try.", int(after) if after.isdecimal() else 30
            )
        self._held = None  # a webhook that was revoked or rotated is read anew
        raise SlackRefused(f"Slack answered {status} and does not take the message. Check the webhook.")

    def _url(self) -> str:
        now = self.clock()
        if self._held is None or now - self._held[0] > _FRESH:
            self._held = (now, self.read_url().strip())
        url = self._held[1]
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}):
            self._held = None
            raise SlackRefused("The stored webhook is no https address. Store the incoming webhook's URL.")
        return url
