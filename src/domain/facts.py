"""Facts: what had to be read. A fact is Known, Absent (looked for and not there), or Unavailable with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.iam import Policy
from domain.severity import Severity


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
    """It was looked for and is not there, or nothing names it."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """It could not be read. `reason` names the call and the resource, never a value.

    `transient` where the same look may succeed later.
    """

    reason: str
    transient: bool = False


type Fact[T] = Known[T] | Absent | Unavailable

NOT_READ = Unavailable("not at hand")


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
    """The KMS key of a SecureString as DescribeParameters tells it; None for a String or where it was not told."""


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role with everything that its own policies and boundary say."""

    arn: str
    trust: Policy
    policies: tuple[Policy, ...]
    boundary: Policy | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    """The same where all of it is the same; empty where that was not made out."""


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A log group that is there."""

    name: str


@dataclass(frozen=True, slots=True)
class RunningContainer:
    """One container of a task, with ECS's `lastStatus`."""

    name: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RunningTask:
    """One task that runs; `revision` is its task definition's ARN."""

    arn: str
    revision: str
    started: datetime | None
    containers: tuple[RunningContainer, ...]


@dataclass(frozen=True, slots=True)
class Newest:
    """A family's newest revision (ARN), and the rules that it keeps and the revision that a service runs breaks."""

    revision: str
    mended: tuple[tuple[str, Severity], ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beside a workload's own documents."""

    parameter: Fact[Parameter] = NOT_READ
    execution_role: Fact[Role] = NOT_READ
    task_role: Fact[Role] = NOT_READ
    log_groups: Mapping[str, Fact[LogGroup]] = field(default_factory=dict)
    running: Fact[tuple[RunningTask, ...]] = NOT_READ
    newest: Fact[Newest] = NOT_READ
    approved_parameter: Fact[Parameter] = NOT_READ
    """The standard's parameter, where the collector is fed by another: no rule judges it, a fix compares with it."""


def state_of(fact: Fact[Parameter] | Fact[Role]) -> str:
    """The same for two readings that found the same; empty where that cannot be told."""
    match fact:
        case Known(Role(state=state)):
            return state
        case Known(Parameter(version=version, modified=modified)):
            return f"{version} {modified.isoformat() if modified else ''}" if version else ""
        case Unavailable(reason=reason, transient=transient):
            return "" if transient else reason
        case _:
            return "absent"
