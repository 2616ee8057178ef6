"""AWS's limits on calls, as token buckets over virtual time, and how long each call takes.

Sources: docs/performance.md for IAM (unpublished); the service quotas of ECS, SSM, CloudWatch Logs and Security Hub.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Bucket:
    """So many calls a second, and so many at once, for everybody in an account and region."""

    name: str
    rate: float
    burst: float


IAM = Bucket("IAM", 15, 15)
DEFINITIONS = Bucket("ECS task definitions, read", 20, 50)
REGISTRATIONS = Bucket("ECS task definitions, modify", 1, 20)
SERVICES = Bucket("ECS services, read", 20, 100)
UPDATES = Bucket("ECS services, modify", 5, 50)
TASKS = Bucket("ECS tasks, read", 20, 100)
CLUSTERS = Bucket("ECS clusters, read", 20, 50)
PARAMETERS = Bucket("SSM", 40, 40)
LOGS = Bucket("CloudWatch Logs", 10, 10)
FINDINGS = Bucket("Security Hub, read", 3, 6)
IMPORTS = Bucket("Security Hub, import", 10, 30)

BUCKETS: Mapping[str, Bucket] = {
    **dict.fromkeys(
        (
            "GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies", "GetPolicy", "GetPolicyVersion",
            "ListEntitiesForPolicy",
        ),
        IAM,
    ),
    **dict.fromkeys(("DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies"), DEFINITIONS),
    **dict.fromkeys(("RegisterTaskDefinition", "DeregisterTaskDefinition"), REGISTRATIONS),
    **dict.fromkeys(("DescribeServices", "ListServices"), SERVICES),
    "UpdateService": UPDATES,
    **dict.fromkeys(("DescribeTasks", "ListTasks"), TASKS),
    "ListClusters": CLUSTERS,
    **dict.fromkeys(("GetParameters", "GetParameter", "DescribeParameters"), PARAMETERS),
    "DescribeLogGroups": LOGS,
    "GetFindings": FINDINGS,
    "BatchImportFindings": IMPORTS,
}  # fmt: skip

_SECONDS: Mapping[Bucket, float] = {IAM: 0.2, FINDINGS: 0.3, IMPORTS: 0.3, REGISTRATIONS: 0.15, UPDATES: 0.15}


def seconds(operation: str) -> float:
    """How long a call takes: 50 ms for AWS's other reads, 10 for DynamoDB, SQS and SNS."""
    bucket = BUCKETS.get(operation)
    return _SECONDS.get(bucket, 0.05) if bucket is not None else 0.01


def throttled(calls: Iterable[tuple[datetime, str]], share: float = 1.0) -> Mapping[str, Sequence[datetime]]:
    """By bucket, when calls came that found it empty, where only this share of each bucket is Outrider's."""
    found, tokens, last = defaultdict[str, list[datetime]](list), dict[Bucket, float](), dict[Bucket, datetime]()
    for at, operation in sorted(calls):
        bucket = BUCKETS.get(operation)
        if bucket is None:
            continue
        passed = (at - last.get(bucket, at)).total_seconds()
        left = min(tokens.get(bucket, bucket.burst * share) + passed * bucket.rate * share, bucket.burst * share)
        if left < 1:
            found[bucket.name].append(at)
        tokens[bucket], last[bucket] = left - (left >= 1), at
    return found
