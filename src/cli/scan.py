"""`outrider scan`: evaluates what is in accounts and regions now, with the caller's own credentials."""

import json
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from aws.sessions import Rates, Sessions
from cli.confirmation import sentences
from cli.deployed import connected
from cli.exits import CLEAN, DRIFTED, INCOMPLETE
from cli.failures import failures_as_sentences
from cli.layers import say_if_some_do_not_count
from cli.meter import Meter
from cli.options import AwsOptions, ReportOptions, taken
from cli.output.scan import (
    ScanCoverage,
    ScanDrift,
    ScanEntry,
    ScanFailure,
    ScanOutput,
    ScanTotals,
    ScanVerdict,
)
from cli.output.writing import rendered
from cli.policy import SCAN, policy_of
from cli.replacing import written
from cli.report_formats import ReportFormat
from cli.reporting import opened
from cli.scan_results import errors_of, outcome_of, results_of
from cli.scan_table import as_table
from cli.terminal import say
from cli.unusable import Unusable
from domain.members import Members
from domain.places import Place
from domain.severity import Severity
from domain.standard import Standard, default_standard
from operations.fleet import shown_rules
from operations.scan.reading import Patience, Scope
from operations.scan.scanner import Scanner
from reports.fleet.html import html_of
from reports.fleet.model import Entry, Fleet, Result, State, Totals
from rules import CATALOGUE
from settings import PAGES, RELEASE

_POLICY = "`outrider scan --policy` prints the policy that this command needs."
_RATES = Rates(iam=8.0)
"""IAM's limit of calls is small, and the whole account shares it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """Where to scan, by what, and what to write."""

    profile: Sequence[str] = ()
    region: Sequence[str] = ()
    account: Sequence[str] = ()
    role_name: str = ""
    external_id: str = ""
    family: str = ""
    cluster: str = ""
    standard: str | None = None
    stack: str = ""
    earlier: Sequence[str] = ()
    report: str = ""
    format: ReportFormat = "table"
    output: str | None = None
    fail_on: str = "LOW"

    def aws(self, profile: str) -> AwsOptions:
        """Return what names a profile's credentials and the first region, for sentences about what is wrong."""
        return AwsOptions(region=self.region[0] if self.region else "", profile=profile)


def scan(given: Namespace) -> int:
    """Scan; return the exit code."""
    by = taken(ScanOptions, given)
    if given.policy:
        print(json.dumps(policy_of(SCAN, "", ""), indent=2))
        return CLEAN
    if by.account and not by.role_name:
        raise Unusable("--account needs --role-name, the role to assume there.")
    earlier = tuple(map(_totals_in, by.earlier))
    fleet = _scanned(by, _standard(by), earlier)
    if (by.family or by.cluster) and not fleet.entries and fleet.totals.complete:
        raise Unusable(f"There is no {'family' if by.family else 'service in the cluster'} {by.family or by.cluster}.")
    if by.report:
        written(by.report, html_of(fleet))
    with opened(by.output) as out:
        _print(fleet, by, out)
    if by.report and by.format != "json":
        say(f"The report is in {by.report}.")
    if by.standard is None and not by.stack:
        say("By the packaged standard. --stack takes that of a deployed stack, --standard that of a file.")
    return _exit_code(fleet, Severity(by.fail_on))


def _print(fleet: Fleet, by: ScanOptions, out: TextIO | None) -> None:
    match by.format:
        case "table":
            as_table(fleet, out)
        case "json":
            print(rendered(_output(fleet)), file=out)
        case other:
            from cli.formats.content import Content  # noqa: PLC0415 - only for the other formats
            from cli.formats.registry import pieces_of  # noqa: PLC0415 - as above

            content = Content(results_of(fleet, other), errors_of(fleet), "workload", ReportOptions(format=other))
            for piece in pieces_of(other, content):
                print(piece, end="", file=out)


def _standard(by: ScanOptions) -> Standard:
    """Return the standard of a file or a stack, else the packaged one."""
    if by.standard is not None and by.stack:
        raise Unusable("--standard and --stack name two standards. Leave out one of them.")
    if by.standard is not None:
        from cli.evaluating import standard_of  # noqa: PLC0415 - the packaged standard is not read

        standard = standard_of(by.standard)
    elif by.stack:
        from cli.ledger import stored_standard  # noqa: PLC0415 - a scan needs nothing else of a stack

        standard = stored_standard(by.stack, by.aws(by.profile[0] if by.profile else ""))
    else:
        return default_standard()
    say_if_some_do_not_count("scans", standard)
    return standard


