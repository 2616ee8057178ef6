"""The names of the guards: what may forbid a correction."""

from enum import StrEnum


class Guard(StrEnum):
    """Every guard there is. docs/corrections.md says what each forbids, and whether what it forbids waits."""

    # Of a whole correction.
    KILL_SWITCH = "kill switch"
    STANDARD = "standard"
    ACCOUNT = "account"  # its role cannot be assumed
    STAGE = "stage"  # of a rollout over accounts
    STACK = "stack"  # its RemediationMode
    QUARANTINE = "quarantine"
    OWN_REVISION = "own revision"
    SUPPRESSED = "suppressed"
    APPROVAL = "approval"
    REVIEW = "review"
    DISAGREEMENT = "disagreement"
    ATTEMPTS = "attempts"
    OWNER = "owner"
    IMAGE = "image"
    ROLE = "role"
    NO_OP = "no-op"
    SETTLING = "settling"
    REGISTRATION = "registration"
    REGISTRATIONS_PER_HOUR = "registrations per hour"
    # Of the update of one service.
    ROLLOUTS_PER_HOUR = "rollouts per hour"
    DEPLOYMENT_IN_PROGRESS = "deployment in progress"
    AT_ONCE = "at once"
    CANARY = "canary"
    MANAGED = "managed by ecs"
    WAY_BACK = "way back"
    MINIMUM_HEALTHY = "minimum healthy"
    LAUNCH_TYPE = "launch type"
    PLATFORM_VERSION = "platform version"
    DEPLOYMENT_CONTROLLER = "deployment controller"
    DEPLOYMENT_STRATEGY = "deployment strategy"
    CIRCUIT_BREAKER = "circuit breaker"
    MODE = "mode"

    @property
    def gives_turns(self) -> bool:
        """Whether what it forbids has its turn later, however long that takes: the next hour, or the next stage."""
        return self in {Guard.REGISTRATIONS_PER_HOUR, Guard.ROLLOUTS_PER_HOUR, Guard.STAGE}

    @property
    def stops_all(self) -> bool:
        """Whether it stops all corrections of a stack or account: when it no longer does, they can be tried again."""
        return self in {Guard.KILL_SWITCH, Guard.STANDARD, Guard.ACCOUNT}

    @property
    def holds_for_all(self) -> bool:
        """Whether it forbids the update of every service alike."""
        return self.stops_all or self in {Guard.ROLLOUTS_PER_HOUR, Guard.STAGE}
