"""The command line's client of the service: it sends requests, and reads their results from the ledger.

A request goes to the queue that remediate reads, and remediate decides. A request that would surely be refused is
not sent.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import sleep

from aws.channels import Queue
from aws.ledger import History, Ledger
from aws.parameters import Switch
from aws.sessions import Sessions
from cli.client_results import (
    ApprovablePlan,
    FamilyCorrections,
    Progress,
    ReleaseTarget,
    SentRequest,
    UndoTarget,
)
from cli.deployed import connected, deployed
from cli.failures import RequestFailed, failures_as_sentences
from cli.naming import subject_of
from cli.options import StackOptions
from domain.findings.finding import FindingState
from domain.places import Place
from domain.remediation.attempt import (
    AttemptState,
    nothing_to_undo,
    of_single_services,
    to_undo,
)
from domain.remediation.reason import Reason
from domain.remediation.request import (
    ApplyRequest,
    ReleaseRequest,
    ReleaseStagesRequest,
    Request,
    RetryRequest,
    UndoRequest,
)
from domain.remediation.switch import SwitchState
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from reports.reasons import joined, text
from reports.status import elsewhere, typed_name
from reports.text import minute

_EVERY = 2.0  # seconds between two reads of a request's progress


@dataclass(frozen=True, slots=True)
class StackOutputs:
    """A stack's queue, table and RemediationMode; the mode is None if it is not known."""

    queue: str
    table: str
    mode: Mode | None = None
    switch: str = ""

    @classmethod
    def of(cls, aws: Sessions, name: str) -> "StackOutputs":
        """Read a stack's outputs; raise RequestFailed if there is no stack of that name, or it is not Outrider's."""
        found = deployed(aws, name, "RemediationsQueue", "LedgerTable")
        mode, outputs = found.parameters.get("RemediationMode", ""), found.outputs
        return cls(
            outputs["RemediationsQueue"],
            outputs["LedgerTable"],
            Mode(mode) if mode in set(Mode) else None,
            outputs.get("CorrectionsSwitch", ""),
        )


