"""The resource on which IAM checks each action that a task and its start need.

Source: the Service Authorization Reference, page of each service, and the ARNs that AWS itself names in its
"is not authorized to perform … on resource: …" errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.places import partition_of


@dataclass(frozen=True, slots=True)
class ActionResources:
    """forms: ARNs with {parts}. If there are several, AWS checks one of them: one is enough (`decide_any`)."""

    forms: tuple[str, ...]
    note: str = ""


_EVERYTHING = ActionResources(("*",), "IAM has no resources for it: a statement must say *")
_REPOSITORY = ActionResources(("arn:{partition}:ecr:{region}:{account}:repository/{repository}",))
_LOG_STREAM = ActionResources(
    ("arn:{partition}:logs:{region}:{account}:log-group:{log_group}:log-stream:{log_stream}",),
    "a statement on the bare log group does not match; `log-group:NAME:*` does",
)
_LOG_GROUP = ActionResources(
    (
        "arn:{partition}:logs:{region}:{account}:log-group:{log_group}:log-stream:",
        "arn:{partition}:logs:{region}:{account}:log-group:{log_group}",
    ),
    "errors name the first form, with an empty stream (`log-group:NAME:*` matches it); the reference names the second",
)
_CONTAINER_INSTANCE = "arn:{partition}:ecs:{region}:{account}:container-instance/{cluster}/{container_instance}"

ACTION_RESOURCES: Final[Mapping[str, ActionResources]] = {
    # The start of a task: its images, log groups, parameters, secrets.
    "ecr:GetAuthorizationToken": _EVERYTHING,
    "ecr:BatchCheckLayerAvailability": _REPOSITORY,
    "ecr:GetDownloadUrlForLayer": _REPOSITORY,
    "ecr:BatchGetImage": _REPOSITORY,
    "ecr:BatchImportUpstreamImage": _REPOSITORY,
    "logs:CreateLogGroup": _LOG_GROUP,
    "logs:CreateLogStream": _LOG_STREAM,
    "logs:PutLogEvents": _LOG_STREAM,
    "ssm:GetParameters": ActionResources(
        ("arn:{partition}:ssm:{region}:{account}:parameter/{parameter}",), "a name's own first slash is not doubled"
    ),
    "secretsmanager:GetSecretValue": ActionResources(
        ("arn:{partition}:secretsmanager:{region}:{account}:secret:{secret}-??????",),
        "AWS adds a hyphen and six characters to the name; give the whole ARN as `arn` where it is known",
    ),
    "kms:Decrypt": ActionResources(
        ("arn:{partition}:kms:{region}:{account}:key/{key}",), "the key's ARN, never an alias's"
    ),
    # The collector.
    "logs:PutRetentionPolicy": _LOG_GROUP,
    "xray:PutTraceSegments": _EVERYTHING,
    "xray:PutTelemetryRecords": _EVERYTHING,
    "xray:GetSamplingRules": _EVERYTHING,
    "xray:GetSamplingTargets": _EVERYTHING,
    "xray:GetSamplingStatisticSummaries": _EVERYTHING,
    "aps:RemoteWrite": ActionResources(("arn:{partition}:aps:{region}:{account}:workspace/{workspace}",)),
    "ecs:ListTasks": ActionResources(
        (_CONTAINER_INSTANCE, "*"), "errors name the container instances of the cluster, or *"
    ),
    "ecs:DescribeTasks": ActionResources(("arn:{partition}:ecs:{region}:{account}:task/{cluster}/{task}",)),
    "ecs:ListServices": _EVERYTHING,
    "ecs:DescribeServices": ActionResources(("arn:{partition}:ecs:{region}:{account}:service/{cluster}/{service}",)),
    "ecs:DescribeTaskDefinition": _EVERYTHING,
    "ecs:DescribeContainerInstances": ActionResources((_CONTAINER_INSTANCE,)),
    "ec2:DescribeInstances": _EVERYTHING,
    "sts:AssumeRole": ActionResources(("arn:{partition}:iam::{account}:role/{role}",)),
    "s3:GetObject": ActionResources(("arn:{partition}:s3:::{bucket}/{key}",)),
    "kafka-cluster:Connect": ActionResources(("arn:{partition}:kafka:{region}:{account}:cluster/{cluster}/{uuid}",)),
    "kafka-cluster:WriteData": ActionResources(
        ("arn:{partition}:kafka:{region}:{account}:topic/{cluster}/{uuid}/{topic}",)
    ),
    "kafka-cluster:DescribeTopic": ActionResources(
        ("arn:{partition}:kafka:{region}:{account}:topic/{cluster}/{uuid}/{topic}",)
    ),
}

_ANY: Final = frozenset({"log_stream", "task", "service", "container_instance", "uuid"})
"""Parts that are not known before the task runs, or that no configuration names: a wildcard replaces them."""


def resources_for(action: str, *, region: str, account: str, arn: str | None = None, **parts: str) -> tuple[str, ...]:
    """Return the resources on which AWS checks `action`: one ARN, or several of which one is enough.

    parts: what the form names (`log_group`, `repository`…); wildcards stand for all matches. arn: the resource
    itself if it is known. Raises ValueError if the action is not in the table, or a part is missing.
    """
    known = ACTION_RESOURCES.get(action)
    if known is None:
        raise ValueError(f"ACTION_RESOURCES has no {action}. Add its resource.")
    if arn is not None:
        return (arn,)
    given = dict.fromkeys(_ANY, "*") | parts
    if "parameter" in given:
        given["parameter"] = given["parameter"].removeprefix("/")
    try:
        return tuple(
            form.format(partition=partition_of(region), region=region, account=account, **given) for form in known.forms
        )
    except KeyError as missing:
        raise ValueError(f"AWS checks {action} on {known.forms[0]}; {missing} was not given.") from None
