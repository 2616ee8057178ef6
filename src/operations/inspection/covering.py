"""What an evaluation covered, for the sweep that asked for it: the subject itself, and what its family depends on."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from aws.calls import CallFailed
from aws.ledger import Ledger
from aws.ledger.forms import form
from domain.coverage import Coverage, Covered
from domain.facts import NOT_READ, Absent, Fact, Known, Unavailable
from domain.scope import out_of_scope
from domain.severity import Severity
from domain.subject import Subject, SubjectId
from domain.triggers.trigger import SubjectTrigger, SweptTrigger
from domain.workload import Workload
from operations.evaluation import Evaluation
from operations.fleet import entry_of, entry_outside
from operations.inspection.job import Inspected
from reports.fleet.model import Entry


def sweeps_of(triggers: Sequence[SubjectTrigger]) -> frozenset[str]:
    """Return the sweeps that asked for an evaluation."""
    asked = (trigger.sweep for trigger in triggers if isinstance(trigger, SweptTrigger))
    return frozenset(filter(None, asked))


def covered_by(found: Inspected) -> tuple[Covered, ...]:
    """Return what an evaluation covered, with the row of the report. Out of scope, nothing else is read."""
    subject, workload, standard = found.job.subject, found.workload, found.job.edition.standard
    if workload is None:
        return (Covered(subject, Coverage.GONE),)
    team = standard.notification.address(workload, Severity.CRITICAL).team
    if (outside := out_of_scope(workload, standard)) is not None:
        return (Covered(subject, Coverage.OUT_OF_SCOPE, row=_json(entry_outside(workload, outside, team))),)
    facts = dict(_dependencies(workload))
    missing = [fact for fact in found.missing if fact.call and fact not in facts.values()]
    read = (_dependency(on, fact) for on, fact in facts.items() if fact != NOT_READ)
    entry = entry_of(Evaluation(workload, tuple(found.all_verdicts)), found.plan, team)
    return (replace(Covered.without(subject, missing), row=_json(entry)), *read)


def _json(entry: Entry) -> str:
    return form(Entry).dump_json(entry, exclude_defaults=True).decode()


def not_covered(subject: SubjectId, why: CallFailed | None) -> tuple[Covered, ...]:
    """Return what an evaluation that failed covered. One that is retried may still succeed."""
    if why is None:
        return (Covered(subject, Coverage.THROTTLED, code="NotFinished"),)
    return (Covered.without(subject, [why.fact]),)


def without_hub(covered: Sequence[Covered], subject: SubjectId, why: CallFailed) -> tuple[Covered, ...]:
    """Return what an evaluation covered whose findings could not be imported: nobody sees them."""
    fact = why.fact
    return tuple(
        replace(each, coverage=Coverage.DENIED, call=fact.call, code=fact.code) if each.subject == subject else each
        for each in covered
    )


def record(ledger: Ledger, covered: Sequence[tuple[frozenset[str], Sequence[Covered]]]) -> None:
    """Record what a batch of evaluations covered, in as few calls as possible. Raises CallFailed."""
    by_sweep = defaultdict[str, list[Covered]](list)
    for sweeps, some in covered:
        for sweep in sweeps:
            by_sweep[sweep] += some
    for sweep, some in by_sweep.items():
        ledger.runs.cover(sweep, some)


def _dependencies(workload: Workload) -> Iterator[tuple[SubjectId, Fact[object]]]:
    """Yield the parameters and roles that a rule needed, each with its fact."""
    for on in workload.subject(Subject.PARAMETER):
        yield on, workload.facts.parameter
    for arn, fact in dict(workload.roles).items():
        yield SubjectId(workload.place, Subject.ROLE, arn), fact


def _dependency(on: SubjectId, fact: Fact[object]) -> Covered:
    match fact:
        case Known():
            return Covered(on, Coverage.EVALUATED)
        case Absent():
            return Covered(on, Coverage.GONE)
        case Unavailable():
            return Covered.without(on, [fact])
