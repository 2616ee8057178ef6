"""What Slack answers, and a webhook's URL that is shown nowhere."""

import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from local.slack import Slack, Trouble
from operations.notification.posting import Post, Secret, SlackRefused
from operations.notification.webhook import Webhook
from tests.reports import samples

OPENED = Post(samples.shown(samples.opened()))


@pytest.fixture
def slack() -> Iterator[Slack]:
    with Slack() as running:
        yield running


def webhook(url: str) -> Webhook:
    return Webhook(Secret(lambda: f"{url}\n"))


def test_a_message_is_posted(slack: Slack) -> None:
    webhook(slack.webhook).send(OPENED)
    [message] = slack.messages()
    assert message["text"].startswith("Drift: ")
    assert slack.refused() == []


@pytest.mark.parametrize(
    ("trouble", "after", "reason"),
    [
        (Trouble(429, retry_after=17), 17, "Slack answered 429 and asks for a later try."),
        (Trouble(429), 30, "Slack answered 429 and asks for a later try."),
        (Trouble(500), 30, "Slack answered 500 and asks for a later try."),
        (Trouble(503, retry_after=2), 2, "Slack answered 503 and asks for a later try."),
        (Trouble(404), None, "Slack answered 404 and rejected the message. Check the webhook."),
        (Trouble(403), None, "Slack answered 403 and rejected the message. Check the webhook."),
    ],
)
def test_what_slack_refuses_is_reported_with_the_time_that_it_asks_for(
    slack: Slack, trouble: Trouble, after: int | None, reason: str
) -> None:
    slack.answer_next(trouble)
    telling = webhook(slack.webhook)
    with pytest.raises(SlackRefused) as caught:
        telling.send(OPENED)
    assert (str(caught.value), caught.value.after) == (reason, after)
    telling.send(OPENED)
    assert len(slack.messages()) == 1


def test_a_slack_that_cannot_be_reached_is_tried_later() -> None:
    with Slack() as gone:
        url = gone.webhook
    with pytest.raises(SlackRefused, match=r"^Slack could not be reached\.$") as caught:
        webhook(url).send(OPENED)
    assert caught.value.after == 30
    assert hidden(caught.value, url)


def hidden(error: BaseException, url: str) -> bool:
    """Whether nothing of the URL, its secret part above all, shows in the error as it would be printed."""
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.__cause__)
    return url not in shown and url.rpartition("/")[2][:12] not in shown


BAD = [
    "T0CANARY/B0CANARY/canarycanarycanary",
    "http://hooks.slack.example/services/T0/B0/canarycanarycanary",
    "ftp://hooks.slack.example/services/T0/B0/canarycanarycanary",
    "file:///etc/canarycanarycanary",
    "https://",
    "https:///services/T0/B0/canarycanarycanary",
    "https://[hooks.slack.example/services/T0/B0/canarycanarycanary",
    "https://hooks.slack.example:port/services/T0/B0/canarycanarycanary",
    "https://127.0.0.1:1/services/T0/B0/canary canarycanary",
    "https://127.0.0.1:1/services/T0/B0/canarycanarycanary\nx: y",
    "https://127.0.0.1:1/services/T0/B0/canarycanarycanaryé",
    '{"url": "https://hooks.slack.example/services/T0/B0/canarycanarycanary"}',
    "",
]


@pytest.mark.parametrize("url", BAD)
def test_what_is_no_address_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SlackRefused) as caught:
        webhook(url).send(OPENED)
    assert str(caught.value) == "The stored webhook is not an https address. Store the incoming webhook's URL."
    assert "canary" not in "".join(traceback.format_exception_only(caught.value)).lower()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_url_is_in_no_repr(slack: Slack) -> None:
    telling = webhook(slack.webhook)
    telling.send(OPENED)
    assert slack.path not in repr(telling)


def test_a_webhook_is_held_for_minutes_and_read_again_when_slack_refuses_it(slack: Slack) -> None:
    reads, now = list[int](), [0.0]

    def read_url() -> str:
        reads.append(1)
        return slack.webhook

    telling = Webhook(Secret(read_url, clock=lambda: now[0]))
    for at in (0.0, 200.0, 299.0):
        now[0] = at
        telling.send(OPENED)
    assert len(reads) == 1
    now[0] = 301.0
    telling.send(OPENED)
    assert len(reads) == 2
    slack.answer_next(Trouble(404))
    with pytest.raises(SlackRefused):
        telling.send(OPENED)
    telling.send(OPENED)
    assert len(reads) == 3


class _Elsewhere(BaseHTTPRequestHandler):
    asked: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(302)
        self.send_header("Location", "/login")
        self.end_headers()

    def do_GET(self) -> None:
        _Elsewhere.asked.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Not to stderr."""


def test_a_redirect_is_no_answer() -> None:
    """A page at its end is not an accepted message."""
    _Elsewhere.asked = []
    server = HTTPServer(("127.0.0.1", 0), _Elsewhere)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        with pytest.raises(SlackRefused, match="Slack answered 302 and rejected the message"):
            webhook(f"http://127.0.0.1:{server.server_address[1]}/services/x").send(OPENED)
    finally:
        server.shutdown()
        server.server_close()
    assert _Elsewhere.asked == []
