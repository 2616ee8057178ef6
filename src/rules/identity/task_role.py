"""Rule identity.task-role."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from domain.collector import CollectorConfiguration
from domain.collector.distributions import Language
from domain.drift import Doubt, Drift
from domain.facts import Absent, FactKind, Known, Unavailable
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import WELL_FORMED, well_formed_configuration_of
from rules.identity._shortfalls import Shortfall, absent, shortfalls

if TYPE_CHECKING:
    from domain.permissions import Permission

_MEMBER = "taskRoleArn"


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each part of the configuration whose calls the role does not allow."""
    if workload.task.task_role is None:
        return  # task.roles reports it
    needs = _of_agent(workload) if workload.distribution.language is Language.CLOUDWATCH else None
    if needs is None:
        configuration, doubts = well_formed_configuration_of(workload)
        yield from doubts
        needs = None if configuration is None else _of_collector(workload, configuration)
    match workload.facts.task_role:
        case Known(role) if needs is not None:
            yield from shortfalls(role, _MEMBER, "The collector", needs)
        case Absent():
            yield absent(_MEMBER)
        case Known() | Unavailable():
            pass


# What a configuration needs is loaded only where there is one: most definitions are evaluated without.
def _of_agent(workload: Workload) -> "tuple[Permission, ...] | None":
    from domain.permissions import permissions_of_agent  # noqa: PLC0415 - as above

    return permissions_of_agent(workload)


def _of_collector(workload: Workload, configuration: CollectorConfiguration) -> "tuple[Permission, ...]":
    from domain.permissions import permissions_of_collector  # noqa: PLC0415 - as above

    return permissions_of_collector(workload, configuration)


RULE = Rule(
    id="identity.task-role",
    title="Task roles should allow what the collector's exporters, receivers and extensions call",
    why="""
        The collector calls AWS with the task role. Without a permission everything looks healthy: only the collector's
        own log shows the denials, and metrics, logs and traces are dropped. The needs are read from the configuration:
        `awsemf`, for example, writes log events and never calls cloudwatch:PutMetricData. The CloudWatch agent's are
        read from the sections of its JSON. The rule evaluates the role's
        own policies and its permissions boundary. It does not read organization policies and those of resources, which
        may allow or deny as well.
    """,
    by_hand="""
        Add the statement that the finding gives, if it gives one. Where a policy denies the action, change that policy:
        no added statement helps. Outrider changes no role.
    """,
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Shortfall, *WELL_FORMED),
    needs=frozenset({FactKind.CONFIGURATION, FactKind.TASK_ROLE}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
)
