"""Plans: the new revision and service update that would correct a workload, with their diff."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeGuard

from domain.assumptions import Assumption
from domain.drift import Remark, Safety
from domain.ecs.documents import name_of
from domain.ecs.images import Image
from domain.ecs.values import texts_of
from domain.facts import FactKind
from domain.masking import HIDDEN, log_group
from domain.workload import Workload

# Which environment values texts may quote: see `quotable`.
_LOOPBACK = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\])(:|$)")
_ENDPOINT, _PROTOCOL = "ENDPOINT", "PROTOCOL"
# The forms of their values. Anything else, such as a bare token, is not what the variable is for and may be a secret.
_SERVICE_NAME = re.compile(r"[\w./:@ -]{1,120}", re.ASCII)
_PROTOCOL_FORM = re.compile(r" *(grpc|https?)(/(protobuf|json))? *", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,15})?", re.IGNORECASE)
_HOST = re.compile(r"(\[[0-9a-f:.%]*\]|[a-z0-9._-]{0,253})(:\d{0,5})?", re.IGNORECASE)
_ADDRESS = re.compile(  # without a scheme: a port, a dot or localhost shows that it is one
    r"(\[[0-9a-f:.%]*\](:\d{1,5})?|[a-z0-9._-]{0,253}:\d{1,5}|localhost|[a-z0-9-]+(\.[a-z0-9-]+)+\.?)", re.IGNORECASE
)

# Members of a container or of the document whose values may be shown. All others show only that they changed: a
# command, a label or a log option may hold a credential.
_SHOWN = frozenset({
    "condition", "containerName", "containerPort", "cpu", "enabled", "essential", "executionRoleArn", "family",
    "forceNewDeployment", "hostPort",
    "logDriver", "memory", "memoryReservation", "name", "networkMode", "platformVersion", "protocol",
    "readonlyRootFilesystem", "requiresCompatibilities", "restartAttemptPeriod", "taskDefinition", "taskRoleArn",
    "user", "valueFrom",
})  # fmt: skip
_OURS = re.compile(r"--config=env:[A-Za-z_]\w{0,127}|CMD /healthcheck( -port=\d{1,5})?")
_SHOWN_OPTIONS = ("awslogs-", "mode", "max-buffer-size")


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs. `before` and `after` are as people may see them; None where the place is not there."""

    where: str
    before: str | None
    after: str | None


class Fixed(StrEnum):
    """What came of one drifted rule's fix."""

    FIXED = "fixed"
    REFUSED = "refused"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Repair:
    """The outcome of one drifted rule's fix, and the reasons where it was refused or needs approval.

    `assumptions` are what its change depends on. A plan's repairs have a reason for each that is not known to hold.
    """

    rule: str
    outcome: Fixed
    reasons: tuple[Remark, ...] = ()
    assumptions: tuple[Assumption, ...] = ()

    @property
    def safety(self) -> Safety:
        return Safety.REVIEW if self.reasons else Safety.SAFE


class ConcernKind(StrEnum):
    """Why a plan needs approval."""

    REMARK = "remark"
    NOT_KNOWN = "not-known"
    NEW_DRIFT = "new-drift"
    NEW_UNKNOWN = "new-unknown"


@dataclass(frozen=True, slots=True)
class Concern:
    """One reason why a plan needs approval.

    A REMARK is the rule's fix's own. With NOT_KNOWN the fix assumes what is not known to hold. A NEW_DRIFT or a
    NEW_UNKNOWN is what the plan would bring about; `facts` are those that could not be read, where nothing else makes
    the rule Unknown.
    """

    rule: str
    kind: ConcernKind
    code: str
    text: str
    facts: tuple[FactKind, ...] = ()

    def __str__(self) -> str:
        match self.kind:
            case ConcernKind.REMARK | ConcernKind.NOT_KNOWN:
                return f"{self.rule}: {self.text}"
            case ConcernKind.NEW_DRIFT:
                return f"{self.rule} would drift: {self.text}"
            case ConcernKind.NEW_UNKNOWN:
                return f"{self.rule} would be unknown: {self.text}"


