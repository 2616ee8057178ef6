"""Alerts: what is published to SNS, as one documented JSON body."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.rule import Severity


class AlertDrift(BaseModel):
    """One place where the subject departs from the rule."""

    model_config = ConfigDict(frozen=True)

    where: str
    why: str


class AlertChange(BaseModel):
    """One line of a diff, as people may see it."""

    model_config = ConfigDict(frozen=True)

    where: str
    before: str | None = None
    after: str | None = None


class AlertStatement(BaseModel):
    """A policy statement that is missing: its JSON, and the role or policy that it belongs to."""

    model_config = ConfigDict(frozen=True)

    to: str
    statement: str


class AlertUser(BaseModel):
    """Who runs a family, or a family that leans on a parameter or role and what runs it."""

    model_config = ConfigDict(frozen=True)

    family: str
    title: str = Field(
        description="`cluster/service`; the cluster for tasks that no service started; empty where nothing runs it."
    )
    revision: int = Field(description="What is run; 0 where that is not known.")
    tasks: int = Field(description="How many are wanted.")


class Alert(BaseModel):
    """One transition of a finding, outcome of a correction, or digest. `id` is the same however often it is told."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    id: str
    kind: Literal["finding", "outcome", "digest"]
    transition: str = Field(
        description="opened, raised, reopened or closed; registered, superseded or refused for an outcome; digest."
    )
    account: str
    region: str
    subject: str = Field(description="family, service, parameter or role.")
    name: str
    resource: str = Field(description="The ARN that was judged or registered.")
    rule: str = ""
    title: str
    severity: Severity
    drifts: tuple[AlertDrift, ...] = ()
    changes: tuple[AlertChange, ...] = ()
    safety: str = Field(default="", description="safe or review, where a correction is known.")
    reasons: tuple[str, ...] = Field(
        default=(), description="Why a correction wants a person, was refused or superseded."
    )
    omitted: int = Field(default=0, description="Drifts that are not in `drifts` for want of room.")
    omitted_changes: int = Field(default=0, description="Changes that are not in `changes` for want of room.")
    statements: tuple[AlertStatement, ...] = Field(default=(), description="What to add to roles, whole.")
    use: str = Field(default="", description="Who runs the family, or leans on the subject, in a phrase.")
    users: tuple[AlertUser, ...] = Field(default=(), description="The same one by one.")
    omitted_users: int = Field(default=0, description="Users that are not in `users` for want of room.")
    command: str = Field(
        default="",
        description="What a person can paste to make the correction; empty where it would show what is hidden.",
    )
    next_step: str = Field(default="", description="What a person does about it, in a sentence or two.")
    rules: tuple[str, ...] = Field(default=(), description="For an outcome: the rules whose drift the plan fixes.")
    digest: str = Field(default="", description="The plan's digest.")
    actor: str = ""
    tool: str = ""
    since: datetime
    occurred: datetime
    finding: str = Field(default="", description="The finding's Id in Security Hub.")
    links: Mapping[str, str] = Field(default_factory=dict)

    @property
    def attributes(self) -> dict[str, str]:
        """What subscriptions may filter on."""
        named = {
            "severity": self.severity.value,
            "account": self.account,
            "transition": self.transition,
            "kind": self.kind,
        }
        return named | ({"rule": self.rule} if self.rule else {})
