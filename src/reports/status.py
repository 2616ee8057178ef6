"""The state of everything that is watched, for `outrider status` and the daily digest: sections of lines."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from domain.coverage import Seen
from domain.findings.alert import AlertLine, AlertSection
from domain.findings.finding import Finding
from domain.health.facts import SweepRun
from domain.organization import OwnersRecord
from domain.places import Place
from domain.remediation.attempt import Attempt, Quarantine
from domain.remediation.stages import Stages
from domain.severity import Severity
from domain.standard import Exemption
from domain.status import PlaceStatus, PlanWaiting, Status
from domain.subject import Subject, SubjectId
from reports.coverage import unseen
from reports.reasons import joined
from reports.text import minute
from reports.words import command, findings_are, shown_name, titled


def sections_of(status: Status, most: int = 10) -> Iterator[AlertSection]:
    """Yield what waits, what is in progress and what needs a person; at most so many lines of each."""
    standing, home = status.standing, status.home
    yield section("Plans that wait for approval", [_plan(each, status) for each in standing.plans], most)
    yield section("Corrections in progress", [_attempt(each, home) for each in standing.under_way], most)
    yield section("Corrections that failed or were refused", [_attempt(each, home) for each in standing.failed], most)
    quarantines = [_quarantine(family, each, status) for family, each in standing.quarantines]
    yield section("Families in quarantine", quarantines, most)


def places_of(status: Status, most: int = 10) -> AlertSection:
    """Return what is open and what waits by account and region, the worst first; empty if all of it is at home."""
    found = status.by_place
    if {each.place for each in found} <= {status.home}:
        found = []
    return section("By account and region", [_of_place(each) for each in found], most)


def unseen_of(seen: Seen, most: int = 10) -> AlertSection:
    """Return the accounts and regions that the last sweep did not cover, each with the reason and since when."""
    found = seen.certificate.uncovered if seen.certificate is not None else []
    return section("Not covered by the last sweep", [AlertLine(text=unseen(each)) for each in found], most)


def findings_of(findings: Iterable[Finding]) -> AlertSection:
    """Return how many findings are open, by severity."""
    counts = Counter(finding.severity for finding in findings)
    lines = [AlertLine(text=f"{counts[each]} {each.value}") for each in reversed(Severity) if counts[each]]
    return AlertSection(title="Open findings", lines=tuple(lines))


def suppressed_of(status: Status, most: int) -> AlertSection:
    """Return the suppressed findings."""
    lines = [
        AlertLine(text=f"{named(each.subject, status.home)}: {each.rule} ({each.severity.value})")
        for each in sorted(status.suppressed, key=lambda each: (each.subject.key, each.rule))
    ]
    return section("Suppressed findings", lines, most)


def exemptions_of(exemptions: Iterable[Exemption], title: str, most: int) -> AlertSection:
    """Return exemptions, the first to expire first."""
    ordered = sorted(exemptions, key=lambda each: (each.expires or date.max, each.rules))
    return section(title, [AlertLine(text=_exemption(each)) for each in ordered], most)


def stages_of(stages: Stages, most: int) -> AlertSection:
    """Return how far corrections over accounts came, and what stopped them."""
    lines = [AlertLine(text=_stage(stages, number)) for number in range(stages.count)]
    if stages.stopped:
        ended = "`outrider release --stages` lets them go on"
        lines.insert(0, AlertLine(text=f"Stopped in all accounts: {', '.join(stages.failed)} failed. {ended}."))
    return section("Stages of corrections", lines, most)


def _stage(stages: Stages, number: int) -> str:
    what = f"stage {number + 1} of {stages.count}"
    without, opens, first = stages.without(number), stages.opens(number), stages.firsts.get(number)
    if without is not None:
        return f"{what} waits for a verified correction in stage {without + 1}"
    begins = f"begins {minute(opens)}" if opens is not None else "may begin"
    if first is None:
        return f"{what} {begins}; it has no verified correction yet"
    accounts = [each.account for each in stages.accounts if each.stage == number and each.first is not None]
    return f"{what}: first verified {minute(first)}; accounts {', '.join(accounts)}"


def owners_of(records: Iterable[OwnersRecord], most: int) -> AlertSection:
    """Return exemptions by owners of accounts, and what does not count of them."""
    lines = [
        AlertLine(
            text=f"{record.place}: {', '.join(each.rules)} for {_chosen(each.where)}, until {each.expires}:"
            f" {each.reason}"
        )
        for record in records
        for each in record.entries
    ]
    lines += [
        AlertLine(text=f"{record.place}, line {at}: does not count [{code}]")
        for record in records
        for code, at in record.refused
    ]
    return section("Exemptions by owners of accounts", lines, most)


def swept(run: SweepRun | None) -> str:
    """Return when the last sweep was."""
    if run is None:
        return "There was no sweep yet."
    if run.ended is None:
        return f"The last sweep began {minute(run.began)} and has not ended."
    return f"The last sweep began {minute(run.began)} and ended {minute(run.ended)}."


def unwatched(status: Status) -> str:
    """Return how many findings are left out, because nothing is watched where they are."""
    return f"{findings_are(status.unwatched, 'left out')}: of accounts and regions that are not watched any more."


def section(title: str, lines: Sequence[AlertLine], most: int) -> AlertSection:
    """Return a section with at most so many lines."""
    return AlertSection(title=title, lines=tuple(lines[:most]), omitted=max(len(lines) - most, 0))


def named(subject: SubjectId, home: Place) -> str:
    """`family web`, and where it is, if that is not `home`."""
    return f"{subject.kind} {shown_name(subject.kind, subject.name)}{elsewhere(subject.place, home)}"


def elsewhere(place: Place, home: Place) -> str:
    """` in 222222222222/eu-west-1`; empty for `home`."""
    return f" in {place}" if place != home else ""


def _command(verb: str, subject: SubjectId, status: Status, options: str = "") -> str:
    """Return a command about a subject. The stack's region is named, so what is elsewhere is named by its ARN."""
    return command(verb, f"{typed_name(subject, status.home)}{options}", status.home, status.stack)


