"""Reading of triggers from messages of the queue `changes`, and of approvals from their own queue.

A message of an event rule has each value in a list of its own. The InputTransformer leaves the list empty where the
event has no such value, and EventBridge quotes what it puts in. So nothing that a caller wrote can become a key or
another value. Messages that Outrider sends to itself have plain values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from domain.json_text import strict_json
from domain.triggers.trigger import (
    ApprovalTrigger,
    DeletedTrigger,
    FamilyTrigger,
    ParameterTrigger,
    RoleTrigger,
    RunTaskTrigger,
    ServiceTrigger,
    TaskDefinitionTrigger,
    Trigger,
)


class TriggerUnreadable(Exception):
    """A message that no trigger can be read from; the sentence names the fields at fault, never their content."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A valid message that requires nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that must not be acted on, and that a retry does not make acceptable."""

    reason: str


type _OfRule = TaskDefinitionTrigger | DeletedTrigger | RunTaskTrigger | ServiceTrigger | ParameterTrigger | RoleTrigger
type _Own = FamilyTrigger | ServiceTrigger | ParameterTrigger | RoleTrigger

_LATE = ConfigDict(defer_build=True)  # built when it is first needed: a function needs few of these
_OF_RULES: TypeAdapter[_OfRule] = TypeAdapter(Annotated[_OfRule, Field(discriminator="kind")], config=_LATE)
_OWN: TypeAdapter[_Own] = TypeAdapter(Annotated[_Own, Field(discriminator="kind")], config=_LATE)
_APPROVALS = TypeAdapter(ApprovalTrigger)
_NEVER_PLANNED = r"outrider/\d{12}/[a-z0-9-]+/(parameter|role)/.+"
_ONLY_OWN = frozenset({"quiet", "changed", "settled", "after", "merged", "registered", "suppressed", "sweep", "tasks"})
"""The keys that only Outrider's own messages have."""

# The forms of names. AWS accepts no others, so another one is not from AWS.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_PARAMETER = re.compile(r"[A-Za-z0-9_.:/-]{1,2048}")
_ROLE = re.compile(r"[A-Za-z0-9_+=,.@-]{1,128}")
_POLICY = re.compile(r"arn:[a-z-]{1,30}:iam::(\d{12}|aws):policy/[!-~]{1,1024}")


def read(body: str) -> Trigger | Ignored | Refused:
    """Read a message of `changes`. Raises TriggerUnreadable if neither an event rule nor Outrider sent it.

    Account and region are those of the event's envelope, which EventBridge sets. An event that names a resource of
    another account or region is refused: a caller can name any, and DeleteTaskDefinitions succeeds for some that fail.
    """
    content = _object(body)
    if isinstance(content.get("account"), list):
        found: Trigger = _validated(_OF_RULES, _of_rule(content))
    else:
        found = _validated(_OWN, content)
    if isinstance(found, RunTaskTrigger) and found.failed and not found.arn:  # an omitted answer names no failure
        return Ignored("no task was started")
    if found.foreign:
        return Refused("it names a resource of another account or region than its own")
    if not _is_named(found):
        raise TriggerUnreadable(f"The message is no trigger: what it names is no {found.kind} of AWS.")
    return found


def read_approval(body: str) -> ApprovalTrigger | Ignored:
    """Read a message of the queue of approvals. Raises TriggerUnreadable if the rule of approvals did not send it."""
    content = _of_rule(_object(body))
    if content.get("kind") == "approval" and re.fullmatch(_NEVER_PLANNED, str(content.get("finding", ""))):
        return Ignored("a parameter or role has no plan")
    return _validated(_APPROVALS, content)


def _object(body: str) -> dict[str, Any]:
    try:
        content = strict_json(body)
    except ValueError:
        raise TriggerUnreadable("The message is not JSON. It did not come from the stack's event rules.") from None
    if not isinstance(content, dict):
        raise TriggerUnreadable("The message is JSON but no object. It did not come from the stack's event rules.")
    return content


def _of_rule(content: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a rule's message, without those that the event did not have."""
    found = dict[str, Any]()
    for key, value in content.items():
        match value:
            case [] | [None]:
                pass
            case [only] if key not in _ONLY_OWN:
                found[key] = only
            case str() if key == "kind":
                found[key] = value
            case _:
                raise TriggerUnreadable("The message is no trigger: it has what no event rule sends.")
    return found


def _validated[T](adapter: TypeAdapter[T], content: Mapping[str, Any]) -> T:
    try:
        return adapter.validate_python(content)
    except ValidationError as error:
        mistakes = error.errors(include_input=False)
        unknown = any(mistake["type"] == "extra_forbidden" for mistake in mistakes)
        named = (".".join(map(str, each["loc"])) or "kind" for each in mistakes if each["type"] != "extra_forbidden")
        fields = sorted({*named, *({"an unknown key"} if unknown else ())})
        raise TriggerUnreadable(f"The message is no trigger: {', '.join(fields)} missing or malformed.") from None


def _is_named(trigger: Trigger) -> bool:
    """Whether what the trigger is about has a name as AWS gives it."""
    match trigger:
        case TaskDefinitionTrigger(subject_name=family) | RunTaskTrigger(family=family) | FamilyTrigger(family=family):
            cluster = trigger.ran_in if isinstance(trigger, RunTaskTrigger) else family
            return _NAME.fullmatch(family) is not None and _NAME.fullmatch(cluster) is not None
        case DeletedTrigger(families=families):
            return bool(families) and all(map(_NAME.fullmatch, families))
        case ServiceTrigger(title=title):
            return all(map(_NAME.fullmatch, title.split("/")))
        case ParameterTrigger(name=name):
            return _PARAMETER.fullmatch(name) is not None
        case RoleTrigger(role="", policy=policy):
            return _POLICY.fullmatch(policy) is not None
        case RoleTrigger(role=role, policy=""):
            return _ROLE.fullmatch(role) is not None
        case RoleTrigger():
            return False
