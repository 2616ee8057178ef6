"""Alerts about the outcome of a correction."""

from datetime import datetime

from domain.findings.alert import Alert, AlertChange, AlertFragment
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.guard import Guard
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Rollout, Stage
from domain.severity import Severity
from domain.subject import Subject
from domain.triggers.actor import Actor
from reports.alerts import console_links
from reports.reasons import sentences
from reports.text import first_of
from reports.words import approver_of, typed

_LISTED = 5


def outcome_of(attempt: Attempt, state: AttemptState, *, occurred: datetime, stack: str = "") -> Alert:
    """Return the alert about an attempt that reached this state; `stack` is named in its commands."""
    # Then the alert names who registered it, and what to change in the source.
    at_source = attempt.guard in {Guard.ATTEMPTS, Guard.OWNER}
    source, alone = attempt.source, attempt.service
    resource = source.place.arn("ecs", f"service/{alone}") if alone else (attempt.correction or source).arn
    # If no service could be updated, a second alert follows that of the registration.
    end = f"{state.value}-only" if state is AttemptState.REGISTERED and _left_all(attempt) else state.value
    return Alert(
        id="/".join(part for part in (str(source.place), source.family, attempt.key, attempt.request_id, end) if part),
        thread=attempt.family.key,
        kind="outcome",
        transition=state.value,
        account=source.place.account,
        region=source.place.region,
        subject=(Subject.SERVICE if alone else Subject.FAMILY).value,
        name=alone or source.family,
        resource=resource,
        title=_title(attempt, state),
        updating=_under_way(attempt) if state is AttemptState.REGISTERED else (),
        skipped=tuple(_at(attempt, Stage.SKIPPED)),
        severity=_severity(attempt, state),
        changes=tuple(AlertChange(where=c.where, before=c.before, after=c.after) for c in attempt.changes),
        omitted_changes=attempt.omitted,
        next_step=_next_step(attempt, state, stack),
        rules=attempt.rules,
        reasons=_reasons(attempt, state),
        guard=attempt.guard or "",
        fragments=tuple(AlertFragment(form=form, text=text) for form, text in attempt.fragments) if at_source else (),
        approved_by=approver_of(attempt),
        digest=attempt.digest,
        actor=attempt.actor.name if attempt.actor != Actor() and at_source else "",
        tool=attempt.actor.tool if at_source else "",
        since=occurred,
        occurred=occurred,
        team=attempt.address.team,
        route=attempt.address.route,
        channel=attempt.address.channel,
        links=console_links(resource),
    )


def _reasons(attempt: Attempt, state: AttemptState) -> tuple[str, ...]:
    shown = attempt.reasons if state is not AttemptState.REGISTERED or not _under_way(attempt) else ()
    if attempt.left_out and attempt.approved:
        shown = (Reason(Code.LEFT_OUT, names=attempt.left_out), *shown)
    return sentences(shown)


def _left_all(attempt: Attempt) -> bool:
    return bool(attempt.rollouts) and not _under_way(attempt)


def _under_way(attempt: Attempt) -> tuple[str, ...]:
    return tuple(each.service for each in attempt.rollouts if not each.stage.ended)


def _title(attempt: Attempt, state: AttemptState) -> str:
    source, registered = attempt.source, attempt.correction
    what = attempt.service or str(source)
    match state:
        case AttemptState.REGISTERED if under_way := _under_way(attempt):
            return f"{registered} is registered and corrects {source}; updated next: {first_of(under_way, _LISTED)}"
        case AttemptState.REGISTERED if _left_all(attempt):
            none = "runs it" if any(each.was for each in attempt.rollouts) else "was updated"
            return f"{registered} is registered and corrects {source}; no service {none}"
        case AttemptState.REGISTERED:
            return f"{registered} is registered and corrects {source}"
        case AttemptState.DEPLOYED | AttemptState.UPDATED:
            return _carried_out(attempt, state)
        case AttemptState.FAILED:
            failed = [each.service for each in attempt.rollouts if each.stage.failed]
            return f"The correction of {what} failed on {first_of(failed, _LISTED)}"
        case AttemptState.UNDONE:
            return f"The correction of {what} is undone"
        case AttemptState.SUPERSEDED:
            return f"The correction of {what} was dropped"
        case _ if attempt.guard is Guard.ATTEMPTS:
            return f"{attempt.service or source.family} drifted again; Outrider does not correct it for now"
        case _:
            return f"{what} was not corrected"


def _carried_out(attempt: Attempt, state: AttemptState) -> str:
    run, idle = (first_of(_at(attempt, stage), _LISTED) for stage in (Stage.VERIFIED, Stage.UPDATED))
    if state is AttemptState.UPDATED:
        done = f"{attempt.service} is corrected" if attempt.service else f"{attempt.correction} is deployed to {idle}"
        return f"{done}; the desired count is 0, so no task shows yet whether it works"
    if attempt.service:
        return f"{attempt.service} is corrected, and its collectors run"
    without = f"; the desired count of {idle} is 0" if idle else ""
    return f"{attempt.correction} runs on {run}, and its collectors run{without}"


