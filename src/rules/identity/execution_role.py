"""Rule identity.execution-role."""

from collections.abc import Iterator

from domain.drift import Doubt, Drift
from domain.ecs.placeholders import is_open
from domain.facts import Absent, FactKind, Known, Unavailable
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.identity._shortfalls import Shortfall, absent, shortfalls

_MEMBER = "executionRoleArn"


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each part of the task whose start the role does not allow."""
    if workload.task.execution_role is None:
        return  # task.roles reports it
    match workload.facts.execution_role:
        case Known(role):
            from domain.permissions import permissions_to_start  # noqa: PLC0415 - only a role that was read needs it

            yield from shortfalls(role, _MEMBER, "The start of the task", permissions_to_start(workload))
            yield from _open_references(workload)
        case Absent():
            yield absent(_MEMBER)
        case Unavailable():
            pass


def _open_references(workload: Workload) -> Iterator[Doubt]:
    """Yield a doubt for each secret of which a template's placeholder is the name."""
    from domain.permissions import secret_references  # noqa: PLC0415 - as above

    for container in workload.task.containers:
        for part, value_from in secret_references(container, workload.place):
            if is_open(value_from):
                where = f"{_MEMBER}/containers/{container.name}/{part}"
                yield Doubt(Shortfall.UNDECIDED, where, "What its placeholder names is not known, nor what it needs.")


RULE = Rule(
    id="identity.execution-role",
    title="Execution roles should allow what the start of the task needs",
    why="""
        Fargate uses this role to pull the images, open the log streams and read parameters and secrets before any
        container runs. Without a permission the task stops with ResourceInitializationError, the application included.
        The needs are read from the task definition: its private images, log groups, parameters, secrets and environment
        files, and the key of the collector's parameter where it is a customer managed key. The rule evaluates the
        role's own policies and its permissions boundary. It does not read organization policies, nor the policies of
        keys, repositories, secrets and buckets, which may allow or deny as well.
    """,
    by_hand="""
        Add the statement that the finding gives, if it gives one. Where a policy denies the action, change that policy:
        no added statement helps. Outrider changes no role.
    """,
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=tuple(Shortfall),
    needs=frozenset({FactKind.CONFIGURATION, FactKind.EXECUTION_ROLE, FactKind.LOG_GROUPS}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html",
)
