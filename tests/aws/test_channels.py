"""Queues on moto, which counts SQS's limits as SQS does."""

from datetime import timedelta

from aws.channels import Queue
from tests.operations.world import World


def test_a_message_can_be_hidden_for_as_long_as_quiet_hours_last(world: World) -> None:
    """SQS hides a message for twelve hours from its receipt, and refuses what would be longer."""
    url = world.client("sqs").create_queue(QueueName="slack")["QueueUrl"]
    world.client("sqs").send_message(QueueUrl=url, MessageBody="one")
    (message,) = world.client("sqs").receive_message(QueueUrl=url)["Messages"]
    Queue(world.sessions, url).hide(message["ReceiptHandle"], int(timedelta(hours=14).total_seconds()))
    assert "Messages" not in world.client("sqs").receive_message(QueueUrl=url)
