"""CloudFormation where ministack differs from AWS: names of stacks that are created again, policies of buses."""

import json
from typing import Any

from local.cloud import Cloud

BUS = "arn:aws:events:us-east-1:123456789012:event-bus/shared"


def create(cloud: Cloud, stack: str, resources: dict[str, Any], **parameters: str) -> None:
    template = {"Parameters": {name: {"Type": "String"} for name in parameters}, "Resources": resources}
    stacks = cloud.client("cloudformation")
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    stacks.create_stack(StackName=stack, TemplateBody=json.dumps(template), Parameters=given)
    stacks.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_names_stay_when_a_stack_is_updated_and_are_others_when_it_is_created_again(cloud: Cloud) -> None:
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": {"Ref": "Seconds"}}},
        "Kept": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"},
    }

    def queues() -> dict[str, str]:
        """Its queues that exist, with their visibility timeouts."""
        sqs, names = cloud.client("sqs"), ["VisibilityTimeout"]
        urls = sqs.list_queues(QueueNamePrefix="renamed-").get("QueueUrls", [])
        return {
            url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]] for url in urls
        }

    create(cloud, "renamed", resources, Seconds="40")
    first = queues()
    cloud.update("renamed", Seconds="50")
    assert queues().keys() == first.keys()
    assert "50" in queues().values()
    cloud.delete("renamed")
    [kept] = queues()
    create(cloud, "renamed", resources, Seconds="40")
    assert queues().keys() & first.keys() == {kept}
    assert len(queues()) == len(first) + 1


def test_the_policy_of_a_bus_is_that_of_the_last_update(cloud: Cloud) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": {"Ref": "Account"}}, "Action": "events:PutEvents"}
    policy = {"Version": "2012-10-17", "Statement": [statement | {"Resource": BUS}]}
    bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "shared", "Policy": policy}}

    def allowed() -> str:
        found = json.loads(cloud.client("events").describe_event_bus(Name="shared")["Policy"])
        return str(found["Statement"][0]["Principal"]["AWS"])

    create(cloud, "sharing", {"Bus": bus}, Account="111122223333")
    assert allowed() == "111122223333"
    cloud.update("sharing", Account="444455556666")
    assert allowed() == "444455556666"
    cloud.delete("sharing")
