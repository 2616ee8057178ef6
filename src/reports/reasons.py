"""Reasons as sentences: the last step, for people. No code reads what is made here."""

from collections.abc import Iterable
from datetime import UTC

from domain.remediation.reason import Code, Reason
from domain.triggers.actor import Actor


def sentences(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """One text for each."""
    return tuple(text(reason) for reason in reasons)


def joined(reasons: Iterable[Reason]) -> str:
    """All in one line."""
    return " ".join(sentences(reasons))


def text(reason: Reason) -> str:  # noqa: C901, PLR0912, PLR0915 - a case for each code: mypy reports one that is missing
    """One reason in a sentence or two."""
    what, other, number, limit = reason.what, reason.other, reason.number, reason.limit
    names, because = ", ".join(reason.names), joined(reason.because)
    behind = f"{reason.guard}: {because}" if reason.guard else because
    match reason.code:
        case Code.NO_SWITCH:
            return "The stack has no kill switch to read."
        case Code.SWITCH_UNREADABLE:
            return f"The switch {what} cannot be read: {because}"
        case Code.SWITCH_OFF:
            return f"The switch {what} is not on."
        case Code.SWITCH_NOT_SET:
            return f"The switch {what} is not set. Turn corrections on by 'outrider corrections on'."
        case Code.STACK_CORRECTS_NOTHING:
            return f"The stack's RemediationMode is {what}: it corrects nothing."
        case Code.STACK_UPDATES_NO_SERVICE:
            return f"The stack's RemediationMode is {what}: it updates no service."
        case Code.QUARANTINED:
            since = f" since {reason.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if reason.at else ""
            return f"The family is in quarantine{since}: {because}"
        case Code.OWN_REVISION:
            return "Outrider registered it and does not correct its own work."
        case Code.SUPPRESSED:
            return f"The findings of {names} are SUPPRESSED. Set them to NEW first."
        case Code.GONE:
            return f"{what or 'The service'} is gone."
        case Code.RUNS_ANOTHER_FAMILY:
            return f"{what} runs {other} now. Read the finding again."
        case Code.CORRECTED_BY_ANOTHER_PLAN:
            return f"{what} is being corrected by another plan already."
        case Code.NO_PLAN:
            return "There is no plan for it now. Read the finding again."
        case Code.RULE_NOT_IN_PLAN:
            return f"The plan corrects nothing about {what}."
        case Code.PLAN_CHANGED:
            now = f"is {what} now" if what else "is gone"
            return f"The plan has changed since it was approved: it {now}, and {other} was approved. Read it again."
        case Code.APPROVAL_TOO_OLD:
            return f"The plan or its approval is older than {number} hours. The next sweep draws up a new one."
        case Code.NEEDS_APPROVAL:
            return f"The correction needs approval: {' '.join(reason.names)}"
        case Code.DISAGREEMENT:
            return what
        case Code.CORRECTED_BEFORE:
            return (
                f"Corrected {number} times in {limit} hours: something brings the drift back. Make the change at its"
                " source."
            )
        case Code.OWNED:
            return f"{what} owns it, and the standard leaves it to that. Make the change there."
        case Code.IMAGE_NOT_ALLOWED:
            return f"{what} is not among the repositories that are allowed."
        case Code.ROLE_NOT_ALLOWED:
            return f"{what or 'No role'} is neither the source's role nor the standard's."
        case Code.NO_CHANGE:
            return "ECS would take the correction for the same as what is registered."
        case Code.JUST_REGISTERED:
            return f"It was registered less than {number} minutes ago; its pipeline may be at work."
        case Code.JUST_DEPLOYED:
            return f"It was deployed less than {number} minutes ago; its pipeline may be at work."
        case Code.HOURLY_LIMIT:
            return f"{number} {what} in {other} within an hour is the most."
        case Code.DEPLOYMENT_IN_PROGRESS:
            return f"{what} has a deployment in progress."
        case Code.BEING_CORRECTED:
            return f"{what} is being corrected."
        case Code.OTHERS_BEING_UPDATED:
            return f"{names} of its family are being updated."
        case Code.CANARY_FIRST:
            return " ".join(filter(None, (f"{what} is to show first that it works.", because)))
        case Code.CANARY_CANNOT:
            return f"{what} was to show first that it works, and will not: {behind}"
        case Code.CANARY_SKIPPED:
            return f"{names} was to show first that it works, and was skipped."
        case Code.NOT_ON_FARGATE:
            where = names or "no launch type that it names"
            return f"It runs on {where}; Outrider updates services on Fargate."
        case Code.OTHER_CONTROLLER:
            return f"{what} controls its deployments, and UpdateService may not."
        case Code.OTHER_STRATEGY:
            return f"Its deployments are {what}; Outrider updates rolling ones only."
        case Code.NO_ROLLBACK:
            return (
                "Its deployment circuit breaker is not on with rollback, so a deployment that fails would not end. Turn"
                " it on, or waive it by remediation.require_rollback."
            )
        case Code.EXEMPT_NOW:
            return "The standard exempts it now."
        case Code.REGISTER_ONLY:
            return "The standard lets it only be registered."
        case Code.CALL_FAILED:
            return f"{what} on {other} failed: {names}."
        case Code.NO_ACTIVE_REVISION:
            return "The family has no active revision."
        case Code.NOTHING_TO_CORRECT:
            return "Nothing is left to correct."
        case Code.NO_CORRECTION:
            return "No correction is under way."
        case Code.NOTHING_TO_UNDO:
            return f"Nothing of Outrider's is on {what}."
        case Code.RUNS_SOMETHING_ELSE:
            return f"{what or 'It'} runs something else than what Outrider brought there."
        case Code.RUN_BY_OTHERS:
            return f"{what} runs {other} by other means than Outrider's. Set it back first."
        case Code.USE_NOT_KNOWN:
            return f"It is not known whether something runs {what}. {because}"
        case Code.RELEASED:
            return "Released."
        case Code.NOT_QUARANTINED:
            return "It was not in quarantine."
        case Code.NEWER_REVISION:
            return f"{what} is the newest revision now."
        case Code.REGISTERED_MEANWHILE:
            return f"{what} was registered by somebody else at the same time."
        case Code.DEPLOYED_SINCE:
            return f"{what} was deployed since." if what else "Somebody else has deployed it since."
        case Code.STAYS_NEWEST:
            return f"{what} stays the newest revision: {because or f'{other} runs it.'}"
        case Code.OF_SERVICE:
            return f"{what}: {behind}"
        case Code.CORRECTION_UNDONE:
            return "It was not begun, as the correction was undone."
        case Code.ANOTHER_FAILED:
            return "It was not begun, as another service failed."
        case Code.RUNS_NOW:
            return f"It runs {what} now."
        case Code.DEPLOYED_MEANWHILE:
            return "Somebody else deployed it meanwhile."
        case Code.OTHER_RUNS_AGAIN:
            return f"Somebody else deployed {what} at the same moment; it runs that again."
        case Code.OTHER_NOT_RUN_AGAIN:
            return f"Somebody else deployed {what} at the same moment, and it does not run that again: {because}"
        case Code.UNDONE:
            return f"It was undone by {Actor(what).name if what else 'a person'}."
        case Code.NO_DEPLOYMENT:
            return "It shows no deployment any more."
        case Code.NO_DEPLOYMENT_BEGAN:
            return "UpdateService was taken, and no deployment came of it."
        case Code.ECS_ROLLED_BACK:
            return what or "ECS rolled the deployment back."
        case Code.ECS_FAILED:
            return what or "The deployment failed."
        case Code.NOT_COMPLETE:
            return f"The deployment was not complete after {number} minutes."
        case Code.TASKS_UNREAD:
            return f"Its tasks could not be read, so nothing shows that it runs{what and f': {what}'}."
        case Code.TOO_FEW_TASKS:
            return f"{number} of {limit} tasks run the new revision."
        case Code.TASKS_DO_NOT_LAST:
            return f"None of its tasks has run for {number} minutes: they start and end."
        case Code.COLLECTORS_DOWN:
            return f"In {number} of {limit} new tasks the collector is {' or '.join(reason.names)}."
        case Code.STATE_UNREAD:
            return f"{because} So nothing shows whether it runs."
        case Code.BACK_ON:
            return f"It is back on {what}."
        case Code.RAN_THE_SAME:
            return "It ran the same before, so there is nothing to go back to."
        case Code.CHECK_NOW:
            return "Check it now."
        case Code.NOT_SET_BACK:
            return f"It could not be set back to {what}: check it now."
