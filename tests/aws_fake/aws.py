"""The fake AWS: all that every service holds, in all accounts and regions, by one clock.

It is one value that pickle copies: a thousand runs may begin at the same moment.
"""

import pickle
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from tests.aws_fake.clock import Clock
from tests.aws_fake.definitions import Definitions
from tests.aws_fake.dynamodb import DynamoDb
from tests.aws_fake.iam import Iam
from tests.aws_fake.security_hub import Hub
from tests.aws_fake.service import Json, Refused, Service, Unsupported, supports
from tests.aws_fake.services import Services
from tests.aws_fake.sns import Sns
from tests.aws_fake.sqs import Sqs
from tests.aws_fake.stores import S3, CloudFormation, Logs, Organizations, Secrets, Ssm, StepFunctions
from tests.aws_fake.watching import CloudTrail, CloudWatch, Events

ACCOUNT, REGION = "123456789012", "eu-west-1"
_KEY = "ASIA"  # what the access key of an assumed role begins with; its account follows


class Region:
    """The services of an account in a region."""

    def __init__(  # noqa: PLR0913, PLR0917 - a fake region has all of these
        self, clock: Clock, account: str, region: str, iam: Iam, closed: set[str], organizations: Organizations
    ) -> None:
        self.dynamodb = DynamoDb()
        self.sqs = Sqs(clock, account, region)
        self.sns = Sns(self.sqs)
        self.definitions = Definitions(clock, account, region)
        self.services = Services(clock, self.definitions)
        self.iam = iam
        self.ssm = Ssm(clock, account, region)
        self.secrets = Secrets(account, region)
        self.s3 = S3()
        self.organizations = organizations
        self.machines = StepFunctions()
        self.logs = Logs()
        self.stacks = CloudFormation()
        self.hub = Hub(clock, account, region)
        self.trails = CloudTrail(account, region)
        self.metrics = CloudWatch()
        self.events = Events()
        self.by_name: dict[str, tuple[Service, ...]] = {
            "dynamodb": (self.dynamodb,),
            "sqs": (self.sqs,),
            "sns": (self.sns,),
            "ecs": (self.definitions, self.services),
            "iam": (self.iam,),
            "ssm": (self.ssm,),
            "secretsmanager": (self.secrets,),
            "s3": (self.s3,),
            "organizations": (self.organizations,),
            "stepfunctions": (self.machines,),
            "logs": (self.logs,),
            "cloudformation": (self.stacks,),
            "securityhub": (self.hub,),
            "cloudtrail": (self.trails,),
            "cloudwatch": (self.metrics,),
            "events": (self.events,),
            "sts": (Sts(clock, account, closed),),
        }


@dataclass
class Sts(Service):
    """Who calls, and roles of other accounts."""

    clock: Clock
    account: str
    closed: set[str]

    @supports()
    def get_caller_identity(self, _: Json) -> Json:
        return {"Account": self.account, "Arn": f"arn:aws:sts::{self.account}:assumed-role/outrider/tests"}

    @supports("RoleArn", "RoleSessionName", "ExternalId")
    def assume_role(self, given: Json) -> Json:
        expires = self.clock.now() + timedelta(hours=1)
        there = given["RoleArn"].split(":")[4]
        if there in self.closed:
            raise Refused("AccessDenied", "not authorized to perform: sts:AssumeRole", 403)
        key = _KEY + there
        keys = {"AccessKeyId": key, "SecretAccessKey": "secret", "SessionToken": "token", "Expiration": expires}
        return {"Credentials": keys, "AssumedRoleUser": {"AssumedRoleId": key, "Arn": given["RoleArn"]}}


@dataclass
class Aws:
    """By account and region. What tests look at most is that of `ACCOUNT` and `REGION`."""

    clock: Clock = field(default_factory=Clock)
    regions: dict[tuple[str, str], Region] = field(default_factory=dict)
    identities: dict[str, Iam] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    """The accounts in which no role trusts Outrider."""
    organization: Organizations = field(default_factory=Organizations)

    def region(self, account: str = ACCOUNT, region: str = REGION) -> Region:
        if (account, region) not in self.regions:
            iam = self.identities.setdefault(account, Iam(self.clock, account))
            made = Region(self.clock, account, region, iam, self.closed, self.organization)
            self.regions[account, region] = made
        return self.regions[account, region]

    def answer(self, service: str, operation: str, given: Json, account: str = ACCOUNT, region: str = REGION) -> Json:
        """Answer one call. Refused where AWS refuses it; Unsupported where the fake does not know it."""
        for part in self.region(account, region).by_name.get(service, ()):
            if part.operation(operation) is not None:
                return part.answer(operation, given)
        raise Unsupported(f"{service} {operation}")

    def copy(self) -> Self:
        return pickle.loads(pickle.dumps(self))  # type: ignore[no-any-return] # noqa: S301 - our own bytes

    def state(self) -> bytes:
        """Everything that is held; equal where nothing was changed."""
        return pickle.dumps(self.regions)

    # --- at home ------------------------------------------------------------------------------------------------------

    @property
    def dynamodb(self) -> DynamoDb:
        return self.region().dynamodb

    @property
    def sqs(self) -> Sqs:
        return self.region().sqs

    @property
    def sns(self) -> Sns:
        return self.region().sns

    @property
    def definitions(self) -> Definitions:
        return self.region().definitions

    @property
    def services(self) -> Services:
        return self.region().services

    @property
    def iam(self) -> Iam:
        return self.region().iam

    @property
    def ssm(self) -> Ssm:
        return self.region().ssm

    @property
    def hub(self) -> Hub:
        return self.region().hub


def account_of(access_key: str) -> str:
    """Whose account a call is made in: that of the role that was assumed, or else the one that tests are at home in."""
    return access_key.removeprefix(_KEY) if access_key.startswith(_KEY) else ACCOUNT
