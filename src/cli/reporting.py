"""What `check` and `collector` do with their results: print them, and return the exit code."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from typing import Any, TextIO

from cli.baseline import Baseline
from cli.exits import CLEAN, DRIFTED, INCOMPLETE, UNUSABLE
from cli.inputs import Inputs
from cli.options import ReportOptions
from cli.output.writing import streamed
from cli.paths import report_path
from cli.replacing import replacing
from cli.results import Result
from cli.terminal import say
from cli.texts import STDIN
from cli.unusable import Unusable
from domain.severity import Severity
from reports.text import first_of


@dataclass
class Report:
    """A report of inputs. `what` names one of them; `hint` says that --config would make more of them known."""

    inputs: Inputs[Any]
    options: ReportOptions
    baseline: Baseline | None
    what: str
    hint: bool
    worst: Severity | None = None
    gaps: list[str] = field(default_factory=list)

    def of(self, results: Iterable[Result]) -> int:
        """Print each result as soon as there is one; return the exit code."""
        with opened(self.options.output) as out:
            self._print(self._counted(results), out)
        self.inputs.say_what_was_skipped()
        if self.baseline is not None:
            self.baseline.finish()
        code = exit_code(self.worst, self.inputs, self.options.fail_on)
        if not self.gaps:
            return code
        found = f"Not evaluated, because the source does not say enough: {first_of(self.gaps, 3)}."
        if self.options.complete:
            say(found)
            return INCOMPLETE if code == CLEAN else code
        say(f"{found} The exit code is that of the rest; with --complete it is 3, if nothing else is wrong.")
        return code

    def _counted(self, results: Iterable[Result]) -> Iterator[Result]:
        for each in results:
            self.worst = worse(self.worst, each.worst)
            if each.gap:
                self.gaps.append(f"{each.entry.name} in {each.entry.file}")
            if self.baseline is not None:
                self.baseline.add(each.entry.file, each.drifts)
            yield each

    def _print(self, results: Iterable[Result], out: TextIO | None) -> None:
        match self.options.format:
            case "table":
                from cli.table import as_table  # noqa: PLC0415 - no other format needs it

                as_table(results, self.what, hint=self.hint, out=out)
                return
            case "json":
                inputs = self.inputs
                pieces = streamed(
                    (each.text for each in results), lambda: {"errors": inputs.errors, "skipped": inputs.skipped}
                )
            case other:
                from cli.formats.content import Content  # noqa: PLC0415 - only for the other formats
                from cli.formats.registry import pieces_of  # noqa: PLC0415 - as above

                pieces = pieces_of(other, Content(results, self.inputs.errors, self.what, self.options))
        for piece in pieces:
            print(piece, end="", file=out)


@contextmanager
def opened(name: str | None) -> Iterator[TextIO | None]:
    """Open the file that the report is written to, when it is complete; without one, give standard output."""
    if name is None:
        yield sys.stdout
        return
    with (
        replacing(name) as file,
        TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="") as out,
    ):
        yield out


def refuse_to_overwrite(options: ReportOptions, names: Iterable[str | None]) -> None:
    """Raise Unusable if the report would take the place of a file that the command reads or writes."""
    if options.output is None:
        return
    path = report_path(options.output)
    if any(name is not None and name != STDIN and report_path(name) == path for name in names):
        raise Unusable(f"--output would overwrite {options.output}, which this command needs. Name another file.")


def worse(one: Severity | None, other: Severity | None) -> Severity | None:
    """Return the higher of two severities."""
    return max((each for each in (one, other) if each is not None), default=None)


def exit_code(worst: Severity | None, inputs: Inputs[Any], fail_on: str) -> int:
    """Return DRIFTED whatever else happened; else UNUSABLE if an input could not be used; else CLEAN."""
    if worst is not None and worst >= Severity(fail_on):
        return DRIFTED
    return UNUSABLE if inputs.errors else CLEAN
