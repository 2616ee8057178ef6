"""What was read of a deployed stack, as facts. A mapping has one fact for each of its resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.facts import Fact
from domain.iam import Policy
from domain.places import Place

ECS_EVENTS, IAM_EVENTS = "ecs.amazonaws.com", "iam.amazonaws.com"
"""The event sources that a trail must log."""


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail of CloudTrail by its ARN, and the event sources whose write calls it selects."""

    arn: str
    logging: bool
    sources: frozenset[str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The messages of a queue. `seconds` is the age of the oldest; Absent if CloudWatch has no recent value."""

    messages: int
    seconds: Fact[float]


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """The subscriptions of a topic."""

    topic: str
    confirmed: int
    pending: int


class Channel(StrEnum):
    """The ways to Slack."""

    AMAZON_Q = "Amazon Q"
    BOT = "bot"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Token:
    """Slack's answer to a bot's token; `error` is its code, empty if Slack accepted the token."""

    error: str = ""


@dataclass(frozen=True, slots=True)
class Slack:
    """The channel that the stack uses. A secret's value is not held.

    `secret` says whether the secret at `location` exists. `token` is Absent if it was not tried.
    """

    channel: Channel
    location: str
    subscriptions: Fact[Subscriptions]
    secret: Fact[str]
    token: Fact[Token]


@dataclass(frozen=True, slots=True)
class StoredStandard:
    """The stored standard: why it is not valid (empty if it is), its digest, and that of the last complete sweep."""

    problem: str
    digest: str
    swept: Fact[str]


@dataclass(frozen=True, slots=True)
class SweepRun:
    """The last sweep; `ended` is None until its certificate is stored."""

    began: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFacts:
    """Everything that the checks need. Rules, queues and roles go by their names in the template.

    `resources` has the ids of all resources by these names; empty if they could not be listed.
    """

    place: Place
    stack: str
    at: datetime
    resources: Mapping[str, str]
    trails: Fact[tuple[Fact[Trail], ...]]
    trails_of_iam: Fact[tuple[Fact[Trail], ...]]
    hub: Fact[str]
    rules: Fact[Mapping[str, Fact[bool]]]
    """Whether each is enabled."""
    queues: Fact[Mapping[str, Fact[Waiting]]]
    dlqs: Fact[Mapping[str, Fact[Waiting]]]
    corrects: bool
    passes_roles: bool
    """Whether the stack names roles that corrected revisions may have."""
    switch_name: str
    switch: Fact[str]
    standard_location: str
    standard: Fact[StoredStandard]
    roles: Fact[Mapping[str, Fact[Policy]]]
    """The trust policies of the functions' roles."""
    alerts: Fact[Subscriptions]
    slack: Slack | None
    operations: Fact[Subscriptions]
    sweep: Fact[SweepRun]
    unread: Fact[Mapping[str, int]]
    """Facts that could not be read within a day, by the call that failed."""
    lag: Fact[float]
    """Seconds from a call until its event was dispatched, for nine of ten events of a day."""
