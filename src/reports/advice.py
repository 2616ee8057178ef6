"""What to do about a finding: the kind of the next step, its sentences, and the policy statements to add."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.drift import Grant, Safety
from domain.findings.alert import AlertStatement
from domain.findings.finding import Finding, FindingState
from domain.iam import minimal_statement
from domain.places import role_name
from domain.remediation.plan import Fixed, Plan
from domain.rule import Rule
from domain.standard import Mode
from domain.subject import Subject
from reports.source import at_source
from reports.use import still_runs
from reports.words import plan_command

CLOSES = "The finding closes by itself."


@dataclass(frozen=True, slots=True)
class StackAction:
    """What a stack does about a finding's plan: `unasked` without approval, at most `cap` with approval.

    `next_to_it` says that the command is shown next to the sentence, and not in it.
    """

    unasked: Mode = Mode.REPORT
    cap: Mode = Mode.REPORT
    stack: str = ""
    next_to_it: bool = False

    def command(self, plan: Plan) -> str:
        """Return the command that has the plan made, bound to its digest: by Outrider if the stack allows it."""
        return plan_command("apply" if self._applies(plan) else "correct", plan, self.stack)

    def automatic(self, plan: Plan) -> bool:
        """Return whether it makes the plan's correction without approval."""
        return self.unasked is Mode.DEPLOY or (self.unasked is Mode.REGISTER and plan.changes_task)

    def _applies(self, plan: Plan) -> bool:
        allowed = self.cap.rank >= (Mode.REGISTER if plan.changes_task else Mode.DEPLOY).rank
        return allowed and not self.automatic(plan)

    def sentence(self, plan: Plan) -> str:
        """Return what the stack does about the plan; empty if it does nothing."""
        match self.unasked:
            case Mode.DEPLOY if plan.changes_task:
                return "Outrider registers this change, and updates the services that run the drifted revision."
            case Mode.DEPLOY:
                return "Outrider updates the service."
            case Mode.REGISTER if plan.changes_task:
                return "Outrider registers this change, but does not deploy it."
            case _ if self._applies(plan) and self.next_to_it:
                return "Or let Outrider make it, by the command."
            case _ if self._applies(plan):
                return f"Or let Outrider make it: `{self.command(plan)}`."
            case _:
                return ""


NO_ACTION = StackAction()


class Step(StrEnum):
    """The kind of the next step about an open finding."""

    MAKE_CHANGE = "make-change"
    DECIDE_CHANGE = "decide-change"
    ADD_STATEMENTS = "add-statements"
    CORRECT_REFUSED = "correct-refused"
    BY_HAND = "by-hand"
    REDEPLOY = "redeploy"
    CORRECT = "correct"


def statements(finding: Finding) -> tuple[AlertStatement, ...]:
    """Return the smallest policy statements that end an open finding, one for each role or policy."""
    grants = dict[str, list[Grant]]()
    for drift in finding.drifts if finding.state is FindingState.OPEN else ():
        for grant in drift.grants:
            grants.setdefault(grant.to, []).append(grant)
    return tuple(AlertStatement(to=to, statement=_statement(missing)) for to, missing in grants.items())


def _statement(grants: list[Grant]) -> str:
    """Return the statement as JSON, without the Sid, which IAM does not need: a finding has little room."""
    found: Any = minimal_statement((grant.action, grant.resource) for grant in grants)["Statement"]
    bare = [{key: value for key, value in statement.items() if key != "Sid"} for statement in found]
    return json.dumps(bare[0] if len(bare) == 1 else bare, separators=(",", ":"))


def next_step(finding: Finding, rule: Rule, plan: Plan | None, help_: StackAction = NO_ACTION) -> str:
    """Return what a person does next about a finding; empty if it is not open."""
    if finding.state is not FindingState.OPEN:
        return ""
    fixing = plan if plan is not None and rule.id in plan.fixes else None
    parts = [_sentence(finding, rule, plan), help_.sentence(fixing) if fixing is not None else "", CLOSES]
    if fixing is not None and help_.automatic(fixing):
        source = _source(finding, at_source(plan)[0])
        parts = [help_.sentence(fixing), f"Make it {source} too, or the next deployment brings the drift back.", CLOSES]
    return " ".join(filter(None, parts))


def step(finding: Finding, rule: Rule, plan: Plan | None) -> Step:
    """Return the kind of the next step.

    A deployment of the newest revision, the plan's change, a statement to add, the rule's own step, or a correction.
    """
    if finding.successor:
        return Step.REDEPLOY
    if plan is not None and rule.id in plan.fixes:
        return Step.MAKE_CHANGE if plan.safety is Safety.SAFE else Step.DECIDE_CHANGE
    if any(drift.grants for drift in finding.drifts):
        return Step.ADD_STATEMENTS
    if _refused(rule, plan):
        return Step.CORRECT_REFUSED
    return Step.BY_HAND if rule.by_hand else Step.CORRECT


def _sentence(finding: Finding, rule: Rule, plan: Plan | None) -> str:
    source = _source(finding, at_source(plan)[0])
    services = any("/" in user.title for user in finding.users.known)  # it stays open until they run the change
    then = (" and deploy it" if services else " and register it") if plan is not None and plan.changes_task else ""
    match step(finding, rule, plan):
        case Step.MAKE_CHANGE:
            return f"Make this change {source}{then}."
        case Step.DECIDE_CHANGE:
            return f"Decide on the points above, then make this change {source}{then}."
        case Step.ADD_STATEMENTS:
            to = [each.to for each in statements(finding)]
            return f"Add {'this' if len(to) == 1 else 'each'} policy statement to {' and '.join(to)}."
        case Step.CORRECT_REFUSED:
            return f"Correct it {source}. Outrider does not, because: {_refused(rule, plan)}"
        case Step.REDEPLOY:
            return still_runs(finding)
        case Step.BY_HAND:
            return " ".join(rule.by_hand.split())
        case Step.CORRECT:
            return f"Correct it {source}. The rule's page describes how."


def _refused(rule: Rule, plan: Plan | None) -> str:
    """Return why the rule's fix was refused; empty if it was not."""
    for repair in plan.repairs if plan is not None else ():
        if repair.rule == rule.id and repair.outcome is Fixed.REFUSED and repair.reasons:
            return repair.reasons[0].text
    return ""


def _source(finding: Finding, owner: str) -> str:
    name = finding.subject.name
    match finding.subject.kind:
        case Subject.FAMILY | Subject.SERVICE if owner:
            return f"at the source of {name} in {owner}"
        case Subject.FAMILY | Subject.SERVICE:
            return f"where {name} is defined"
        case Subject.PARAMETER:
            return f"in the parameter {name}"
        case Subject.ROLE:
            return f"in the role {role_name(name)}"
