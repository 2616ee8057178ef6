"""Amazon Q Developer in chat applications: one message → one custom notification on a topic that it reads."""

import json
from dataclasses import dataclass

from aws.channels import Topic
from operations.notification.posting import Post
from reports.amazon_q import notification


@dataclass(frozen=True, slots=True)
class AmazonQ:
    """`topic` is for Amazon Q alone: messages on `alerts` keep their documented form."""

    topic: Topic

    @property
    def follows(self) -> bool:
        return False

    def send(self, given: Post) -> None:
        """Send a message. Raises CallFailed if SNS did not accept it."""
        self.topic.publish(json.dumps(notification(given.message), ensure_ascii=False))
