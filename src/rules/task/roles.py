"""The task has an execution role and a task role, and they are two.

Why: without an execution role Fargate can neither fetch the collector's configuration nor pull a private image nor
write logs; without a task role the collector may send nothing. One role for both gives the application the rights
that only the start of the task needs, its secrets among them: LOW.

Fix: REVIEW; sets the standard's default where a role is missing. Two roles that are the same stay: which of them is
to change is for people to say.

Configure: `roles.execution` and `roles.task` name the defaults.
"""

from collections.abc import Iterator

from domain.drift import Doubt, Drift, Refusal
from domain.ecs.placeholders import placeholder
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each missing role; where there are both, a drift if they are one."""
    execution, task = workload.task.execution_role, workload.task.task_role
    if execution is None:
        why = "The task has no execution role; Fargate needs one to read secrets, pull private images and write logs."
        yield Drift("executionRoleArn", why)
    if task is None:
        yield Drift("taskRoleArn", "The task has no task role; without one the collector may send nothing to AWS.")
    if execution and task and workload.role_arn(execution) == workload.role_arn(task):
        if placeholder(task.rpartition("/")[2]):
            yield Doubt("taskRoleArn", "Both roles are one placeholder, so whether they are the same cannot be told.")
            return
        why = "Execution role and task role are the same; the application has the rights of the task's start."
        yield Drift("taskRoleArn", why, Severity.LOW)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set the standard's default for each role that is missing."""
    task, roles = workload.task, standard.roles
    if task.execution_role and task.task_role:
        raise Refusal("Give the application a task role of its own; Outrider cannot tell which rights it needs.")
    if not roles.execution and not roles.task:
        raise Refusal(
            "The standard names no default roles; set roles.execution and roles.task in it, or the roles by hand."
        )
    for member, title, present, default in (
        ("executionRoleArn", "execution role", task.execution_role, roles.execution),
        ("taskRoleArn", "task role", task.task_role, roles.task),
    ):
        if present is None and default is not None:
            workload = workload.with_task(workload.task.with_(**{member: default})).needing_review(
                f"the standard's {title} would be set; whether it allows what this application needs is not known."
            )
    return workload


RULE = Rule(
    id="task.roles",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    check=check,
    fix=fix,
    of_collector=False,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-ecs-iam-role-overview.html",
    doc=__doc__,
)
