"""Rule task.roles."""

from collections.abc import Iterator

from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.placeholders import placeholder
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    NO_EXECUTION_ROLE = "execution-role-missing", "The task has no execution role."
    NO_TASK_ROLE = "task-role-missing", "The task has no task role."
    SAME_ROLE = "same-role", "Execution role and task role are the same."
    PLACEHOLDER = "role-placeholder", "Unknown: both roles are one placeholder."
    OWN_ROLE_NEEDED = "own-role-needed", "No fix: the application's permissions have to be decided."
    NO_DEFAULT = "no-default-role", "No fix: the standard names no default roles."
    DEFAULT_ROLE = "default-role", "Approval: whether the standard's role suits the application is not known."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each missing role; where there are both, a drift if they are the same."""
    execution, task = workload.task.execution_role, workload.task.task_role
    if execution is None:
        why = "The task has no execution role. Fargate needs one to read secrets, pull private images and write logs."
        yield Drift(Kind.NO_EXECUTION_ROLE, "executionRoleArn", why, wanted=standard.roles.execution or "")
    if task is None:
        why = "The task has no task role. Without one the collector may send nothing to AWS."
        yield Drift(Kind.NO_TASK_ROLE, "taskRoleArn", why, wanted=standard.roles.task or "")
    if execution and task and workload.role_arn(execution) == workload.role_arn(task):
        if placeholder(task.rpartition("/")[2]):
            why = "Both roles are one placeholder, so whether they are the same is not known."
            yield Doubt(Kind.PLACEHOLDER, "taskRoleArn", why)
            return
        why = "Execution role and task role are the same, so the application has the permissions of the task's start."
        yield Drift(Kind.SAME_ROLE, "taskRoleArn", why, task, severity=Severity.LOW)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set the standard's default for each role that is missing."""
    task, roles = workload.task, standard.roles
    if task.execution_role and task.task_role:
        why = "Give the application a task role of its own. Outrider does not know which permissions it needs."
        raise Refusal(Kind.OWN_ROLE_NEEDED, why)
    if not roles.execution and not roles.task:
        why = "The standard names no default roles. Set roles.execution and roles.task in it, or the roles by hand."
        raise Refusal(Kind.NO_DEFAULT, why)
    for member, title, present, default in (
        ("executionRoleArn", "execution role", task.execution_role, roles.execution),
        ("taskRoleArn", "task role", task.task_role, roles.task),
    ):
        if present is None and default is not None:
            workload = workload.with_task(workload.task.with_(**{member: default})).needing_approval(
                Kind.DEFAULT_ROLE,
                f"The standard's {title} would be set. Whether it allows what this application needs is not known.",
            )
    return workload


RULE = Rule(
    id="task.roles",
    title="Tasks should have an execution role and a task role, and they should be different roles",
    why="""
        Without an execution role Fargate cannot read the collector's configuration, pull a private image or write logs.
        Without a task role the collector may send nothing to AWS. One role for both gives the application the
        permissions that only the start of the task needs, among them its secrets: LOW.
    """,
    remedy="""
        REVIEW. Sets the standard's default where a role is missing. Refused where both roles are the same: decide which
        of them to change.
    """,
    configure="`roles.execution` and `roles.task` name the defaults.",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=tuple(Kind),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-ecs-iam-role-overview.html",
)
