"""The execution role allows what starting this very task needs.

Why: Fargate pulls the images, opens the log streams and reads parameters and secrets with this role before any
container runs. Where it may not, the task stops with ResourceInitializationError, the application included. What is
needed is read from the task definition: its private images, log groups, parameters, secrets and environment files,
and the key of the collector's parameter where it is the customer's own.

Judged are the role's own policies and its permissions boundary. Organisation policies, and those of keys,
repositories, secrets and buckets, are not read: they may allow or forbid beside.

Fix: none. Outrider changes no role: the finding ends in the statement to add.
"""

from collections.abc import Iterator

from domain.drift import Doubt, Drift
from domain.facts import Absent, FactKind, Known, Unavailable
from domain.permissions import permissions_to_start
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.identity._shortfalls import shortfalls

_MEMBER = "executionRoleArn"


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each part of the task whose start the role does not allow."""
    if workload.task.execution_role is None:
        return  # task.roles speaks
    match workload.facts.execution_role:
        case Known(role):
            yield from shortfalls(role, _MEMBER, "The start of the task", permissions_to_start(workload))
        case Absent():
            yield Doubt(_MEMBER, "The role does not exist, so what it allows cannot be told.")
        case Unavailable():
            pass


RULE = Rule(
    id="identity.execution-role",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    needs=frozenset({FactKind.CONFIGURATION, FactKind.EXECUTION_ROLE, FactKind.LOG_GROUPS}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html",
    doc=__doc__,
)
