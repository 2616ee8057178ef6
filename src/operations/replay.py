"""Replay: carry out dispatch and inspect for a saved event, with nothing written or sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aws.dry import DrySessions
from domain.findings.alert import Alert
from domain.triggers.message import read_message
from operations.inspection.dispatching import Dispatcher, Undispatched
from operations.inspection.inspector import Done, Failed, Inspector

CHANGES, SUBJECTS, REMEDIATIONS, ALERTS, OPERATIONS = "changes", "subjects", "remediations", "alerts", "operations"
"""What stands for the addresses of queues and topics."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the service would do about an event.

    `subjects` are the keys of what it evaluates, `others` of what it has evaluated because of that. `ignored` says why
    nothing is evaluated, `failed` what could not be.
    """

    subjects: tuple[str, ...] = ()
    ignored: str = ""
    failed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    alerts: tuple[Alert, ...] = ()
    requests: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replayer:
    """The use case. `parts` makes dispatch and inspect with these sessions; they send to the names above."""

    sessions: Callable[[], DrySessions]
    parts: Callable[[DrySessions], tuple[Dispatcher, Inspector]]

    def replay(self, message: str) -> Replayed:
        """Return what the service would do about a message of the queue `changes`."""
        sessions = self.sessions()
        dispatcher, inspector = self.parts(sessions)
        unsent = sessions.unsent
        dispatched = dispatcher.dispatch({"event": message})["event"]
        if isinstance(dispatched, Undispatched):
            return Replayed(failed=(dispatched.reason,))
        if dispatched.ignored:
            return Replayed(ignored=dispatched.ignored)
        bodies = unsent.messages.pop(SUBJECTS, [])
        outcomes = inspector.inspect({str(number): body for number, body in enumerate(bodies)})
        return Replayed(
            subjects=tuple(read_message(body).subject for body in bodies),
            failed=tuple(outcome.reason for outcome in outcomes if isinstance(outcome, Failed)),
            skipped=tuple(outcome.skipped for outcome in outcomes if isinstance(outcome, Done) and outcome.skipped),
            findings=tuple(unsent.findings),
            alerts=tuple(Alert.model_validate_json(body) for body in unsent.messages.get(ALERTS, ())),
            requests=tuple(unsent.messages.get(REMEDIATIONS, ())),
            others=tuple(read_message(body).subject for body in unsent.messages.get(SUBJECTS, ())),
        )
