"""Inspect: evaluate each subject's present state, record it, and publish what changed.

The record holds what is to be published until it is published: after a crash the next delivery publishes it under the
same id. All messages of a subject share a message group, so one worker writes it. The conditional write protects
against a second writer: a redriven message, or one that takes too long.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import engine
from aws.calls import CallFailed
from aws.channels import Message, Queue
from aws.ledger import History, Ledger, LedgerConflict
from domain.findings.finding import Transition
from domain.standard import StandardInvalid
from domain.subject import Subject, SubjectId
from domain.triggers.message import read_message
from domain.triggers.reading import TriggerUnreadable
from domain.triggers.trigger import SubjectTrigger
from domain.verdict import Drifted, Unknown
from operations.facts import FactReader
from operations.inspection.dependencies import DependencyEvaluator
from operations.inspection.families import FamilyEvaluator
from operations.inspection.job import Inspected, Job, Skipped
from operations.inspection.operating import Operations
from operations.inspection.publishing import Publisher
from operations.inspection.recording import Recorder, Unpublished
from operations.inspection.services import ServiceEvaluator
from operations.standards import Edition, Standards
from operations.unexpected import described


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


@dataclass(frozen=True, slots=True)
class Failed:
    """Why messages must be retried; with `unreadable` a retry does not help."""

    messages: tuple[str, ...]
    reason: str
    unreadable: bool = False


type Outcome = Done | Failed


@dataclass(slots=True)
class _Received:
    """The messages of one subject in a batch. One evaluation serves all of them."""

    messages: list[str] = field(default_factory=list)
    triggers: list[SubjectTrigger] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Inspector:
    """The use case; its parts come from operations.wiring."""

    ledger: Ledger
    families: FamilyEvaluator
    services: ServiceEvaluator
    dependencies: DependencyEvaluator
    recorder: Recorder
    publisher: Publisher
    operations: Operations
    changes: Queue
    remediations: Queue
    standards: Standards
    reader: Callable[[], FactReader]

    def inspect(self, messages: Mapping[str, str]) -> list[Outcome]:
        """Inspect messages (id → body, in the order received). All messages of a subject have one outcome."""
        outcomes, received = list[Outcome](), dict[SubjectId, _Received]()
        for message, body in messages.items():
            try:
                found = read_message(body)
            except TriggerUnreadable as unreadable:
                outcomes.append(Failed((message,), str(unreadable), unreadable=True))
            else:
                mine = received.setdefault(found.on, _Received())
                mine.messages.append(message)
                mine.triggers.append(found.trigger)
        try:
            edition, reader = self.standards.current(), self.reader()
        except (StandardInvalid, CallFailed) as error:
            self.operations.no_standard(error)
            return outcomes + [Failed(tuple(each.messages), str(error)) for each in received.values()]
        evaluated = [self._outcome(on, each, edition, reader) for on, each in received.items()]
        failed = self.publisher.publish([history for _, history in evaluated if history is not None]).failed
        for outcome, history in evaluated:
            why = failed.get(history.subject) if history is not None else None
            outcomes.append(Failed(outcome.messages, why) if why and isinstance(outcome, Done) else outcome)
        return outcomes

    def _outcome(
        self, on: SubjectId, received: _Received, edition: Edition, reader: FactReader
    ) -> tuple[Outcome, History | None]:
        """Return the subject's outcome, and its history to publish if something new was recorded."""
        messages = tuple(received.messages)
        try:
            job = self._job(on, received, edition, reader)
            outcome, history = self._recorded(messages, job, self._evaluation(job))
            if history.version > job.history.version:
                return outcome, history
            return Failed(messages, job.unpublished) if job.unpublished else outcome, None
        except (CallFailed, LedgerConflict, Unpublished) as error:
            return Failed(messages, str(error)), None
        except engine.Disagreement as error:
            self.operations.disagreement(on.place, str(error))
            return Failed(messages, str(error)), None
        except Exception as error:  # noqa: BLE001 - an unexpected error in one subject must not stop the others
            return Failed(messages, described(error)), None

    def _evaluation(self, job: Job) -> Inspected | Skipped:
        match job.subject.kind:
            case Subject.FAMILY:
                return self.families.evaluate(job)
            case Subject.SERVICE:
                return self.services.evaluate(job)
            case Subject.PARAMETER | Subject.ROLE:
                return self.dependencies.evaluate(job)

    def _job(self, on: SubjectId, received: _Received, edition: Edition, reader: FactReader) -> Job:
        """Return the job with the subject's history. What an earlier evaluation left is published first."""
        history = self.ledger.history(on)
        published = self.publisher.publish([history])
        history, why = published.histories[on], published.failed.get(on, "")
        return Job(history, tuple(received.triggers), edition, reader, why)

    def _recorded(self, messages: tuple[str, ...], job: Job, found: Inspected | Skipped) -> tuple[Outcome, History]:
        """Send messages that the record does not hold, before it is written; a failure sends them again."""
        if isinstance(found, Skipped):
            return Done(messages, job.subject, called_at=_called_at(job), skipped=found.reason), job.history
        _send(self.changes, found.later)
        _send(self.remediations, found.resumed)
        history, transitions = self.recorder.record(found)
        for fact in found.missing:
            self.operations.unread(history.subject.place, fact)
        if found.retried:
            return Failed(messages, "; ".join(fact.reason for fact in found.missing if fact.transient)), history
        done = Done(
            messages,
            history.subject,
            verdicts=Counter(type(verdict).__name__ for verdict in found.all_verdicts),
            transitions=tuple(transitions),
            unknown=tuple(verdict for verdict in found.all_verdicts if isinstance(verdict, Unknown)),
            drifted=tuple(verdict.rule for verdict in found.all_verdicts if isinstance(verdict, Drifted)),
            called_at=_called_at(job),
        )
        return done, history


def _send(queue: Queue, messages: Sequence[Message]) -> None:
    for failed in queue.send_each(messages).values():
        raise failed


def _called_at(job: Job) -> datetime | None:
    """Return the time of the first call that led to this evaluation."""
    return min((trigger.when for trigger in job.triggers if trigger.when is not None), default=None)