def _scanned(by: ScanOptions, standard: Standard, earlier: tuple[Totals, ...]) -> Fleet:
    now = datetime.now(UTC)
    with Meter() as meter:
        scanner = Scanner(
            standard,
            CATALOGUE,
            now,
            Scope(by.family, by.cluster),
            plans=bool(by.report) or by.format != "table",
            patience=Patience(),
            step=meter.step,
        )
        found = scanner.scan([place for profile in by.profile or [""] for place in _places(by, profile)])
    return Fleet(
        title="ECS on Fargate: collector sidecars",
        standard=standard.name,
        release=RELEASE,
        at=now,
        rules=shown_rules(CATALOGUE, PAGES),
        entries=found.entries,
        coverage=found.coverage,
        earlier=earlier,
    )


def _places(by: ScanOptions, profile: str) -> Iterator[tuple[Sessions, Place]]:
    """Yield the accounts and regions that one profile's credentials reach."""
    options = by.aws(profile)
    with sentences(options), failures_as_sentences(_POLICY):
        aws = connected(options, rates=_RATES)
        accounts = by.account or [aws.account]
        if by.role_name:
            aws = connected(options, Members(aws.account, by.role_name, by.external_id), _RATES)
    for account in accounts:
        yield from ((aws, Place(account, region)) for region in by.region or [aws.region])


def _totals_in(name: str) -> Totals:
    """Return the totals of an earlier scan's JSON."""
    try:
        found = json.loads(Path(name).read_text(encoding="utf-8"))["totals"]
        at = datetime.fromisoformat(found["at"])
        services, drifted, unknown = (int(found[each]) for each in ("services", "drifted", "unknown"))
        return Totals(at, services, drifted, unknown, bool(found["complete"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise Unusable(f"{name} is not the JSON of an earlier scan: `outrider scan --format json` prints it.") from None


def _exit_code(fleet: Fleet, least: Severity) -> int:
    severities = (result.state.severity for entry in fleet.entries for result in entry.results)
    if any(severity is not None and severity >= least for severity in severities):
        return DRIFTED
    return CLEAN if fleet.totals.complete else INCOMPLETE


# --- JSON -------------------------------------------------------------------------------------------------------------


def _output(fleet: Fleet) -> ScanOutput:
    totals = fleet.totals
    return ScanOutput(
        version=1,
        standard=fleet.standard,
        totals=ScanTotals(
            totals.at.isoformat(timespec="seconds"), totals.services, totals.drifted, totals.unknown, totals.complete
        ),
        coverage=tuple(
            ScanCoverage(
                each.place.account,
                each.place.region,
                each.kind,
                each.found,
                each.read,
                tuple(ScanFailure(one.call, one.code, one.resource, one.count) for one in each.unread),
            )
            for each in fleet.coverage
        ),
        results=tuple(map(_entry, fleet.entries)),
    )


def _entry(entry: Entry) -> ScanEntry:
    plain = [each for each in entry.results if each.state is State.COMPLIANT and not each.problems]
    return ScanEntry(
        account=entry.place.account,
        region=entry.place.region,
        service=entry.service or None,
        family=entry.family,
        revision=entry.revision,
        team=entry.team,
        registered_by=entry.registered.by,
        not_evaluated=entry.not_evaluated or None,
        plan=entry.proposal.digest if entry.proposal else None,
        compliant=tuple(each.rule for each in plain),
        verdicts=tuple(_verdict(each) for each in entry.results if each not in plain),
    )


def _verdict(result: Result) -> ScanVerdict:
    return ScanVerdict(
        rule=result.rule,
        verdict=outcome_of(result),
        severity=result.state.severity,
        drifts=tuple(
            ScanDrift(each.code, each.where, each.why, each.found, each.wanted, each.severity)
            for each in result.problems
        ),
        reasons=result.reasons,
        fix=result.fix,
        remarks=result.remarks,
    )
