"""Triggers: which subject an event concerns. Ids, actor and time only; the present state is read afterwards."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from domain.findings.users import SeenTasks
from domain.places import Arn, Place, Revision
from domain.subject import SubjectId
from domain.triggers.actor import Actor


def _or_nothing(value: object) -> object:
    """What is no text, in a field that no evaluation depends on, is left out."""
    return value if isinstance(value, str) else ""


type Text = Annotated[str, BeforeValidator(_or_nothing)]


PLAN_DIGEST = "^[0-9a-f]{16}$"


class _Trigger(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    kind: str
    account: str = Field(pattern=r"^\d{12}$")
    region: str = Field(pattern=r"^[a-z]{2}[a-z-]+-\d$")
    time: datetime | None = None
    event: Text = ""
    identity: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    agent: Text = Field(default="", description="What the caller says of its tool: any text.")
    quiet: bool = Field(default=False, description="Part of a baseline: findings, one digest, no alert for each.")
    changed: tuple[str, ...] = Field(
        default=(), description="The keys of the parameters and roles that changed, where that led to it."
    )

    @field_validator("time", mode="before")
    @classmethod
    def _no_time(cls, value: object) -> object:
        """A text that is no time counts as none."""
        try:
            return datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            return None

    @field_validator("identity", mode="before")
    @classmethod
    def _only_names(cls, value: object) -> dict[str, Any]:
        """The ARN of who called, and the service on whose behalf; the rest is dropped here."""
        if not isinstance(value, Mapping):
            return {}
        return {key: value[key] for key in ("arn", "invokedBy") if isinstance(value.get(key), str)}

    @property
    def place(self) -> Place:
        return Place(self.account, self.region)

    @property
    def named(self) -> tuple[str, ...]:
        """The names and ARNs that the message gives for what it is about."""
        return ()

    @property
    def foreign(self) -> bool:
        """Whether it is about a resource of another account or region than its own."""
        elsewhere = any(key.partition("/")[0] != self.account for key in self.changed)
        return elsewhere or any(self._is_foreign(name) for name in self.named)

    def _is_foreign(self, name: str) -> bool:
        arn = Arn.parse(name)
        if arn is None:
            return False
        return arn.account not in {"", "aws", self.account} or arn.region not in {"", self.region}

    @property
    def actor(self) -> Actor:
        return Actor(self.identity.get("arn", ""), self.agent or self.identity.get("invokedBy", ""))

    @property
    def origin(self) -> dict[str, Any]:
        """Who made the call, and when: for the messages that it brings about, as what they find came of it."""
        return {name: getattr(self, name) for name in ("time", "event", "identity", "agent", "quiet", "changed")}

    @property
    def sent(self) -> dict[str, Any]:
        """As Outrider sends it, without what is left at its default."""
        return {"kind": self.kind} | self.model_dump(mode="json", exclude_defaults=True)

    @property
    def message(self) -> str:
        """As Outrider sends it to its own queue."""
        return json.dumps(self.sent)

    @property
    def when(self) -> datetime | None:
        return self.time if self.time is None or self.time.tzinfo else self.time.replace(tzinfo=UTC)


class SweptTrigger(_Trigger):
    """One that a sweep may have sent."""

    suppressed: tuple[str, ...] | None = Field(
        default=None, description="The rules whose findings the sweep saw as suppressed; None if it did not read them."
    )
    sweep: str = Field(
        default="", pattern=r"^[A-Za-z0-9_.:-]{0,200}$", description="The sweep that sent it; empty if none did."
    )


class TaskDefinitionTrigger(_Trigger):
    """A task definition was registered or deregistered."""

    kind: Literal["task-definition"] = "task-definition"
    arn: str = ""
    family: str = ""
    asked: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        return (self.arn, self.family, self.asked)

    @property
    def revision(self) -> Revision | None:
        """The revision, where the event names one of its own account and region."""
        found = Revision.parse(self.arn)
        return found if found is not None and found.place == self.place else None

    @property
    def subject_name(self) -> str:
        """The family's name."""
        return _family_of(self.arn or self.family or self.asked)


class DeletedTrigger(_Trigger):
    """Revisions were deleted. They were deregistered before, with or without an event."""

    kind: Literal["deleted-task-definitions"] = "deleted-task-definitions"
    names: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        return self.names

    @property
    def families(self) -> tuple[str, ...]:
        """The families' names, each once."""
        return tuple(dict.fromkeys(family for name in self.names if (family := _family_of(name))))


class RunTaskTrigger(_Trigger):
    """Tasks were started by themselves, and a platform version was asked for."""

    kind: Literal["run-task"] = "run-task"
    arn: str = ""
    asked: str = ""
    cluster: str = ""
    within: str = ""
    platform: str = ""
    failed: Text = Field(default="", description="Why the first of the tasks that were not started was not.")

    @property
    def named(self) -> tuple[str, ...]:
        return (self.arn, self.asked, self.cluster, self.within)

    @property
    def family(self) -> str:
        return _family_of(self.arn or self.asked)

    @property
    def sight(self) -> SeenTasks:
        """What the call tells; of how many tasks it started, one."""
        number = (self.arn or self.asked).rpartition(":")[2]
        return SeenTasks(int(number) if re.fullmatch(r"[0-9]{1,10}", number) else 0, 1, self.platform)

    @property
    def ran_in(self) -> str:
        """The cluster's name."""
        return (self.cluster or self.within).rpartition("/")[2] or "default"


