"""`outrider status`: what is open, what waits for approval, and what needs a person."""

from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aws.ledger import Ledger
from aws.objects import Bucket
from aws.parameters import Switch, read_document
from aws.sessions import Sessions
from aws.stacks import Stack
from cli.confirmation import printed, sentences
from cli.deployed import connected, deployed
from cli.exits import DONE
from cli.failures import failures_as_sentences
from cli.options import StackOptions, taken
from cli.output.status import (
    AttemptEntry,
    ExemptionEntry,
    FindingEntry,
    OwnersExemptionEntry,
    PlanEntry,
    QuarantineEntry,
    SeenEntry,
    StageEntry,
    StatusOutput,
    SweepEntry,
    UncoveredEntry,
)
from cli.output.writing import iso, rendered
from cli.progress import Line
from cli.terminal import Style
from domain.coverage import Seen
from domain.findings.alert import AlertSection
from domain.findings.finding import Finding
from domain.organization import OwnersEntry, OwnersRecord
from domain.places import Place
from domain.remediation.attempt import Attempt, Quarantine
from domain.remediation.reason import Code, Reason
from domain.remediation.stages import Stages
from domain.standard import Exemption, Standard, StandardInvalid, default_standard
from domain.status import PlanWaiting, Status
from domain.subject import SubjectId
from operations.seen import seen_if_readable
from operations.status import status_of
from reports import status as reports
from reports.coverage import proof, unseen
from reports.reasons import joined, text

_MOST = 50  # lines of a section


@dataclass(frozen=True, slots=True)
class _Found:
    """The status; why corrections are off, if they are; and exemptions by its standard and by owners of accounts.

    Those of the standard are None if it cannot be used. `stages` are None without any, and corrections are off in the
    accounts `off_in` alone.
    """

    status: Status
    off: Reason | None
    exemptions: tuple[Exemption, ...] | None
    owners: tuple[OwnersRecord, ...]
    stages: Stages | None
    off_in: tuple[str, ...]


def status(given: Namespace) -> int:
    """Print the status; return the exit code."""
    where = taken(StackOptions, given)
    with sentences(where), failures_as_sentences():
        found = _read(where)
    if given.format == "json":
        print(rendered(_output(found)))
    else:
        printed(_lines(found))
    return DONE


def _read(where: StackOptions) -> _Found:
    aws = connected(where)
    stack = deployed(aws, where.stack, "LedgerTable", "CertificatesBucket")
    home, ledger = Place(aws.account, aws.region), Ledger(aws, stack.outputs["LedgerTable"])
    switch = stack.outputs.get("CorrectionsSwitch", "")
    turned = Switch(aws, switch)
    off = turned.why_off(aws.account) if switch else None
    off_in = turned.read().off_in if switch and (off is None or off.code is Code.SWITCH_OFF_IN) else ()
    seen = seen_if_readable(ledger, Bucket(aws, stack.outputs["CertificatesBucket"]))
    found = status_of(ledger.overviews.of_all(), home, _now(), seen)
    found = replace(found, swept=ledger.health.run(home), stack=where.stack)
    if switch and off is None:
        found = replace(found, standing=found.standing.with_corrections_on)
    owners, standard = tuple(ledger.accounts.exemptions()), _standard(aws, stack)
    exemptions = standard.all_exemptions if standard is not None else None
    return _Found(found, off, exemptions, owners, _stages(ledger, standard), off_in)


def _now() -> datetime:
    return datetime.now(UTC)


def _stages(ledger: Ledger, standard: Standard | None) -> Stages | None:
    if standard is None or not standard.remediation.stages:
        return None
    return Stages(standard, ledger.stages.accounts(ledger.stages.current()))


def _standard(aws: Sessions, stack: Stack) -> Standard | None:
    location = stack.parameters.get("StandardLocation", "")
    try:
        return Standard.parse(read_document(aws, location), location) if location else default_standard()
    except StandardInvalid:
        return None


def _lines(found: _Found) -> Iterator[Line]:
    state = found.status
    if found.off is not None:
        yield Line(text(found.off), style=Style.YELLOW)
    if found.off_in:
        yield Line(f"Corrections are off in accounts {', '.join(found.off_in)}.", style=Style.YELLOW)
    if found.stages is not None:
        yield from _section(reports.stages_of(found.stages, _MOST))
    if not state.seen.complete:
        yield Line(f"Not everything was evaluated. {proof(state.seen)}", style=Style.YELLOW)
    none = "No finding is open." if state.seen.complete else "No finding is open in what was evaluated."
    yield from _section(reports.findings_of(state.findings), none)
    yield from _section(reports.unseen_of(state.seen, _MOST))
    yield from _section(reports.places_of(state, _MOST))
    for each in reports.sections_of(state, _MOST):
        yield from _section(each)
    if found.exemptions is None:
        yield Line("The stored standard is not valid, so its exemptions are not listed. See `outrider doctor`.")
    else:
        yield from _section(reports.exemptions_of(found.exemptions, "Exemptions", _MOST))
    yield from _section(reports.owners_of(found.owners, _MOST))
    yield from _section(reports.suppressed_of(state, _MOST))
    if state.unwatched:
        yield Line(reports.unwatched(state))
    yield Line(reports.swept(state.swept))


