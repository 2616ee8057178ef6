"""What a scan found as results of the kind that `check` has, for the formats of reports.

In place of a file stands where a workload is: account, region, and cluster and service, or family.
"""

from collections.abc import Iterator

from cli.output.evaluation import DefinitionEntry, DriftEntry, InputError, VerdictEntry
from cli.output.names import FixKind, Outcome, page_of
from cli.report_formats import ReportFormat
from cli.results import Result, Results, Source
from domain.places import Revision
from reports.fleet.model import Fix, Fleet, State
from reports.fleet.model import Result as Found
from rules import BY_ID


def results_of(fleet: Fleet, form: ReportFormat) -> Iterator[Result]:
    """Yield a result for each row."""
    results = Results(form)
    for entry in fleet.entries:
        name = f"{entry.place}/{entry.service or entry.family}"
        revision = Revision(entry.place, entry.family, entry.revision)
        verdicts = tuple(map(_verdict, entry.results))
        made = DefinitionEntry(name, revision.arn, entry.not_evaluated or None, verdicts)
        yield results.of(made, Source(entry.place, {}, deployed=True))


def errors_of(fleet: Fleet) -> tuple[InputError, ...]:
    """Return what could not be read."""
    return tuple(InputError(f"{each.place}/{each.kind}", str(one)) for each in fleet.coverage for one in each.unread)


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


def _verdict(result: Found) -> VerdictEntry:
    return VerdictEntry(
        rule=result.rule,
        page=page_of(result.rule),
        verdict=outcome_of(result),
        severity=result.state.severity or BY_ID[result.rule].severity,
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
