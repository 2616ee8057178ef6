"""Read facts for workloads. A reader lives for one batch of messages and reads each fact once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aws.ecs import Ecs
from aws.log_groups import LogGroups
from aws.once import Once
from aws.parameters import Parameters
from aws.roles import Roles
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Absent, Fact, FactKind, LogGroup, MissingReason, Parameter, Role, Unavailable
from domain.findings.users import Running
from domain.places import Place
from domain.workload import ParameterReference, Workload


def unread(workload: Workload) -> list[Unavailable]:
    """Return the workload's unavailable facts, each once."""
    facts = workload.facts
    read = (
        facts.parameter,
        facts.approved_parameter,
        facts.execution_role,
        facts.task_role,
        facts.running,
        facts.newest,
        *facts.log_groups.values(),
    )
    return list(dict.fromkeys(fact for fact in read if isinstance(fact, Unavailable)))


def unread_for_now(*workloads: Workload) -> list[Unavailable]:
    """Return the facts of workloads that are unavailable now and may be available later, each once."""
    return list(dict.fromkeys(fact for each in workloads for fact in unread(each) if fact.transient))


@dataclass(frozen=True, slots=True)
class FactReader:
    """Reads only the facts that are requested, each once, for evaluations that may be side by side."""

    parameters: Parameters
    roles: Roles
    log_groups: LogGroups
    ecs: Ecs
    _parameters: Once[ParameterReference, Fact[Parameter]] = field(default_factory=Once)
    _roles: Once[tuple[str, str], Fact[Role]] = field(default_factory=Once)
    _log_groups: Once[tuple[Place, str], Fact[LogGroup]] = field(default_factory=Once)

    @property
    def size(self) -> int:
        """How many facts it holds, those of a list of roles included."""
        listed = self.roles.all.size if self.roles.all is not None else 0
        return len(self._parameters) + len(self._roles) + len(self._log_groups) + listed

    def with_facts(self, workload: Workload, kinds: frozenset[FactKind]) -> Workload:
        """Return the workload with the facts of these kinds that its documents name."""
        facts, place = workload.facts, workload.place
        if FactKind.CONFIGURATION in kinds:
            facts = replace(facts, parameter=self._parameter(workload.parameter_reference, place))
        if FactKind.EXECUTION_ROLE in kinds:
            facts = replace(facts, execution_role=self._role(place, workload.role_arn(workload.task.execution_role)))
        if FactKind.TASK_ROLE in kinds:
            facts = replace(facts, task_role=self._role(place, workload.role_arn(workload.task.task_role)))
        if FactKind.LOG_GROUPS in kinds:
            facts = replace(facts, log_groups={name: self._log_group(place, name) for name in workload.log_groups})
        if FactKind.RUNNING in kinds and workload.service is not None:
            facts = replace(facts, running=self.ecs.running_tasks(place, workload.service.title))
        return replace(workload, facts=facts)

    def with_approved(self, workload: Workload, parameter: str) -> Workload:
        """Add the standard's parameter if another one feeds the collector."""
        reference = ParameterReference.parse(parameter, workload.place)
        if workload.collector is None or reference is None or reference == workload.parameter_reference:
            return workload
        return replace(
            workload, facts=replace(workload.facts, approved_parameter=self._parameter(reference, workload.place))
        )

    def _parameter(self, reference: ParameterReference | None, place: Place) -> Fact[Parameter]:
        if reference is None:
            return Absent()
        if reference.place.account != place.account:
            # The name alone would match a parameter of this account, which is another one.
            return Unavailable(MissingReason.OTHER_ACCOUNT, resource=reference.name)
        return self._parameters.get(reference, lambda: self.parameters.fact(reference))

    def _role(self, place: Place, arn: str | None) -> Fact[Role]:
        if arn is None:
            return Absent()
        return self._roles.get((place.account, arn), lambda: self.roles.fact(place, arn))

    def _log_group(self, place: Place, name: str) -> Fact[LogGroup]:
        return self._log_groups.get((place, name), lambda: self.log_groups.fact(place, name))


def runs_on_fargate(task: TaskDefinition, services: Mapping[str, Running]) -> bool | None:
    """Return whether the family's services run it on Fargate.

    Without services, the compatibilities that the document requires decide; None if it names none.
    """
    if services:
        return any(running.fargate for running in services.values())
    return None if task.json.get("requiresCompatibilities") else False
