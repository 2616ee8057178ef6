"""What to do about a finding: in a sentence or two, and with the policy statements to add where a role lacks rights."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from domain.drift import Drift, Safety
from domain.findings.alert import AlertStatement
from domain.findings.finding import Finding, FindingState
from domain.places import role_name
from domain.remediation.plan import Fixed, Plan
from domain.rule import Rule
from domain.standard import Mode
from domain.subject import Subject
from reports.words import typed

CLOSES = "The finding closes by itself."


@dataclass(frozen=True, slots=True)
class Help:
    """What a stack does about a finding's plan: `unasked` without a person, at the most `cap` with one."""

    unasked: Mode = Mode.REPORT
    cap: Mode = Mode.REPORT
    stack: str = ""

    def offered(self, finding: Finding, plan: Plan) -> str:
        """A sentence; empty where it does nothing."""
        match self.unasked:
            case Mode.DEPLOY if plan.changes_task:
                return "Outrider registers it too, and updates the services that run the drifted revision."
            case Mode.DEPLOY:
                return "Outrider updates the service itself."
            case Mode.REGISTER if plan.changes_task:
                return "Outrider registers it too; deploying it is for you."
            case _ if self.cap.rank >= (Mode.REGISTER if plan.changes_task else Mode.DEPLOY).rank:
                subject = finding.subject
                return f"Or have Outrider do it: {typed('apply', subject.name, subject.place, self.stack)}."
            case _:
                return ""


NO_HELP = Help()
# How a drift ends that gives statements to add: ` Add to ROLE: JSON`, once for each place to add to.
_ADVICE = re.compile(r" ?\bAdd to (?P<to>[^\[{]{1,512}?): (?=[\[{])")
_JSON = json.JSONDecoder()


def told_and_asked(drift: Drift) -> tuple[str, tuple[AlertStatement, ...]]:
    """What a drift says, and apart from it the policy statements that it asks for, whole."""
    asked, told, start = list[AlertStatement](), "", 0
    while found := _ADVICE.search(drift.why, start):
        try:
            _, end = _JSON.raw_decode(drift.why, found.end())
        except ValueError:  # it only looks like one
            told, start = told + drift.why[start : found.end()], found.end()
            continue
        asked.append(AlertStatement(to=found["to"], statement=drift.why[found.end() : end]))
        told, start = told + drift.why[start : found.start()], end
    return told + drift.why[start:], tuple(asked)


def statements(finding: Finding) -> tuple[AlertStatement, ...]:
    """All statements that an open finding asks for, each once."""
    found = _statements(finding) if finding.state is FindingState.OPEN else ()
    return tuple(dict.fromkeys(found))


def _statements(finding: Finding) -> Iterator[AlertStatement]:
    for drift in finding.drifts:
        yield from told_and_asked(drift)[1]


def next_step(finding: Finding, rule: Rule, plan: Plan | None, help_: Help = NO_HELP) -> str:
    """What a person does next about an open finding; nothing where it is not open."""
    if finding.state is not FindingState.OPEN:
        return ""
    fixing = plan if plan is not None and rule.id in plan.fixes else None
    helped = help_.offered(finding, fixing) if fixing is not None else ""
    return " ".join(part for part in (_step(finding, rule, plan), helped, CLOSES) if part)


def _step(finding: Finding, rule: Rule, plan: Plan | None) -> str:
    at_home = _home(finding)
    if plan is not None and rule.id in plan.fixes:
        then = " and register it" if plan.changes_task else ""
        if plan.safety is not Safety.SAFE:
            return f"Decide on the points above, then make this change {at_home}{then}."
        return f"Make this change {at_home}{then}."
    asked = list(dict.fromkeys(each.to for each in _statements(finding)))
    if asked:
        return f"Add {'this' if len(asked) == 1 else 'each'} policy statement to {' and '.join(asked)}."
    refused = next(
        (r.reasons[0] for r in plan.repairs if r.rule == rule.id and r.outcome is Fixed.REFUSED and r.reasons), ""
    ) if plan else ""  # fmt: skip
    if refused:
        return f"Correct it {at_home}. Why Outrider does not: {refused}"
    if rule.fix is None and (by_hand := _by_hand(rule)):
        return by_hand
    return f"Correct it {at_home}; the rule's page tells how."


def _home(finding: Finding) -> str:
    name = finding.subject.name
    match finding.subject.kind:
        case Subject.FAMILY | Subject.SERVICE:
            return f"where {name} is defined"
        case Subject.PARAMETER:
            return f"in the parameter {name}"
        case Subject.ROLE:
            return f"in the role {role_name(name)}"


def _by_hand(rule: Rule) -> str:
    """What the docstring of a rule without a fix tells people to do."""
    if rule.topic == "identity" and rule.subject is Subject.FAMILY:  # no statement to add: a Deny withholds it
        return "Change what denies it, named above; no statement that is added would help."
    found = re.search(r"^Fix: none[.;] (.+?)(?:\n\n|\Z)", rule.doc, re.DOTALL | re.MULTILINE)
    text = " ".join(found[1].split()) if found else ""
    return text[:1].upper() + text[1:]
