"""Corrections: carry one attempt from its present step to its end."""

from dataclasses import dataclass, replace

from aws.ledger import History
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.ending import Stopped, concluded
from operations.remediation.outcome import Outcome
from operations.remediation.parts import Parts
from operations.remediation.recording import Recorder
from operations.remediation.registration import Registration
from operations.remediation.rollouts import Rollouts
from operations.remediation.services import ServiceCorrection
from operations.remediation.withdrawal import withdraw


@dataclass(frozen=True, slots=True)
class Corrector:
    """Carries out attempts."""

    parts: Parts

    def resume(self, attempt: Attempt, history: History) -> Outcome:
        """Carry an attempt on as far as it goes now.

        Raises StandardInvalid, NotRead or CallFailed if it must be retried.
        """
        if attempt.state.ended:
            return Recorder(self.parts).published(attempt)
        if attempt.state is AttemptState.ROLLING:
            return self.roll(attempt)
        begun = (ServiceCorrection if attempt.service else Registration)(self.parts, history).begin(attempt)
        return Recorder(self.parts).record(begun) if isinstance(begun, Stopped) else self.roll(begun)

    def roll(self, attempt: Attempt) -> Outcome:
        """Continue with the services of an attempt that is being rolled out; at their end, end the attempt."""
        Recorder(self.parts).publish(attempt.pending)
        attempt = Rollouts(self.parts).advance(replace(attempt, pending=()))
        if any(not each.stage.ended for each in attempt.rollouts):
            return Outcome.of(self.parts.ledger.attempts.write(attempt))
        return Recorder(self.parts).record(concluded(attempt, withdraw(self.parts, attempt), self.parts.moment))
