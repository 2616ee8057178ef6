"""Roles as a source describes them, as facts; and the parameters that a task takes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cli.sources.nodes import Node
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Fact, Known, MissingReason, Role, Unavailable
from domain.iam import Policy, PolicyUnreadable
from domain.places import Place
from domain.workload import ParameterReference

# What AWS grants in its own policies that tasks' roles have most. AWS only adds to them.
_OF_AWS: Final[Mapping[str, tuple[str, ...]]] = {
    "service-role/AmazonECSTaskExecutionRolePolicy": (
        "ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage", "logs:CreateLogStream", "logs:PutLogEvents",
    ),
    "AWSXRayDaemonWriteAccess": (
        "xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
        "xray:GetSamplingStatisticSummaries",
    ),
    "AmazonPrometheusRemoteWriteAccess": ("aps:RemoteWrite",),
    "AmazonSSMReadOnlyAccess": ("ssm:Describe*", "ssm:Get*", "ssm:List*"),
}  # fmt: skip


def fact_of(
    arn: str, trust: Any, policies: Sequence[tuple[str, Any]], managed: Sequence[str], *, complete: bool
) -> Fact[Role]:
    """Return a role by its trust, its own policies by name and the ARNs of managed ones.

    Unavailable if a part of it is not known, or not `complete`: another policy of the source may belong to it.
    """
    name = arn.rpartition("/")[2]
    unreadable = Unavailable(MissingReason.POLICY_UNREADABLE, resource=name)
    every = [*policies]
    for policy in managed:
        actions = _OF_AWS.get(policy.partition(":policy/")[2]) if policy.startswith("arn:aws:iam::aws:") else None
        if actions is None:
            return unreadable
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        every.append((policy, {"Version": "2012-10-17", "Statement": [statement]}))
    if not complete:
        return unreadable
    try:
        trusted = Policy.parse(trust, f"the trust policy of {name}", trust=True)
        return Known(Role(arn, trusted, tuple(Policy.parse(document, source) for source, document in every)))
    except PolicyUnreadable:
        return unreadable


def closed(node: Node, variant: int) -> Any:
    """Return a policy document in which an open text is any resource in one variant, and none in another."""
    if isinstance(node.value, str) and node.open:
        return "*" if variant % 2 else "arn:aws:none:::not-known"
    match node.parts:
        case dict() as parts:
            return {name: closed(part.node, variant) for name, part in parts.items()}
        case list() as parts:
            return [closed(part.node, variant) for part in parts]
        case None:
            return node.value


def parameters_named_in(task: TaskDefinition) -> set[str]:
    """Return the names of the parameters that a task's secrets refer to."""
    return {
        reference.name
        for container in task.containers
        for value in container.secrets.values()
        if (reference := ParameterReference.parse(value, Place("", "")))
    }
