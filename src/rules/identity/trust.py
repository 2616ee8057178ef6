"""Rule identity.trust."""

from collections.abc import Iterator

from domain.drift import Code, Doubt, Drift
from domain.facts import Absent, Fact, FactKind, Known, Role, Unavailable
from domain.places import Place, role_name
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_SERVICE = "ecs-tasks.amazonaws.com"


class Kind(Code):
    """What this rule reports."""

    ABSENT = "role-absent", "The role does not exist."
    NOT_TRUSTED = "ecs-not-trusted", "The trust policy does not let ECS tasks assume the role."
    UNDECIDED = "trust-undecided", "Unknown: the trust policy depends on a key that is not known."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield what keeps ECS from assuming either role; once where both are the same role."""
    for arn, fact in dict(workload.roles).items():
        yield from _judge(arn, fact, workload.place)


def _judge(arn: str, fact: Fact[Role], place: Place) -> Iterator[Drift | Doubt]:
    name = role_name(arn)
    match fact:
        case Absent():
            why = f"The role {name} does not exist, so no task that names it can start."
            yield Drift(Kind.ABSENT, "role", why, about=arn)
        case Known(role):
            from domain.iam import Decision, trust_context, trusts  # noqa: PLC0415 - only a role that was read needs it

            ruling = trusts(role.trust, _SERVICE, trust_context(place.account, place.region, place.partition))
            tasks = f"tasks of {place.account} in {place.region}"
            if ruling.decision is Decision.DENIED:
                why = f"The trust policy of {name} does not let {_SERVICE} assume it for {tasks}, so none can start."
                yield Drift(Kind.NOT_TRUSTED, "trust policy", why, wanted=_SERVICE, about=arn)
            elif ruling.decision is Decision.UNKNOWN:
                doubtful = " and ".join(str(statement) for statement in ruling.undecided)
                keys = ", ".join(ruling.undecided_keys) or "the resource"
                why = f"Whether {_SERVICE} may assume {name} for {tasks} depends on {keys}, by {doubtful}."
                yield Doubt(Kind.UNDECIDED, "trust policy", why, about=arn)
        case Unavailable():
            pass


RULE = Rule(
    id="identity.trust",
    title="The task's roles should exist, and ECS tasks should be able to assume them",
    why="""
        ECS assumes both roles as ecs-tasks.amazonaws.com. A role that does not exist, or that trusts only another
        service or other accounts, keeps every task from starting. Conditions on aws:SourceAccount and aws:SourceArn are
        good practice. They are evaluated for the tasks of this account and region.
    """,
    by_hand="Create the role, or let ecs-tasks.amazonaws.com assume it.",
    subject=Subject.ROLE,
    severity=Severity.CRITICAL,
    codes=tuple(Kind),
    needs=frozenset({FactKind.EXECUTION_ROLE, FactKind.TASK_ROLE}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
)
