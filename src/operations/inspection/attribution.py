"""Attribution: which call brought a verdict about, where that is certain."""

from collections.abc import Iterable
from datetime import timedelta

from domain.facts import FactKind
from domain.places import Revision, role_name
from domain.rule import Rule
from domain.subject import Subject, SubjectId
from domain.triggers.trigger import RunTaskTrigger, ServiceTrigger, SubjectTrigger, TaskDefinitionTrigger
from operations.inspection.job import Evidence

_OF_TRUST = frozenset({"UpdateAssumeRolePolicy", "CreateRole", "DeleteRole"})
"""The calls that change whom a role trusts; what they do to its rights is all of them or nothing."""
_OF_TAGS = frozenset({"TagRole", "UntagRole"})
_OF_POLICIES = frozenset({"CreatePolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"})
"""The calls that change a managed policy; the roles that it is attached to are as they were."""
_AT_ONCE = timedelta(seconds=5)  # a deployment is made with the call for it
_OF_TASKS = "task.platform-version"
"""The rule that applies to the tasks that RunTask starts."""


def brought_about(
    triggers: Iterable[SubjectTrigger], subject: SubjectId, rule: Rule, evidence: Evidence
) -> SubjectTrigger | None:
    """The first trigger whose call is certain to have brought about what a rule finds now; None where none is.

    An evaluation finds all that has changed since the last one, and one event led to it: who made that call may have
    had no part in the rest. So a call counts only for what it alone can change: a registration for what the document by
    itself says, or for all of a family that began with it, and a role's or parameter's change for what is read there.
    """
    return next((trigger for trigger in triggers if _is_certain(trigger, subject, rule, evidence)), None)


def _is_certain(trigger: SubjectTrigger, subject: SubjectId, rule: Rule, evidence: Evidence) -> bool:
    roles = {role_name(on.name) for on in map(SubjectId.parse, trigger.changed) if on.kind is Subject.ROLE}
    match subject.kind, trigger:
        case _, _ if roles and trigger.event in _OF_TAGS:
            return False  # they change a right only by a condition on them
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
            # Another count of tasks is such a call too, and makes no deployment.
            at, called = evidence.deployed, trigger.when
            return not rule.needs and at is not None and called is not None and abs(at - called) <= _AT_ONCE
        case _:
            return False
