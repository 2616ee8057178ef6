"""An incoming webhook of Slack, whose URL is stored as a secret. It cannot change a message that it sent."""

from dataclasses import dataclass

from operations.notification.posting import Post, Secret, SlackRefused, is_local, is_secure, post
from reports.slack import body

_NO_ADDRESS = "The stored webhook is not an https address. Store the incoming webhook's URL."


@dataclass(frozen=True, slots=True)
class Webhook:
    """`url` is the whole webhook, as Slack shows it."""

    url: Secret

    @property
    def follows(self) -> bool:
        return False

    def send(self, given: Post) -> None:
        """Send a message. Raises SlackRefused if Slack rejects the message or wants a later retry."""
        try:
            post(self._address(), body(given.message), {}, address=_NO_ADDRESS, check="Check the webhook.")
        except SlackRefused as refused:
            if refused.after is None:  # the webhook may be revoked or rotated: read it again next time
                self.url.forget()
            raise

    def _address(self) -> str:
        url = self.url.text()
        if not is_secure(url) and not is_local(url):
            raise SlackRefused(_NO_ADDRESS)
        return url