@dataclass(frozen=True)
class Plan:
    """What would correct a workload. SAFE if all repairs are and the result has no new drift and no new Unknown.

    `left_out` are the drifted rules with a fix that it does not fix, because their findings are suppressed.
    """

    before: Workload
    after: Workload
    repairs: tuple[Repair, ...]
    safety: Safety
    concerns: tuple[Concern, ...]
    notes: tuple[Remark, ...]
    changes: tuple[Change, ...]
    left_out: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it needs approval, as sentences."""
        return tuple(str(concern) for concern in self.concerns)

    @property
    def fixes(self) -> tuple[str, ...]:
        return tuple(repair.rule for repair in self.repairs if repair.outcome is Fixed.FIXED)

    @property
    def changes_task(self) -> bool:
        return self.before.task != self.after.task

    def within(self, whole: "Plan") -> bool:
        """Whether this plan changes nothing that another plan of the same workload does not change in the same way."""
        mine, theirs, before = _members(self.after), _members(whole.after), _members(whole.before)
        return self.before == whole.before and all(
            mine.get(name) in (before.get(name), theirs.get(name)) for name in before.keys() | mine.keys()
        )

    @property
    def _service_change(self) -> Mapping[str, Any] | None:
        """The members of the service that change. Its counts and events change all the time."""
        before, after = self.before.service, self.after.service
        if before is None or after is None or before == after:
            return None
        changed = {name: value for name, value in after.json.items() if before.json.get(name) != value}
        return {"service": before.title, "runs": before.task_definition, **changed}

    @property
    def digest(self) -> str:
        """Of the source and of what would be registered: the same plan has the same digest, on any machine.

        Environment values that are not kept are not in it: it is the same for a revision that was read from memory.
        """
        content = {
            "source": self.before.task.arn,
            "task": self.after.task.without_values().json,
            "service": self._service_change,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _members(workload: Workload) -> dict[str, Any]:
    """Return the members of the task definition, of its containers by their names, and of the service."""
    found = {f"task/{name}": value for name, value in workload.task.json.items() if name != "containerDefinitions"}
    for each in workload.task.containers:
        found |= {f"container/{each.name}/{name}": value for name, value in each.json.items()}
    if workload.service is not None:
        found |= {f"service/{name}": value for name, value in workload.service.json.items()}
    return found


def changes_between(before: Workload, after: Workload) -> tuple[Change, ...]:
    """Where two workloads differ, by names rather than indexes, with every value masked that may be secret."""
    found = list(_walk("", before.task.json, after.task.json))
    if before.service is not None and after.service is not None:
        found += _walk("service/", before.service.json, after.service.json)
    return tuple(found)


def _walk(where: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after and type(before) is type(after):
        return
    one, other = ({} if each is None else each for each in (before, after))
    if isinstance(one, Mapping) and isinstance(other, Mapping) and (one or other):
        for key in dict.fromkeys([*one, *other]):
            yield from _walk(f"{where}{_SEGMENT.get(key, key)}/", one.get(key), other.get(key))
        return
    named_before, named_after = _by_name(before, after), _by_name(after, before)
    if named_before is not None and named_after is not None and (named_before or named_after):
        for key in dict.fromkeys([*named_before, *named_after]):
            yield from _walk(f"{where}{key}/", named_before.get(key), named_after.get(key))
        return
    path = where.rstrip("/")
    yield Change(path, _shown(path, before), _shown(path, after))


_SEGMENT = {"containerDefinitions": "containers"}


def _by_name(value: Any, other: Any) -> dict[str, Any] | None:
    """A list of objects by what names them; None where it is no such list or a name repeats.

    What the other list has too and is no object, such as a template's placeholder for items, is left out.
    """
    if value is None:
        return {}
    if not isinstance(value, list):
        return None
    named = dict[str, Any]()
    for item in value:
        if not isinstance(item, Mapping) and isinstance(other, list) and item in other:
            continue
        if not isinstance(item, Mapping):
            return None
        name = name_of(item)
        if name is None or name in named:
            return None
        named[name] = item
    return named


def visible(where: str, value: object) -> bool:
    """Whether people may see a value whole, at a place as changes name it: not where it is hidden or shown in part."""
    shown = _shown(where, value)
    if shown is None or shown == HIDDEN:
        return shown is None
    return isinstance(value, list) or shown == (json.dumps(value) if isinstance(value, bool) else str(value))


def _shown(path: str, value: object) -> str | None:
    if value is None:
        return None
    parts = path.split("/")
    match parts:
        case ["containers", _, "environment", *_, name, "value"]:
            return quotable(name, str(value)) or HIDDEN
        case ["containers", _, "environment", _, *_, "name"]:
            return str(value)
        # A label, or a variable that is written oddly, may be called `image`.
        case ["containers", _, "environment" | "dockerLabels", *_]:
            return HIDDEN
        case _:
            pass
    if "tags" in parts:
        return HIDDEN if parts[-1] == "value" else str(value)
    if "options" in parts:
        return log_group(str(value)) if parts[-1].startswith(_SHOWN_OPTIONS) else HIDDEN
    if parts[-1] == "image":
        return HIDDEN if Image.parse(str(value)).hidden else str(value)
    if parts[-1] == "command" and _is_ours(value):
        return " ".join(value)
    if parts[-1] in _SHOWN and not isinstance(value, list | Mapping):
        return json.dumps(value) if isinstance(value, bool) else str(value)
    return HIDDEN


def _is_ours(value: object) -> TypeGuard[list[str]]:
    """Whether a command is one that a fix writes, and so holds no secret."""
    words = texts_of(value) if isinstance(value, list) else ()
    return value == list(words) and _OURS.fullmatch(" ".join(words)) is not None


def quotable(name: str, value: str) -> str | None:
    """The value of a variable as texts may quote it; None where they may not."""
    if name == "OTEL_SERVICE_NAME":
        return value if _SERVICE_NAME.fullmatch(value) else None
    if not name.startswith("OTEL_EXPORTER_OTLP_"):
        return None
    if name.endswith(_PROTOCOL):
        return value if _PROTOCOL_FORM.fullmatch(value) else None
    if not name.endswith(_ENDPOINT):
        return None
    # All before the last `@` may be a credential, however oddly it was written.
    scheme = value.partition("://")[0] + "://" if "://" in value.partition("@")[0] else ""
    bare = scheme + value.rpartition("@")[2] if "@" in value else value
    bare = re.split(r"[?#;]", bare, maxsplit=1)[0]
    # Some vendors take a token in the path; on loopback a rule may quote the path.
    scheme, slashes, rest = bare.rpartition("://")
    authority, slash, path = rest.partition("/")
    if not (_HOST if slashes else _ADDRESS).fullmatch(authority) or not _SCHEME.fullmatch(scheme):
        return None
    return bare if _LOOPBACK.match(authority) or not path else f"{scheme}{slashes}{authority}{slash}…"
