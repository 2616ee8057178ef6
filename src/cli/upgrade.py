"""`outrider upgrade`: what another release of the collector makes of task definitions and configurations."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from functools import partial

from cli.collector import is_configuration, release_of
from cli.evaluating import FileEvaluator
from cli.inputs import Inputs, Kind
from cli.options import EvaluationOptions, taken
from cli.output.writing import ENTRY, rendered, streamed
from cli.reporting import exit_code
from cli.selection import evaluated
from cli.sources.detection import Reader, is_about_tasks
from cli.texts import read, shown
from cli.unusable import NoDefinition, Unusable
from cli.upgrading import RULES, Change, Input
from domain.collector.releases import Release, newest_known, release_facts


def upgrade(given: Namespace) -> int:
    """Say what another release breaks; return the exit code."""
    by = taken(EvaluationOptions, given)
    since = _known(given.from_) if given.from_ is not None else None
    judge = FileEvaluator.of_options(by)
    change = Change(judge, evaluated(judge.selected, RULES), _known(given.to), since)
    inputs = _inputs(given.files)
    outlooks = [change.outlook(each) for each in inputs.usable()]
    if given.format == "json":
        entries = (rendered(outlook.entry, ENTRY) for outlook in outlooks)
        print(*streamed(entries, lambda: {"errors": inputs.errors, "skipped": inputs.skipped}), sep="", end="")
    else:
        from cli.upgrade_table import as_table  # noqa: PLC0415 - JSON does not need it

        as_table(outlooks)
    inputs.say_what_was_skipped()
    worst = max((severity for outlook in outlooks for severity in outlook.severities), default=None)
    return exit_code(worst, inputs, given.fail_on)


def _known(text: str) -> Release:
    release = release_of(text)
    if release not in release_facts().releases:
        raise Unusable(f"{release} is not a release of ADOT that is known here. The newest is {newest_known()}.")
    return release


def _inputs(names: Sequence[str]) -> Inputs[Input]:
    read_one = partial(_inputs_in, Reader())
    return Inputs(
        names,
        Kind(
            read_one,
            read_one,
            lambda text: is_about_tasks(text) or is_configuration(text),
            (".json", ".yaml", ".yml"),
            nothing="Name a file or a folder with task definitions or collector configurations, or - for standard"
            " input.",
            lacking="has no task definition and no collector configuration in it.",
            other="there is neither in it",
        ),
    )


def _inputs_in(reader: Reader, name: str) -> Iterator[Input]:
    """Yield what a file has: one configuration, or its task definitions."""
    given = read(name)
    text = given.text
    try:
        found = reader.text(given)
    except Unusable as unusable:
        if not is_configuration(text):
            if isinstance(unusable, NoDefinition) or not text.lstrip().startswith(("{", "[")):
                what = "neither a task definition nor a collector configuration"
                raise NoDefinition(f"{shown(name)} is {what}.") from None
            raise
        yield Input(name, "", text)
        return
    for definition, *_ in found.by_task():
        yield Input(name, definition.resource, definition.task)
