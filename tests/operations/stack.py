"""A deployed stack in the fake AWS, with everything that a health check reads, and all of it well."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from aws.ledger import SweepBasis
from domain.health.facts import SweepRun
from operations.standards import Standards
from rules import CATALOGUE
from settings import RELEASE
from tests.aws_fake.aws import Region
from tests.operations.sweeping import BUCKET
from tests.operations.world import PLACE, STANDARD, SWITCH, TABLE, Json, World, trusting
from tests.templates import template

STACK = "outrider"
WEBHOOK = "/outrider/slack-webhook"
OF_IAM = "us-east-1"


@dataclass
class Deployed:
    """The stack, and its resources by their names in the template."""

    world: World
    ids: dict[str, str]

    @property
    def region(self) -> Region:
        return self.world.aws.region()

    @property
    def iams(self) -> Region:
        """The region that IAM's events arrive in."""
        return self.world.aws.region(region=OF_IAM)

    def sets(self, **parameters: str) -> None:
        """Deploy again, with other parameters."""
        held = {each["ParameterKey"]: each for each in self.world.stacks[STACK]["Parameters"]}
        held |= {name: {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()}
        self.world.stacks[STACK]["Parameters"] = list(held.values())

    def swept(self, *, hours: float = 1, ended: bool = True) -> None:
        """The last sweep began so many hours ago."""
        began = self.world.aws.clock.now() - timedelta(hours=hours)
        with self.world.peace():
            run = SweepRun(began, began + timedelta(minutes=1) if ended else None)
            self.world.ledger.health.record(PLACE, run)

    def measure(self, namespace: str, name: str, of: str, value: float, *, minutes: float = 5) -> None:
        """CloudWatch has a point from so many minutes ago."""
        at = self.world.aws.clock.now() - timedelta(minutes=minutes)
        self.region.metrics.put(namespace, name, of, at, value)


def deploy(world: World) -> Deployed:
    """Deploy the stack, with a webhook, a stored standard and corrections."""
    region, ids = world.aws.region(), dict[str, str]()
    with world.peace():
        for name, kind in _resources():
            ids[name] = _make(region, name, kind)
    resources = [
        {"LogicalResourceId": name, "ResourceType": kind, "PhysicalResourceId": ids[name],
         "ResourceStatus": "CREATE_COMPLETE", "LastUpdatedTimestamp": world.aws.clock.now()}
        for name, kind in _resources()
    ]  # fmt: skip
    region.stacks.resources[STACK] = resources
    outputs = {
        "LedgerTable": TABLE, "AlertsTopic": ids["Alerts"], "OperationsTopic": ids["Operations"],
        "ChatTopic": ids["Chat"], "CorrectionsSwitch": SWITCH, "RemediationsQueue": ids["Remediations"],
        "CertificatesBucket": BUCKET,
    }  # fmt: skip
    world.stacks[STACK] = {
        "StackName": STACK,
        "Parameters": [],
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }
    made = Deployed(world, ids)
    roles = f"arn:aws:iam::{PLACE.account}:role/*"
    made.sets(
        RemediationMode="deploy",
        PassableRoles=roles,
        StandardLocation=f"ssm:{STANDARD}",
        SlackWebhookLocation=f"ssm:{WEBHOOK}",
    )
    region.ssm.put(STANDARD, "version: 1\n")
    region.ssm.put(WEBHOOK, "https://hooks.slack.com/services/T0/B0/c4nary-s3cret-p4ss")
    for topic in ("Alerts", "Operations", "Chat"):
        region.sns.topic(ids[topic]).subscribers[region.sqs.queue("slack").arn] = True
    made.region.trails.add()
    made.iams.trails.add()
    with world.peace():
        digest = Standards(world.sessions, f"ssm:{STANDARD}", CATALOGUE).current().digest
        world.ledger.health.finished(PLACE, SweepBasis(RELEASE, digest))
    made.swept()
    return made


def _resources() -> Iterator[tuple[str, str]]:
    for name, resource in template()["Resources"].items():
        yield name, resource["Type"].replace("AWS::Serverless::Function", "AWS::Lambda::Function")


def _make(region: Region, name: str, kind: str) -> str:
    """Make the resource if a check reads it; return its id as CloudFormation shows it."""
    id_ = f"{STACK}-{name}-1A2B3C"
    match kind:
        case "AWS::Events::Rule":
            if "EventBusName" in template()["Resources"][name]["Properties"]:
                id_ = f"{STACK}-members|{id_}"
            region.events.rules[id_] = True
        case "AWS::SQS::Queue":
            fifo = "FifoQueue" in template()["Resources"][name]["Properties"]
            given: Json = (
                {"QueueName": f"{id_}.fifo", "Attributes": {"FifoQueue": "true"}} if fifo else {"QueueName": id_}
            )
            return str(region.sqs.create_queue(given)["QueueUrl"])
        case "AWS::IAM::Role":
            region.iam.add(id_, trusting("lambda.amazonaws.com"), json.dumps({"Statement": []}))
        case "AWS::SNS::Topic":
            return str(region.sns.create_topic({"Name": id_})["TopicArn"])
        case _:
            pass
    return id_
