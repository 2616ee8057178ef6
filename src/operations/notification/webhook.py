"""A webhook: one alert → one message, by an incoming webhook whose URL is stored as a secret."""

from dataclasses import dataclass

from domain.findings.alert import Alert
from operations.notification.posting import Secret, SlackRefused, is_local, is_secure, post
from reports.slack import message

_NO_ADDRESS = "The stored webhook is not an https address. Store the incoming webhook's URL."


@dataclass(frozen=True, slots=True)
class Webhook:
    """`url` is the whole webhook, as Slack shows it."""

    url: Secret

    def send(self, alert: Alert) -> None:
        """Send an alert. Raises SlackRefused if Slack rejects the message or wants a later retry."""
        try:
            post(self._address(), message(alert), {}, address=_NO_ADDRESS, check="Check the webhook.")
        except SlackRefused as refused:
            if refused.after is None:  # the webhook may be revoked or rotated: read it again next time
                self.url.forget()
            raise

    def _address(self) -> str:
        url = self.url.text()
        if not is_secure(url) and not is_local(url):
            raise SlackRefused(_NO_ADDRESS)
        return url
