"""The parts that the steps of a correction share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aws.calls import CallRefused
from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import History, Ledger
from aws.parameters import Switch
from aws.security_hub import SecurityHub
from aws.sessions import Sessions
from domain.ecs.service import Service
from domain.members import Registrar
from domain.places import Place
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden, Moment
from domain.remediation.watching import ServiceView
from domain.standard import Standard
from operations.account_standards import AccountStandards
from operations.evaluation import Evaluator
from operations.facts import FactReader
from operations.inspection.notices import Operations
from operations.planning import Planner
from operations.standards import Standards

NO_PLACE = Place("", "")
"""Before a request is read."""
SWITCHED_OFF = timedelta(minutes=15)
"""How long to wait before the kill switch, or a hub that cannot be read, is read again."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts, from operations.wiring.

    `registrar` is the role that registers revisions, `place` the account and region that a request is for.
    """

    ecs: Ecs
    hub: SecurityHub
    ledger: Ledger
    alerts: Topic
    changes: Queue
    standards: Standards
    accounts: AccountStandards
    reader: Callable[[], FactReader]
    planner: Planner
    switch: Switch
    image_repositories: Sequence[str]
    release: str
    registrar: Registrar
    sessions: Sessions
    operations: Operations
    stack: str = ""
    place: Place = NO_PLACE
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def standard(self) -> Standard:
        """Return the account's standard, or the last good one, by which nothing is begun.

        Raises StandardInvalid or CallFailed if there is none.
        """
        return self.accounts.of(self.standards.current(), self.place).standard

    @property
    def moment(self) -> Moment:
        return Moment(self.standard, self.planner.cap, self.now())

    @property
    def evaluator(self) -> Evaluator:
        """Return a reader that has read nothing yet."""
        return Evaluator(self.planner, self.standard, self.reader(), self.now())

    def view(self, service: Service) -> ServiceView:
        return ServiceView(service, self.now(), self.standard)

    def suppressed(self, history: History) -> frozenset[str]:
        """Return the rules whose findings the customer suppressed.

        Raises Forbidden, for now, if Security Hub cannot be read.
        """
        rules = {row.finding.id: rule for rule, row in history.rows.items()}
        try:
            found = self.hub.suppressed(history.subject.place, list(rules), history.suppressed) if rules else set()
        except CallRefused as failed:
            if not failed.not_enabled:  # without a hub, what is remembered counts
                raise Forbidden(Guard.SUPPRESSED, failed.reason, self.now() + SWITCHED_OFF) from None
            found = set(history.suppressed)
        return frozenset(rules[id_] for id_ in found)
