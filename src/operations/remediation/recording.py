"""Recording: store an attempt's state with its alert, publish it, and have the family evaluated again."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aws.channels import Message
from domain.findings.alert import Alert
from domain.places import Place
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.ending import Stopped
from domain.triggers.trigger import FamilyTrigger, ServiceTrigger
from operations.remediation.outcome import Outcome
from operations.remediation.parts import Parts
from operations.remediation.stages import StageGuard
from reports.outcomes import outcome_of


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records attempts. The alert is stored before it is published: after a crash it is sent again, same id."""

    parts: Parts

    def record(self, stopped: Stopped) -> Outcome:
        """Record an attempt that stops for now. An end is published, a wait is not."""
        attempt = replace(stopped.attempt, time=self.parts.now())
        if not attempt.state.ended:
            return Outcome.of(self.parts.ledger.attempts.write(stopped.attempt))
        if not stopped.kept:
            return self._not_kept(attempt)
        StageGuard(self.parts).ended(attempt)
        alerts = () if attempt.quiet else (*attempt.pending, self.alert(attempt, attempt.state))
        return self.published(self.parts.ledger.attempts.write(replace(attempt, pending=alerts), stopped.quarantine))

    def _not_kept(self, attempt: Attempt) -> Outcome:
        """The answer publishes the refusal. A refusal by another guard is a new one."""
        if attempt.state is AttemptState.NOTHING:
            return replace(Outcome.of(attempt), attempt="")
        refused = replace(attempt, request_id=f"{attempt.request_id}/{attempt.guard}")
        return replace(Outcome.of(refused), attempt="", pending=(self.alert(refused, refused.state),))

    def published(self, attempt: Attempt) -> Outcome:
        """Publish what an ended attempt still has to publish, and have what it changed evaluated."""
        if attempt.pending:
            self.publish(attempt.pending)
            titles = [each.service for each in attempt.rollouts]
            self.evaluate_again(attempt.source.place, attempt.source.family, titles)
            self.parts.ledger.attempts.write(replace(attempt, pending=()))
        return Outcome.of(attempt)

    def publish(self, bodies: Iterable[str]) -> None:
        for body in bodies:
            self.parts.alerts.publish(body, Alert.model_validate_json(body).attributes)

    def evaluate_again(self, place: Place, family: str, services: Iterable[str]) -> None:
        """Have the family and its services evaluated, as the correction ended: inspect closes their findings."""
        account, region = place.account, place.region
        bodies = [FamilyTrigger(account=account, region=region, family=family, revision=0).message]
        bodies += [ServiceTrigger(account=account, region=region, service=title).message for title in services]
        self.parts.changes.send_all([Message(body) for body in bodies])

    def alert(self, attempt: Attempt, state: AttemptState) -> str:
        """Return the alert of an attempt that is, or will be, in this state."""
        return outcome_of(attempt, state, occurred=self.parts.now(), stack=self.parts.stack).model_dump_json()
