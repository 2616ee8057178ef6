"""Reasons as sentences for people. No code reads these sentences."""

from collections.abc import Iterable

from domain.remediation.reason import Code, Reason
from domain.triggers.actor import Actor
from reports.text import minute

# --- the sentences ----------------------------------------------------------------------------------------------------

_SENTENCES = {
    Code.NO_SWITCH: "The stack names no kill switch, so corrections are off.",
    Code.SWITCH_UNREADABLE: "The kill switch {what} cannot be read: {because}",
    Code.SWITCH_OFF: "The kill switch {what} is not on.",
    Code.SWITCH_OFF_IN: "The kill switch {what} is off in account {other}.",
    Code.STAGE_WAITS: "Its account is in stage {number} of corrections, which begins later.",
    Code.STAGE_BEFORE_HAS_NONE: (
        "Its account is in stage {number} of corrections: no correction of stage {limit} is verified yet."
    ),
    Code.STAGES_STOPPED: (
        "Corrections stopped in all accounts after {number} failed: `outrider release --stages` ends that."
    ),
    Code.STANDARD_NOT_USED: "The stored standard cannot be used. Correct it: until then nothing is corrected.",
    Code.STANDARD_NOT_KNOWN: (
        "Its organisational unit, tags or owners' exemptions could not be read for account {what}."
    ),
    Code.ACCOUNT_REFUSES: "The account refuses Outrider{since}: {because}",
    Code.SWITCH_NOT_SET: "The kill switch {what} is not set. Turn corrections on with `outrider corrections on`.",
    Code.STACK_CORRECTS_NOTHING: "The stack's RemediationMode is {what}: it corrects nothing.",
    Code.STACK_UPDATES_NO_SERVICE: "The stack's RemediationMode is {what}: it updates no service.",
    Code.QUARANTINED: "The family is in quarantine{since}: {because}",
    Code.OWN_REVISION: "Outrider registered it and does not correct its own work.",
    Code.SUPPRESSED: "The findings of {names} are SUPPRESSED. Set them to NEW first.",
    Code.LEFT_OUT: "Left out, because the findings are SUPPRESSED: {names}.",
    Code.GONE: "{what} no longer exists.",
    Code.RUNS_ANOTHER_FAMILY: "{what} runs {other} now. Read the finding again.",
    Code.CORRECTED_BY_ANOTHER_PLAN: "{what} is already being corrected by another plan.",
    Code.NO_PLAN: "There is no plan for it now. Read the finding again.",
    Code.RULE_NOT_IN_PLAN: "The plan does not correct {what}.",
    Code.APPROVAL_TOO_OLD: "The plan or its approval is older than {number} hours. The next sweep makes a new one.",
    Code.NEEDS_APPROVAL: "The correction needs approval: {names}",
    Code.DISAGREEMENT: "{what}",
    Code.CORRECTED_BEFORE: (
        "Corrected {number} times in {limit} hours: something brings the drift back. Make the change at its source."
    ),
    Code.OWNED: "{what} owns it, and the standard says to change it only there.",
    Code.IMAGE_NOT_ALLOWED: "{what} is not an allowed repository.",
    Code.ROLE_NOT_ALLOWED: "{what} is neither a role of the source revision nor one of the standard.",
    Code.NO_CHANGE: "ECS would treat the correction as equal to the registered revision.",
    Code.JUST_REGISTERED: "It was registered less than {number} minutes ago; its pipeline may still be running.",
    Code.JUST_DEPLOYED: "It was deployed less than {number} minutes ago; its pipeline may still be running.",
    Code.HOURLY_LIMIT: "The limit of {number} {what} an hour in {other} is reached.",
    Code.DEPLOYMENT_IN_PROGRESS: "{what} has a deployment in progress.",
    Code.BEING_CORRECTED: "{what} is being corrected.",
    Code.OTHERS_BEING_UPDATED: "{names} of its family are being updated.",
    Code.CANARY_CANNOT: "{what} was chosen to test the correction first, and cannot: {behind}",
    Code.CANARY_SKIPPED: "{names} was chosen to test the correction first, and was skipped.",
    Code.MANAGED_BY_ECS: "ECS itself manages {what}, and would undo what others change. Change it there.",
    Code.NO_WAY_BACK: "{what} is deregistered, and ECS accepts no such revision to go back to.",
    Code.OTHER_CONTROLLER: "{what} controls its deployments, so UpdateService may not update it.",
    Code.OTHER_STRATEGY: "Its deployments are {what}; Outrider supports only rolling deployments.",
    Code.NO_ROLLBACK: (
        "Its deployment circuit breaker is not on with rollback, so a failed deployment would not end. Turn it on,"
        " or set remediation.require_rollback to false."
    ),
    Code.EXEMPT_NOW: "The standard exempts it now.",
    Code.REGISTER_ONLY: "The standard allows only its registration.",
    Code.CALL_FAILED: "{what} on {other} failed: {names}.",
    Code.NO_ACTIVE_REVISION: "The family has no active revision.",
    Code.NOTHING_TO_CORRECT: "Nothing is left to correct.",
    Code.NO_CORRECTION: "No correction is in progress.",
    Code.NOTHING_TO_UNDO: "{what} has no correction that can be undone.",
    Code.RUNS_SOMETHING_ELSE: "{what} no longer runs what Outrider deployed.",
    Code.RUN_BY_OTHERS: "{what} runs {other}, which Outrider did not deploy there. Roll it back first.",
    Code.USE_NOT_KNOWN: "It is not known whether something runs {what}. {because}",
    Code.STAGES_RELEASED: "Corrections go on, in the stages that are open.",
    Code.STAGES_NOT_STOPPED: "The stages of corrections are not stopped.",
    Code.RELEASED: "Released.",
    Code.RETRIED: "It is evaluated again, and corrected if the standard allows it.",
    Code.SWITCH_ON_NOW: (
        "Corrections were off when it was last tried, and are on now. Try it with `outrider retry {what}`."
    ),
    Code.NOT_QUARANTINED: "It was not in quarantine.",
    Code.NEWER_REVISION: "{what} is the newest revision now.",
    Code.REGISTERED_MEANWHILE: "{what} was registered by somebody else at the same time.",
    Code.OF_SERVICE: "{what}: {behind}",
    Code.CORRECTION_UNDONE: "Its update was not started, because the correction was undone.",
    Code.ANOTHER_FAILED: "Its update was not started, because another service failed.",
    Code.RUNS_NOW: "It runs {what} now.",
    Code.DEPLOYED_MEANWHILE: "Somebody else deployed it in the meantime.",
    Code.OTHER_RUNS_AGAIN: "Somebody else deployed {what} at the same moment; the service runs that again.",
    Code.OTHER_NOT_RUN_AGAIN: (
        "Somebody else deployed {what} at the same moment, and the service does not run that again: {because}"
    ),
    Code.NO_DEPLOYMENT: "Its deployment is no longer listed.",
    Code.NO_DEPLOYMENT_BEGAN: "ECS accepted UpdateService, but no deployment started.",
    Code.ECS_FAILED: "{what}",
    Code.NOT_COMPLETE: "The deployment made no progress for {number} minutes, or takes too long as a whole.",
    Code.TOO_FEW_TASKS: "{number} of {limit} tasks run the new revision.",
    Code.TASKS_DO_NOT_LAST: "None of its tasks has run for {number} minutes: they start and stop again.",
    Code.COLLECTORS_DOWN: "In {number} of {limit} new tasks the collector is {names}.",
    Code.STATE_UNREAD: "{because} So it is not known whether the collectors run.",
    Code.BACK_ON: "It is rolled back to {what}.",
    Code.RAN_THE_SAME: "It ran the same revision before, so there is nothing to roll back to.",
    Code.CHECK_NOW: "Check it now.",
    Code.NOT_SET_BACK: "It could not be rolled back to {what}: check it now.",
}
_NOTHING_NAMED = {
    Code.GONE: "The service",
    Code.ROLE_NOT_ALLOWED: "No role",
    Code.RUNS_SOMETHING_ELSE: "It",
    Code.ECS_FAILED: "The deployment failed.",
}
"""What stands for `what` where a reason has none."""
_SEPARATORS = {Code.NEEDS_APPROVAL: " ", Code.COLLECTORS_DOWN: " or "}
"""What is between the names, where it is no comma."""

