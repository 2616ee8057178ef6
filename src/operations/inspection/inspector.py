"""Inspect: evaluate each subject's present state, record it, and publish what changed.

The record holds what must be published until that is done: after a crash the next delivery publishes it under the
same id. All messages of a subject share a message group, so one worker writes it. The conditional write protects
against a second writer: a redriven message, or one that takes too long.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf

from aws.calls import CallFailed
from aws.channels import Message, Queue
from aws.errors import Meaning
from aws.ledger import History, Ledger, LedgerConflict
from aws.pace import OutOfTime
from aws.sessions import Sessions
from domain.coverage import Covered
from domain.findings.finding import Transition
from domain.places import Place
from domain.standard import StandardInvalid
from domain.subject import Subject, SubjectId
from domain.triggers.message import SubjectMessage, read_message
from domain.triggers.reading import TriggerUnreadable
from domain.triggers.trigger import SubjectTrigger
from domain.verdict import Drifted, Unknown
from operations.account_standards import AccountStandards
from operations.inspection.bulk import Batch, Bulk
from operations.inspection.covering import covered_by, not_covered, record, sweeps_of, without_hub
from operations.inspection.dependencies import DependencyEvaluator
from operations.inspection.families import FamilyEvaluator
from operations.inspection.job import Inspected, Job, Skipped
from operations.inspection.notices import Operations
from operations.inspection.publishing import Publisher
from operations.inspection.recording import Recorder, Unpublished
from operations.inspection.services import ServiceEvaluator
from operations.side_by_side import side_by_side
from operations.standards import Edition, Standards
from operations.unexpected import described

_RESERVE = 20.0  # seconds that are kept for what was begun, and to publish it
_TO_PUBLISH = 10.0  # of them
_NO_TIME = "It needs more calls to IAM than are allowed in the function's time. Raise IamCallsPerSecond of the stack."


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome of one subject's messages, for logs and metrics. `skipped` says why it was not evaluated."""

    messages: tuple[str, ...]
    subject: SubjectId
    verdicts: Mapping[str, int] = field(default_factory=dict)
    transitions: tuple[Transition, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    drifted: tuple[str, ...] = ()
    """The rules with a Drifted verdict."""
    called_at: datetime | None = None
    skipped: str = ""
    missed: bool = False
    """Whether a sweep found what an event should have reported."""
    covered: tuple[Covered, ...] = ()
    """What it covered, for a sweep."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Why messages must be retried; with `unreadable` a retry does not help. `covered` is what a sweep has of it."""

    messages: tuple[str, ...]
    reason: str
    unreadable: bool = False
    covered: tuple[Covered, ...] = ()


@dataclass(frozen=True, slots=True)
class SentBack:
    """Messages for which no time was left: they were sent to their queue again."""

    messages: tuple[str, ...]


type Outcome = Done | Failed | SentBack


@dataclass(slots=True)
class _Received:
    """The messages of one subject in a batch, by id. One evaluation serves all of them."""

    messages: dict[str, SubjectMessage] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.messages)

    @property
    def triggers(self) -> tuple[SubjectTrigger, ...]:
        return tuple(message.trigger for message in self.messages.values())

    @property
    def again(self) -> list[Message]:
        """The messages as they are sent again. A delivery that is repeated sends none twice."""
        return [
            Message(message.body, message.group, hashlib.sha256(f"{id_} again".encode()).hexdigest())
            for id_, message in self.messages.items()
        ]


