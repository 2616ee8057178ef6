"""The state of a place, for `outrider status` and the daily digest: sections of lines, and JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from domain.findings.alert import AlertLine, AlertSection
from domain.findings.finding import Finding
from domain.health.facts import SweepRun
from domain.places import Place, role_name
from domain.remediation.attempt import Attempt, Quarantine
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
    chosen = where.model_dump(exclude_defaults=True)
    return "; ".join(
        f"{name} " + ", ".join(f"{key}={each}" for key, each in found.items())
        if isinstance(found, Mapping)
        else f"{name} {', '.join(found)}"
        for name, found in chosen.items()
    )


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


# --- JSON -------------------------------------------------------------------------------------------------------------


def standing_json(standing: Standing, stack: str) -> dict[str, Any]:
    """Return the state of corrections as JSON."""
    return {
        "plans": [_plan_json(each, stack) for each in standing.plans],
        "corrections": [_attempt_json(each) for each in standing.under_way],
        "failures": [_attempt_json(each) for each in standing.failed],
        "quarantines": [
            {"family": family, "since": each.since.isoformat(), "reason": joined(each.reasons)}
            for family, each in standing.quarantines
        ],
    }


def findings_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as JSON, the most severe first."""
    ordered = sorted(findings, key=lambda each: (-each.severity.rank, each.subject.key, each.rule))
    return [
        {
            "id": each.id,
            "subject": each.subject.kind.value,
            "name": each.subject.name,
            "rule": each.rule,
            "severity": each.severity.value,
            "resource": each.resource,
            "since": each.created.isoformat(),
        }
        for each in ordered
    ]


def exemption_json(each: Exemption) -> dict[str, Any]:
    """Return an exemption as JSON."""
    return {
        "rules": list(each.rules),
        "where": each.where.model_dump(exclude_defaults=True),
        "expires": each.expires.isoformat() if each.expires is not None else None,
        "reason": each.reason,
    }


def swept_json(run: SweepRun | None) -> dict[str, Any] | None:
    """Return the last sweep as JSON."""
    if run is None:
        return None
    return {"began": run.began.isoformat(), "ended": run.ended.isoformat() if run.ended is not None else None}


def _plan_json(each: PlanWaiting, stack: str) -> dict[str, Any]:
    plan = each.plan
    return {
        "subject": each.subject.kind.value,
        "name": each.subject.name,
        "revision": each.revision,
        "digest": plan.digest,
        "rules": list(plan.rules),
        "left_out": list(plan.left_out),
        "severity": each.severity.value,
        "safety": plan.safety,
        "reasons": list(plan.reasons),
        "until": plan.until.isoformat() if plan.until is not None else None,
        "command": apply_of(each, stack),
    }


def _attempt_json(each: Attempt) -> dict[str, Any]:
    return {
        "family": each.source.family,
        "source": str(each.source),
        "registered": str(each.correction) if each.correction else "",
        "service": each.service,
        "state": each.state.value,
        "guard": each.guard.value if each.guard else "",
        "reasons": [joined([reason]) for reason in each.reasons],
        "rules": list(each.rules),
        "digest": each.digest,
        "services": {rollout.service: rollout.stage.value for rollout in each.rollouts},
        "due": each.due.isoformat() if each.due is not None else None,
        "since": (each.began or each.time).isoformat(),
    }
