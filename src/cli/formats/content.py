"""What every format is made of: results, and the drifts in them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cli.options import ReportOptions
from cli.output.evaluation import DriftEntry, Entry, InputError, VerdictEntry
from cli.output.names import FixKind
from cli.paths import report_path
from cli.results import Result, Source
from cli.suggesting import Suggestion
from cli.terminal import line
from domain.places import Place
from domain.rule import Rule
from domain.severity import Severity
from rules import BY_ID
from settings import PAGES


@dataclass(frozen=True, slots=True)
class Content:
    """A report: its results, and the errors of inputs, which are complete after the last result. `what` names one."""

    results: Iterable[Result]
    errors: Sequence[InputError]
    what: str
    options: ReportOptions


@dataclass(frozen=True, slots=True)
class Found:
    """One drift, and what it is a drift of. `suggestion` is for all drifts of the rule: only its first one has it."""

    result: Result
    verdict: VerdictEntry
    drift: DriftEntry
    suggestion: Suggestion | None

    @property
    def entry(self) -> Entry:
        return self.result.entry

    @property
    def rule(self) -> Rule:
        return BY_ID[self.verdict.rule]

    @property
    def file(self) -> str:
        """The file's name as it was given."""
        return self.drift.location.file if self.drift.location else self.entry.file

    @property
    def path(self) -> str:
        """The file's path for people and forges."""
        return line(report_path(self.file))

    @property
    def line(self) -> int:
        """The line; the first one where it is not known."""
        return self.drift.location.line if self.drift.location else 1

    @property
    def column(self) -> int:
        return self.drift.location.column if self.drift.location else 1

    @property
    def message(self) -> str:
        """What is wrong, and where."""
        return line(f"{self.drift.where}: {self.drift.why}")

    @property
    def page(self) -> str:
        return page_of(self.verdict.rule)


def found_in(result: Result) -> Iterator[Found]:
    """Yield the drifts of a result that count."""
    for verdict in result.entry.verdicts:
        suggestion = result.source.suggestions.get(verdict.rule)
        for drift in verdict.counted:
            yield Found(result, verdict, drift, suggestion)
            suggestion = None


def page_of(rule: str) -> str:
    """Return the address of a rule's page."""
    return f"{PAGES}/docs/rules/{rule}.html"


def fix_words(fix: FixKind, source: Source) -> str:
    """Return what is known of a fix, and the command for it, for the end of a text."""
    match fix:
        case FixKind.SAFE:
            return f"The fix is safe: `outrider {'correct' if source.deployed else 'fix'}`."
        case FixKind.REVIEW:
            return f"The fix needs approval: `outrider {'correct' if source.deployed else 'fix --review'}`."
        case FixKind.NONE:
            return ""


def level_of[Level](severity: Severity, levels: tuple[Level, Level, Level]) -> Level:
    """Return one of three levels: for HIGH and above, for MEDIUM, and for what is below."""
    high, medium, low = levels
    if severity >= Severity.HIGH:
        return high
    return medium if severity is Severity.MEDIUM else low


def place_of(result: Result, options: ReportOptions) -> Place:
    """Return where a definition says that it runs, else what the options say; empty where neither does."""
    known = result.source.place
    return Place(known.account or options.account, known.region or options.region)


def listed(items: Iterable[object]) -> Iterator[str]:
    """Yield a JSON list, each item as soon as there is one."""
    begin = "["
    for item in items:
        yield f"{begin}\n{json.dumps(item)}"
        begin = ","
    yield "[]\n" if begin == "[" else "\n]\n"
