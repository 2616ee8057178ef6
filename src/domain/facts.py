"""Facts: what was read for a workload. A fact is Known, Absent (it does not exist), or Unavailable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.iam import Policy


class FactKind(StrEnum):
    """What a rule may need beyond the task definition and the service themselves."""

    CONFIGURATION = "collector configuration"
    EXECUTION_ROLE = "execution role"
    TASK_ROLE = "task role"
    LOG_GROUPS = "log groups"
    RUNNING = "running tasks"
    NEWEST = "the family's newest revision"


@dataclass(frozen=True, slots=True)
class Known[T]:
    """It was read."""

    value: T


@dataclass(frozen=True, slots=True)
class Absent:
    """It does not exist, or nothing names it."""


class MissingReason(StrEnum):
    """Why a fact is not available although no call failed."""

    NOT_READ = "NotRead"
    OTHER_ACCOUNT = "OtherAccount"
    POLICY_UNREADABLE = "PolicyUnreadable"
    HIDDEN_CONFIGURATION = "HiddenConfiguration"
    CONFIGURATION_ELSEWHERE = "ConfigurationElsewhere"
    UNKNOWN_IMAGE_FILE = "UnknownImageFile"
    OTHER_LANGUAGE = "OtherLanguage"


@dataclass(frozen=True, slots=True)
class Unavailable:
    """It could not be read. It never holds the value of the resource.

    `code` is AWS's error code if a `call` (as IAM names it) failed, else a MissingReason. `resource` is what could not
    be read. `transient` says that the same call may succeed later.
    """

    code: str = MissingReason.NOT_READ
    call: str = ""
    resource: str = ""
    transient: bool = False

    @property
    def reason(self) -> str:
        """Return the same as a phrase."""
        if self.call:
            return f"{self.call} on {self.resource} failed: {self.code}"
        match MissingReason(self.code):
            case MissingReason.NOT_READ:
                return "not available"
            case MissingReason.OTHER_ACCOUNT:
                return f"{self.resource} belongs to another account and cannot be read"
            case MissingReason.POLICY_UNREADABLE:
                return f"a policy of {self.resource} cannot be parsed"
            case MissingReason.HIDDEN_CONFIGURATION:
                return f"the collector's configuration may come from {self.resource}, which are not read"
            case MissingReason.CONFIGURATION_ELSEWHERE:
                return "the collector's configuration comes from a place that is not read"
            case MissingReason.OTHER_LANGUAGE:
                return f"a configuration of {self.resource} is not read here"
            case MissingReason.UNKNOWN_IMAGE_FILE:
                return "what the file in the collector's image holds is not known"


type Fact[T] = Known[T] | Absent | Unavailable

NOT_READ = Unavailable()


@dataclass(frozen=True, slots=True)
class Parameter:
    """An SSM parameter. Its text never shows in a repr."""

    arn: str
    name: str
    type: str
    text: str = field(repr=False)
    version: int = 0
    modified: datetime | None = None
    key_id: str | None = None
    """The KMS key of a SecureString, from DescribeParameters; None for a String or if it is not known."""


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role with everything that its own policies and boundary say."""

    arn: str
    trust: "Policy"
    policies: "tuple[Policy, ...]"
    boundary: "Policy | None" = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A log group that is there."""

    name: str


@dataclass(frozen=True, slots=True)
class RunningContainer:
    """One container of a task, with ECS's `lastStatus`."""

    name: str
    status: str


@dataclass(frozen=True, slots=True)
class RunningTask:
    """One task that runs; `revision` is its task definition's ARN."""

    arn: str
    revision: str
    started: datetime | None
    containers: tuple[RunningContainer, ...]


@dataclass(frozen=True, slots=True)
class Newest:
    """A family's newest revision (ARN), compared with the one that a service runs.

    `fixed` are the rules that it keeps and the running one breaks. `worse` are those that the running one keeps, and
    that the newest breaks or may break.
    """

    revision: str
    fixed: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known in addition to a workload's own documents."""

    parameter: Fact[Parameter] = NOT_READ
    execution_role: Fact[Role] = NOT_READ
    task_role: Fact[Role] = NOT_READ
    log_groups: Mapping[str, Fact[LogGroup]] = field(default_factory=dict)
    running: Fact[tuple[RunningTask, ...]] = NOT_READ
    newest: Fact[Newest] = NOT_READ
    approved_parameter: Fact[Parameter] = NOT_READ
    """The standard's parameter, if another feeds the collector: no rule judges it, a fix compares with it."""
