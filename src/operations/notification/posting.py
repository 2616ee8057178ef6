"""Posting: a message, one https request to Slack, what its answer means, and secrets that are cached for minutes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, InvalidURL
from time import monotonic
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from domain.findings.thread import Head
from reports.message import Message

_FRESH = 300.0  # seconds that a secret is cached: a rotated one is used soon
TIMEOUT = 10.0
_LATER = 30  # seconds, where Slack does not say how long to wait
_BUSY, _SERVER = 429, 500
_MOST = 1 << 20  # bytes of an answer


@dataclass(frozen=True, slots=True)
class Post:
    """A message; and for a bot the message that it replaces, and the reply that says what is new.

    `others` are messages of the thread in other channels, which it replaces, too. `loud` says that the channel shows
    the reply, too. `channel` is another than the bot's own. One that is `silent` only replaces the messages, and is not
    sent if that is not possible.
    """

    message: Message
    head: Head | None = None
    reply: Message | None = None
    loud: bool = False
    channel: str = ""
    silent: bool = False
    others: tuple[Head, ...] = ()


class SlackRefused(Exception):
    """Slack did not accept a message. `after`: how many seconds to wait, where it asks for a retry. Holds no secret."""

    def __init__(self, reason: str, after: int | None = None) -> None:
        self.after = after
        super().__init__(reason)


@dataclass(slots=True)
class Secret:
    """A secret's text: read when first needed, and again after minutes or after it was rejected."""

    read: Callable[[], str]
    clock: Callable[[], float] = monotonic
    _held: tuple[float, str] | None = field(default=None, init=False, repr=False)

    def text(self) -> str:
        now = self.clock()
        if self._held is None or now - self._held[0] > _FRESH:
            self._held = (now, self.read().strip())
        return self._held[1]

    def forget(self) -> None:
        self._held = None


class _NoRedirects(HTTPRedirectHandler):
    """Refuse redirects: they could send the message to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = build_opener(_NoRedirects)


def post(url: str, body: Mapping[str, Any], headers: Mapping[str, str], *, address: str, check: str) -> bytes:
    """Post, and return the body of Slack's answer with status 200.

    Raises SlackRefused otherwise, with `after` if Slack wants a retry. `address` is the sentence for a URL that is not
    valid, `check` what to check if Slack rejects the message.
    """
    try:
        data = json.dumps(body).encode()
        request = Request(url, data, {"Content-Type": "application/json; charset=utf-8", **headers})  # noqa: S310 - https, or loopback; see is_local
        with _OPENER.open(request, timeout=TIMEOUT) as answer:
            return bytes(answer.read(_MOST))
    except HTTPError as error:
        status, after = error.code, error.headers.get("Retry-After", "")
        error.close()
    except OSError:  # includes URLError and time-outs
        raise SlackRefused("Slack could not be reached.", after=_LATER) from None
    except (InvalidURL, ValueError):  # these errors show the URL or a header
        raise SlackRefused(address) from None
    except HTTPException:
        raise unreadable() from None
    if status == _BUSY or status >= _SERVER:
        seconds = int(after) if after.isdecimal() else _LATER
        raise SlackRefused(f"Slack answered {status} and asks for a later try.", seconds)
    raise SlackRefused(f"Slack answered {status} and rejected the message. {check}")


def later(error: str) -> SlackRefused:
    """Return the error for a code of chat.postMessage that wants a later retry."""
    return SlackRefused(f"Slack answered {error} and asks for a later try.", after=_LATER)


def unreadable() -> SlackRefused:
    """Return the error for an unreadable answer. Slack may have accepted the message."""
    return SlackRefused("Slack's answer could not be read.", after=_LATER)


def is_local(url: str) -> bool:
    """Whether the address is http to this machine, where a test listens."""
    scheme, host = _parts(url)
    return scheme == "http" and host in {"127.0.0.1", "localhost"}


def is_secure(url: str) -> bool:
    """Whether the address is https with a host."""
    scheme, host = _parts(url)
    return scheme == "https" and bool(host)


def _parts(url: str) -> tuple[str, str | None]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", None
    return parts.scheme, parts.hostname