class ServiceTrigger(SweptTrigger):
    """A service was created, updated or deleted, or its deployment changed."""

    kind: Literal["service"] = "service"
    service: str = Field(min_length=1)
    cluster: str = ""
    registered: bool = Field(
        default=False, description="Sent by Outrider some time after its family's newest revision changed."
    )
    settled: AwareDatetime | None = Field(
        default=None, description="When the tasks have settled for which Outrider evaluates the service again."
    )
    tasks: tuple[Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,64}$")], ...] | None = Field(
        default=None, description="The ids of the tasks that the sweep saw running; None if it did not list them."
    )

    @model_validator(mode="before")
    @classmethod
    def _as_asked(cls, value: object) -> object:
        """CloudTrail leaves out an answer that is too large: what was asked for names the service too."""
        if not isinstance(value, Mapping):
            return value
        found = dict(value)
        asked, created, within = (found.pop(name, "") for name in ("asked", "created", "within"))
        service, cluster = found.get("service") or asked or created or "", found.get("cluster") or within or ""
        return found | {"service": service, "cluster": cluster}

    @field_validator("service")
    @classmethod
    def _of_group(cls, value: str) -> str:
        """A task's group names its service as `service:web`."""
        return value.removeprefix("service:")

    @property
    def named(self) -> tuple[str, ...]:
        return (self.service, self.cluster)

    @property
    def title(self) -> str:
        """`cluster/service`. A service's long ARN holds its cluster; a short one does not."""
        arn = Arn.parse(self.service)
        parts = (arn.resource if arn else self.service).split("/")
        if arn is None and len(parts) == 2:  # noqa: PLR2004 - cluster/name
            return self.service
        cluster = parts[1] if arn and len(parts) == 3 else (self.cluster.rpartition("/")[2] or "default")  # noqa: PLR2004 - service/cluster/name
        return f"{cluster}/{parts[-1]}"


class _SharedTrigger(_Trigger):
    """Something changed that many families may depend on: they are sent on in pages."""

    after: str = Field(default="", description="The key of the last family of the page before.")
    merged: bool = Field(default=False, description="Stands for several changes, and so names no call.")

    @property
    def for_all(self) -> Self:
        """As it stands for several changes, which different people may have made."""
        return self.model_copy(update={"merged": True, "time": None, "event": "", "identity": {}, "agent": ""})


class ParameterTrigger(_SharedTrigger):
    """An SSM parameter changed."""

    kind: Literal["parameter"] = "parameter"
    name: str = Field(min_length=1)

    @property
    def named(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def key(self) -> str:
        """What changed."""
        return f"{self.place}/parameter/{self.name}"


class RoleTrigger(_SharedTrigger):
    """A role changed, or a policy that may be attached to roles."""

    kind: Literal["role"] = "role"
    role: str = ""
    policy: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        return (self.role, self.policy)

    @property
    def key(self) -> str:
        """What changed; IAM is global."""
        return f"{self.account}/role/{self.role}" if self.role else f"{self.account}/policy/{self.policy}"


class FamilyTrigger(SweptTrigger):
    """A family to evaluate again: sent by Outrider itself, by a sweep or after a correction."""

    kind: Literal["family"] = "family"
    family: str = Field(min_length=1)
    revision: int | None = Field(default=None, ge=0, description="Its newest one; 0 to ask ECS, None for the ledger's.")
    tasks: Mapping[str, SeenTasks] = Field(default_factory=dict, description="By cluster, its tasks of no service.")
    listed: AwareDatetime | None = Field(
        default=None, description="When these were asked for; `time` is when a change was made."
    )


def _family_of(name: str) -> str:
    """Of an ARN, `family:revision` or a bare family."""
    return name.rpartition("/")[2].partition(":")[0]


class ApprovalTrigger(_Trigger):
    """A person chose the custom action on one of Outrider's findings: carry out its plan. The event names no person.

    The event comes from the account where the action was chosen. `product` is the finding's ProductArn, with the
    account and region that imported it: an Id alone proves nothing, as any account may import a finding with any Id.
    """

    kind: Literal["approval"] = "approval"
    finding: str = Field(pattern=r"^outrider/\d{12}/[a-z0-9-]+/(family|service)/.+/[a-z.-]+$", description="Its Id.")
    product: str
    plan: str = Field(
        default="",
        pattern=PLAN_DIGEST,
        description="The digest of the plan that the finding showed; empty where it showed none.",
    )

    @model_validator(mode="after")
    def _of_its_owner(self) -> Self:
        product = Arn.parse(self.product)
        if product is None or product.service != "securityhub" or product.place != self.subject.place:
            raise ValueError("The finding's Id names another account or region than imported it.")
        return self

    @property
    def subject(self) -> SubjectId:
        return SubjectId.parse(self.finding.removeprefix("outrider/").rpartition("/")[0])

    @property
    def rule(self) -> str:
        return self.finding.rpartition("/")[2]


class FollowUpTrigger(_Trigger):
    """Another subject's evaluation, or a change of something that the subject depends on, led to this evaluation."""

    kind: Literal["follow-up"] = "follow-up"

    @classmethod
    def of(cls, place: Place, trigger: _Trigger, changed: tuple[str, ...] | None = None) -> "FollowUpTrigger":
        """With the origin of another trigger: what is found came of that."""
        origin = trigger.origin if changed is None else trigger.origin | {"changed": changed}
        return cls(account=place.account, region=place.region, **origin)


type SubjectTrigger = (
    TaskDefinitionTrigger | DeletedTrigger | RunTaskTrigger | ServiceTrigger | FamilyTrigger | FollowUpTrigger
)
"""What brings one subject to be evaluated."""

type Trigger = (
    TaskDefinitionTrigger
    | DeletedTrigger
    | RunTaskTrigger
    | ServiceTrigger
    | ParameterTrigger
    | RoleTrigger
    | FamilyTrigger
)
