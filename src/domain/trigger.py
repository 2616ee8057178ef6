"""Triggers: what an event says to look at. Ids, actor and time only; the present state is read afterwards.

Two forms are read: what the stack's event rules put on the queue (their InputTransformers keep ids only), and a whole
EventBridge event, as a plain rule would send it. Of the second only the same ids are kept.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from domain.places import Arn, Place, Revision
from domain.use import Sight


class TriggerUnreadable(Exception):
    """A message that no trigger can be read from; the sentence names the fields at fault, never their content."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that is well understood and asks for nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a call, as far as CloudTrail tells."""

    arn: str = ""
    agent: str = ""

    @property
    def name(self) -> str:
        """`role/session` or the user's name; "unknown" where nothing is told."""
        resource = self.arn.rpartition(":")[2]
        return resource.partition("/")[2] or resource or "unknown"

    @property
    def tool(self) -> str:
        """Terraform, CloudFormation, CDK, console or the CLI, where the user agent shows one."""
        agent = self.agent.lower()
        return next((name for sign, name in _TOOLS if sign in agent), "")


_TOOLS = (
    ("terraform", "Terraform"),
    ("cdk", "CDK"),
    ("cloudformation", "CloudFormation"),
    ("pulumi", "Pulumi"),
    ("console", "the console"),
    ("signin.amazonaws.com", "the console"),
    ("codepipeline", "CodePipeline"),
    ("codedeploy", "CodeDeploy"),
    ("ecspresso", "ecspresso"),
    ("aws-cli", "the AWS CLI"),
    ("boto3", "boto3"),
)


