"""The ledger: one DynamoDB table of each subject's last evaluation, its dependents, and corrections.

Rows of a subject share a partition (`account/region/kind/name`). The sort key tells them apart:

    record/KEY           its last evaluation and findings, with what is still to be published; each write is conditional
                         on its version
    service/TITLE        a service that runs the family: which revision, how many tasks it wants, whether on Fargate
    tasks/CLUSTER        tasks of the family that no service started, and when they were last seen
    attempt/KEY          a correction of a revision or service: its plan, its state and its outcome
    own/NUMBER           a revision that Outrider registered
    quarantine           the family is quarantined until a person releases it
    answer/REQUEST       the outcome of a person's request
    dependent/KEY/KEY    a family that uses this parameter or role, and its verdicts on it

The partition of a role is by its account and name alone, as IAM's events have no more; the subject's key is part of the
sort key. Besides, `due` holds which attempts have not ended and when they must be resumed, `quarantines` which
families are quarantined, `stopped` which have corrections that a person may retry, `rate/…` how many
corrections were made within an hour, `revisions/…` what each revision of a family contains, which never changes
(without the environment values that no rule reads), `notice/…` what the operations topic was notified of recently,
`fan-out/…` how often what uses a parameter, role or policy was sent for evaluation within a minute, `thread/…` what
people were notified of about a family and its services, or about a parameter or role, `swept/PLACE` by which release
and standard everything was swept last, when, and the findings about Outrider itself, `sweep` which sweep runs and where
the last certificate is, `sweep/RUN` how far it came in each place, `coverage/RUN` what its evaluations covered,
`rows/RUN` what its report shows of each family and service, `standard` the text of the last good standard,
`account/NUMBER` the organisational units and tags of an account, and what its owners exempt from, `stages/ROLLOUT`
which accounts were corrected, and what failed in them, and `stages` the last such rollout.
"""

from aws.ledger.accounts import Accounts
from aws.ledger.attempts import Attempts
from aws.ledger.dependents import Dependent, Dependents
from aws.ledger.fan_outs import FanOuts
from aws.ledger.health import Health, SweepBasis
from aws.ledger.history import History, Record, Row
from aws.ledger.limits import Limits
from aws.ledger.notices import Notices
from aws.ledger.overviews import Overview, Overviews
from aws.ledger.revisions import Revisions
from aws.ledger.runs import LastCertificate, Runs
from aws.ledger.stages import StageRows
from aws.ledger.standards import GoodStandards
from aws.ledger.subjects import Subjects
from aws.ledger.table import LedgerConflict, Table
from aws.ledger.threads import Threads
from aws.sessions import Sessions
from domain.subject import SubjectId

__all__ = [
    "Dependent",
    "History",
    "LastCertificate",
    "Ledger",
    "LedgerConflict",
    "Overview",
    "Record",
    "Row",
    "SweepBasis",
]


class Ledger:
    """The ledger, by kind of row. Raises CallFailed, or LedgerConflict if another worker wrote first."""

    def __init__(self, sessions: Sessions, name: str) -> None:
        self.table = table = Table(sessions, name)
        self.subjects = Subjects(table)
        self.dependents = Dependents(table)
        self.fan_outs = FanOuts(table)
        self.attempts = Attempts(table)
        self.revisions = Revisions(table)
        self.limits = Limits(table)
        self.notices = Notices(table)
        self.overviews = Overviews(table)
        self.runs = Runs(table)
        self.threads = Threads(table)
        self.standards = GoodStandards(table)
        self.stages = StageRows(table)
        self.accounts = Accounts(table)
        self.health = Health(table)

    def history(self, subject: SubjectId) -> History:
        """Return everything that the ledger holds of a subject, in one strongly consistent query."""
        return self.subjects.history(subject)