def typed_name(subject: SubjectId, home: Place) -> str:
    """Return how a person names a family or service in a command: by its name, or by its ARN if it is elsewhere."""
    if subject.place == home:
        return subject.name
    kind = "task-definition" if subject.kind is Subject.FAMILY else "service"
    return subject.place.arn("ecs", f"{kind}/{subject.name}")


# --- one line each ----------------------------------------------------------------------------------------------------


def _exemption(each: Exemption) -> str:
    until = f"until {each.expires}" if each.expires is not None else "without an end"
    where = _chosen(each.where.model_dump(exclude_defaults=True))
    return f"{', '.join(each.rules)} for {where}, {until}: {each.reason}"


def _of_place(each: PlaceStatus) -> AlertLine:
    """`222222222222/eu-west-1: 2 HIGH, 1 LOW; 1 plan waits for approval`."""
    counts = [f"{each.severities[one]} {one.value}" for one in reversed(Severity) if each.severities[one]]
    more = [
        f"{number} {one if number == 1 else several}"
        for number, one, several in (
            (each.plans, "plan waits for approval", "plans wait for approval"),
            (each.failed, "correction failed or was refused", "corrections failed or were refused"),
            (each.quarantines, "family is in quarantine", "families are in quarantine"),
        )
        if number
    ]
    worst = next((one for one in reversed(Severity) if each.severities[one]), None)
    return AlertLine(text=f"{each.place}: {'; '.join(filter(None, [', '.join(counts), *more]))}", severity=worst)


def _plan(each: PlanWaiting, status: Status) -> AlertLine:
    plan, until = each.plan, f", until {minute(each.plan.until)}" if each.plan.until is not None else ""
    where = elsewhere(each.subject.place, status.home)
    what = f"{each.revision or each.subject.name}{where}, plan {plan.digest}{until}"
    return AlertLine(text=f"{what}: {', '.join(plan.rules)}. {apply_of(each, status)}", severity=each.severity)


def apply_of(each: PlanWaiting, status: Status) -> str:
    """Return the command that approves a plan."""
    return _command("apply", each.subject, status, f" --plan {each.plan.digest}")


def _attempt(each: Attempt, home: Place) -> AlertLine:
    guard = f" ({each.guard})" if each.guard else ""
    services = [rollout.service for rollout in each.rollouts if not rollout.stage.ended]
    updated = f": {', '.join(services)}" if services and not each.reasons else ""
    reasons = f": {joined(each.reasons)}" if each.reasons else updated
    where = elsewhere(each.source.place, home)
    return AlertLine(
        text=f"{titled(each)}{where}, {each.state.value}{guard} since {minute(each.began or each.time)}{reasons}"
    )


def _quarantine(family: SubjectId, each: Quarantine, status: Status) -> AlertLine:
    ends = _command("release", family, status)
    what = f"{family.name}{elsewhere(family.place, status.home)}"
    return AlertLine(text=f"{what}, since {minute(each.since)}: {joined(each.reasons)} {ends}")


def _chosen(chosen: Mapping[str, Any]) -> str:
    """`family cart, checkout; account 123456789012`."""
    return "; ".join(
        f"{name} " + ", ".join(f"{key}={each}" for key, each in found.items())
        if isinstance(found, Mapping)
        else f"{name} {', '.join(found)}"
        for name, found in chosen.items()
    )
