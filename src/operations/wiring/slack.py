"""The parts of the slack function."""

from datetime import timedelta
from functools import lru_cache

from aws.channels import Queue, Topic
from aws.ledger import Ledger
from aws.parameters import read_secret
from aws.sessions import Sessions
from operations.notification.amazon_q import AmazonQ
from operations.notification.bot import Bot
from operations.notification.notifier import Channel, Notifier
from operations.notification.posting import Secret
from operations.notification.webhook import Webhook
from operations.wiring import shared
from settings import Settings, settings


@lru_cache(maxsize=1)
def notifier() -> Notifier:
    """As the environment sets it up."""
    given, aws = settings(), shared.sessions()
    return Notifier(
        make_channel(given, aws),
        Ledger(aws, given.table).threads,
        given.messages_per_batch,
        timedelta(seconds=given.message_wait),
    )


def make_channel(given: Settings, aws: Sessions) -> Channel:
    """Return the channel: Amazon Q if set, else a bot, else a webhook. Secrets are read when first needed."""
    if given.chat_topic:
        return AmazonQ(Topic(aws, given.chat_topic))
    if given.slack_bot:
        return Bot(Secret(lambda: read_secret(aws, given.slack_bot)))
    return Webhook(Secret(lambda: read_secret(aws, given.slack_webhook)))


@lru_cache(maxsize=1)
def slack_queue() -> Queue:
    """Return the queue that the slack function reads."""
    return Queue(shared.sessions(), settings().slack_queue)
