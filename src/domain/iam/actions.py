"""The resource on which IAM checks each action that a task and its start need.

Source: the Service Authorization Reference, page of each service, and the ARNs that AWS itself names in its
"is not authorized to perform … on resource: …" errors. For MSK, the page
on IAM access control of the Amazon MSK developer guide.
"""

from collections.abc import Mapping
from typing import Final

from domain.places import partition_of

_EVERYTHING = ("*",)
"""IAM has no resources for it: a statement must say `*`."""
_REPOSITORY = ("arn:{partition}:ecr:{region}:{account}:repository/{repository}",)
_LOG_STREAM = ("arn:{partition}:logs:{region}:{account}:log-group:{log_group}:log-stream:{log_stream}",)
"""A statement on the bare log group does not match; `log-group:NAME:*` does."""
_LOG_GROUP = (
    "arn:{partition}:logs:{region}:{account}:log-group:{log_group}:log-stream:",
    "arn:{partition}:logs:{region}:{account}:log-group:{log_group}",
)
"""Errors name the first, with an empty stream (`log-group:NAME:*` matches it); the reference names the second."""
_TOPIC = ("arn:{partition}:kafka:{region}:{account}:topic/{cluster}/{uuid}/{topic}",)
_GROUP = ("arn:{partition}:kafka:{region}:{account}:group/{cluster}/{uuid}/{group}",)
_CONTAINER_INSTANCE = "arn:{partition}:ecs:{region}:{account}:container-instance/{cluster}/{container_instance}"

ACTION_RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    # The start of a task: its images, log groups, parameters, secrets.
    "ecr:GetAuthorizationToken": _EVERYTHING,
    "ecr:BatchCheckLayerAvailability": _REPOSITORY,
    "ecr:GetDownloadUrlForLayer": _REPOSITORY,
    "ecr:BatchGetImage": _REPOSITORY,
    "ecr:BatchImportUpstreamImage": _REPOSITORY,
    "logs:CreateLogGroup": _LOG_GROUP,
    "logs:CreateLogStream": _LOG_STREAM,
    "logs:PutLogEvents": _LOG_STREAM,
    "ssm:GetParameters": ("arn:{partition}:ssm:{region}:{account}:parameter/{parameter}",),
    # AWS adds a hyphen and six characters to the name. Give the whole ARN as `arn` where it is known.
    "secretsmanager:GetSecretValue": ("arn:{partition}:secretsmanager:{region}:{account}:secret:{secret}-??????",),
    # The key's ARN, never an alias's.
    "kms:Decrypt": ("arn:{partition}:kms:{region}:{account}:key/{key}",),
    # The collector.
    "logs:PutRetentionPolicy": _LOG_GROUP,
    "xray:PutTraceSegments": _EVERYTHING,
    "xray:PutTelemetryRecords": _EVERYTHING,
    "xray:GetSamplingRules": _EVERYTHING,
    "xray:GetSamplingTargets": _EVERYTHING,
    "xray:GetSamplingStatisticSummaries": _EVERYTHING,
    "aps:RemoteWrite": ("arn:{partition}:aps:{region}:{account}:workspace/{workspace}",),
    # Errors name the container instances of the cluster, or `*`.
    "ecs:ListTasks": (_CONTAINER_INSTANCE, "*"),
    "ecs:DescribeTasks": ("arn:{partition}:ecs:{region}:{account}:task/{cluster}/{task}",),
    "ecs:ListServices": _EVERYTHING,
    "ecs:DescribeServices": ("arn:{partition}:ecs:{region}:{account}:service/{cluster}/{service}",),
    "ecs:DescribeTaskDefinition": _EVERYTHING,
    "ecs:DescribeContainerInstances": (_CONTAINER_INSTANCE,),
    "ec2:DescribeInstances": _EVERYTHING,
    "sts:AssumeRole": ("arn:{partition}:iam::{account}:role/{role}",),
    "s3:GetObject": ("arn:{partition}:s3:::{bucket}/{key}",),
    "kafka-cluster:Connect": ("arn:{partition}:kafka:{region}:{account}:cluster/{cluster}/{uuid}",),
    "kafka-cluster:WriteData": _TOPIC,
    "kafka-cluster:ReadData": _TOPIC,
    "kafka-cluster:DescribeTopic": _TOPIC,
    "kafka-cluster:DescribeGroup": _GROUP,
    "kafka-cluster:AlterGroup": _GROUP,
}

_ANY: Final = frozenset({"log_stream", "task", "service", "container_instance", "uuid", "group"})
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
            form.format(partition=partition_of(region), region=region, account=account, **given) for form in known
        )
    except KeyError as missing:
        raise ValueError(f"AWS checks {action} on {known[0]}; {missing} was not given.") from None
