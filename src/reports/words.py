"""Words for what happened to a finding or a correction, names of both, commands, and notices."""

from dataclasses import dataclass

from domain.places import Place, role_name
from domain.remediation.attempt import Attempt
from domain.remediation.plan import Plan
from domain.subject import Subject
from domain.triggers.actor import Actor

_WORD = {
    "opened": "Drift",
    "raised": "Drift, now more severe",
    "reopened": "Drift again",
    "registered": "Corrected",
    "deployed": "Corrected and running",
    "updated": "Corrected, not verified",
    "failed": "Correction failed",
    "undone": "Correction undone",
    "superseded": "Correction dropped",
    "refused": "Not corrected",
    "daily": "Daily digest",
    "weekly": "Weekly digest",
    "burst": "Many at once",
}
RESOLVED = "Resolved"
"""The first word of a message when all findings of its thread are closed."""
NOT_NAMED = "somebody who is not named"
"""Who approved, where the approval came from Security Hub: its event names nobody."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to operations."""

    title: str
    text: str


def word_of(transition: str) -> str:
    """Return the first word of a message; for an unlisted transition its name: `rolled-back` is "Rolled back"."""
    return _WORD.get(transition) or transition.replace("-", " ").replace("_", " ").capitalize()


def shown_name(kind: str, name: str) -> str:
    """Return a subject's name; a role's without its path."""
    return role_name(name) if kind == Subject.ROLE else name


def findings_are(count: int, state: str) -> str:
    """`1 finding is open`, `2 findings are open`."""
    return f"1 finding is {state}" if count == 1 else f"{count} findings are {state}"


def titled(attempt: Attempt) -> str:
    """`web:7 → web:8`, `shop/web (web:7)`."""
    what = f"{attempt.service} ({attempt.source})" if attempt.service else str(attempt.source)
    return f"{what} → {attempt.correction}" if attempt.correction else what


def approver_of(attempt: Attempt) -> str:
    """Return who approved a correction; empty if nobody did."""
    if not attempt.approved:
        return ""
    return Actor(attempt.approved_by).name if attempt.approved_by else NOT_NAMED


def command(verb: str, what: str, place: Place, stack: str = "") -> str:
    """Return a command as a person types it: `outrider apply web --region eu-west-1`."""
    options = f" --stack {stack}" if stack not in {"", "outrider"} else ""
    return f"outrider {verb} {what} --region {place.region}{options}"


def typed(verb: str, what: str, place: Place, stack: str = "") -> str:
    """Return the command for use in a sentence."""
    return f"`{command(verb, what, place, stack)}`"


def plan_command(verb: str, plan: Plan, stack: str) -> str:
    """Return a command about a plan, bound to its digest: `outrider apply web --plan 7047ef13a2b4c6d8 --region …`."""
    service = plan.before.service
    what = service.title if service is not None else plan.before.task.family
    return command(verb, f"{what} --plan {plan.digest}", plan.before.place, stack)