def _severity(attempt: Attempt, state: AttemptState) -> Severity:
    if any(each.stage is Stage.NOT_ROLLED_BACK for each in attempt.rollouts):
        return Severity.CRITICAL
    match state:
        case AttemptState.FAILED:
            return Severity.HIGH
        case AttemptState.REFUSED:
            return Severity.MEDIUM
        case _:
            return Severity.INFORMATIONAL


def _next_step(attempt: Attempt, state: AttemptState, stack: str) -> str:
    source, registered = attempt.source, attempt.correction
    at_home = f"where {attempt.service or source.family} is defined"
    release = f"The family is in quarantine until {typed('release', source.family, source.place, stack)}."
    match state:
        case AttemptState.REGISTERED if _under_way(attempt):
            return (
                "You are notified when the services run it, or are rolled back. Make the same change"
                f" {at_home}, or the next deployment brings the drift back."
            )
        case AttemptState.REGISTERED:
            return (
                f"Update the services that run {source} to {registered}. Tasks that are started by the family's name"
                f" alone use {registered} at once. Make the same change {at_home}, or the next deployment brings the"
                " drift back."
            )
        case AttemptState.DEPLOYED | AttemptState.UPDATED:
            same = f"Make the same change {at_home}, or the next deployment brings the drift back."
            if not any(each.has_way_back for each in attempt.rollouts):
                return same
            undo = typed("undo", attempt.service or source.family, source.place, stack)
            return f"{same} To go back: {undo}."
        case AttemptState.FAILED:
            first = "".join(_back(attempt, each) for each in attempt.rollouts if each.stage is Stage.NOT_ROLLED_BACK)
            return f"{first}Read the collector's log and the reasons above, then correct it {at_home}. {release}"
        case AttemptState.UNDONE:
            return f"Its findings are open again. {release}"
        case AttemptState.SUPERSEDED:
            return "No action is needed: the current state is evaluated."
        case _ if attempt.guard is Guard.QUARANTINE:
            return f"Its findings stay open. {release}"
        case _:
            return f"{_refused(attempt, at_home, stack)} Its findings stay open until then."


def _back(attempt: Attempt, rollout: Rollout) -> str:
    """Return what to do at once about a service that could not be rolled back."""
    cluster, _, name = rollout.service.partition("/")
    if any(each.code is Code.NO_WAY_BACK for each in rollout.reasons):
        return f"Register {rollout.before.name} again, and deploy it to {rollout.service}. "
    options = [f"--cluster {cluster}", f"--service {name}", f"--task-definition {rollout.before.name}"]
    options += [f"--platform-version {rollout.way_back.platform}"] if rollout.way_back.platform else []
    return f"Set it back: `aws ecs update-service {' '.join(options)} --region {attempt.source.place.region}`. "


def _refused(attempt: Attempt, at_home: str, stack: str) -> str:
    """Return what to do after a guard forbade a correction. Outrider does not try the same again by itself."""
    source = attempt.source
    again = typed("release", source.family, source.place, stack)
    itself = f"update {attempt.service} yourself" if attempt.service else f"make the change {at_home} and register it"
    match attempt.guard:
        case Guard.ATTEMPTS:
            return f"Make that change {at_home}, and deploy it from there."
        case Guard.APPROVAL:
            return "Read the finding again, and approve the plan that it shows now."
        case Guard.SUPPRESSED:
            return "Set those findings to NEW in Security Hub and approve the plan again."
        case Guard.STACK:
            return f"Deploy the stack with a RemediationMode that allows it and approve the plan again, or {itself}."
        case _ if attempt.approved:
            return f"Remove the obstacle and approve the plan again, or {itself}."
        case guard if (first := _in_the_way(guard)) or attempt.service:
            return f"{first or 'Remove the obstacle'} and retry with {again}, or {itself}."
        case _:
            return f"{itself[:1].upper()}{itself[1:]}."


def _in_the_way(guard: Guard | None) -> str:
    """Return what a person can change to allow the same correction; empty if no setting would."""
    match guard:
        case Guard.IMAGE:
            return "Allow that repository (AllowedImageRepositories of the stack)"
        case Guard.ROLE:
            return "Name that role in the standard (roles)"
        case Guard.REGISTRATION:
            return "Correct what the reason names (PassableRoles of the stack, if a role may not be passed)"
        case Guard.PLATFORM_VERSION:
            return "Set the service's platform version to LATEST"
        case Guard.KILL_SWITCH:
            return "Set the kill switch to on"
        case Guard.ACCOUNT:
            return "Deploy member.yaml in that account again, or take the account out of those that are watched"
        case Guard.STANDARD:
            return "Correct the standard (`outrider standard validate` says what is wrong)"
        case _:
            return ""


def _at(attempt: Attempt, stage: Stage) -> list[str]:
    return [each.service for each in attempt.rollouts if each.stage is stage]
