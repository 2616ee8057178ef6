"""The task's roles exist and let ECS tasks take them on.

Why: ECS takes on both roles as ecs-tasks.amazonaws.com. A role that is gone, or that trusts only another service or
other accounts, keeps every task from starting.

Conditions on aws:SourceAccount and aws:SourceArn are good, and judged for the tasks of this account and region.

Fix: none. Create the role, or let ecs-tasks.amazonaws.com assume it.
"""

from collections.abc import Iterator

from domain.drift import Doubt, Drift
from domain.facts import Absent, Fact, FactKind, Known, Role, Unavailable
from domain.iam import Decision, trust_context, trusts
from domain.places import Place, role_name
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_SERVICE = "ecs-tasks.amazonaws.com"


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield what keeps either role from being taken on; once where both are one."""
    task, facts = workload.task, workload.facts
    roles = {
        workload.role_arn(task.task_role): facts.task_role,
        workload.role_arn(task.execution_role): facts.execution_role,
    }
    for arn, fact in roles.items():
        if arn:
            yield from _judge(arn, fact, workload.place)


def _judge(arn: str, fact: Fact[Role], place: Place) -> Iterator[Drift | Doubt]:
    name = role_name(arn)
    match fact:
        case Absent():
            yield Drift("role", f"The role {name} does not exist, so no task that names it can start.", about=arn)
        case Known(role):
            ruling = trusts(role.trust, _SERVICE, trust_context(place.account, place.region, place.partition))
            tasks = f"tasks of {place.account} in {place.region}"
            if ruling.decision is Decision.DENIED:
                why = f"The trust policy of {name} does not let {_SERVICE} take it on for {tasks}, so none can start."
                yield Drift("trust policy", why, about=arn)
            elif ruling.decision is Decision.UNKNOWN:
                doubtful = " and ".join(str(statement) for statement in ruling.undecided)
                keys = ", ".join(ruling.undecided_keys) or "which of them it is"
                why = f"Whether {_SERVICE} may take on {name} for {tasks} depends on {keys}, by {doubtful}."
                yield Doubt("trust policy", why, about=arn)
        case Unavailable():
            pass


RULE = Rule(
    id="identity.trust",
    subject=Subject.ROLE,
    severity=Severity.CRITICAL,
    needs=frozenset({FactKind.EXECUTION_ROLE, FactKind.TASK_ROLE}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
    doc=__doc__,
)
