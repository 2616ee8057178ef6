"""Messages as event rules make them, and as Outrider sends them to itself."""

import json
from typing import Any

from tests.aws_fake.aws import ACCOUNT, REGION
from tests.operations.documents import PARAMETER, PLACE, Json


def of_rule(kind: str, **values: Any) -> str:
    """A message as an event rule makes it; what the event does not have is an empty list."""
    given = {"account": ACCOUNT, "region": REGION} | values
    if kind == "approval":
        given = {"product": PLACE.arn("securityhub", f"product/{ACCOUNT}/default")} | given
    return json.dumps({"kind": kind} | {name: [] if value in (None, "") else [value] for name, value in given.items()})


def but(message: str, **values: Any) -> str:
    """A rule's message with other values."""
    return json.dumps(json.loads(message) | {name: [value] for name, value in values.items()})


def own(kind: str, **values: Any) -> str:
    """A message as Outrider sends it to itself."""
    return json.dumps({"kind": kind, "account": ACCOUNT, "region": REGION} | values)


def registered(arn: str, event: str = "RegisterTaskDefinition", **members: Any) -> str:
    given: Json = {"event": event, "arn": arn, "time": "2026-11-23T12:00:00Z", "agent": "Terraform/1.9"}
    given |= {"identity": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci"}}
    return of_rule("task-definition", **(given | members))


def service_changed(arn: str, event: str = "UpdateService", cluster: str = "") -> str:
    return of_rule("service", event=event, service=arn, cluster=cluster)


def tasks_run(task: str, platform: str, cluster: str = "batch", time: str = "2026-11-23T12:00:00Z") -> str:
    given = {"event": "RunTask", "asked": task, "time": time, "platform": platform, "within": cluster}
    return of_rule("run-task", identity={"arn": "arn:aws:iam::1:user/ada"}, **given)


def deleted(*names: str) -> str:
    return of_rule("deleted-task-definitions", names=list(names))


def parameter_changed(name: str = PARAMETER) -> str:
    return of_rule("parameter", event="Update", name=name)


def role_changed(role: str = "", policy: str = "", event: str = "PutRolePolicy") -> str:
    # IAM's events arrive in us-east-1, wherever the tasks are.
    return of_rule("role", region="us-east-1", event=event, role=role, policy=policy)
