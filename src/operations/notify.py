"""Notify: one alert → one Slack message, by an incoming webhook whose URL is kept as a secret."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException, InvalidURL
from time import monotonic
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from pydantic import ValidationError

from domain.alert import Alert
from reports.slack import message

_FRESH = 300.0  # seconds that the URL is held: a rotated one is used soon
_TIMEOUT = 10.0
_BUSY, _SERVER = 429, 500
_NO_ADDRESS = "The stored webhook is no https address. Store the incoming webhook's URL."


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
    except (ValueError, KeyError, TypeError, ValidationError):
        raise AlertUnreadable("The message is no alert: it did not come from the stack's topic.") from None


class _NoRedirects(HTTPRedirectHandler):
    """Whoever follows one asks for a page and has not told anybody; and the URL is for Slack alone."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = build_opener(_NoRedirects)


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
        url = self._url()
        try:
            request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - https, or loopback; see _url
            with _OPENER.open(request, timeout=_TIMEOUT):
                return
        except HTTPError as error:
            status, after = error.code, error.headers.get("Retry-After", "")
            error.close()
        except OSError:  # URLError and time-outs are of its kind
            raise SlackRefused("Slack could not be reached.", after=30) from None
        except (InvalidURL, ValueError):  # they show the URL
            self._held = None
            raise SlackRefused(_NO_ADDRESS) from None
        except HTTPException:
            raise SlackRefused("Slack's answer could not be read.", after=30) from None
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
        if not _is_address(url):
            self._held = None
            raise SlackRefused(_NO_ADDRESS)
        return url


def _is_address(url: str) -> bool:
    """https, or http to this machine, where a test listens."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    return bool(parts.hostname) and (parts.scheme == "https" or local)
