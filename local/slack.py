"""A stand-in for Slack's incoming webhooks and chat.postMessage, on loopback: keeps messages, and fails as Slack does.

    python -m local.slack --port 8099      prints each message

A bot's message is kept with its `channel`, its `ts` and, where it is a reply, `thread_ts`. chat.update changes it where
it is, and `edits` counts that. It also answers GET / (the messages as a page) and /messages (as a JSON list) and POST
/answers ({"status": 429, "retry_after": 1, "times": 2}: how it answers the next posts).
"""

import argparse
import contextlib
import json
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from local.message_page import page

MAX_MESSAGE = 13_200  # characters of all blocks: https://github.com/slackapi/bolt-js/issues/2509
MAX_BLOCKS = 50
# Slack's documented limits, in characters or elements.
MAX_HEADER = 150
MAX_SECTION = 3000
MAX_FIELD = 2000
MAX_FIELDS = 10
MAX_CONTEXT_ELEMENTS = 10
MAX_ACTIONS = 25
MAX_BUTTON = 75
MAX_URL = 3000
MAX_ID = 255
MAX_BODY = 1 << 20

_ERRORS = {403: "invalid_token", 404: "no_service", 429: "rate_limited", 500: "internal_error"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """How the next `times` posts are answered: an HTTP status, a Retry-After, and seconds to wait before.

    `error` is an error code for a bot: Slack sends it with status 200.
    """

    status: int = 200
    retry_after: int | None = None
    hang: float = 0.0
    times: int = 1
    error: str = ""


class Slack:
    """The stand-in, serving from a thread of this process. A context manager."""

    def __init__(self, *, port: int = 0, on_message: Callable[[dict[str, Any]], None] | None = None) -> None:
        """`on_message` is called with each accepted message, from the serving thread."""
        # As long and as random as Slack's own, so that a test can search for it where it must not appear.
        self.path = f"/services/T{secrets.token_hex(4)}/B{secrets.token_hex(4)}/{secrets.token_urlsafe(18)}"
        self.token = f"xoxb-{secrets.token_hex(6)}-{secrets.token_urlsafe(18)}"
        self.channel = f"C{secrets.token_hex(5).upper()}"
        self.others = set[str]()  # other channels that the bot was invited into
        self._on_message = on_message or (lambda _: None)
        self._messages: list[dict[str, Any]] = []
        self._refused: list[str] = []
        self._troubles: list[Trouble] = []
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._server = _Server(port, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def webhook(self) -> str:
        """The incoming webhook's URL, a secret."""
        return self.origin + self.path

    @property
    def bot(self) -> str:
        """The bot's channel, token and address, as its secret holds them."""
        return json.dumps({"channel": self.channel, "token": self.token, "api": f"{self.origin}/api/"})

    def messages(self) -> list[dict[str, Any]]:
        """The accepted payloads, oldest first."""
        with self._changed:
            return list(self._messages)

    def refused(self) -> list[str]:
        """Why payloads were rejected, oldest first."""
        with self._changed:
            return list(self._refused)

    def wait_for(self, enough: Callable[[list[dict[str, Any]]], bool], seconds: float = 30) -> list[dict[str, Any]]:
        """The messages, as soon as `enough` is true of them. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: enough(self._messages), seconds):
                raise TimeoutError(
                    f"Slack had {len(self._messages)} messages after {seconds} s, and not those waited for. "
                    f"Refused: {self._refused or 'none'}."
                )
            return list(self._messages)

    def clear(self) -> None:
        """Forget all messages and troubles."""
        with self._changed:
            self._messages.clear()
            self._refused.clear()
            self._troubles.clear()

    def answer_next(self, trouble: Trouble) -> None:
        """Have the next posts fail; troubles are queued."""
        with self._changed:
            self._troubles.append(trouble)

    def post(self, body: bytes) -> tuple[int, str, dict[str, str]]:
        """Handle one payload: the status, the text and the headers of the response."""
        trouble = self._next_trouble()
        if trouble.hang:
            self._closing.wait(trouble.hang)
        if trouble.status != HTTPStatus.OK:
            headers = {} if trouble.retry_after is None else {"Retry-After": str(trouble.retry_after)}
            return trouble.status, _ERRORS.get(trouble.status, "error"), headers
        try:
            payload = json.loads(body)
        except ValueError:
            payload = None
        why = fault_of(payload)
        with self._changed:
            if why is not None:
                self._refused.append(why)
                return 400, why.partition(":")[0], {}
            self._messages.append(payload)
            self._changed.notify_all()
        self._on_message(payload)
        return 200, "ok", {}

    def post_message(self, body: bytes, authorization: str) -> tuple[int, str, dict[str, str]]:
        """Handle one call of chat.postMessage: the status, the text and the headers of the response."""
        return self._called(body, authorization, self._kept)

    def update(self, body: bytes, authorization: str) -> tuple[int, str, dict[str, str]]:
        """Handle one call of chat.update."""
        return self._called(body, authorization, self._changed_to)

    def _called(
        self, body: bytes, authorization: str, act: Callable[[dict[str, Any]], dict[str, Any] | None]
    ) -> tuple[int, str, dict[str, str]]:
        trouble = self._next_trouble()
        if trouble.hang:
            self._closing.wait(trouble.hang)
        if trouble.status != HTTPStatus.OK:
            headers = {} if trouble.retry_after is None else {"Retry-After": str(trouble.retry_after)}
            return trouble.status, json.dumps({"ok": False, "error": "ratelimited"}), headers
        try:
            payload = json.loads(body)
        except ValueError:
            payload = None
        word = trouble.error or self._bot_fault(payload, authorization)
        if word:
            return 200, json.dumps({"ok": False, "error": word.partition(":")[0]}), {}
        with self._changed:
            kept = act(payload)
            self._changed.notify_all()
        if kept is None:
            return 200, json.dumps({"ok": False, "error": "message_not_found"}), {}
        self._on_message(kept)
        return 200, json.dumps({"ok": True, "channel": kept["channel"], "ts": kept["ts"]}), {}

    def _kept(self, payload: dict[str, Any]) -> dict[str, Any]:
        ts = f"{1_700_000_000 + len(self._messages)}.{secrets.randbelow(10**6):06}"
        self._messages.append({**payload, "ts": ts})
        return self._messages[-1]

    def _changed_to(self, payload: dict[str, Any]) -> dict[str, Any] | None:
        """Change a message; None if there is none."""
        for index, held in enumerate(self._messages):
            if held.get("ts") == payload.get("ts"):
                self._messages[index] = {**held, **payload, "edits": held.get("edits", 0) + 1}
                return self._messages[index]
        return None

    def test_token(self, authorization: str) -> tuple[int, str, dict[str, str]]:
        """Slack's auth.test, which posts nothing."""
        word = "" if authorization == f"Bearer {self.token}" else "invalid_auth"
        return 200, json.dumps({"ok": False, "error": word} if word else {"ok": True}), {}

    def _bot_fault(self, payload: Any, authorization: str) -> str | None:
        if authorization != f"Bearer {self.token}":
            return "invalid_auth" if authorization else "not_authed"
        if not isinstance(payload, dict) or payload.get("channel") not in {self.channel, *self.others}:
            return "channel_not_found"
        with self._changed:
            begun = {each.get("ts") for each in self._messages if "thread_ts" not in each}
            why = fault_of(payload)
            if why is not None:
                self._refused.append(why)
            return why or (None if payload.get("thread_ts") in {None, *begun} else "thread_not_found")

    def _next_trouble(self) -> Trouble:
        with self._changed:
            if not self._troubles:
                return Trouble()
            first = self._troubles[0]
            if first.times > 1:
                self._troubles[0] = replace(first, times=first.times - 1)
            else:
                self._troubles.pop(0)
            return first


class _Server(ThreadingHTTPServer):
    """Holds the Slack that its handlers use."""

    daemon_threads = True

    def __init__(self, port: int, slack: Slack) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.slack = slack


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(200, page(self.server.slack.messages()), {"Content-Type": "text/html; charset=utf-8"})
        elif self.path == "/messages":
            self._answer(200, json.dumps(self.server.slack.messages()), {"Content-Type": "application/json"})
        else:
            self._answer(404, "no_service", {})

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("content-length") or 0), MAX_BODY))
        if self.path == self.server.slack.path:
            self._answer(*self.server.slack.post(body))
        elif self.path == "/api/chat.postMessage":
            self._answer(*self.server.slack.post_message(body, self.headers.get("authorization", "")))
        elif self.path == "/api/chat.update":
            self._answer(*self.server.slack.update(body, self.headers.get("authorization", "")))
        elif self.path == "/api/auth.test":
            self._answer(*self.server.slack.test_token(self.headers.get("authorization", "")))
        elif self.path == "/answers":
            try:
                self.server.slack.answer_next(Trouble(**json.loads(body)))
            except (TypeError, ValueError) as error:
                self._answer(400, f"An answer is a JSON object of status, error, retry_after, hang, times: {error}", {})
            else:
                self._answer(200, "ok", {})
        else:
            self._answer(404, "no_service", {})

    def _answer(self, status: int, text: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # the client has gone
            self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Logs nothing: the path is the secret."""


def fault_of(payload: Any) -> str | None:
    """Slack's error for a payload, with the place after a colon; None for one that it accepts."""
    if not isinstance(payload, dict):
        return "invalid_payload"
    blocks, attachments = payload.get("blocks") or [], payload.get("attachments") or []
    if not payload.get("text") and not blocks and not attachments:
        return "no_text"
    attached = ((f"attachments/{index}", each.get("blocks") or []) for index, each in enumerate(attachments))
    for where, some in (("blocks", blocks), *attached):
        if not isinstance(some, list) or len(some) > MAX_BLOCKS:
            return f"invalid_blocks: {where} must be a list of at most {MAX_BLOCKS}"
        for index, block in enumerate(some):
            for fault in _block_faults(block):
                return f"invalid_blocks: {where}/{index} {fault}"
    return "msg_blocks_too_long" if len(json.dumps(blocks, ensure_ascii=False)) > MAX_MESSAGE else None


def _block_faults(block: Any) -> Iterable[str]:
    if not isinstance(block, dict):
        yield "is no object"
        return
    if len(str(block.get("block_id", ""))) > MAX_ID:
        yield "has too long a block_id"
    elements = block.get("elements") or []
    match block.get("type"):
        case "header":
            yield from _text_faults(block.get("text"), MAX_HEADER, ("plain_text",))
        case "section":
            yield from _section_faults(block)
        case "context":
            yield from _count_faults(elements, MAX_CONTEXT_ELEMENTS)
            for element in (each for each in elements if each.get("type") != "image"):
                yield from _text_faults(element, MAX_SECTION)
        case "actions":
            yield from _count_faults(elements, MAX_ACTIONS)
            for element in elements:
                yield from _element_faults(element)
        case "divider" | "image" | "rich_text" | "video" | "file" | "markdown":
            pass
        case other:
            yield f"has the type {other!r}, which does not exist"


def _count_faults(elements: list[Any], most: int) -> Iterable[str]:
    if not 1 <= len(elements) <= most:
        yield f"must have 1 to {most} elements"


def _section_faults(block: dict[str, Any]) -> Iterable[str]:
    fields = block.get("fields") or []
    if not block.get("text") and not fields:
        yield "has neither text nor fields"
    if block.get("text"):
        yield from _text_faults(block["text"], MAX_SECTION)
    if len(fields) > MAX_FIELDS:
        yield f"has more than {MAX_FIELDS} fields"
    for field in fields:
        yield from _text_faults(field, MAX_FIELD)
    if block.get("accessory"):
        yield from _element_faults(block["accessory"])


def _text_faults(text: Any, most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Iterable[str]:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield f"has a text that is not of type {' or '.join(kinds)}"
    elif not isinstance(text.get("text"), str) or not 1 <= len(text["text"]) <= most:
        yield f"has a text that is not 1 to {most} characters long"


def _element_faults(element: Any) -> Iterable[str]:
    if not isinstance(element, dict) or not element.get("type"):
        yield "has an element without a type"
        return
    if element["type"] == "button":
        yield from _text_faults(element.get("text"), MAX_BUTTON, ("plain_text",))
    if len(str(element.get("url", ""))) > MAX_URL:
        yield "has too long a URL"
    if len(str(element.get("action_id", ""))) > MAX_ID:
        yield "has too long an action_id"


def main() -> int:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="local.slack", description="A stand-in for Slack.")
    parser.add_argument("--port", type=int, default=0, help="a free one is taken where none is given")
    options = parser.parse_args()
    with Slack(port=options.port, on_message=lambda message: print(json.dumps(message), flush=True)) as slack:
        print(slack.webhook, slack.bot, sep="\n", file=sys.stderr, flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
