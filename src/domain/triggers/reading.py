"""Reading of triggers from messages.

Two forms are read: what the stack's event rules put on the queue (their InputTransformers keep ids only), and a whole
EventBridge event, as a plain rule would send it. Of the second only the same ids are kept.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from domain.triggers.trigger import (
    ApprovalTrigger,
    DeletedTrigger,
    FamilyTrigger,
    ParameterTrigger,
    RoleTrigger,
    RunTaskTrigger,
    ServiceTrigger,
    TaskDefinitionTrigger,
    Trigger,
)


class TriggerUnreadable(Exception):
    """A message that no trigger can be read from; the sentence names the fields at fault, never their content."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A valid message that requires nothing."""

    reason: str


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
    ],
    config=ConfigDict(defer_build=True),
)


_TASK_DEFINITION_CALLS = frozenset({"RegisterTaskDefinition", "DeregisterTaskDefinition"})


_SERVICE_CALLS = frozenset({"CreateService", "UpdateService", "DeleteService"})


_ECS_CALLS = _TASK_DEFINITION_CALLS | _SERVICE_CALLS | {"DeleteTaskDefinitions", "RunTask"}


def read(body: str) -> Trigger | Ignored:
    """Read one message. Raises TriggerUnreadable if it is not one of the stack's."""
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
