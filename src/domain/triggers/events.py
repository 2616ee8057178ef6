"""Events of EventBridge and records of CloudTrail, as the stack's event rules send them to the queue `changes`.

template.yaml has the rules; a test compares what both make of each sample event.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_CLOUDTRAIL: Final = "AWS API Call via CloudTrail"
_PLACE: Final = {"account": "account", "region": "region"}
_CALL: Final = {
    **_PLACE,
    "event": "detail.eventName",
    "time": "detail.eventTime",
    "identity": "detail.userIdentity",
    "agent": "detail.userAgent",
}
_OTHER: Final = {**_PLACE, "time": "time"}
_CURRENT: Final = frozenset({"LATEST", "1.4.0"})
"""Platform versions that RunTask may ask for without an evaluation."""


@dataclass(frozen=True, slots=True)
class _Rule:
    source: str
    type: str
    names: frozenset[str]
    kind: str
    paths: Mapping[str, str]
    name: str = "eventName"
    fixed: Mapping[str, str] = field(default_factory=dict)


def _calls(service: str, names: str, kind: str, /, **paths: str) -> _Rule:
    parameters = {key: f"detail.{path}" for key, path in paths.items()}
    return _Rule(service, _CLOUDTRAIL, frozenset(names.split()), kind, {**_CALL, **parameters})


_RULES: Final = (
    _calls(
        "aws.ecs",
        "RegisterTaskDefinition DeregisterTaskDefinition",
        "task-definition",
        arn="responseElements.taskDefinition.taskDefinitionArn",
        family="requestParameters.family",
        asked="requestParameters.taskDefinition",
    ),
    _calls(
        "aws.ecs",
        "DeleteTaskDefinitions",
        "deleted-task-definitions",
        names="requestParameters.taskDefinitions",
    ),
    _calls(
        "aws.ecs",
        "RunTask",
        "run-task",
        arn="responseElements.tasks.0.taskDefinitionArn",
        asked="requestParameters.taskDefinition",
        cluster="responseElements.tasks.0.clusterArn",
        within="requestParameters.cluster",
        platform="requestParameters.platformVersion",
        failed="responseElements.failures.0.reason",
    ),
    _calls(
        "aws.ecs",
        "CreateService UpdateService DeleteService CreateTaskSet UpdateServicePrimaryTaskSet DeleteTaskSet",
        "service",
        service="responseElements.service.serviceArn",
        cluster="responseElements.service.clusterArn",
        asked="requestParameters.service",
        created="requestParameters.serviceName",
        within="requestParameters.cluster",
    ),
    _Rule(
        "aws.ecs",
        "ECS Deployment State Change",
        frozenset({"SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED"}),
        "service",
        {**_OTHER, "event": "detail.eventName", "service": "resources.0"},
    ),
    _Rule(
        "aws.ecs",
        "ECS Task State Change",
        frozenset({"RUNNING"}),
        "service",
        {**_OTHER, "service": "detail.group", "cluster": "detail.clusterArn"},
        name="lastStatus",
        fixed={"event": "TaskStateChange"},
    ),
    _Rule(
        "aws.ssm",
        "Parameter Store Change",
        frozenset({"Create", "Update", "Delete"}),
        "parameter",
        {**_OTHER, "event": "detail.operation", "name": "detail.name"},
        name="operation",
    ),
    _calls(
        "aws.iam",
        "CreateRole DeleteRole UpdateAssumeRolePolicy PutRolePolicy DeleteRolePolicy AttachRolePolicy DetachRolePolicy"
        " PutRolePermissionsBoundary DeleteRolePermissionsBoundary TagRole UntagRole",
        "role",
        role="requestParameters.roleName",
    ),
    _calls("aws.iam", "CreatePolicyVersion SetDefaultPolicyVersion", "role", policy="requestParameters.policyArn"),
)


def events_in(content: Any) -> list[Any]:
    """Return the events of a file: one, a list, or a file of CloudTrail, whose records are events of API calls."""
    match content:
        case list():
            return [event for each in content for event in events_in(each)]
        case {"Records": list(records)}:
            return [event for each in records for event in events_in(each)]
        case {"eventName": str(), "eventSource": str(source), "awsRegion": str(region)}:
            account = content.get("recipientAccountId", "")
            service = source.partition(".")[0]
            return [
                {"source": f"aws.{service}", "detail-type": _CLOUDTRAIL, "account": account, "region": region}
                | {"time": content.get("eventTime", ""), "detail": content}
            ]
        case _:
            return [content]


def message_of(event: Any) -> str | None:
    """Return the message that an event rule makes of an event; None if no rule takes it.

    A message of the queue `changes` is returned as it is.
    """
    if not isinstance(event, Mapping):
        return None
    if "kind" in event and "detail" not in event:
        return json.dumps(event)
    detail = event.get("detail")
    if not isinstance(detail, Mapping) or "errorCode" in detail:
        return None
    found = next((rule for rule in _RULES if _takes(rule, event, detail)), None)
    if found is None:
        return None
    values = {key: _at(event, path) for key, path in found.paths.items()} | dict(found.fixed)
    return json.dumps({"kind": found.kind} | {key: [] if value is None else [value] for key, value in values.items()})


def _takes(rule: _Rule, event: Mapping[str, Any], detail: Mapping[str, Any]) -> bool:
    if (event.get("source"), event.get("detail-type")) != (rule.source, rule.type):
        return False
    if detail.get(rule.name) not in rule.names:
        return False
    match rule.kind, rule.name:
        case "run-task", _:
            return _at(event, "detail.requestParameters.platformVersion") not in {None, *_CURRENT}
        case _, "lastStatus":
            stopped = any(each.get("lastStatus") == "STOPPED" for each in detail.get("containers") or ())
            of_service = str(detail.get("group", "")).startswith("service:")
            stays = (detail.get("launchType"), detail.get("desiredStatus")) == ("FARGATE", "RUNNING")
            return stopped and of_service and stays
        case _:
            return True


def _at(event: Any, path: str) -> Any:
    for part in path.split("."):
        try:
            event = event[int(part) if part.isdigit() else part]
        except (KeyError, IndexError, TypeError):
            return None
    return event
