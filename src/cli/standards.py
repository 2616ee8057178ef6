"""`outrider standard validate`, `show` and `diff`."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from cli.check import FileName, Inputs
from cli.evaluating import FileEvaluator, standard_of
from cli.exits import CLEAN, DRIFTED, UNUSABLE
from cli.files import File, Unusable, named, shown, text_of
from cli.terminal import line, say
from domain.standard import DEFAULT, Standard, StandardInvalid
from domain.standard.checking import checked
from domain.standard.problems import Found, Level
from operations.differences import Change, Compared, Comparison, Difference, State
from rules import CATALOGUE

type Format = Literal["table", "json"]


def validate(*files: Annotated[str, Parameter(name="FILE")], format: Format = "table") -> int:  # noqa: A002 - the option's name
    """Check standards; return the exit code.

    Parameters
    ----------
    files
        YAML files. A dash is standard input.
    format
        A table for people, JSON for programs.
    """
    if not files:
        raise Unusable("Name a file with a standard, or - for standard input.")
    unusable, checks = 0, list[tuple[str, tuple[Found, ...]]]()
    for name in dict.fromkeys(map(named, files)):
        try:
            checks.append((shown(name), _problems(name)))
        except Unusable as error:
            unusable += 1
            say(str(error))
    if format == "json":
        entries = [{"file": name, "problems": [_entry(each) for each in found]} for name, found in checks]
        print(json.dumps(entries, indent=2))
    else:
        for name, found in checks:
            _print(name, found)
    levels = {each.level for _, found in checks for each in found}
    if unusable or Level.ERROR in levels:
        return UNUSABLE
    return DRIFTED if levels else CLEAN


def _problems(name: str) -> tuple[Found, ...]:
    text = text_of(name)[0].removeprefix("\ufeff")
    try:
        return checked(text, name, CATALOGUE, datetime.now(UTC).date()).warnings
    except StandardInvalid as invalid:
        return invalid.problems


def _entry(found: Found) -> dict[str, Any]:
    return {
        "code": found.code.value,
        "severity": found.level.value,
        "line": found.at.line or None,
        "path": found.field,
        "sentence": found.sentence,
    }


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


def show() -> int:
    """Print the packaged standard."""
    print(DEFAULT.read_text(encoding="utf-8"), end="")
    return CLEAN


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ComparisonOptions:
    """The options that name the standards."""

    standard: Annotated[str, Parameter(metavar="FILE", help="The new standard.")]
    against: Annotated[
        str | None,
        Parameter(
            metavar="FILE", help="The standard to compare it with (default: the stack's, else the packaged one)."
        ),
    ] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Account:
    """The options that name a stack, whose ledger is compared too."""

    stack: Annotated[str | None, Parameter(metavar="NAME", help="Compare on what this stack's ledger knows, too.")] = (
        None
    )
    region: Annotated[
        str, Parameter(metavar="REGION", help="The stack's region (default: that of your AWS configuration).")
    ] = ""


_NO_ACCOUNT = Account()


def diff(
    *files: Annotated[str, Parameter(name="FILE")],
    two: ComparisonOptions,
    account: Account = _NO_ACCOUNT,
    config: FileName = None,
    format: Format = "table",  # noqa: A002 - the option's name
) -> int:
    """Compare two standards; return the exit code.

    Parameters
    ----------
    files
        Files or folders with task definitions, as `check` takes them.
    config
        The collector's configuration, for the SSM parameter that holds it.
    format
        A table for people, JSON for programs.
    """
    if not files and account.stack is None:
        raise Unusable("Name a file or a folder with task definitions, or a stack with --stack.")
    new = standard_of(two.standard)
    old = _as_it_is(two.against) if two.against is not None else None
    results, refused = _Results(), 0
    if account.stack is not None:
        from cli.ledger import compared_on  # noqa: PLC0415 - boto3 takes half a second, which files need not wait for

        old, found = compared_on(account.stack, account.region, old, new)
        results.add(f"stack {account.stack}", found)
    if files:
        inputs = Inputs([named(file) for file in files])
        judges = FileEvaluator.of(old, config), FileEvaluator.of(new, config)
        for file in inputs.usable():
            results.add(file.name, _of_file(judges, file))
        inputs.say_what_was_skipped()
        refused = inputs.refused
    (results.as_json if format == "json" else results.as_table)()
    if refused:
        return UNUSABLE
    return DRIFTED if results.changes else CLEAN


def _as_it_is(name: str) -> Standard:
    """Read a standard that may have been accepted by an earlier release only."""
    try:
        return Standard.parse(text_of(name)[0].removeprefix("\ufeff"), name)
    except StandardInvalid as invalid:
        raise Unusable(str(invalid)) from None


def _of_file(judges: tuple[FileEvaluator, FileEvaluator], file: File) -> Iterator[Compared]:
    old, new = judges
    comparison = Comparison(old.standard, new.standard, CATALOGUE)
    for each in file.definitions:
        yield Compared(each.resource, comparison.of(old.workload(each.task), new.workload(each.task)))


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

    def as_json(self) -> None:
        entries = [
            {
                "file": name,
                "resource": compared.resource,
                "compared": not compared.unread,
                "changes": [
                    {
                        "rule": each.rule,
                        "change": each.change,
                        "before": _state(each.before),
                        "after": _state(each.after),
                    }
                    for each in compared.differences
                ],
            }
            for name, compared in self.found
        ]
        print(json.dumps(entries, indent=2))

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
            others = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
            print(line(f"Not compared, because the ledger does not have its content: {unread[0]}{others}."))
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


def _state(state: State) -> dict[str, Any] | None:
    if state.verdict is None:
        return None
    mode = state.mode if state.drifted else None
    return {"verdict": state.verdict, "severity": state.severity, "mode": mode}


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
