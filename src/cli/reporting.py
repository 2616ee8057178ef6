"""What `check` and `collector` do with their results: print them, and return the exit code."""

from collections.abc import Iterable, Iterator
from typing import Any

from cli.exits import CLEAN, DRIFTED, UNUSABLE
from cli.inputs import Inputs
from cli.options import OutputOptions
from cli.output.evaluation import ConfigurationEntry, DefinitionEntry
from cli.output.writing import print_streamed
from cli.results import Result
from domain.severity import Severity


def report[Entry: (DefinitionEntry, ConfigurationEntry)](
    results: Iterable[Result[Entry]], inputs: Inputs[Any], output: OutputOptions, what: str, *, hint: bool
) -> int:
    """Print each result as soon as there is one; return the exit code.

    `what` names one input, and `hint` says that --config would make more of them known.
    """
    worst: Severity | None = None

    def counted() -> Iterator[Result[Entry]]:
        nonlocal worst
        for each in results:
            worst = worse(worst, each.worst)
            yield each

    if output.format == "json":
        print_streamed((each.text for each in counted()), lambda: {"errors": inputs.errors, "skipped": inputs.skipped})
    else:
        from cli.table import as_table  # noqa: PLC0415 - JSON does not need it

        as_table(counted(), what, hint=hint)
    inputs.say_what_was_skipped()
    return exit_code(worst, inputs, output)


def worse(one: Severity | None, other: Severity | None) -> Severity | None:
    """Return the higher of two severities."""
    return max((each for each in (one, other) if each is not None), default=None)


def exit_code(worst: Severity | None, inputs: Inputs[Any], output: OutputOptions) -> int:
    """Return DRIFTED whatever else happened; else UNUSABLE if an input could not be used; else CLEAN."""
    if worst is not None and worst >= Severity(output.fail_on):
        return DRIFTED
    return UNUSABLE if inputs.errors else CLEAN
