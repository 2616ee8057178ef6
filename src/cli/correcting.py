"""Corrections with the caller's own credentials, evaluated and planned as the service does it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import engine
from aws.ecs import Ecs, registrable_members
from aws.ledger import Ledger
from aws.log_groups import LogGroups
from aws.parameters import Parameters
from aws.roles import Roles
from aws.sessions import Sessions
from aws.stacks import Stacks
from cli.arguments import listed
from cli.deployed import connected
from cli.failures import RequestFailed, failures_as_sentences
from cli.naming import own_subject_of
from cli.options import StackOptions
from domain.findings.users import Running
from domain.organization import Membership
from domain.places import Place, Revision
from domain.remediation import guards
from domain.remediation.guards import Forbidden
from domain.remediation.plan import Plan
from domain.remediation.rollout import deployment_of, runs
from domain.scope import out_of_scope
from domain.standard import Mode, Standard, StandardInvalid
from domain.standard.layered import standard_of
from domain.subject import Subject, SubjectId
from domain.verdict import Drifted
from domain.workload import Workload
from operations.account_standards import AccountStandards
from operations.evaluation import Evaluator
from operations.facts import FactReader, runs_on_fargate
from operations.owners import Owners
from operations.planning import Planner
from operations.standards import Standards
from reports.reasons import text
from rules import BY_ID, CATALOGUE

_AGAIN = "Nothing was changed. Run the command again, and read the new plan."


@dataclass(frozen=True, slots=True)
class CorrectionLimits:
    """The standard, the image repositories that a correction may use, and the known services of a family."""

    standard: Standard
    repositories: tuple[str, ...]
    services: Callable[[SubjectId], Mapping[str, Running]] = lambda _: {}

    @classmethod
    def of_stack(cls, aws: Sessions, name: str) -> "CorrectionLimits":
        """Return the bounds of a stack of Outrider; raise RequestFailed if there is no stack of that name."""
        found = Stacks(aws).stack(name)
        if found is None:
            raise RequestFailed(
                f"There is no stack {name} in {aws.region}. Name it with --stack, or give the standard with --standard."
            )
        edition = Standards(aws, found.parameters.get("StandardLocation", ""), CATALOGUE).current()
        repositories = listed(found.parameters.get("AllowedImageRepositories", ""))
        ledger = Ledger(aws, found.outputs.get("LedgerTable", ""))
        place = Place(aws.account, aws.region)
        owners = Owners(lambda: Parameters(aws), ledger.accounts, BY_ID)
        standard = AccountStandards(ledger.accounts, owners).of(edition, place).standard
        return cls(standard, repositories, lambda family: ledger.history(family).services)


@dataclass(frozen=True, slots=True)
class Correcting:
    """Corrects families and services of one account and region."""

    ecs: Ecs
    place: Place
    bounds: CorrectionLimits
    evaluator: Evaluator

    def proposed(self, what: str, digest: str = "") -> Plan:
        """Return the plan; raise RequestFailed if there is none, a guard refuses it, or its digest is another."""
        with _plainly():
            workload = self._workload(*own_subject_of(what, self.place))
            plan = self._plan(workload, _name(workload))
            if digest and digest != plan.digest:
                raise RequestFailed(
                    f"The plan has changed: it is {plan.digest} now, not {digest}. Read it without --plan."
                )
            self._guarded(plan)
            return plan

    def _workload(self, subject: SubjectId, _: str, number: int) -> Workload:
        match subject.kind:
            case Subject.FAMILY:
                return self._family(subject, number)
            case Subject.SERVICE:
                return self._service(subject)
            case Subject.PARAMETER | Subject.ROLE:
                raise RequestFailed(f"Outrider does not correct a {subject.kind}. The finding says what to change.")

    def _family(self, subject: SubjectId, number: int) -> Workload:
        task = self.ecs.task_definition(self.place, subject.name)
        revision = Revision.parse(task.arn or "") if task is not None else None
        if task is None or revision is None or not task.active:
            raise RequestFailed(f"{subject.name} has no active revision in {self.place}.")
        if number not in {0, revision.number}:
            raise RequestFailed(f"{revision} is the newest revision, and only the newest can be corrected.")
        # The services matter only if the task definition does not name its launch type.
        services = {} if task.json.get("requiresCompatibilities") else self.bounds.services(subject)
        return self.evaluator.workload(self.place, task, runs_on=runs_on_fargate(task, services))

    def _service(self, subject: SubjectId) -> Workload:
        service = self.ecs.service(self.place, subject.name)
        revision = Revision.parse(service.task_definition) if service is not None else None
        task = self.ecs.task_definition(self.place, service.task_definition) if service is not None else None
        if service is None or revision is None or task is None:
            raise RequestFailed(f"There is no active service {subject.name} in {self.place}.")
        newest = self.ecs.task_definition(self.place, revision.family)
        return self.evaluator.with_newest(self.evaluator.workload(self.place, task, service), newest)

    def _plan(self, workload: Workload, name: str) -> Plan:
        if (outside := out_of_scope(workload, self.bounds.standard)) is not None:
            raise RequestFailed(f"{name} is not evaluated: {outside}.")
        found = self.evaluator.evaluate(workload)
        plan = self.evaluator.plan(found, Mode.REPORT)
        if unread := found.unread_for_now(plan):
            raise RequestFailed(f"{unread[0].reason}. Try again.")
        if plan is None:
            of_service = workload.service is not None
            kinds = {rule.id for rule in CATALOGUE if (rule.subject is Subject.SERVICE) == of_service}
            drifted = [each.rule for each in found.verdicts if isinstance(each, Drifted) and each.rule in kinds]
            left = f" These drifted rules have no fix: {', '.join(dict.fromkeys(drifted))}." if drifted else ""
            raise RequestFailed(f"Outrider can correct nothing in {name}.{left}")
        return plan

    def _guarded(self, plan: Plan) -> None:
        standard, service = self.bounds.standard, plan.after.service
        guards.images_allowed(plan, self.bounds.repositories)
        guards.roles_kept(plan, standard)
        guards.changes_something(plan)
        if service is not None:
            guards.updatable(service, standard)
            guards.not_busy(service, self.evaluator.read_at)

    def register(self, plan: Plan) -> tuple[Revision, bool]:
        """Register the correction; return its revision, and whether it directly follows its source.

        Raise RequestFailed if the source is no longer the newest revision.
        """
        source = plan.before.revision
        with _plainly():
            newest = self.ecs.task_definition(self.place, plan.before.task.family)
            if source is None or newest is None or newest.arn != source.arn:
                raise RequestFailed(f"{plan.before.task.family} has a newer revision now. {_AGAIN}")
            task = plan.after.task.only(registrable_members()).with_tags({})
            registered = Revision.parse(self.ecs.register(self.place, task).arn or "")
            if registered is None:
                raise RequestFailed("ECS registered a revision and named it by no ARN that can be read.")
            between = (replace(source, number=number) for number in range(source.number + 1, registered.number))
            return registered, not any(map(self._stands, between))

    def update(self, plan: Plan) -> None:
        """Update the service as planned; raise RequestFailed if somebody has deployed it since."""
        before, after = plan.before.service, plan.after.service
        with _plainly():
            now = self.ecs.service(self.place, before.title) if before is not None else None
            if before is None or after is None or now is None or deployment_of(now) != deployment_of(before):
                raise RequestFailed(f"{_name(plan.before)} was deployed in the meantime. {_AGAIN}")
            ran, wanted = runs(before), runs(after)
            self.ecs.update(
                self.place,
                before.title,
                revision=wanted.revision if wanted.revision != ran.revision else "",
                platform=wanted.platform if wanted.platform != ran.platform else "",
                force="forceNewDeployment" in after.json,
            )

    def _stands(self, revision: Revision) -> bool:
        found = self.ecs.task_definition(self.place, revision.arn)
        return found is not None and found.active


def _name(workload: Workload) -> str:
    return workload.service.title if workload.service is not None else str(workload.revision)


def correcting_of(given: StackOptions, standard: Standard | None = None) -> Correcting:
    """Return Correcting within the bounds of a stack by its name, or of a standard."""
    with _plainly():
        aws = connected(given)
        place = Place(aws.account, aws.region)
        if standard is None:
            bounds = CorrectionLimits.of_stack(aws, given.stack)
        else:
            own = standard_of(standard, Membership(place.account))
            bounds = CorrectionLimits(own, own.image_repositories)
    ecs = Ecs(aws)
    reader = FactReader(Parameters(aws), Roles(aws), LogGroups(aws), ecs)
    planner = Planner(CATALOGUE, Mode.DEPLOY)
    return Correcting(ecs, place, bounds, Evaluator(planner, bounds.standard, reader, datetime.now(UTC)))


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn what forbids a correction, or could not be read, into RequestFailed."""
    try:
        with failures_as_sentences():
            yield
    except Forbidden as by:
        raise RequestFailed(f"The correction is not allowed ({by.guard}): {text(by.reason)}") from None
    except (engine.Disagreement, StandardInvalid) as error:
        raise RequestFailed(str(error)) from None