def _section(found: AlertSection, otherwise: str = "") -> Iterator[Line]:
    if not found.lines:
        if otherwise:
            yield Line(otherwise)
        return
    yield Line(found.title, style=Style.BOLD)
    for each in found.lines:
        severity = f"{each.severity.value} " if each.severity is not None else ""
        yield Line(f"{severity}{each.text}", 1)
    if found.omitted:
        yield Line(f"and {found.omitted} more", 1)


def _output(found: _Found) -> StatusOutput:
    state, standing = found.status, found.status.standing
    return StatusOutput(
        version=1,
        account=state.home.account,
        region=state.home.region,
        stack=state.stack,
        corrections_off=text(found.off) if found.off is not None else "",
        corrections_off_in=found.off_in,
        stages=tuple(_stage_entries(found.stages)) if found.stages is not None else (),
        stages_stopped=found.stages is not None and found.stages.stopped,
        findings=_findings(state.findings),
        plans=tuple(_plan(each, state) for each in standing.plans),
        corrections=tuple(map(_attempt, standing.under_way)),
        failures=tuple(map(_attempt, standing.failed)),
        quarantines=tuple(_quarantine(family, each) for family, each in standing.quarantines),
        exemptions=None if found.exemptions is None else tuple(map(_exemption, found.exemptions)),
        owners=tuple(_owners_entry(record.place, each) for record in found.owners for each in record.entries),
        suppressed=_findings(state.suppressed),
        swept=SweepEntry(state.swept.began.isoformat(), iso(state.swept.ended)) if state.swept is not None else None,
        coverage=_seen(state.seen),
        unwatched=state.unwatched,
    )


def _quarantine(family: SubjectId, each: Quarantine) -> QuarantineEntry:
    return QuarantineEntry(*_place(family.place), family.name, each.since.isoformat(), joined(each.reasons))


def _seen(seen: Seen) -> SeenEntry:
    uncovered = seen.certificate.uncovered if seen.certificate is not None else []
    entries = (UncoveredEntry(*_place(each.place), iso(each.since), unseen(each)) for each in uncovered)
    return SeenEntry(seen.complete, seen.proof.value, tuple(entries))


def _place(place: Place) -> tuple[str, str]:
    return place.account, place.region


def _findings(findings: Iterable[Finding]) -> tuple[FindingEntry, ...]:
    ordered = sorted(findings, key=lambda each: (-each.severity.rank, each.subject.key, each.rule))
    return tuple(
        FindingEntry(
            *_place(each.subject.place),
            each.id,
            each.subject.kind.value,
            each.subject.name,
            each.rule,
            each.severity.value,
            each.resource,
            each.created.isoformat(),
        )
        for each in ordered
    )


def _plan(each: PlanWaiting, status: Status) -> PlanEntry:
    plan, place = each.plan, each.subject.place
    return PlanEntry(
        account=place.account,
        region=place.region,
        subject=each.subject.kind.value,
        name=each.subject.name,
        revision=each.revision,
        digest=plan.digest,
        rules=tuple(plan.rules),
        left_out=tuple(plan.left_out),
        severity=each.severity.value,
        safety=plan.safety,
        reasons=tuple(plan.reasons),
        until=iso(plan.until),
        command=reports.apply_of(each, status),
    )


def _attempt(each: Attempt) -> AttemptEntry:
    return AttemptEntry(
        account=each.source.place.account,
        region=each.source.place.region,
        family=each.source.family,
        source=str(each.source),
        registered=str(each.correction) if each.correction else "",
        service=each.service,
        state=each.state.value,
        guard=each.guard.value if each.guard else "",
        reasons=tuple(joined([reason]) for reason in each.reasons),
        rules=tuple(each.rules),
        digest=each.digest,
        services={rollout.service: rollout.stage.value for rollout in each.rollouts},
        due=iso(each.due),
        since=(each.began or each.time).isoformat(),
    )


def _exemption(each: Exemption) -> ExemptionEntry:
    where = each.where.model_dump(exclude_defaults=True)
    return ExemptionEntry(tuple(each.rules), where, iso(each.expires), each.reason)


def _stage_entries(stages: Stages) -> Iterator[StageEntry]:
    for number in range(stages.count):
        accounts = [each for each in stages.accounts if each.stage == number]
        yield StageEntry(
            number + 1,
            iso(stages.opens(number)),
            iso(stages.firsts.get(number)),
            tuple(each.account for each in accounts if each.first is not None),
            tuple(f"{each.account}/{name}" for each in accounts for name in each.failed),
        )


def _owners_entry(place: Place, each: OwnersEntry) -> OwnersExemptionEntry:
    expires = each.expires.isoformat()
    return OwnersExemptionEntry(place.account, place.region, tuple(each.rules), each.where, expires, each.reason)
