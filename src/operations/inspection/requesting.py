"""Requesting: what inspect asks of remediate. It decides nothing for good: remediate reads, plans and guards again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from aws.channels import Queue
from aws.ledger import History, Ledger
from domain.drift import Safety
from domain.facts import Known
from domain.remediation.attempt import Attempt, own_step
from domain.remediation.request import ApplyRequest, CorrectRequest, CorrectServiceRequest, ResumeRequest
from domain.remediation.rollout import deployment_of
from domain.standard import Mode, Standard
from domain.subject import Subject, SubjectId
from domain.triggers.trigger import ApprovalTrigger, Trigger
from domain.verdict import Verdict
from domain.workload import Workload
from operations.facts import FactReader
from operations.planning import MOVES, Planner


@dataclass(frozen=True, slots=True)
class Requester:
    """Makes requests, and sends those that nobody has to remember."""

    planner: Planner
    ledger: Ledger
    remediations: Queue

    def for_family(  # noqa: PLR0913, PLR0917 - what a plan depends on, and who registered
        self,
        history: History,
        workload: Workload,
        verdicts: Sequence[Verdict],
        trigger: Trigger,
        standard: Standard,
        reader: FactReader,
    ) -> str | None:
        """What asks remediate for a correction: where standard and stack allow it, and once for a revision."""
        revision, actor = workload.revision, trigger.actor
        if revision is None or revision.number in history.ours or history.quarantine is not None:
            return None
        if (held := history.attempt(str(revision.number))) is not None and not held.again:
            return None
        plan = self.planner.plan(workload, standard, verdicts, reader, Mode.REGISTER)
        if plan is None or plan.safety is not Safety.SAFE or not plan.changes_task:
            return None
        registered = trigger.event == "RegisterTaskDefinition"
        return CorrectRequest(
            account=revision.place.account,
            region=revision.place.region,
            family=revision.family,
            revision=revision.number,
            digest=plan.digest,
            arn=actor.arn if registered else "",
            agent=actor.agent if registered else "",
            after=held.time.isoformat() if held is not None else "",
        ).model_dump_json()

    def for_service(
        self, of: History, workload: Workload, verdicts: Sequence[Verdict], standard: Standard, reader: FactReader
    ) -> str | None:
        """The same for a service: where the standard lets it be deployed, and once for a deployment."""
        service, revision = workload.service, workload.revision
        if service is None or revision is None or of.quarantine is not None:
            return None
        newest = workload.facts.newest
        own = isinstance(newest, Known) and own_step(of.attempts, revision.arn, newest.value.revision)
        without = frozenset() if own else frozenset({MOVES})
        plan = self.planner.plan(workload, standard, verdicts, reader, Mode.DEPLOY, without=without)
        if plan is None or plan.safety is not Safety.SAFE or plan.after.service == service:
            return None
        place, deployment = revision.place, deployment_of(service)
        held = of.attempt(Attempt.of_service(revision, service.title, deployment))
        if held is not None and not held.again:
            return None
        return CorrectServiceRequest(
            account=place.account,
            region=place.region,
            family=revision.family,
            service=service.title,
            revision=revision.number,
            deployment=deployment,
            digest=plan.digest,
            after=held.time.isoformat() if held is not None else "",
        ).model_dump_json()

    def wake(self, of: History, title: str) -> bool:
        """Whether a correction is being rolled out to the service; it is told that there may be something to see."""
        under_way = [
            attempt
            for attempt in of.attempts
            if not attempt.state.ended and (rollout := attempt.rollout(title)) is not None and not rollout.stage.ended
        ]
        for attempt in under_way:
            family = attempt.source
            request = ResumeRequest(
                account=family.place.account, region=family.place.region, family=family.family, attempt=attempt.key
            )
            self.remediations.send(request.model_dump_json(), group=request.group, deduplication=uuid4().hex)
        return bool(under_way)

    def approve(self, trigger: ApprovalTrigger, now: datetime) -> str:
        """A person approved the plan of a finding: the event is a pointer, remediate looks whether it still stands.

        Gives why nothing was asked for; empty where it was.
        """
        subject, _, rule = trigger.finding.removeprefix("outrider/").rpartition("/")
        on = SubjectId.parse(subject)
        history = self.ledger.history(on)
        families = [SubjectId.parse(key) for key in history.leans] if on.kind is Subject.SERVICE else [on]
        if on.kind not in {Subject.FAMILY, Subject.SERVICE} or not families:
            return "its findings have no plan"
        request = ApplyRequest(
            account=on.place.account,
            region=on.place.region,
            family=families[0].name,
            service=on.name if on.kind is Subject.SERVICE else "",
            rule=rule,
            digest=trigger.plan or (history.offer.digest if history.offer else ""),
            seen=None if trigger.plan else trigger.updated,
            at=trigger.when or now,
        )
        self.remediations.send(request.model_dump_json(), group=request.group, deduplication=request.deduplication)
        return ""
