"""Reasons as sentences for people. No code reads these sentences."""

from collections.abc import Iterable

from domain.remediation.reason import Code, Reason
from domain.triggers.actor import Actor
from reports.text import minute


def sentences(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Return one text for each."""
    return tuple(text(reason) for reason in reasons)


def joined(reasons: Iterable[Reason]) -> str:
    """Return all in one line."""
    return " ".join(sentences(reasons))


def text(reason: Reason) -> str:  # noqa: C901, PLR0912, PLR0915 - a case for each code: mypy reports one that is missing
    """Return one reason in a sentence or two."""
    what, other, number, limit = reason.what, reason.other, reason.number, reason.limit
    names, because = ", ".join(reason.names), joined(reason.because)
    behind = f"{reason.guard}: {because}" if reason.guard else because
    match reason.code:
        case Code.NO_SWITCH:
            return "The stack names no kill switch, so corrections are off."
        case Code.SWITCH_UNREADABLE:
            return f"The kill switch {what} cannot be read: {because}"
        case Code.SWITCH_OFF:
            return f"The kill switch {what} is not on. Turn corrections on with `outrider corrections on`."
        case Code.SWITCH_OFF_IN:
            return f"The kill switch {what} is off in account {other}: `outrider corrections on --account {other}`."
        case Code.STAGE_WAITS:
            return f"Its account is in stage {number} of corrections, which begins later."
        case Code.STAGE_BEFORE_HAS_NONE:
            return f"Its account is in stage {number} of corrections: no correction of stage {limit} is verified yet."
        case Code.STAGES_STOPPED:
            return f"Corrections stopped in all accounts after {number} failed: `outrider release --stages` ends that."
        case Code.STANDARD_NOT_USED:
            return "The stored standard cannot be used. Correct it: until then nothing is corrected."
        case Code.STANDARD_NOT_KNOWN:
            return f"Its organisational unit, tags or owners' exemptions could not be read for account {what}."
        case Code.ACCOUNT_REFUSES:
            since = f" since {minute(reason.at)}" if reason.at else ""
            return f"The account refuses Outrider{since}: {because}"
        case Code.SWITCH_NOT_SET:
            return f"The kill switch {what} is not set. Turn corrections on with `outrider corrections on`."
        case Code.STACK_CORRECTS_NOTHING:
            return f"The stack's RemediationMode is {what}: it corrects nothing."
        case Code.STACK_UPDATES_NO_SERVICE:
            return f"The stack's RemediationMode is {what}: it updates no service."
        case Code.QUARANTINED:
            since = f" since {minute(reason.at)}" if reason.at else ""
            return f"The family is in quarantine{since}: {because}"
        case Code.OWN_REVISION:
            return "Outrider registered it and does not correct its own work."
        case Code.SUPPRESSED:
            return f"The findings of {names} are SUPPRESSED. Set them to NEW first."
        case Code.LEFT_OUT:
            return f"Left out, because the findings are SUPPRESSED: {names}."
        case Code.GONE:
            return f"{what or 'The service'} no longer exists."
        case Code.RUNS_ANOTHER_FAMILY:
            return f"{what} runs {other} now. Read the finding again."
        case Code.CORRECTED_BY_ANOTHER_PLAN:
            return f"{what} is already being corrected by another plan."
        case Code.NO_PLAN:
            return "There is no plan for it now. Read the finding again."
        case Code.RULE_NOT_IN_PLAN:
            return f"The plan does not correct {what}."
        case Code.PLAN_CHANGED:
            now, seen = f"is {what} now" if what else "no longer exists", other or "none"
            return f"The plan has changed since it was approved: it {now}, and {seen} was approved. Read it again."
        case Code.APPROVAL_TOO_OLD:
            return f"The plan or its approval is older than {number} hours. The next sweep makes a new one."
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
            return f"{what} owns it, and the standard says to change it only there."
        case Code.IMAGE_NOT_ALLOWED:
            return f"{what} is not an allowed repository."
        case Code.ROLE_NOT_ALLOWED:
            return f"{what or 'No role'} is neither a role of the source revision nor one of the standard."
        case Code.NO_CHANGE:
            return "ECS would treat the correction as equal to the registered revision."
        case Code.JUST_REGISTERED:
            return f"It was registered less than {number} minutes ago; its pipeline may still be running."
        case Code.JUST_DEPLOYED:
            return f"It was deployed less than {number} minutes ago; its pipeline may still be running."
        case Code.HOURLY_LIMIT:
            return f"The limit of {number} {what} an hour in {other} is reached."
        case Code.DEPLOYMENT_IN_PROGRESS:
            return f"{what} has a deployment in progress."
        case Code.BEING_CORRECTED:
            return f"{what} is being corrected."
        case Code.OTHERS_BEING_UPDATED:
            return f"{names} of its family are being updated."
        case Code.CANARY_FIRST:
            return " ".join(filter(None, (f"{what} is updated first, to test the correction.", because)))
        case Code.CANARY_CANNOT:
            return f"{what} was chosen to test the correction first, and cannot: {behind}"
        case Code.CANARY_SKIPPED:
            return f"{names} was chosen to test the correction first, and was skipped."
        case Code.MANAGED_BY_ECS:
            return f"ECS itself manages {what}, and would undo what others change. Change it there."
        case Code.NO_WAY_BACK:
            return f"{what} is deregistered, and ECS accepts no such revision to go back to."
        case Code.MAY_STOP_ALL:
            return "Its minimumHealthyPercent is 0, so ECS may stop all of its tasks before others run."
        case Code.NOT_ON_FARGATE:
            where = names or "an unknown launch type"
            return f"It runs on {where}; Outrider updates only services on Fargate."
        case Code.PLATFORM_TOO_OLD:
            return (
                f"It runs on Fargate platform version {what}, where new tasks would not start. Set it to LATEST, or let"
                " Outrider do that: mode deploy for service.platform-version."
            )
        case Code.OTHER_CONTROLLER:
            return f"{what} controls its deployments, so UpdateService may not update it."
        case Code.OTHER_STRATEGY:
            return f"Its deployments are {what}; Outrider supports only rolling deployments."
        case Code.NO_ROLLBACK:
            return (
                "Its deployment circuit breaker is not on with rollback, so a failed deployment would not end. Turn it"
                " on, or set remediation.require_rollback to false."
            )
        case Code.EXEMPT_NOW:
            return "The standard exempts it now."
        case Code.REGISTER_ONLY:
            return "The standard allows only its registration."
        case Code.CALL_FAILED:
            return f"{what} on {other} failed: {names}."
        case Code.NO_ACTIVE_REVISION:
            return "The family has no active revision."
        case Code.NOTHING_TO_CORRECT:
            return "Nothing is left to correct."
        case Code.NO_CORRECTION:
            return "No correction is in progress."
        case Code.NOTHING_TO_UNDO:
            alone = f" Those of single services are undone by the service's name: {names}." if names else ""
            return f"{what} has no correction that can be undone.{alone}"
        case Code.RUNS_SOMETHING_ELSE:
            return f"{what or 'It'} no longer runs what Outrider deployed."
        case Code.RUN_BY_OTHERS:
            return f"{what} runs {other}, which Outrider did not deploy there. Roll it back first."
        case Code.DEPLOYED_ALONE:
            return f"{what} runs {other}, which its own correction deployed. Undo that first: `outrider undo {what}`."
        case Code.USE_NOT_KNOWN:
            return f"It is not known whether a service runs {what}. {because}"
        case Code.STAGES_RELEASED:
            return "Corrections go on, in the stages that are open."
        case Code.STAGES_NOT_STOPPED:
            return "The stages of corrections are not stopped."
        case Code.RELEASED:
            return "Released."
        case Code.RETRIED:
            return "It is evaluated again, and corrected if the standard allows it."
        case Code.SWITCH_ON_NOW:
            return f"Corrections were off when it was last tried, and are on now. Try it with `outrider retry {what}`."
        case Code.NOT_QUARANTINED:
            return "It was not in quarantine."
        case Code.NEWER_REVISION:
            return f"{what} is the newest revision now."
        case Code.REGISTERED_MEANWHILE:
            return f"{what} was registered by somebody else at the same time."
        case Code.DEPLOYED_SINCE:
            return f"{what} was deployed in the meantime." if what else "Somebody else has deployed it in the meantime."
        case Code.STAYS_NEWEST:
            return f"{what} remains the newest revision: {because or f'{other} runs it.'}"
        case Code.OF_SERVICE:
            return f"{what}: {behind}"
        case Code.CORRECTION_UNDONE:
            return "Its update was not started, because the correction was undone."
        case Code.ANOTHER_FAILED:
            return "Its update was not started, because another service failed."
        case Code.RUNS_NOW:
            return f"It runs {what} now."
        case Code.DEPLOYED_MEANWHILE:
            return "Somebody else deployed it in the meantime."
        case Code.OTHER_RUNS_AGAIN:
            return f"Somebody else deployed {what} at the same moment; the service runs that again."
        case Code.OTHER_NOT_RUN_AGAIN:
            return (
                f"Somebody else deployed {what} at the same moment, and the service does not run that again: {because}"
            )
        case Code.UNDONE:
            return f"It was undone by {Actor(what).name if what else 'a person'}."
        case Code.NO_DEPLOYMENT:
            return "Its deployment is no longer listed."
        case Code.NO_DEPLOYMENT_BEGAN:
            return "ECS accepted UpdateService, but no deployment started."
        case Code.ECS_ROLLED_BACK:
            return what[:1].upper() + what[1:] or "ECS rolled the deployment back."
        case Code.ECS_FAILED:
            return what or "The deployment failed."
        case Code.NOT_COMPLETE:
            return f"The deployment made no progress for {number} minutes, or takes too long as a whole."
        case Code.TASKS_UNREAD:
            return f"Its tasks could not be read, so it is not known whether the collectors run{what and f': {what}'}."
        case Code.NO_TASKS:
            return "Its desired count is 0, so no task shows whether the correction works."
        case Code.TOO_FEW_TASKS:
            return f"{number} of {limit} tasks run the new revision."
        case Code.TASKS_DO_NOT_LAST:
            return f"None of its tasks has run for {number} minutes: they start and stop again."
        case Code.COLLECTORS_DOWN:
            return f"In {number} of {limit} new tasks the collector is {' or '.join(reason.names)}."
        case Code.STATE_UNREAD:
            return f"{because} So it is not known whether the collectors run."
        case Code.BACK_ON:
            return f"It is rolled back to {what}."
        case Code.RAN_THE_SAME:
            return f"{what or 'It'} ran the same revision before, so there is nothing to roll back to."
        case Code.CHECK_NOW:
            return "Check it now."
        case Code.NOT_SET_BACK:
            return f"It could not be rolled back to {what}: check it now."
