"""Reasons: why a correction waits, was refused, failed or had nothing to do, as data.

`reports.reasons` makes the sentences. No code reads one.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.remediation.guard import Guard


class Code(StrEnum):
    """What happened. Codes are kept in the ledger: one never changes its meaning."""

    # A guard forbids it.
    NO_SWITCH = "no-switch"
    SWITCH_UNREADABLE = "switch-unreadable"
    SWITCH_OFF = "switch-off"
    SWITCH_OFF_IN = "switch-off-in"
    STAGE_WAITS = "stage-waits"
    STAGE_BEFORE_HAS_NONE = "stage-before-has-none"
    STAGES_STOPPED = "stages-stopped"
    STANDARD_NOT_USED = "standard-not-used"
    STANDARD_NOT_KNOWN = "standard-not-known"
    ACCOUNT_REFUSES = "account-refuses"
    SWITCH_NOT_SET = "switch-not-set"
    STACK_CORRECTS_NOTHING = "stack-corrects-nothing"
    STACK_UPDATES_NO_SERVICE = "stack-updates-no-service"
    QUARANTINED = "quarantined"
    OWN_REVISION = "own-revision"
    SUPPRESSED = "suppressed"
    LEFT_OUT = "left-out"
    GONE = "gone"
    RUNS_ANOTHER_FAMILY = "runs-another-family"
    CORRECTED_BY_ANOTHER_PLAN = "corrected-by-another-plan"
    NO_PLAN = "no-plan"
    RULE_NOT_IN_PLAN = "rule-not-in-plan"
    PLAN_CHANGED = "plan-changed"
    APPROVAL_TOO_OLD = "approval-too-old"
    NEEDS_APPROVAL = "needs-approval"
    DISAGREEMENT = "disagreement"
    CORRECTED_BEFORE = "corrected-before"
    OWNED = "owned"
    IMAGE_NOT_ALLOWED = "image-not-allowed"
    ROLE_NOT_ALLOWED = "role-not-allowed"
    NO_CHANGE = "no-change"
    JUST_REGISTERED = "just-registered"
    JUST_DEPLOYED = "just-deployed"
    HOURLY_LIMIT = "hourly-limit"
    DEPLOYMENT_IN_PROGRESS = "deployment-in-progress"
    BEING_CORRECTED = "being-corrected"
    OTHERS_BEING_UPDATED = "others-being-updated"
    CANARY_FIRST = "canary-first"
    CANARY_CANNOT = "canary-cannot"
    CANARY_SKIPPED = "canary-skipped"
    MANAGED_BY_ECS = "managed-by-ecs"
    NO_WAY_BACK = "no-way-back"
    MAY_STOP_ALL = "may-stop-all"
    NOT_ON_FARGATE = "not-on-fargate"
    PLATFORM_TOO_OLD = "platform-too-old"
    OTHER_CONTROLLER = "other-controller"
    OTHER_STRATEGY = "other-strategy"
    NO_ROLLBACK = "no-rollback"
    EXEMPT_NOW = "exempt-now"
    REGISTER_ONLY = "register-only"
    # A call failed.
    CALL_FAILED = "call-failed"
    # There was nothing to do.
    NO_ACTIVE_REVISION = "no-active-revision"
    NOTHING_TO_CORRECT = "nothing-to-correct"
    NO_CORRECTION = "no-correction"
    NOTHING_TO_UNDO = "nothing-to-undo"
    RUNS_SOMETHING_ELSE = "runs-something-else"
    RUN_BY_OTHERS = "run-by-others"
    DEPLOYED_ALONE = "deployed-alone"
    USE_NOT_KNOWN = "use-not-known"
    RELEASED = "released"
    STAGES_RELEASED = "stages-released"
    STAGES_NOT_STOPPED = "stages-not-stopped"
    NOT_QUARANTINED = "not-quarantined"
    RETRIED = "retried"
    SWITCH_ON_NOW = "switch-on-now"
    # Somebody else was faster.
    NEWER_REVISION = "newer-revision"
    REGISTERED_MEANWHILE = "registered-meanwhile"
    DEPLOYED_SINCE = "deployed-since"
    STAYS_NEWEST = "stays-newest"
    # One service of a correction.
    OF_SERVICE = "of-service"
    CORRECTION_UNDONE = "correction-undone"
    ANOTHER_FAILED = "another-failed"
    RUNS_NOW = "runs-now"
    DEPLOYED_MEANWHILE = "deployed-meanwhile"
    OTHER_RUNS_AGAIN = "other-runs-again"
    OTHER_NOT_RUN_AGAIN = "other-not-run-again"
    UNDONE = "undone"
    NO_DEPLOYMENT = "no-deployment"
    NO_DEPLOYMENT_BEGAN = "no-deployment-began"
    ECS_ROLLED_BACK = "ecs-rolled-back"
    ECS_FAILED = "ecs-failed"
    NOT_COMPLETE = "not-complete"
    TASKS_UNREAD = "tasks-unread"
    NO_TASKS = "no-tasks"
    TOO_FEW_TASKS = "too-few-tasks"
    TASKS_DO_NOT_LAST = "tasks-do-not-last"
    COLLECTORS_DOWN = "collectors-down"
    STATE_UNREAD = "state-unread"
    BACK_ON = "back-on"
    RAN_THE_SAME = "ran-the-same"
    CHECK_NOW = "check-now"
    NOT_SET_BACK = "not-set-back"


@dataclass(frozen=True, slots=True)
class Reason:
    """One code and what it is about. Which fields a code uses stands with its sentence, in `reports.reasons`.

    `guard` and `because` are of what lies behind it: a service's own reason within that of the whole correction.
    """

    code: Code
    what: str = ""
    other: str = ""
    names: tuple[str, ...] = ()
    number: int = 0
    limit: int = 0
    at: datetime | None = None
    guard: Guard | None = None
    because: tuple["Reason", ...] = ()
