"""Attribution: find the call that caused a verdict, where that is certain."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.facts import FactKind
from domain.places import Revision, role_name
from domain.rule import Rule
from domain.subject import Subject, SubjectId
from domain.triggers.actor import Actor
from domain.triggers.trigger import RunTaskTrigger, ServiceTrigger, SubjectTrigger, TaskDefinitionTrigger
from operations.inspection.job import Evidence

_OF_TRUST = frozenset({"UpdateAssumeRolePolicy", "CreateRole", "DeleteRole"})
"""The calls that change who may assume a role. They enable or disable all its permissions together."""
_OF_TAGS = frozenset({"TagRole", "UntagRole"})
_OF_POLICIES = frozenset({"CreatePolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"})
"""The calls that change a managed policy. The roles that it is attached to do not change."""
_AT_ONCE = timedelta(seconds=5)  # ECS creates the deployment during the call
_OF_TASKS = "task.platform-version"
"""The rule that applies to tasks started by RunTask."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Who caused what a rule finds, and when; neither where that is not certain."""

    actor: Actor = Actor()  # noqa: RUF009 - frozen
    when: datetime | None = None


def cause_of(triggers: Iterable[SubjectTrigger], subject: SubjectId, rule: Rule, evidence: Evidence) -> Cause:
    """Return who caused what a rule finds now: the first trigger's caller whose call certainly did.

    An evaluation may find a new revision before the event about it comes, which then changes nothing any more. So where
    no trigger is certain, whom ECS names as the one who registered the revision counts as the event would.
    """
    trigger = next((each for each in triggers if _is_certain(each, subject, rule, evidence)), None)
    if trigger is not None:
        return Cause(trigger.actor, trigger.when)
    registered, revision = evidence.registration, evidence.revision
    first = revision.endswith(":1")
    if subject.kind is Subject.FAMILY and registered is not None and (first or not rule.needs):
        return Cause(Actor(registered.by), registered.at)
    return Cause()


def _is_certain(trigger: SubjectTrigger, subject: SubjectId, rule: Rule, evidence: Evidence) -> bool:
    """Whether the call of a trigger certainly caused what a rule finds now.

    An evaluation finds everything that changed since the last one, but one event led to it. The caller of that event
    may not have made the other changes. So a call counts only for what it alone can change: a registration for what the
    document itself contains, or for everything if the family began with it; a change of a role or parameter for what is
    read from it.
    """
    roles = {role_name(on.name) for on in map(SubjectId.parse, trigger.changed) if on.kind is Subject.ROLE}
    match subject.kind, trigger:
        case _, _ if roles and trigger.event in _OF_TAGS:
            return False  # tags change a permission only through a condition on them
        case Subject.ROLE, _:
            about_trust = (rule.id == "identity.trust") == (trigger.event in _OF_TRUST)
            return role_name(subject.name) in roles and about_trust and trigger.event not in _OF_POLICIES
        case Subject.PARAMETER, _:
            return subject.key in trigger.changed
        case Subject.FAMILY | Subject.SERVICE, _ if trigger.changed:
            taken = {role_name(arn) for kind, arn in evidence.roles.items() if kind in rule.needs}
            read = FactKind.CONFIGURATION in rule.needs and bool(evidence.parameters & set(trigger.changed))
            return read or (bool(taken & roles) and trigger.event not in _OF_TRUST)
        case Subject.FAMILY, TaskDefinitionTrigger(event="RegisterTaskDefinition", revision=Revision() as made):
            return str(made) == evidence.revision and (made.number == 1 or not rule.needs)
        case Subject.FAMILY, RunTaskTrigger():
            return rule.id == _OF_TASKS
        case Subject.SERVICE, ServiceTrigger(event="CreateService"):
            return True
        case Subject.SERVICE, ServiceTrigger(event="UpdateService"):
            # A change of the number of tasks is such a call too, but creates no deployment.
            at, called = evidence.deployed, trigger.when
            return not rule.needs and at is not None and called is not None and abs(at - called) <= _AT_ONCE
        case _:
            return False