# --- reasons as texts -------------------------------------------------------------------------------------------------


def sentences(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Return one text for each."""
    return tuple(text(reason) for reason in reasons)


def joined(reasons: Iterable[Reason]) -> str:
    """Return all in one line."""
    return " ".join(sentences(reasons))


def text(reason: Reason) -> str:
    """Return one reason in a sentence or two."""
    what, other, because = reason.what, reason.other, joined(reason.because)
    match reason.code:
        case Code.PLAN_CHANGED:
            now, seen = f"is {what} now" if what else "no longer exists", other or "none"
            return f"The plan has changed since it was approved: it {now}, and {seen} was approved. Read it again."
        case Code.CANARY_FIRST:
            return " ".join(filter(None, (f"{what} is updated first, to test the correction.", because)))
        case Code.NOT_ON_FARGATE:
            where = ", ".join(reason.names) or "an unknown launch type"
            return f"It runs on {where}; Outrider updates only services on Fargate."
        case Code.DEPLOYED_SINCE:
            return f"{what} was deployed in the meantime." if what else "Somebody else has deployed it in the meantime."
        case Code.STAYS_NEWEST:
            return f"{what} remains the newest revision: {because or f'{other} runs it.'}"
        case Code.UNDONE:
            return f"It was undone by {Actor(what).name if what else 'a person'}."
        case Code.ECS_ROLLED_BACK:
            return what[:1].upper() + what[1:] or "ECS rolled the deployment back."
        case Code.TASKS_UNREAD:
            return f"Its tasks could not be read, so it is not known whether the collectors run{what and f': {what}'}."
        case code:
            return _SENTENCES[code].format(
                what=what or _NOTHING_NAMED.get(code, ""),
                other=other,
                names=_SEPARATORS.get(code, ", ").join(reason.names),
                number=reason.number,
                limit=reason.limit,
                since=f" since {minute(reason.at)}" if reason.at else "",
                because=because,
                behind=f"{reason.guard}: {because}" if reason.guard else because,
            )
