"""What a scan found as results of the kind that `check` has, for the formats of reports.

In place of a file stands where a workload is: account, region, and cluster and service, or family.
"""

from collections.abc import Iterator

from cli.fingerprints import fingerprinted
from cli.output.evaluation import DefinitionEntry, DriftEntry, InputError, VerdictEntry
from cli.output.names import FixKind, Outcome, page_of
from cli.report_formats import ReportFormat
from cli.results import Result, Results, Source
from domain.places import Place
from domain.severity import Severity
from reports.fleet.model import Entry, Fix, Fleet, State
from reports.fleet.model import Result as Found
from rules import BY_ID


def results_of(fleet: Fleet, form: ReportFormat) -> Iterator[Result[DefinitionEntry]]:
    """Yield a result for each row."""
    results = Results(form)
    for entry in fleet.entries:
        name = f"{_path(entry.place)}/{entry.service or entry.family}"
        verdicts = tuple(map(_verdict, entry.results))
        made = DefinitionEntry(name, _revision(entry), entry.not_evaluated or None, verdicts)
        yield results.of(fingerprinted(made), Source(entry.place, {}, deployed=True))


def errors_of(fleet: Fleet) -> tuple[InputError, ...]:
    """Return what could not be read."""
    return tuple(
        InputError(
            f"{_path(each.place)}/{each.kind}", f"{one.call} failed: {one.code}: {one.resource}{_more(one.count)}"
        )
        for each in fleet.coverage
        for one in each.unread
    )


def severity_of(result: Found) -> Severity | None:
    """Return the severity of what drifted; None if nothing did."""
    match result.state:
        case State.CRITICAL:
            return Severity.CRITICAL
        case State.HIGH:
            return Severity.HIGH
        case State.MEDIUM:
            return Severity.MEDIUM
        case State.LOW:
            return Severity.LOW
        case State.NOT_APPLICABLE | State.COMPLIANT | State.EXEMPT | State.UNKNOWN:
            return None


def outcome_of(result: Found) -> Outcome:
    """Return the result of a rule that applies, in one word."""
    match result.state:
        case State.UNKNOWN:
            return Outcome.UNKNOWN
        case State.EXEMPT:
            return Outcome.EXEMPT
        case State.COMPLIANT | State.NOT_APPLICABLE:
            return Outcome.COMPLIANT
        case State.LOW | State.MEDIUM | State.HIGH | State.CRITICAL:
            return Outcome.DRIFTED


def _path(place: Place) -> str:
    return f"{place.account}/{place.region}"


def _more(count: int) -> str:
    return f" and {count - 1:,} more" if count > 1 else ""


def _revision(entry: Entry) -> str:
    place = entry.place
    return f"arn:{place.partition}:ecs:{place.region}:{place.account}:task-definition/{entry.family}:{entry.revision}"


def _verdict(result: Found) -> VerdictEntry:
    return VerdictEntry(
        rule=result.rule,
        page=page_of(result.rule),
        verdict=outcome_of(result),
        severity=severity_of(result) or BY_ID[result.rule].severity,
        drifts=tuple(
            DriftEntry(each.code, each.where, each.why, each.found, each.wanted, each.severity)
            for each in result.problems
        ),
        fix=_fix(result.fix),
        refusal=" ".join(result.remarks) if result.fix is Fix.REFUSED else "",
        reasons=result.reasons,
        unread=(),
    )


def _fix(fix: Fix) -> FixKind:
    match fix:
        case Fix.SAFE:
            return FixKind.SAFE
        case Fix.REVIEW:
            return FixKind.REVIEW
        case Fix.REFUSED | Fix.NONE:
            return FixKind.NONE