@dataclass(frozen=True, slots=True)
class Inspector:
    """The use case; its parts come from operations.wiring. It evaluates `at_once` subjects of a batch side by side."""

    sessions: Sessions
    ledger: Ledger
    families: FamilyEvaluator
    services: ServiceEvaluator
    dependencies: DependencyEvaluator
    recorder: Recorder
    publisher: Publisher
    operations: Operations
    changes: Queue
    subjects: Queue
    remediations: Queue
    standards: Standards
    accounts: AccountStandards
    bulk: Bulk
    at_once: int = 1

    def inspect(self, messages: Mapping[str, str], seconds_left: Callable[[], float] = lambda: inf) -> list[Outcome]:
        """Inspect messages (id → body, in the order received). All messages of a subject have one outcome.

        When time runs short, what was not begun is sent to its queue again, and so is what still waits for its calls.
        If the function left it to the queue to deliver it again, each delivery would count, and a message that nothing
        is wrong with could reach the DLQ.
        """
        outcomes, received = list[Outcome](), dict[SubjectId, _Received]()
        for message, body in messages.items():
            try:
                found = read_message(body)
            except TriggerUnreadable as unreadable:
                outcomes.append(Failed((message,), str(unreadable), unreadable=True))
            else:
                received.setdefault(found.on, _Received()).messages[message] = found
        try:
            edition = self.standards.current()
        except (StandardInvalid, CallFailed) as error:
            self.operations.no_standard(error)
            return outcomes + [Failed(each.ids, str(error)) for each in received.values()]

        results = self._evaluated(received, edition, seconds_left)
        evaluated = [each for each in results if each is not None]
        published = self.publisher.publish([history for _, history in evaluated if history is not None])
        unbegun = [received[on] for on, each in zip(received, results, strict=True) if each is None]
        outcomes += self._handed_back(unbegun)
        ended = list[Outcome]()
        for outcome, history in evaluated:
            why = published.failed.get(history.subject) if history is not None else None
            off = published.off.get(history.subject) if history is not None else None
            match outcome:
                case Done() if why:
                    ended.append(Failed(outcome.messages, why, covered=not_covered(outcome.subject, None)))
                case Done() if off is not None:
                    ended.append(replace(outcome, covered=without_hub(outcome.covered, outcome.subject, off)))
                case _:
                    ended.append(outcome)
        return outcomes + self._covered(received, ended)

    def _evaluated(
        self, received: Mapping[SubjectId, _Received], edition: Edition, seconds_left: Callable[[], float]
    ) -> list[tuple[Outcome, History | None] | None]:
        """Return the outcome of each subject, with its history to publish if there is something; None without time."""
        scope = edition.standard.scope
        batch = self.bulk.read({on: each.triggers for on, each in received.items() if not scope.leaves_out(on.place)})

        def evaluate(numbered: tuple[int, SubjectId]) -> tuple[Outcome, History | None] | None:
            number, on = numbered
            if number and seconds_left() < _RESERVE:  # the first is always begun, so that each batch makes progress
                return None
            return self._outcome(on, received[on], edition, batch)

        with self.sessions.ending(lambda: seconds_left() - _TO_PUBLISH):
            results = side_by_side(evaluate, enumerate(received), self.at_once)
        if received and not any(results):  # a batch that makes no progress is not handed back again and again
            first = next(iter(received))
            results[0] = Failed(received[first].ids, _NO_TIME, covered=not_covered(first, None)), None
        return results

    def _covered(self, received: Mapping[SubjectId, _Received], ended: Sequence[Outcome]) -> list[Outcome]:
        """Record what the evaluations covered, for the sweeps that asked. If that fails, they are evaluated again."""
        sweeps = {each.ids: sweeps_of(each.triggers) for each in received.values()}
        swept = [
            (sweeps[each.messages], each.covered)
            for each in ended
            if isinstance(each, Done | Failed) and sweeps[each.messages]
        ]
        try:
            record(self.ledger, swept)
        except CallFailed as error:
            why = str(error)
            return [
                Failed(each.messages, why) if isinstance(each, Done) and sweeps[each.messages] else each
                for each in ended
            ]
        return list(ended)

    def _handed_back(self, unbegun: Sequence[_Received]) -> list[Outcome]:
        """Send the messages again. What cannot be sent is left to the queue to deliver again."""
        owners = [(each, message) for each in unbegun for message in each.again]
        failed = self.subjects.send_each([message for _, message in owners])
        why = {owners[index][0].ids: str(error) for index, error in failed.items()}
        return [Failed(each.ids, why[each.ids]) if each.ids in why else SentBack(each.ids) for each in unbegun]

    def _outcome(
        self, on: SubjectId, received: _Received, edition: Edition, batch: Batch
    ) -> tuple[Outcome, History | None] | None:
        """Return the subject's outcome, and its history to publish if something new was recorded.

        None if there was no time to wait for all of its calls.
        """
        messages = received.ids
        try:
            if edition.standard.scope.leaves_out(on.place) and not self.ledger.history(on).version:
                return Done(messages, on, skipped="the standard's scope leaves its account or region out"), None
            self.sessions.reach(on.place)
            edition = self.accounts.of(edition, on.place)
            job = self._job(on, received, edition, batch)
            outcome, history = self._recorded(messages, job, self._found(job, batch))
            if history.version > job.history.version:
                return outcome, history
            return _left_as_it_was(outcome, job), None
        except CallFailed as error:
            left = not_covered(on, error)
            if not self._is_refusal(error, on.place):
                return Failed(messages, str(error), covered=left), None
            self.operations.no_access(error, on.place.account)
            return Done(messages, on, skipped=str(error), covered=left), None
        except OutOfTime:
            return None
        except (LedgerConflict, Unpublished) as error:
            return Failed(messages, str(error), covered=not_covered(on, None)), None
        except Exception as error:  # noqa: BLE001 - an unexpected error in one subject must not stop the others
            return Failed(messages, described(error), covered=not_covered(on, None)), None

    def _is_refusal(self, failed: CallFailed, place: Place) -> bool:
        """Whether a member refuses Outrider until a person acts there. A retry would only fill the DLQ of all."""
        denied = failed.meaning is Meaning.ASK and failed.call.startswith("ecs:")
        return failed.of_account or (denied and self.sessions.is_member(place))

    def _found(self, job: Job, batch: Batch) -> Inspected | Skipped:
        """Evaluate, by facts that a sweep remembers if these show that nothing changed, else by those of now.

        What is remembered may be older than the evaluation in the ledger, so nothing is written because of it.
        """
        if batch.remembered is not None and job.history.record.standard == job.edition.digest:
            found = self._evaluation(replace(job, reader=batch.remembered))
            if isinstance(found, Inspected) and not self.recorder.changes(found):
                return found
        return self._evaluation(job)

    def _evaluation(self, job: Job) -> Inspected | Skipped:
        match job.subject.kind:
            case Subject.FAMILY:
                return self.families.evaluate(job)
            case Subject.SERVICE:
                return self.services.evaluate(job)
            case Subject.PARAMETER | Subject.ROLE:
                return self.dependencies.evaluate(job)

    def _job(self, on: SubjectId, received: _Received, edition: Edition, batch: Batch) -> Job:
        """Return the job with the subject's history. What an earlier evaluation left is published first."""
        history = self.ledger.history(on)
        published = self.publisher.publish([history])
        history, why = published.histories[on], published.failed.get(on, "")
        described, off = batch.services.get(on), published.off.get(on)
        return Job(history, received.triggers, edition, batch.reader, described, why, off)

    def _recorded(self, messages: tuple[str, ...], job: Job, found: Inspected | Skipped) -> tuple[Outcome, History]:
        """Send messages that the record does not hold, before it is written; a failure sends them again."""
        if isinstance(found, Skipped):
            return Done(messages, job.subject, called_at=_called_at(job), skipped=found.reason), job.history
        self.changes.send_all(found.later)
        self.remediations.send_all(found.resumed)
        history, transitions = self.recorder.record(found)
        for fact in found.missing:
            self.operations.unread(history.subject.place, fact)
        if found.trouble:
            self.operations.no_plan(history.subject, found.trouble)
        covered = covered_by(found) if sweeps_of(job.triggers) else ()
        if found.retried:
            why = "; ".join(fact.reason for fact in found.missing if fact.transient)
            return Failed(messages, why, covered=covered), history
        done = Done(
            messages,
            history.subject,
            verdicts=Counter(type(verdict).__name__ for verdict in found.all_verdicts),
            transitions=tuple(transitions),
            unknown=tuple(verdict for verdict in found.all_verdicts if isinstance(verdict, Unknown)),
            drifted=tuple(verdict.rule for verdict in found.all_verdicts if isinstance(verdict, Drifted)),
            called_at=_called_at(job),
            missed=found.missed,
            covered=covered,
        )
        return done, history


def _left_as_it_was(outcome: Outcome, job: Job) -> Outcome:
    """Return the outcome of an evaluation that recorded nothing new; what is left of an earlier one counts."""
    if job.unpublished:
        return Failed(outcome.messages, job.unpublished, covered=not_covered(job.subject, None))
    if job.off is not None and isinstance(outcome, Done):
        return replace(outcome, covered=without_hub(outcome.covered, job.subject, job.off))
    return outcome


def _called_at(job: Job) -> datetime | None:
    """Return the time of the first call that led to this evaluation."""
    return min((trigger.when for trigger in job.triggers if trigger.when is not None), default=None)
