"""The state of a place, for `outrider status` and the daily digest: sections of lines, and JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from domain.findings.alert import AlertLine, AlertSection
from domain.findings.finding import Finding
from domain.health.facts import SweepRun
from domain.organization import OwnersRecord
from domain.places import Place, role_name
from domain.remediation.attempt import Attempt, Quarantine
from domain.remediation.stages import Stages
from domain.severity import Severity
from domain.standard import Exemption, Selector
from domain.status import PlanWaiting, Standing
from domain.subject import Subject, SubjectId
from reports.reasons import joined
from reports.words import command


def sections_of(standing: Standing, place: Place, stack: str = "", most: int = 10) -> Iterator[AlertSection]:
    """Yield what waits, what is in progress and what needs a person; at most so many lines of each."""
    yield section("Plans that wait for approval", [_plan(each, stack) for each in standing.plans], most)
    yield section("Corrections in progress", [_attempt(each) for each in standing.under_way], most)
    yield section("Corrections that failed or were refused", [_attempt(each) for each in standing.failed], most)
    quarantines = [_quarantine(family, each, place, stack) for family, each in standing.quarantines]
    yield section("Families in quarantine", quarantines, most)


def findings_of(findings: Iterable[Finding]) -> AlertSection:
    """Return how many findings are open, by severity."""
    counts = Counter(finding.severity for finding in findings)
    lines = [AlertLine(text=f"{counts[each]} {each.value}") for each in reversed(Severity) if counts[each]]
    return AlertSection(title="Open findings", lines=tuple(lines))


def suppressed_of(findings: Iterable[Finding], most: int) -> AlertSection:
    """Return the suppressed findings."""
    lines = [
        AlertLine(text=f"{named(each.subject)}: {each.rule} ({each.severity.value})")
        for each in sorted(findings, key=lambda each: (each.subject.key, each.rule))
    ]
    return section("Suppressed findings", lines, most)


def exemptions_of(exemptions: Iterable[Exemption], title: str, most: int) -> AlertSection:
    """Return exemptions, the first to expire first."""
    ordered = sorted(exemptions, key=lambda each: (each.expires or date.max, each.rules))
    return section(title, [AlertLine(text=exemption(each)) for each in ordered], most)


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
    begins = f"begins {_time(opens)}" if opens is not None else "may begin"
    if first is None:
        return f"{what} {begins}; it has no verified correction yet"
    accounts = [each.account for each in stages.accounts if each.stage == number and each.first is not None]
    return f"{what}: first verified {_time(first)}; accounts {', '.join(accounts)}"


def owners_of(records: Iterable[OwnersRecord], most: int) -> AlertSection:
    """Return exemptions by owners of an account, and what does not count of them."""
    lines = [
        AlertLine(
            text=f"{record.place.region}: {', '.join(each.rules)} for {_chosen(each.where)}, until {each.expires}:"
            f" {each.reason}"
        )
        for record in records
        for each in record.entries
    ]
    lines += [
        AlertLine(text=f"{record.place.region}, line {at}: does not count [{code}]")
        for record in records
        for code, at in record.refused
    ]
    return section("Exemptions by owners of the account", lines, most)


def exemption(each: Exemption) -> str:
    """Return an exemption in a line: rules, where, until when, and why."""
    until = f"until {each.expires}" if each.expires is not None else "without an end"
    return f"{', '.join(each.rules)} for {_selected(each.where)}, {until}: {each.reason}"


def swept(run: SweepRun | None) -> str:
    """Return when the last sweep was."""
    if run is None:
        return "There was no sweep yet."
    if run.ended is None:
        return f"The last sweep began {_time(run.began)} and has not ended."
    return f"The last sweep began {_time(run.began)} and ended {_time(run.ended)}."


def section(title: str, lines: Sequence[AlertLine], most: int) -> AlertSection:
    """Return a section with at most so many lines."""
    return AlertSection(title=title, lines=tuple(lines[:most]), omitted=max(len(lines) - most, 0))


def named(subject: SubjectId) -> str:
    """`family web`."""
    return f"{subject.kind} {role_name(subject.name) if subject.kind is Subject.ROLE else subject.name}"


# --- one line each ----------------------------------------------------------------------------------------------------


def _plan(each: PlanWaiting, stack: str) -> AlertLine:
    plan, until = each.plan, f", until {_time(each.plan.until)}" if each.plan.until is not None else ""
    what = f"{each.revision or each.subject.name}, plan {plan.digest}{until}"
    return AlertLine(text=f"{what}: {', '.join(plan.rules)}. {apply_of(each, stack)}", severity=each.severity)


def apply_of(each: PlanWaiting, stack: str) -> str:
    """Return the command that approves a plan."""
    return command("apply", f"{each.subject.name} --plan {each.plan.digest}", each.subject.place, stack)


def _attempt(each: Attempt) -> AlertLine:
    what = f"{each.service} ({each.source})" if each.service else str(each.source)
    guard = f" ({each.guard})" if each.guard else ""
    services = [rollout.service for rollout in each.rollouts if not rollout.stage.ended]
    updated = f": {', '.join(services)}" if services and not each.reasons else ""
    reasons = f": {joined(each.reasons)}" if each.reasons else updated
    corrected = f" → {each.correction}" if each.correction else ""
    return AlertLine(
        text=f"{what}{corrected}, {each.state.value}{guard} since {_time(each.began or each.time)}{reasons}"
    )


def _quarantine(family: str, each: Quarantine, place: Place, stack: str) -> AlertLine:
    ends = command("release", family, place, stack)
    return AlertLine(text=f"{family}, since {_time(each.since)}: {joined(each.reasons)} {ends}")


def _selected(where: Selector) -> str:
    """`family cart, checkout; account 123456789012`."""
    return _chosen(where.model_dump(exclude_defaults=True))


def _chosen(chosen: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{name} " + ", ".join(f"{key}={each}" for key, each in found.items())
        if isinstance(found, Mapping)
        else f"{name} {', '.join(found)}"
        for name, found in chosen.items()
    )


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