@dataclass(frozen=True, slots=True)
class Client:
    """Sends requests. A bare name is of `place`, where the stack is.

    `caller` is the ARN of the caller; remediate has IAM confirm it.
    """

    ledger: Ledger
    remediations: Queue
    place: Place
    caller: str
    mode: Mode | None = None
    switch: Switch | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pause: Callable[[float], None] = sleep

    # --- a plan ------------------------------------------------------------------------------------------------------

    def approvable(self, what: str, digest: str = "") -> ApprovablePlan:
        """Return the plan that may be approved now; raise RequestFailed if there is none, or it would be refused."""
        subject, rule, number = subject_of(what, self.place)
        if subject.kind not in {Subject.FAMILY, Subject.SERVICE}:
            raise RequestFailed(f"Outrider does not correct a {subject.kind}. The finding says what to change.")
        self._may(Mode.DEPLOY if subject.kind is Subject.SERVICE else Mode.REGISTER)
        history = self._history(subject)
        of_family = self._of_family(history)
        family = of_family.subject
        if (held := of_family.quarantine) is not None:
            raise RequestFailed(
                f"{family.name} has been in quarantine since {minute(held.since)}: {joined(held.reasons)}"
                f" End it with `outrider release {self.typed(family)}`."
            )
        if (proposed := history.proposed) is None:
            raise RequestFailed(f"There is no plan for {subject.name} now. {_why_none(history, of_family)}")
        if rule and rule not in proposed.rules:
            raise RequestFailed(f"The plan does not correct {rule}, only {', '.join(proposed.rules)}.")
        if number and number != history.order:
            raise RequestFailed(f"The newest revision is {subject.name}:{history.order}, and the plan is for that one.")
        if digest and digest != proposed.digest:
            raise RequestFailed(f"The plan has changed: it is {proposed.digest} now, not {digest}. Read it again.")
        if proposed.until is not None and self.now() > proposed.until:
            raise RequestFailed(
                f"The plan was made {minute(proposed.drawn)} and could be approved until {minute(proposed.until)}."
                " The next sweep makes a new one."
            )
        of = f"{family.name}:{history.order}" if subject.kind is Subject.FAMILY else subject.name
        running = tuple(sorted(history.services.items()))
        return ApprovablePlan(subject, family.name, of, proposed, rule, running)

    def apply(self, approvable: ApprovablePlan) -> SentRequest:
        """Send the approval of the plan, with the digest that was shown."""
        service = approvable.subject.name if approvable.subject.kind is Subject.SERVICE else ""
        return self._ask(
            ApplyRequest(
                account=approvable.subject.place.account,
                region=approvable.subject.place.region,
                family=approvable.family,
                service=service,
                rule=approvable.rule,
                digest=approvable.proposed.digest,
                at=self.now(),
                caller=self.caller,
            )
        )

    # --- undo and release --------------------------------------------------------------------------------------------

    def to_undo(self, what: str) -> UndoTarget:
        """Return the last correction; raise RequestFailed if there is none, or it cannot be undone."""
        subject, _, _ = subject_of(what, self.place)
        if subject.kind not in {Subject.FAMILY, Subject.SERVICE}:
            raise RequestFailed(f"Outrider does not correct a {subject.kind}, so there is nothing to undo.")
        of_family = self._of_family(self._history(subject))
        service = subject.name if subject.kind is Subject.SERVICE else ""
        attempt = to_undo(of_family.attempts, service)
        if attempt is None:
            raise RequestFailed(text(nothing_to_undo(of_family.attempts, of_family.subject.name, service)))
        self._may(Mode.DEPLOY if attempt.rollouts else Mode.REGISTER)
        later = of_single_services(of_family.attempts, attempt) if not service else ()
        return UndoTarget(of_family.subject, service, attempt, later)

    def undo(self, what: UndoTarget) -> SentRequest:
        """Send the request to undo it."""
        account, region = what.of.place.account, what.of.place.region
        request = UndoRequest(
            account=account,
            region=region,
            family=what.family,
            service=what.service,
            caller=self.caller,
            at=self.now(),
        )
        return replace(self._ask(request), undoes=what.attempt)

    def to_release(self, what: str) -> ReleaseTarget:
        """Return what a release would end; raise RequestFailed if there is nothing to release."""
        subject, _, _ = subject_of(what, self.place)
        history = self._of_family(self._history(subject))
        ended = {AttemptState.FAILED, AttemptState.UNDONE, AttemptState.REFUSED}
        attempts = tuple(each for each in history.attempts if each.state in ended and not each.released)
        if history.quarantine is None and not attempts:
            raise RequestFailed(
                f"{history.subject.name} is not in quarantine, and none of its corrections failed or was refused."
            )
        return ReleaseTarget(history.subject, history.quarantine, attempts)

    def release(self, what: ReleaseTarget) -> SentRequest:
        """Send the request to end the family's quarantine."""
        account, region = what.of.place.account, what.of.place.region
        return self._ask(
            ReleaseRequest(account=account, region=region, family=what.family, caller=self.caller, at=self.now())
        )

    def release_stages(self) -> SentRequest:
        """Send the request to let corrections go on in all accounts."""
        account, region = self.place.account, self.place.region
        return self._ask(ReleaseStagesRequest(account=account, region=region, caller=self.caller, at=self.now()))

    # --- retry -------------------------------------------------------------------------------------------------------

    def retry(self, what: str = "") -> list[str]:
        """Have what waits in a family tried now; without one, in all. Return the families."""
        if what:
            history = self._of_family(self._history(subject_of(what, self.place)[0]))
            family = history.subject
            if all(each.state.ended and not each.stopped for each in history.attempts):
                raise RequestFailed(
                    f"Nothing of {family.name} waits. What failed or was refused is tried again after"
                    f" `outrider release {self.typed(family)}`."
                )
            families = [family]
        else:
            with failures_as_sentences():
                families = sorted(
                    {family for family, *_ in self.ledger.attempts.dues()} | {*self.ledger.attempts.stopped()}
                )
        for each in families:
            account, region = each.place.account, each.place.region
            self._ask(RetryRequest(account=account, region=region, family=each.name, at=self.now()))
        return [self._named(each) for each in families]

    # --- progress and state ------------------------------------------------------------------------------------------

    def follow(self, asked: SentRequest, seconds: float) -> Iterator[Progress]:
        """Yield each change of a request's progress, until it has ended or so many seconds have passed."""
        until, last = self.now() + timedelta(seconds=seconds), Progress()
        while True:
            history = self._read(asked.family)
            answer = history.answers.get(asked.id)
            progress = Progress(answer, history.attempt(answer.attempt) if answer else None)
            if progress != last:
                last = progress
                yield progress
            if progress.ended or self.now() >= until:
                return
            self.pause(_EVERY)

    def corrections(self, what: str = "") -> list[FamilyCorrections]:
        """Return the state of a family's corrections; without one, of each family with a correction or a quarantine."""
        on = self.switch is not None and self.why_off() is None
        return [each.with_corrections_on if on else each for each in self._corrections(what)]

    def _corrections(self, what: str) -> list[FamilyCorrections]:
        if what:
            history = self._history(subject_of(what, self.place)[0])
            return [self._standing(self._of_family(history))]
        with failures_as_sentences():
            families = {family for family, *_ in self.ledger.attempts.dues()}
            families |= {*self.ledger.attempts.quarantined(), *self.ledger.attempts.stopped()}
        return [self._standing(self._read(family)) for family in sorted(families)]

    # --- the switch --------------------------------------------------------------------------------------------------

    def turn(self, *, on: bool, account: str = "") -> SwitchState:
        """Turn all corrections of the stack on or off, or those in an account; return the state."""
        if self.switch is None:
            raise RequestFailed("The stack corrects nothing, or is not known. Name one that corrects with --stack.")
        with failures_as_sentences():
            return self.switch.turn(on=on, by=self.caller, account=account)

    def why_off(self) -> Reason | None:
        """Return why corrections are off; None if they are on, or if there is no switch."""
        with failures_as_sentences():
            return self.switch.why_off(self.place.account) if self.switch is not None else None

    # --- shared parts ------------------------------------------------------------------------------------------------

    def _may(self, least: Mode) -> None:
        if self.mode is not None and self.mode.rank < least.rank:
            does = "only reports" if self.mode is Mode.REPORT else "updates no service"
            raise RequestFailed(
                f"The stack {does}: its RemediationMode is {self.mode}. Deploy it with {least}, or make the change with"
                " `outrider correct`, as the finding shows."
            )

    def typed(self, family: SubjectId) -> str:
        """Return how a person names a family in a command."""
        return typed_name(family, self.place)

    def _standing(self, history: History) -> FamilyCorrections:
        name = self._named(history.subject)
        return FamilyCorrections(name, history.attempts, history.quarantine, history.proposed)

    def _named(self, family: SubjectId) -> str:
        return f"{family.name}{elsewhere(family.place, self.place)}"

    def _history(self, subject: SubjectId) -> History:
        history = self._read(subject)
        if not history.version and not history.attempts and history.quarantine is None:
            raise RequestFailed(
                f"The ledger has no {subject.kind} {subject.name} in {subject.place}. Check its name, the stack and the"
                " region."
            )
        return history

    def _read(self, subject: SubjectId) -> History:
        with failures_as_sentences():
            return self.ledger.history(subject)

    def _of_family(self, history: History) -> History:
        """Return the history of the family that corrections of a subject belong to: its own for a family."""
        family = history.family
        if family is None:
            raise RequestFailed(
                f"The ledger does not say which family {history.subject.name} runs. Name the family itself."
            )
        return history if history.subject == family else self._history(family)

    def _ask(self, request: Request) -> SentRequest:
        with failures_as_sentences():
            self.remediations.send(request.model_dump_json(), group=request.group, deduplication=request.deduplication)
        return SentRequest(request.subject, request.deduplication)