class _Trigger(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    account: str = Field(pattern=r"^\d{12}$")
    region: str = Field(pattern=r"^[a-z]{2}[a-z-]+-\d$")
    time: datetime | None = None
    event: str = ""
    identity: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    agent: str = ""
    quiet: bool = Field(default=False, description="Part of a baseline: findings, one digest, no alert for each.")
    changed: tuple[str, ...] = Field(
        default=(), description="The keys of the parameters and roles (by name) that changed, where that led to it."
    )

    @field_validator("time", mode="before")
    @classmethod
    def _no_time(cls, value: object) -> object:
        return None if value == "" else value

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
    def actor(self) -> Actor:
        return Actor(self.identity.get("arn", ""), self.agent or self.identity.get("invokedBy", ""))

    @property
    def origin(self) -> dict[str, Any]:
        """Who made the call, and when: for the messages that it brings about, as what they find came of it."""
        return {name: getattr(self, name) for name in ("time", "event", "identity", "agent", "quiet", "changed")}

    @property
    def message(self) -> str:
        """As Outrider sends it to its own queue."""
        nothing = {name for name in ("event", "identity", "agent", "changed") if not getattr(self, name)}
        return self.model_dump_json(exclude=nothing, exclude_none=True)

    @property
    def when(self) -> datetime | None:
        return self.time if self.time is None or self.time.tzinfo else self.time.replace(tzinfo=UTC)


class TaskDefinitionTrigger(_Trigger):
    """A task definition was registered or deregistered."""

    kind: Literal["task-definition"] = "task-definition"
    arn: str = ""
    family: str = ""
    asked: str = ""

    @property
    def revision(self) -> Revision | None:
        return Revision.parse(self.arn)

    @property
    def looks_at(self) -> str:
        """The family's name."""
        revision = self.revision
        return revision.family if revision else _family_of(self.family or self.asked)


class DeletedTrigger(_Trigger):
    """Revisions were deleted, which had been deregistered before; whether that was heard of or not."""

    kind: Literal["deleted-task-definitions"] = "deleted-task-definitions"
    names: tuple[str, ...] = ()

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
    failed: str = Field(default="", description="Why the first of the tasks that were not started was not.")

    @property
    def family(self) -> str:
        return _family_of(self.arn or self.asked)

    @property
    def sight(self) -> Sight:
        """What the call tells; of how many tasks it started, one."""
        number = (self.arn or self.asked).rpartition(":")[2]
        return Sight(int(number) if re.fullmatch(r"[0-9]{1,10}", number) else 0, 1, self.platform)

    @property
    def ran_in(self) -> str:
        """The cluster's name."""
        return (self.cluster or self.within).rpartition("/")[2] or "default"


class ServiceTrigger(_Trigger):
    """A service was created, updated or deleted, or its deployment changed."""

    kind: Literal["service"] = "service"
    service: str = Field(min_length=1)
    cluster: str = ""
    settled: AwareDatetime | None = Field(
        default=None, description="When the tasks have settled for whose sake Outrider itself looks again."
    )

    @model_validator(mode="before")
    @classmethod
    def _as_asked(cls, value: object) -> object:
        """CloudTrail leaves out an answer that is too large: what was asked for names the service too."""
        if not isinstance(value, Mapping):
            return value
        service = value.get("service") or value.get("asked") or value.get("created") or ""
        return {**value, "service": service, "cluster": value.get("cluster") or value.get("within") or ""}

    @field_validator("service")
    @classmethod
    def _of_group(cls, value: str) -> str:
        """A task's group names its service as `service:web`."""
        return value.removeprefix("service:")

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
    """Something changed that many families may lean on: they are sent on in pages."""

    after: str = Field(default="", description="The key of the last family of the page before.")


class ParameterTrigger(_SharedTrigger):
    """An SSM parameter changed."""

    kind: Literal["parameter"] = "parameter"
    name: str = Field(min_length=1)


class RoleTrigger(_SharedTrigger):
    """A role changed, or a policy that may be attached to roles."""

    kind: Literal["role"] = "role"
    role: str = ""
    policy: str = ""


class FamilyTrigger(_Trigger):
    """A family to look at again: sent by Outrider itself, where something that many families lean on changed."""

    kind: Literal["family"] = "family"
    family: str = Field(min_length=1)
    revision: int | None = Field(default=None, ge=0, description="Its newest one; 0 to ask ECS, None for the ledger's.")
    tasks: Mapping[str, Sight] = Field(default_factory=dict, description="By cluster, its tasks of no service.")
    listed: AwareDatetime | None = Field(
        default=None, description="When these were asked for; `time` is when a change was made."
    )


def _family_of(name: str) -> str:
    """Of an ARN, `family:revision` or a bare family."""
    return name.rpartition("/")[2].partition(":")[0]


class ApprovalTrigger(_Trigger):
    """A person chose the custom action on a finding of ours: carry out its plan. The event names no person."""

    kind: Literal["approval"] = "approval"
    finding: str = Field(pattern=r"^outrider/\d{12}/[a-z0-9-]+/[a-z]+/.+/[a-z.-]+$", description="The finding's Id.")
    updated: datetime | None = Field(default=None, description="The finding's UpdatedAt, as the person saw it.")
    plan: str = Field(default="", description="The digest of the plan that the finding showed.")

    @field_validator("updated", mode="before")
    @classmethod
    def _no_update(cls, value: object) -> object:
        return None if value == "" else value


type Trigger = (
    TaskDefinitionTrigger
    | DeletedTrigger
    | RunTaskTrigger
    | ServiceTrigger
    | ParameterTrigger
    | RoleTrigger
    | FamilyTrigger
    | ApprovalTrigger
)

_ADAPTER: TypeAdapter[Trigger] = TypeAdapter(
    Annotated[
        TaskDefinitionTrigger
        | DeletedTrigger
        | RunTaskTrigger
        | ServiceTrigger
        | ParameterTrigger
        | RoleTrigger
        | FamilyTrigger
        | ApprovalTrigger,
        Field(discriminator="kind"),
    ]
)

_TASK_DEFINITION_CALLS = frozenset({"RegisterTaskDefinition", "DeregisterTaskDefinition"})
_SERVICE_CALLS = frozenset({"CreateService", "UpdateService", "DeleteService"})
_ECS_CALLS = _TASK_DEFINITION_CALLS | _SERVICE_CALLS | {"DeleteTaskDefinitions", "RunTask"}


def read(body: str) -> Trigger | Ignored:
    """Read one message. TriggerUnreadable where it is no message of ours."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):  # the second where it is nested without end
        raise TriggerUnreadable("The message is not JSON. It did not come from the stack's event rules.") from None
    if not isinstance(content, dict):
        raise TriggerUnreadable("The message is JSON but no object. It did not come from the stack's event rules.")
    if "detail-type" in content:
        taken = _from_event(content)
        if isinstance(taken, Ignored):
            return taken
        content = taken
    try:
        trigger = _ADAPTER.validate_python(content)
    except ValidationError as error:
        fields = sorted(
            {".".join(str(part) for part in mistake["loc"]) or "kind" for mistake in error.errors(include_input=False)}
        )
        raise TriggerUnreadable(f"The message is no trigger: {', '.join(fields)} missing or malformed.") from None
    match trigger:
        case TaskDefinitionTrigger(looks_at="") | RunTaskTrigger(family="") | DeletedTrigger(families=()):
            raise TriggerUnreadable("The message names neither a task definition's ARN nor a family.")
        case RunTaskTrigger(arn="", failed=reason) if reason:  # an answer that was left out names no failure either
            return Ignored("no task was started")
        case _:
            return trigger


def _from_event(event: Mapping[str, Any]) -> dict[str, Any] | Ignored:
    """The ids of a whole EventBridge event."""
    source, detail = event.get("source"), event.get("detail")
    if not isinstance(detail, Mapping):
        return Ignored("the event has no detail")
    if detail.get("errorCode"):
        return Ignored(f"the call {detail.get('eventName', '')} failed and changed nothing")
    shared = {
        "account": event.get("account"),
        "region": event.get("region"),
        "time": detail.get("eventTime", event.get("time")),
    }
    shared |= {
        "event": detail.get("eventName") or detail.get("operation") or "",
        "identity": detail.get("userIdentity"),
        "agent": detail.get("userAgent") or "",
    }
    name = str(detail.get("eventName", ""))
    request, response = _object(detail.get("requestParameters")), _object(detail.get("responseElements"))
    match source:
        case "aws.ecs" if detail.get("eventSource") == "ecs.amazonaws.com" and name in _ECS_CALLS:
            return _ecs_call(shared, name, request, response)
        case "aws.ecs" if event.get("detail-type") == "ECS Deployment State Change":
            resources = event.get("resources")
            return shared | {
                "kind": "service",
                "service": resources[0] if isinstance(resources, list) and resources else "",
            }
        case "aws.ecs" if event.get("detail-type") == "ECS Task State Change":
            group = str(detail.get("group") or "")
            if not group.startswith("service:") or not _stopped_in_running(detail):
                return Ignored("no container stopped in a running task of a service")
            named = {
                "kind": "service",
                "event": "TaskStateChange",
                "service": group,
                "cluster": detail.get("clusterArn"),
            }
            return shared | named
        case "aws.securityhub" if event.get("detail-type") == "Security Hub Findings - Custom Action":
            findings = detail.get("findings")
            found = _object(findings[0] if isinstance(findings, list) and findings else None)
            named = {"finding": found.get("Id") or "", "updated": found.get("UpdatedAt") or ""}
            named |= {"plan": _object(found.get("ProductFields")).get("outrider/plan") or ""}
            return shared | named | {"kind": "approval", "event": detail.get("actionName") or ""}
        case "aws.ssm" if event.get("detail-type") == "Parameter Store Change":
            return shared | {"kind": "parameter", "name": detail.get("name")}
        case "aws.iam" if detail.get("eventSource") == "iam.amazonaws.com":
            return shared | {
                "kind": "role",
                "role": request.get("roleName") or "",
                "policy": request.get("policyArn") or "",
            }
        case _:
            return Ignored(f"events of {source} {event.get('detail-type')} {name}".rstrip() + " are not judged")


def _ecs_call(
    shared: dict[str, Any], name: str, request: Mapping[str, Any], response: Mapping[str, Any]
) -> dict[str, Any] | Ignored:
    if name == "RunTask":
        return _run_task(shared, request, response)
    if name == "DeleteTaskDefinitions":
        return shared | {"kind": "deleted-task-definitions", "names": request.get("taskDefinitions") or ()}
    if name in _TASK_DEFINITION_CALLS:
        found = _object(response.get("taskDefinition"))
        named = {"family": request.get("family") or "", "asked": request.get("taskDefinition") or ""}
        return shared | {"kind": "task-definition", "arn": found.get("taskDefinitionArn") or ""} | named
    found = _object(response.get("service"))
    return shared | {
        "kind": "service",
        "service": found.get("serviceArn") or request.get("service") or request.get("serviceName"),
        "cluster": found.get("clusterArn") or request.get("cluster") or "",
    }


def _run_task(
    shared: dict[str, Any], request: Mapping[str, Any], response: Mapping[str, Any]
) -> dict[str, Any] | Ignored:
    """Most calls ask for no version, or for the one that is newest, and there are thousands of them."""
    platform = request.get("platformVersion")
    if platform in (None, "", "LATEST", "1.4.0"):  # it may be anything
        return Ignored("the tasks were started on the newest platform version")
    tasks, failures = response.get("tasks"), response.get("failures")
    first = _object(tasks[0]) if isinstance(tasks, list) and tasks else {}
    failure = _object(failures[0]) if isinstance(failures, list) and failures else {}
    return shared | {
        "kind": "run-task",
        "platform": platform,
        "arn": first.get("taskDefinitionArn") or "",
        "asked": request.get("taskDefinition") or "",
        "cluster": first.get("clusterArn") or "",
        "within": request.get("cluster") or "",
        "failed": failure.get("reason") or "",
    }


def _stopped_in_running(detail: Mapping[str, Any]) -> bool:
    containers = detail.get("containers")
    states = [_object(item).get("lastStatus") for item in containers] if isinstance(containers, list) else []
    return detail.get("lastStatus") == detail.get("desiredStatus") == "RUNNING" and "STOPPED" in states


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
