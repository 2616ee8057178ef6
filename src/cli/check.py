"""`outrider check`: the evaluation of task definitions in files."""

from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cli.baseline import Baseline
from cli.evaluating import DefinitionResult, FileEvaluator, configuration_place
from cli.files import Definition, File
from cli.fingerprints import fingerprinted
from cli.inline import comments_in, reporting_mistakes
from cli.inputs import definitions
from cli.options import EvaluationOptions, ReportOptions, taken
from cli.output.evaluation import DefinitionEntry, Location
from cli.output.names import FixKind
from cli.parallel import in_order
from cli.reporting import Report
from cli.results import WITH_SUGGESTIONS, Result, Results, Source
from cli.suggesting import Suggestion, has_suggestions, suggestion
from domain.drift import Drift
from domain.rule import Rule
from domain.standard import Exemption


def check(given: Namespace) -> int:
    """Evaluate task definitions by the rules; return the exit code."""
    options, by = taken(ReportOptions, given), taken(EvaluationOptions, given)
    judge = FileEvaluator.of_options(by)
    baseline = Baseline.of_options(options.baseline, writes=options.write_baseline, rules=judge.selected)
    evaluate = _Evaluate(judge, Results.by(options.format, baseline))
    inputs = definitions(given.files)
    files = inputs.usable() if by.no_inline else reporting_mistakes(inputs.usable())
    results = in_order(evaluate, _items(files, whole=options.format in WITH_SUGGESTIONS))
    return Report(inputs, options, baseline, "task definition", hint=by.config is None).of(results)


@dataclass(frozen=True, slots=True)
class _Item:
    """One definition of a file: its index, and which of the file's definitions of this family it is.

    `exemptions` are those of the file's comments. `whole` is the file, where a format shows changes of its text.
    """

    file: str
    definition: Definition
    index: int
    number: int
    exemptions: tuple[Exemption, ...]
    whole: File | None


def _items(files: Iterable[File], *, whole: bool) -> Iterator[_Item]:
    for file in files:
        families = Counter[str]()
        exemptions = comments_in(file.text).exemptions
        shown = file if whole and has_suggestions(file) else None
        for index, each in enumerate(file.definitions):
            families[each.task.family] += 1
            yield _Item(file.name, each, index, families[each.task.family], exemptions, shown)


@dataclass(frozen=True, slots=True)
class _Evaluate:
    """The work of one process."""

    by: FileEvaluator
    results: Results

    def __call__(self, item: _Item) -> Result[DefinitionEntry]:
        definition = item.definition
        around, origin = definition.around, definition.origin
        found = self.by.exempting(item.exemptions).judge(definition.task, around, origin)
        collector = configuration_place(found.workload)

        def place(rule: Rule, drift: Drift) -> Location | None:
            return None if origin is None else origin.location(rule, drift, collector)

        verdicts = tuple(each.entry_with(place, around.shown) for each in found.said)
        entry = DefinitionEntry(item.file, around.shown(definition.resource), found.outside, verdicts)
        source = Source(found.workload.place, _suggestions(item, found))
        return self.results.of(fingerprinted(entry, item.number), source)


def _suggestions(item: _Item, found: DefinitionResult) -> dict[str, Suggestion]:
    if item.whole is None:
        return {}
    made = {
        rule: suggestion(item.whole, item.index, fix.after, safe=fix.kind is FixKind.SAFE)
        for rule, fix in found.tried.items()
        if fix.after is not None
    }
    return {rule: each for rule, each in made.items() if each is not None}
