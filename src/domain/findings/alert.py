"""Alerts: what is published to SNS, as one documented JSON body."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.severity import Severity


class AlertDrift(BaseModel):
    """One place where the subject departs from the rule."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    code: str = Field(description="The kind of drift; stable, and listed on the rule's page.")
    where: str
    why: str
    found: str = Field(default="", description="The value found, where it may be shown.")
    wanted: str = Field(default="", description="The value wanted, where there is one that may be shown.")


class AlertChange(BaseModel):
    """One line of a diff, as people may see it."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    where: str
    before: str | None = None
    after: str | None = None


class AlertStatement(BaseModel):
    """A policy statement that is missing: its JSON, and the role or policy that it belongs to."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    to: str
    statement: str


class AlertUser(BaseModel):
    """What runs a family, or a family that uses a parameter or role and what runs it."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    family: str
    title: str = Field(
        description="`cluster/service`; the cluster for tasks that no service started; empty where nothing runs it."
    )
    revision: int = Field(description="The revision that runs; 0 where it is not known.")
    tasks: int = Field(description="How many are wanted.")


class AlertLine(BaseModel):
    """One line of a digest's section."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    text: str
    link: str = Field(default="", description="Where the line leads.")
    severity: Severity | None = None
    done: bool = Field(default=False, description="Nothing is left to do.")


class AlertSection(BaseModel):
    """A part of a digest: a title, and its lines."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    title: str
    lines: tuple[AlertLine, ...] = ()
    omitted: int = Field(default=0, description="Lines that did not fit into `lines`.")


class AlertFragment(BaseModel):
    """What to write at the source instead: CloudFormation, Terraform or JSON."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    form: str = Field(description="CloudFormation, Terraform or JSON.")
    text: str = Field(description="What to write there, for what drifts.")


