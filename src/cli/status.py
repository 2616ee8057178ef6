"""`outrider status`: what is open, what waits for approval, and what needs a person."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from aws.ledger import Ledger
from aws.parameters import Switch, read_document
from aws.sessions import Sessions
from aws.stacks import Stack, Stacks
from cli.confirmation import printed, sentences
from cli.exits import DONE
from cli.failures import NO_REGION, RequestFailed, failures_as_sentences
from cli.progress import Line
from domain.findings.alert import AlertSection
from domain.places import Place
from domain.remediation.reason import Reason
from domain.standard import Exemption, Standard, StandardInvalid, default_standard
from domain.status import Status
from operations.status import read_status
from reports import status as reports
from reports.reasons import text
from settings import first_set

_MOST = 50  # lines of a section


@dataclass(frozen=True, slots=True)
class _Found:
    """The status of a stack; why its corrections are off, if they are; and its exemptions, None without a standard."""

    stack: str
    status: Status
    off: Reason | None
    exemptions: tuple[Exemption, ...] | None


def status(
    *,
    stack: Annotated[str, Parameter(metavar="NAME")] = "outrider",
    region: Annotated[str, Parameter(metavar="REGION")] = "",
    format: Literal["table", "json"] = "table",  # noqa: A002 - the option's name
) -> int:
    """Print the status; return the exit code.

    Parameters
    ----------
    stack
        The stack's name (default: outrider).
    region
        The stack's region (default: that of your AWS configuration).
    format
        Text for people, JSON for programs.
    """
    given = ("--region", region) if region else first_set("AWS_REGION", "AWS_DEFAULT_REGION")
    with sentences(given), failures_as_sentences():
        found = _read(stack, given[1])
    if format == "json":
        print(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
    else:
        printed(_lines(found))
    return DONE


def _read(name: str, region: str) -> _Found:
    aws = Sessions(region=region or None)
    if not aws.region:
        raise RequestFailed(NO_REGION)
    place, stack = Place(aws.account, aws.region), Stacks(aws).stack(name)
    if stack is None:
        raise RequestFailed(
            f"There is no stack {name} in {aws.region}. Name it with --stack, and its region with --region."
        )
    table = stack.outputs.get("LedgerTable", "")
    if not table:
        raise RequestFailed(f"The stack {name} is not Outrider's: it has no output LedgerTable.")
    switch = stack.outputs.get("CorrectionsSwitch", "")
    off = Switch(aws, switch).why_off() if switch else None
    found = read_status(Ledger(aws, table), place, _now())
    if switch and off is None:
        found = replace(found, standing=found.standing.with_corrections_on)
    return _Found(name, found, off, _exemptions(aws, stack))


def _now() -> datetime:
    return datetime.now(UTC)


def _exemptions(aws: Sessions, stack: Stack) -> tuple[Exemption, ...] | None:
    location = stack.parameters.get("StandardLocation", "")
    try:
        standard = Standard.parse(read_document(aws, location), location) if location else default_standard()
    except StandardInvalid:
        return None
    return tuple(standard.exemptions)


def _lines(found: _Found) -> Iterator[Line]:
    state = found.status
    if found.off is not None:
        yield Line(text(found.off), style="yellow")
    yield from _section(reports.findings_of(state.findings), "No finding is open.")
    for each in reports.sections_of(state.standing, state.place, found.stack, _MOST):
        yield from _section(each)
    if found.exemptions is None:
        yield Line("The stored standard is not valid, so its exemptions are not listed. See `outrider doctor`.")
    else:
        yield from _section(reports.exemptions_of(found.exemptions, "Exemptions", _MOST))
    yield from _section(reports.suppressed_of(state.suppressed, _MOST))
    yield Line(reports.swept(state.swept))


def _section(found: AlertSection, otherwise: str = "") -> Iterator[Line]:
    if not found.lines:
        if otherwise:
            yield Line(otherwise)
        return
    yield Line(found.title, style="bold")
    for each in found.lines:
        severity = f"{each.severity.value} " if each.severity is not None else ""
        yield Line(f"{severity}{each.text}", 1)
    if found.omitted:
        yield Line(f"and {found.omitted} more", 1)


def _as_json(found: _Found) -> dict[str, Any]:
    state = found.status
    exemptions = None if found.exemptions is None else [reports.exemption_json(each) for each in found.exemptions]
    return {
        "version": 1,
        "account": state.place.account,
        "region": state.place.region,
        "stack": found.stack,
        "corrections_off": text(found.off) if found.off is not None else "",
        "findings": reports.findings_json(state.findings),
        **reports.standing_json(state.standing, found.stack),
        "exemptions": exemptions,
        "suppressed": reports.findings_json(state.suppressed),
        "swept": reports.swept_json(state.swept),
    }
