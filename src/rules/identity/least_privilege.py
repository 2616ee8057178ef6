"""Rule identity.least-privilege."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from domain.drift import Code, Drift
from domain.facts import Fact, FactKind, Known, Role
from domain.places import Arn, role_name
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

if TYPE_CHECKING:
    from domain.iam import WildcardGrant

_SHOWN = 3


class Kind(Code):
    """What this rule reports."""

    WILDCARD = "wildcard-actions", "A statement allows all actions, all of a service, or all with exceptions."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield each statement that allows all actions, all of a service, or all with exceptions."""
    for arn, fact in dict(workload.roles).items():
        yield from _grants(arn, fact)


def _grants(arn: str, fact: Fact[Role]) -> Iterator[Drift]:
    if not isinstance(fact, Known):
        return
    from domain.iam import wildcard_actions  # noqa: PLC0415 - only a role that was read needs it

    for policy in fact.value.policies:
        managed = Arn.parse(policy.source)
        if managed is not None and managed.account == "aws":
            continue
        for grant in wildcard_actions(policy):
            statement = grant.statement
            where = f"policies/{role_name(policy.source)}/statement {statement.number}"
            found = _actions(grant)
            why = f"{statement} allows {found} to {role_name(arn)}. Name the actions that are needed."
            yield Drift(Kind.WILDCARD, where, why, found, about=arn)


def _actions(grant: "WildcardGrant") -> str:
    shown = ", ".join(grant.actions[:_SHOWN]) + (", …" if len(grant.actions) > _SHOWN else "")
    return f"every action except {shown}" if grant.all_but else shown


RULE = Rule(
    id="identity.least-privilege",
    title="Customer policies of the task's roles should not allow every action of a service",
    why="""
        An intruder in a container has the task role. The collector and the start of a task need about twenty
        actions, and `logs:*` would also allow to delete the logs. The rule ignores wildcards in resources, which are
        often needed, and policies that AWS manages.
    """,
    by_hand="""
        Name the actions instead of the wildcard. The rules identity.execution-role and identity.task-role check those
        that the task needs.
    """,
    subject=Subject.ROLE,
    severity=Severity.LOW,
    codes=tuple(Kind),
    needs=frozenset({FactKind.EXECUTION_ROLE, FactKind.TASK_ROLE}),
    check=check,
    reference="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
)
