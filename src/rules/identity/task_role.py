"""The task role allows what this very configuration's exporters, receivers and extensions call.

Why: the collector calls AWS with the task role. Where it may not, everything looks healthy: the refusals stand only
in the collector's own log, and metrics, logs and traces are dropped. What is needed is read from the configuration:
`awsemf`, for one, writes log events and never calls cloudwatch:PutMetricData.

Judged are the role's own policies and its permissions boundary. Organisation policies and those of resources are
not read: they may allow or forbid beside.

Fix: none. Outrider changes no role: the finding ends in the statement to add.
"""

from collections.abc import Iterator

from domain.drift import Doubt, Drift
from domain.facts import Absent, FactKind, Known, Unavailable
from domain.permissions import permissions_of_collector
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import well_formed_configuration_of
from rules.identity._shortfalls import shortfalls

_MEMBER = "taskRoleArn"


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each part of the configuration whose calls the role does not allow."""
    if workload.task.task_role is None:
        return  # task.roles speaks
    configuration, doubts = well_formed_configuration_of(workload)
    yield from doubts
    match workload.facts.task_role:
        case Known(role) if configuration is not None:
            yield from shortfalls(role, _MEMBER, "The collector", permissions_of_collector(workload, configuration))
        case Absent():
            yield Doubt(_MEMBER, "The role does not exist, so what it allows cannot be told.")
        case Known() | Unavailable():
            pass


RULE = Rule(
    id="identity.task-role",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    needs=frozenset({FactKind.CONFIGURATION, FactKind.TASK_ROLE}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
    doc=__doc__,
)
