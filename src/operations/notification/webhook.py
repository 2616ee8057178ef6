"""A webhook: one alert → one message, by an incoming webhook whose URL is kept as a secret."""

from dataclasses import dataclass

from domain.findings.alert import Alert
from operations.notification.posting import Secret, SlackRefused, is_local, is_secure, post
from reports.slack import message

_NO_ADDRESS = "The stored webhook is no https address. Store the incoming webhook's URL."


@dataclass(frozen=True, slots=True)
class Webhook:
    """`url` is the whole webhook, as Slack shows it."""

    url: Secret

    def tell(self, alert: Alert) -> None:
        """SlackRefused where Slack asks for a later try or does not take the message."""
        try:
            post(self._address(), message(alert), {}, address=_NO_ADDRESS, check="Check the webhook.")
        except SlackRefused as refused:
            if refused.after is None:  # a webhook that was revoked or rotated is read anew
                self.url.forget()
            raise

    def _address(self) -> str:
        url = self.url.text()
        if not is_secure(url) and not is_local(url):
            raise SlackRefused(_NO_ADDRESS)
        return url
