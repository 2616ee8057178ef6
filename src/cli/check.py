"""`outrider check`: the evaluation of task definitions in files."""

from argparse import Namespace
from dataclasses import dataclass

from cli.evaluating import FileEvaluator, configuration_place
from cli.files import Definition
from cli.inputs import definitions
from cli.options import EvaluationOptions, OutputOptions, taken
from cli.output.evaluation import DefinitionEntry, Location
from cli.parallel import in_order
from cli.reporting import report
from cli.results import Result, result_of
from domain.drift import Drift
from domain.rule import Rule


def check(given: Namespace) -> int:
    """Evaluate task definitions by the rules; return the exit code."""
    output, by = taken(OutputOptions, given), taken(EvaluationOptions, given)
    evaluate = _Evaluate(FileEvaluator.of_options(by), output)
    inputs = definitions(given.files)
    named = ((file.name, each) for file in inputs.usable() for each in file.definitions)
    return report(in_order(evaluate, named), inputs, output, "task definition", hint=by.config is None)


@dataclass(frozen=True, slots=True)
class _Evaluate:
    """The work of one process."""

    by: FileEvaluator
    output: OutputOptions

    def __call__(self, named: tuple[str, Definition]) -> Result[DefinitionEntry]:
        file, definition = named
        if definition.unread:
            return result_of(DefinitionEntry(file, definition.resource, definition.unread, ()), self.output)
        around, origin = definition.around, definition.origin
        found = self.by.judge(definition.task, around, origin)
        collector = configuration_place(found.workload)

        def place(rule: Rule, drift: Drift) -> Location | None:
            return None if origin is None else origin.location(rule, drift, collector)

        verdicts = tuple(each.entry_with(place, around.shown) for each in found.said)
        return result_of(DefinitionEntry(file, around.shown(definition.resource), found.outside, verdicts), self.output)
