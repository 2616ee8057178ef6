"""The ledger: one DynamoDB table of what was last said of each subject, who leans on what, and what was tried.

Rows of a subject share a partition (`account/region/kind/name`), told apart by the sort key:

    look                 the last look, its order and its version (every write of the subject is conditional on it)
    finding/RULE         a finding, and what of its last transition is still to be told
    service/TITLE        a service that runs the family: which revision, how many tasks it wants, whether on Fargate
    tasks/CLUSTER        tasks of the family that no service started, and when they were last seen
    attempt/KEY          a correction of a revision or service: what was planned, how far it is, what came of it
    ours/NUMBER          a revision that Outrider registered
    quarantine           the family is left alone until a person releases it
    offer                the plan that the subject's findings show, as it may be approved
    answer/REQUEST       what came of what a person asked
    leans/FAMILY-KEY     a family that leans on this parameter or role, and which rules drift there by it; a role's
                         by its account and name, as IAM's events tell no more

Beside them, `due/PLACE` holds which attempts have not ended and when they are to be looked at, `quarantines/PLACE`
which families are left alone, `rate/…` how many corrections were made within an hour, `revisions/…` what each
revision of a family contains, which never changes (without the environment values that no rule reads), `notice/…`
what the operations topic was told lately, and `swept/PLACE` by which release and standard everything was swept last.
"""

from dataclasses import dataclass

from aws.ledger.attempts import Attempts
from aws.ledger.dependents import Dependents, dependency_key
from aws.ledger.history import History, Row
from aws.ledger.limits import Limits
from aws.ledger.notices import Notices
from aws.ledger.revisions import Revisions
from aws.ledger.subjects import Subjects
from aws.ledger.sweeps import Sweeps, SweptBy
from aws.ledger.table import LedgerConflict, Table
from aws.sessions import Sessions
from domain.subject import SubjectId

__all__ = ["History", "Ledger", "LedgerConflict", "Row", "SweptBy", "dependency_key"]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The table by what it keeps. CallFailed where a call failed; LedgerConflict where another worker wrote first."""

    sessions: Sessions
    name: str

    def history(self, subject: SubjectId) -> History:
        """Everything that is kept of a subject, in one strongly consistent query."""
        return self.subjects.history(subject)

    @property
    def table(self) -> Table:
        return Table(self.sessions, self.name)

    @property
    def subjects(self) -> Subjects:
        return Subjects(self.table)

    @property
    def dependents(self) -> Dependents:
        return Dependents(self.table)

    @property
    def attempts(self) -> Attempts:
        return Attempts(self.table)

    @property
    def revisions(self) -> Revisions:
        return Revisions(self.table)

    @property
    def limits(self) -> Limits:
        return Limits(self.table)

    @property
    def notices(self) -> Notices:
        return Notices(self.table)

    @property
    def sweeps(self) -> Sweeps:
        return Sweeps(self.table)