class Alert(BaseModel):
    """One transition of a finding, outcome of a correction, or digest. `id` is the same for each repetition."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    version: Literal[1] = Field(
        default=1,
        description="Of this format. It grows when a field is removed or changes its meaning, not when one is added.",
    )
    id: str = Field(description="The same for each repetition by SNS.")
    thread: str = Field(
        default="",
        description="What people read as one message: the key of the family, for its findings, those of its services"
        " and the outcomes of its corrections; else the key of the parameter or role. Empty for a digest.",
    )
    sequence: int = Field(default=1, description="For a finding: grows with each of its changes.")
    kind: Literal["finding", "outcome", "digest"] = Field(
        description="A finding's transition, the outcome of a correction, or a digest."
    )
    transition: str = Field(
        description="opened, raised, reopened, closed, exempted or gone for a finding; registered, deployed, updated,"
        " failed, undone, superseded or refused for an outcome; digest, daily, weekly or burst for a digest. More may"
        " be added."
    )
    account: str = Field(description="The AWS account, 12 digits.")
    region: str = Field(description="The region.")
    subject: str = Field(description="family, service, parameter or role; account for a digest.")
    name: str = Field(description="The family, `cluster/service`, the parameter's name or the role's ARN.")
    resource: str = Field(description="The ARN that was evaluated or registered; empty for a digest.")
    rule: str = Field(default="", description="The rule's id, for a finding.")
    title: str = Field(description="What the rule requires, the outcome of the correction, or what the digest reports.")
    own: bool = Field(default=False, description="For a finding: Outrider's own call led to this transition.")
    automatic: bool = Field(
        default=False, description="For a finding: Outrider makes the proposed correction without approval."
    )
    open: tuple[str, ...] = Field(default=(), description="The rules of all open findings of the same subject.")
    updating: tuple[str, ...] = Field(
        default=(), description="For an outcome: the services whose update to the corrected revision has not ended."
    )
    skipped: tuple[str, ...] = Field(
        default=(), description="For an outcome: the services that it left unchanged; `reasons` says why."
    )
    severity: Severity = Field(description="CRITICAL, HIGH, MEDIUM, LOW or INFORMATIONAL.")
    drifts: tuple[AlertDrift, ...] = Field(
        default=(), description="Where the subject violates the rule, by which code, and why."
    )
    changes: tuple[AlertChange, ...] = Field(
        default=(), description="The correction, line by line; `before` or `after` is null where there is none."
    )
    safety: str = Field(default="", description="safe or review, where there is a proposed fix.")
    reasons: tuple[str, ...] = Field(
        default=(), description="Why a correction needs approval, was refused or superseded; a digest's counts."
    )
    omitted: int = Field(default=0, description="Drifts that did not fit into `drifts`.")
    omitted_changes: int = Field(default=0, description="Changes that did not fit into `changes`.")
    use: str = Field(default="", description="What runs the family, or uses the parameter or role, in a phrase.")
    users: tuple[AlertUser, ...] = Field(default=(), description="The same one by one.")
    omitted_users: int = Field(default=0, description="Users that did not fit into `users`.")
    command: str = Field(
        default="",
        description="What a person can paste to have the correction made, bound to the plan; empty if there is none.",
    )
    statements: tuple[AlertStatement, ...] = Field(
        default=(), description="Policy statements to add to roles, whole, as JSON."
    )
    sections: tuple[AlertSection, ...] = Field(default=(), description="For a digest: what it lists, under titles.")
    next_step: str = Field(default="", description="What a person does about it, in a sentence or two.")
    rules: tuple[str, ...] = Field(default=(), description="For an outcome: the rules whose drift the plan fixes.")
    digest: str = Field(default="", description="The plan's digest.")
    guard: str = Field(default="", description="For an outcome: the guard that forbade the correction.")
    fragments: tuple[AlertFragment, ...] = Field(
        default=(),
        description="The change to make at the source, where its tool is known or something brings the drift back.",
    )
    approved_by: str = Field(
        default="", description="For an approved correction: who approved, or `somebody who is not named`."
    )
    actor: str = Field(
        default="", description="Who made the change: `role/session` or a user's name; empty if not known."
    )
    tool: str = Field(default="", description="The tool that made the change, where the user agent shows it.")
    since: datetime = Field(description="When the finding was first opened.")
    occurred: datetime = Field(description="When the change was made; when it was seen, where that is not known.")
    finding: str = Field(default="", description="The finding's Id in Security Hub.")
    team: str = Field(default="", description="The team that a tag of the task definition or service names.")
    route: str = Field(default="", description="The name of the standard's route that applies.")
    channel: str = Field(default="", description="The Slack channel of that route, for a bot.")
    not_before: datetime | None = Field(
        default=None,
        description="When the standard's quiet hours end, in which nobody is notified of what is only LOW.",
    )
    links: Mapping[str, str] = Field(
        default_factory=dict,
        description="Addresses in the console and of the rule's page: finding, resource, rule; report for a digest.",
    )

    @property
    def silent(self) -> bool:
        """Whether it only changes a message that people have: the finding became exempt, or is gone."""
        return self.transition in {"exempted", "gone"}

    @property
    def ends(self) -> bool:
        """Whether the finding is not open any more."""
        return self.silent or self.transition == "closed"

    @property
    def carried_out(self) -> bool:
        """Whether it is the outcome of a correction whose services run it."""
        return self.transition in {"deployed", "updated"}

    @property
    def succeeded(self) -> bool:
        """Whether it is the outcome of a correction that is registered, or carried out."""
        return self.transition == "registered" or self.carried_out

    @property
    def attributes(self) -> dict[str, str]:
        """What subscriptions may filter on."""
        named = {
            "severity": self.severity.value,
            "account": self.account,
            "transition": self.transition,
            "kind": self.kind,
        }
        some = {"rule": self.rule, "team": self.team, "route": self.route}
        return named | {name: value for name, value in some.items() if value}
