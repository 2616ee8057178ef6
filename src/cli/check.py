"""`outrider check`: the evaluation of task definitions in files."""

from argparse import Namespace
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from cli.baseline import Baseline
from cli.evaluating import DefinitionResult, FileEvaluator, TriedFix, configuration_place
from cli.inline import comments_in, reporting_mistakes
from cli.inputs import definitions
from cli.layers import saying_which_do_not_count
from cli.merging import merged
from cli.options import EvaluationOptions, ReportOptions, taken
from cli.output.evaluation import DefinitionEntry, Location
from cli.output.names import FixKind
from cli.parallel import in_order
from cli.placing import without_stand_ins
from cli.reporting import Report, refuse_to_overwrite
from cli.results import NO_SOURCE, WITH_SUGGESTIONS, Result, Results, Source
from cli.sources.definition import Definition, File, Origin, Wanted
from cli.suggesting import has_suggestions, suggestion
from domain.drift import Drift
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.ecs.values import Json
from domain.rule import Rule
from domain.standard import Exemption


def check(given: Namespace) -> int:
    """Evaluate task definitions by the rules; return the exit code."""
    options, by = taken(ReportOptions, given), taken(EvaluationOptions, given)
    refuse_to_overwrite(options, (*given.files, by.standard, by.config, options.baseline))
    judge = FileEvaluator.of_options(by)
    baseline = Baseline.of_options(options.baseline, writes=options.write_baseline, rules=judge.selected)
    inputs = definitions(given.files, options.output, skips_others=options.skip_others)
    suggests = options.format in WITH_SUGGESTIONS
    work, evaluate = _Work(suggests), _Evaluate(judge, Results.by(options.format, baseline), suggests)
    usable = saying_which_do_not_count(inputs.usable(), judge)
    files = usable if by.no_inline else reporting_mistakes(usable)
    results = (work.with_suggestions(*each) for each in in_order(evaluate, work.items(files)))
    return Report(inputs, options, baseline, "task definition", hint=by.config is None).of(results)


@dataclass(frozen=True, slots=True)
class _Item:
    """One definition of a file, which of the file's definitions of this family it is, and the file's exemptions.

    `uses` are the definition with each of the services that run it.
    """

    file: str
    uses: tuple[Definition, ...]
    number: int
    exemptions: tuple[Exemption, ...]


@dataclass(frozen=True, slots=True)
class _Fix:
    """A definition and its service as a rule's fix makes them, as JSON: a process sends them to another.

    `use` is which of the services that run it this is.
    """

    task: Json
    service: Json | None
    safe: bool
    use: int

    @classmethod
    def of(cls, tried: TriedFix, after: Wanted, use: int) -> "_Fix":
        service = after.service.to_aws() if after.service is not None else None
        return cls(after.task.to_aws(), service, tried.kind is FixKind.SAFE, use)

    @property
    def after(self) -> Wanted:
        return Wanted(TaskDefinition(self.task), None if self.service is None else Service(self.service))


type _Fixes = Mapping[str, _Fix]


@dataclass(frozen=True, slots=True)
class _Evaluate:
    """The work of one process: the result of a definition, and its fixes if the format has suggestions."""

    by: FileEvaluator
    results: Results
    suggests: bool

    def __call__(self, item: _Item) -> tuple[Result, _Fixes]:
        first = item.uses[0]
        if first.unread:
            entry = DefinitionEntry(item.file, first.resource, first.unread, ())
            return self.results.of(entry, gap=first.made), {}
        entries, fixes, place, gap = list[DefinitionEntry](), dict[str, _Fix](), NO_SOURCE.place, False
        by = self.by.exempting(item.exemptions).of_account(first.task)
        for number, definition in enumerate(item.uses):
            found = by.judge(definition.task, definition.around, definition.origin)
            entries.append(_entry(item.file, definition, found, self.by.configuration))
            place, gap = without_stand_ins(found.workload.place), gap or found.gap
            for rule, each in found.tried.items() if self.suggests else ():
                if each.after is not None and rule not in fixes:
                    fixes[rule] = _Fix.of(each, each.after, number)
        entry = merged(entries)
        gap = gap and entry.not_evaluated is not None
        return self.results.of(entry, Source(place, {}), item.number, gap=gap), fixes


def _entry(file: str, definition: Definition, found: DefinitionResult, configuration: Origin | None) -> DefinitionEntry:
    around, origin, collector = definition.around, definition.origin, configuration_place(found.workload)
    if origin is not None and configuration is not None and found.workload.reads_parameter:
        origin = replace(origin, others={**origin.others, "parameter": configuration})

    def place(rule: Rule, drift: Drift) -> Location | None:
        return None if origin is None else origin.location(rule, drift, collector)

    verdicts = tuple(each.entry_with(place, around.shown) for each in found.said)
    return DefinitionEntry(file, around.shown(definition.resource), found.outside, verdicts)


@dataclass
class _Work:
    """The definitions of files, in order. Where a format has suggestions, their files are kept until they are made."""

    suggests: bool
    waiting: deque[tuple[File, int]] = field(default_factory=deque)

    def items(self, files: Iterable[File]) -> Iterator[_Item]:
        for file in files:
            families = Counter[str]()
            exemptions = comments_in(file.text).exemptions
            index = 0
            for uses in file.by_task():
                family = uses[0].task.family
                families[family] += 1
                if self.suggests:
                    self.waiting.append((file, index))
                index += len(uses)
                yield _Item(file.name, uses, families[family], exemptions)

    def with_suggestions(self, result: Result, fixes: _Fixes) -> Result:
        """Return the next result with the changes of its file's text."""
        if not self.suggests:
            return result
        file, index = self.waiting.popleft()
        if not fixes or not has_suggestions(file):
            return result
        made = {rule: suggestion(file, index + fix.use, fix.after, safe=fix.safe) for rule, fix in fixes.items()}
        suggestions = {rule: each for rule, each in made.items() if each is not None}
        return replace(result, source=replace(result.source, suggestions=suggestions))
