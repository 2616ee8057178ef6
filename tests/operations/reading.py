"""What people read of a run: its alerts as the slack function sends them, in a local Slack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.findings.alert import Alert
from local.message_text import as_text
from local.slack import Slack
from operations.notification.bot import Bot
from operations.notification.notifier import Channel, Notifier, NotSent, Received, Waiting
from operations.notification.posting import Secret
from operations.notification.webhook import Webhook
from tests.operations.playing import Run

WAIT = timedelta(seconds=60)
_STEPS = 300


def webhook(slack: Slack) -> Channel:
    return Webhook(Secret(lambda: slack.webhook))


def bot(slack: Slack) -> Channel:
    return Bot(Secret(lambda: slack.bot))


@dataclass
class Reader:
    """Receives the alerts of a run as their queue delivers them: each when it was published, and when it is due."""

    run: Run
    channel: Channel
    waiting: dict[str, tuple[Received, datetime]] = field(default_factory=dict)
    received: int = 0

    def receive(self) -> None:
        """Have the slack function receive what is there now."""
        now = self.run.aws.clock.moment
        new = [Alert.model_validate(body) for body in self.run.alerts[self.received :]]
        self.received += len(new)
        due = [each for each, at in self.waiting.values() if at <= now]
        batch = [*due, *(Received(alert, now) for alert in new)]
        if not batch:
            return
        notifier = Notifier(self.channel, self.run.ledger.threads, 100, WAIT, lambda: now)
        outcomes = notifier.notify(batch, lambda: 60)
        for each in batch:
            match outcome := outcomes[each.alert.id]:
                case Waiting(after=after):
                    self.waiting[each.alert.id] = (each, now + timedelta(seconds=after))
                case NotSent():
                    raise AssertionError(outcome)
                case _:
                    self.waiting.pop(each.alert.id, None)

    def until_quiet(self) -> None:
        """Play the run to its end, and receive everything when it is due."""
        with self.run.line.answering(), self.run.line.uncounted():
            for _ in range(_STEPS):
                more = self.run.step()
                self.receive()
                if not more and not self.waiting:
                    return
                if not more:
                    self.run.aws.clock.moment = min(at for _, at in self.waiting.values())
            raise AssertionError("It never came to rest.")


def texts(slack: Slack) -> list[str]:
    """Each message as a person reads it."""
    return ["\n".join(as_text(message)) for message in slack.messages()]


def said(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False)
