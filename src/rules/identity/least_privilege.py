"""No customer policy of the task's roles allows every action of a service.

Why: whoever gets into a container has the task role. What the collector and the start of a task need are some
twenty actions, and `logs:*` would let it delete the very logs. A wildcard for the resource is another matter, and
often needed; policies that AWS manages are AWS's to narrow.

Fix: none. Name the actions; identity.execution-role and identity.task-role tell which the task needs.
"""

from collections.abc import Iterator

from domain.drift import Drift
from domain.facts import Fact, FactKind, Known, Role
from domain.iam import WildcardGrant, wildcard_actions
from domain.places import Arn, role_name
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_SHOWN = 3


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield each statement that allows all actions, all of a service, or all but some."""
    task, facts = workload.task, workload.facts
    roles = {
        workload.role_arn(task.task_role): facts.task_role,
        workload.role_arn(task.execution_role): facts.execution_role,
    }
    for arn, fact in roles.items():
        if arn:
            yield from _grants(arn, fact)


def _grants(arn: str, fact: Fact[Role]) -> Iterator[Drift]:
    if not isinstance(fact, Known):
        return
    for policy in fact.value.policies:
        managed = Arn.parse(policy.source)
        if managed is not None and managed.account == "aws":
            continue
        for grant in wildcard_actions(policy):
            statement = grant.statement
            where = f"policies/{role_name(policy.source)}/statement {statement.number}"
            yield Drift(
                where, f"{role_name(arn)} is allowed {_what(grant)} by {statement}; name the actions.", about=arn
            )


def _what(grant: WildcardGrant) -> str:
    shown = ", ".join(grant.actions[:_SHOWN]) + (", …" if len(grant.actions) > _SHOWN else "")
    return f"every action but {shown}" if grant.all_but else shown


RULE = Rule(
    id="identity.least-privilege",
    subject=Subject.ROLE,
    severity=Severity.LOW,
    needs=frozenset({FactKind.EXECUTION_ROLE, FactKind.TASK_ROLE}),
    check=check,
    reference="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
    doc=__doc__,
)
