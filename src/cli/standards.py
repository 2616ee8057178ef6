"""`outrider standard validate`, `show` and `diff`."""

from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cli.account_standard import show_account
from cli.evaluating import FileEvaluator, standard_of
from cli.exits import CLEAN, DRIFTED, UNUSABLE
from cli.inputs import definitions
from cli.layers import saying_which_do_not_count
from cli.options import AwsOptions, taken
from cli.output.evaluation import InputError
from cli.output.standard import (
    ChangeEntry,
    ComparedEntry,
    DiffOutput,
    ProblemEntry,
    StandardEntry,
    StateEntry,
    ValidateOutput,
)
from cli.output.writing import rendered
from cli.sources.definition import File
from cli.terminal import line, say
from cli.texts import shown, text_of
from cli.unusable import Unusable
from domain.standard import DEFAULT, Standard, StandardInvalid
from domain.standard.checking import checked
from domain.standard.problems import Found, Level
from operations.differences import Change, Compared, Comparison, Difference, State
from reports.text import first_of
from rules import CATALOGUE


def validate(given: Namespace) -> int:
    """Check standards; return the exit code."""
    if not given.files:
        raise Unusable("Name a file with a standard, or - for standard input.")
    errors, checks = list[InputError](), list[tuple[str, tuple[Found, ...]]]()
    for name in dict.fromkeys(given.files):
        try:
            checks.append((shown(name), _problems(name)))
        except Unusable as error:
            errors.append(InputError(name, str(error)))
            say(str(error))
    if given.format == "json":
        entries = tuple(StandardEntry(name, tuple(map(_entry, found))) for name, found in checks)
        print(rendered(ValidateOutput(1, entries, tuple(errors))))
    else:
        for name, found in checks:
            _print(name, found)
    levels = {each.level for _, found in checks for each in found}
    if errors or Level.ERROR in levels:
        return UNUSABLE
    return DRIFTED if levels else CLEAN


def _problems(name: str) -> tuple[Found, ...]:
    text = text_of(name)
    try:
        return checked(text, name, CATALOGUE, datetime.now(UTC).date()).warnings
    except StandardInvalid as invalid:
        return invalid.problems


def _entry(found: Found) -> ProblemEntry:
    return ProblemEntry(found.code.value, found.level, found.at.line or None, found.field, found.sentence)


def _print(name: str, problems: Sequence[Found]) -> None:
    for each in problems:
        where = f", {each.at}" if each.at.line else ""
        print(line(f"{name}{where}: {each.level}: {each.sentence} [{each.code}]"))
    counts = [
        f"{number} {level}{'s' if number > 1 else ''}"
        for level in Level
        if (number := sum(each.level is level for each in problems))
    ]
    print(line(f"{name}: {', '.join(counts) or 'no problems'}."))


def show(given: Namespace) -> int:
    """Print the packaged standard, or that of an account."""
    if given.account:
        return show_account(given)
    if given.standard is not None or given.unit or given.tags:
        raise Unusable("Name the account with --account.")
    print(DEFAULT.read_text(encoding="utf-8"), end="")
    return CLEAN


def diff(given: Namespace) -> int:
    """Compare two standards; return the exit code."""
    if not given.files and given.stack is None:
        raise Unusable("Name a file or a folder with task definitions, or a stack with --stack.")
    new = standard_of(given.standard)
    old = _as_it_is(given.against) if given.against is not None else None
    results, inputs = _Results(), definitions(given.files) if given.files else None
    if given.stack is not None:
        from cli.ledger import compared_on  # noqa: PLC0415 - boto3 takes half a second, which files need not wait for

        old, found = compared_on(given.stack, taken(AwsOptions, given), old, new)
        results.add(f"stack {given.stack}", found)
    if inputs is not None:
        judges = FileEvaluator.of(old, given.config), FileEvaluator.of(new, given.config)
        for file in saying_which_do_not_count(inputs.usable(), *judges):
            results.add(file.name, _of_file(judges, file))
    if given.format == "json":
        errors, skipped = (inputs.errors, inputs.skipped) if inputs is not None else ((), ())
        print(rendered(DiffOutput(1, results.entries, tuple(errors), tuple(skipped))))
    else:
        results.as_table()
    if inputs is not None:
        inputs.say_what_was_skipped()
    if results.changes:
        return DRIFTED
    return UNUSABLE if inputs is not None and inputs.errors else CLEAN


def _as_it_is(name: str) -> Standard:
    """Read a standard that may have been accepted by an earlier release only."""
    try:
        return Standard.parse(text_of(name), name)
    except StandardInvalid as invalid:
        raise Unusable(str(invalid)) from None


def _of_file(judges: tuple[FileEvaluator, FileEvaluator], file: File) -> Iterator[Compared]:
    for each in file.definitions:
        old, new = (judge.of_account(each.task) for judge in judges)
        before, after = (judge.workload(each.task, each.around) for judge in (old, new))
        yield Compared(each.resource, Comparison(old.standard, new.standard, CATALOGUE).of(before, after))


@dataclass
class _Results:
    """What was compared, by file or stack."""

    found: list[tuple[str, Compared]] = field(default_factory=list)

    def add(self, name: str, compared: Iterable[Compared]) -> None:
        self.found += [(name, each) for each in compared]

    @property
    def changes(self) -> Counter[Change]:
        """Count the differences by their result."""
        return Counter(each.change for _, compared in self.found for each in compared.differences)

    @property
    def entries(self) -> tuple[ComparedEntry, ...]:
        """Return what was compared as JSON has it."""
        return tuple(
            ComparedEntry(
                name,
                compared.resource,
                not compared.unread,
                tuple(
                    ChangeEntry(each.rule, each.change, _state(each.before), _state(each.after))
                    for each in compared.differences
                ),
            )
            for name, compared in self.found
        )

    def as_table(self) -> None:
        last = ""
        for name, compared in self.found:
            if not compared.differences:
                continue
            if name != last:
                print(line(name))
                last = name
            print(line(f"  {compared.resource.rpartition('task-definition/')[2] or '(no family)'}"))
            for each in compared.differences:
                print(line(f"    {_described(each)}"))
        if unread := [compared.resource for _, compared in self.found if compared.unread]:
            print(line(f"Not compared, because the ledger does not have its content: {first_of(unread, 1)}."))
        counts = ", ".join(f"{self.changes[change]} {_COUNTED[change]}" for change in Change if self.changes[change])
        print(f"{counts or 'Nothing changes'}.")


_COUNTED = {
    Change.APPEARS: "new",
    Change.DISAPPEARS: "gone",
    Change.RAISED: "more severe",
    Change.LOWERED: "less severe",
    Change.MODE: "with another mode",
    Change.OTHERWISE: "with other values",
}


def _state(state: State) -> StateEntry | None:
    if state.verdict is None:
        return None
    return StateEntry(state.verdict, state.severity, state.mode if state.drifted else None)


def _described(difference: Difference) -> str:
    before, after = difference.before, difference.after
    modes = before.mode if before.mode is after.mode else f"{before.mode} -> {after.mode}"
    match difference.change:
        case Change.APPEARS:
            return f"new: {difference.rule}, {after.severity}, {after.mode}"
        case Change.DISAPPEARS:
            return f"gone: {difference.rule}, {before.severity}; now {after.verdict or 'not evaluated'}"
        case Change.RAISED | Change.LOWERED:
            return f"{_COUNTED[difference.change]}: {difference.rule}, {before.severity} -> {after.severity}, {modes}"
        case Change.MODE | Change.OTHERWISE:
            return f"{_COUNTED[difference.change]}: {difference.rule}, {after.severity}, {modes}"
