"""Amazon Q Developer in chat applications: one alert → one custom notification on a topic that it reads."""

import json
from dataclasses import dataclass

from aws.channels import Topic
from domain.findings.alert import Alert
from reports.amazon_q import notification


@dataclass(frozen=True, slots=True)
class AmazonQ:
    """`topic` is for Amazon Q alone: messages on `alerts` keep their documented form."""

    topic: Topic

    def send(self, alert: Alert) -> None:
        """Send an alert. Raises CallFailed if SNS did not accept it."""
        self.topic.publish(json.dumps(notification(alert), ensure_ascii=False))