def client_of(given: StackOptions) -> Client:
    """Return the client of a stack by its name, or of a queue and a table; raise RequestFailed if there is none."""
    queue, table = given.queue, given.table
    with failures_as_sentences():
        aws = connected(given)
        place, caller = Place(aws.account, aws.region), aws.caller.arn
        parts = StackOutputs(queue, table) if queue and table else StackOutputs.of(aws, given.stack)
    switch = Switch(aws, parts.switch) if parts.switch else None
    ledger, remediations = Ledger(aws, table or parts.table), Queue(aws, queue or parts.queue)
    return Client(ledger, remediations, place, caller, parts.mode, switch)


def _why_none(history: History, family: History) -> str:
    under_way = [each for each in family.attempts if not each.state.ended]
    if under_way:
        return f"It is being corrected: see `outrider corrections {family.subject.name}`."
    newer = {row.finding.successor for row in history.rows.values() if row.finding.state is FindingState.OPEN}
    if newer and 0 not in newer and family.services:
        of = "A service's plan deploys it" if len(family.services) > 1 else "Its service's plan deploys it"
        return f"{family.subject.name}:{max(newer)} corrects its findings. {of}: {', '.join(sorted(family.services))}."
    if rules := sorted(history.record.open_severities):
        return f"Outrider has no fix for its open findings: {', '.join(rules)}."
    return "It has no open finding."
