"""The result of one check of a stack: its state, what is so, and the resources that it is about."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.facts import Unavailable


class Check(StrEnum):
    """The checks, in the order of the table."""

    TRAIL = "trail"
    TRAIL_OF_IAM = "trail-of-iam"
    SECURITY_HUB = "security-hub"
    EVENT_RULES = "event-rules"
    QUEUES = "queues"
    DLQS = "dlqs"
    SWITCH = "switch"
    STANDARD = "standard"
    ROLES = "roles"
    SLACK = "slack"
    OPERATIONS = "operations"
    SWEEP = "sweep"
    UNREAD_FACTS = "unread-facts"
    EVENT_LAG = "event-lag"


class State(StrEnum):
    """How well a part works. Failing: Outrider misses changes, loses messages or notifies nobody."""

    OK = "ok"
    WARNING = "warning"
    FAILING = "failing"
    UNKNOWN = "unknown"


class Code(StrEnum):
    """What is so."""

    UNREADABLE = "unreadable"
    TRAIL_LOGS = "trail-logs"
    NO_TRAIL = "no-trail"
    TRAIL_STOPPED = "trail-stopped"
    TRAIL_WITHOUT_WRITES = "trail-without-writes"
    HUB_ENABLED = "hub-enabled"
    HUB_NOT_ENABLED = "hub-not-enabled"
    RULES_ENABLED = "rules-enabled"
    RULE_DISABLED = "rule-disabled"
    RULE_MISSING = "rule-missing"
    QUEUES_EMPTY = "queues-empty"
    MESSAGES_WAIT = "messages-wait"
    MESSAGES_OLD = "messages-old"
    QUEUE_MISSING = "queue-missing"
    DLQS_EMPTY = "dlqs-empty"
    DLQ_NOT_EMPTY = "dlq-not-empty"
    REPORT_ONLY = "report-only"
    SWITCH_ON = "switch-on"
    SWITCH_OFF = "switch-off"
    SWITCH_ABSENT = "switch-absent"
    NO_PASSABLE_ROLES = "no-passable-roles"
    STANDARD_PACKAGED = "standard-packaged"
    STANDARD_CURRENT = "standard-current"
    STANDARD_NOT_SWEPT = "standard-not-swept"
    STANDARD_INVALID = "standard-invalid"
    STANDARD_ABSENT = "standard-absent"
    ROLES_ASSUMABLE = "roles-assumable"
    ROLE_MISSING = "role-missing"
    ROLE_NOT_ASSUMABLE = "role-not-assumable"
    SLACK_READY = "slack-ready"
    TOKEN_ACCEPTED = "token-accepted"  # noqa: S105 - no password
    TOKEN_REFUSED = "token-refused"  # noqa: S105 - as above
    SECRET_ABSENT = "secret-absent"  # noqa: S105 - as above
    NO_SLACK = "no-slack"
    SUBSCRIBED = "subscribed"
    SUBSCRIPTION_PENDING = "subscription-pending"
    NOT_SUBSCRIBED = "not-subscribed"
    SWEEP_ENDED = "sweep-ended"
    SWEEP_RUNS = "sweep-runs"
    SWEEP_OLD = "sweep-old"
    SWEEP_NOT_ENDED = "sweep-not-ended"
    NO_SWEEP = "no-sweep"
    FACTS_READ = "facts-read"
    FACTS_UNREAD = "facts-unread"
    NO_EVENTS = "no-events"
    LAG_SHORT = "lag-short"
    LAG_LONG = "lag-long"


@dataclass(frozen=True, slots=True)
class Row:
    """`names` are the resources, `number` a count or seconds, `at` a time, `detail` another value.

    `because` is the call that failed, if the state is unknown.
    """

    check: Check
    state: State
    code: Code
    names: tuple[str, ...] = ()
    number: int = 0
    at: datetime | None = None
    detail: str = ""
    because: Unavailable | None = None
