"""`outrider check`: the evaluation of task definitions in files."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from cli.evaluating import FileEvaluator, NamedResult, RuleOutcome, unread_facts, worse
from cli.exits import CLEAN, DRIFTED, UNUSABLE
from cli.files import STDIN, File, NoDefinition, Unusable, found_in, named, read
from cli.terminal import say
from domain.severity import Severity


class FailOn(StrEnum):
    """What `--fail-on` takes."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


type FileName = Annotated[str | None, Parameter(metavar="FILE")]


def check(
    *files: Annotated[str, Parameter(name="FILE")],
    standard: FileName = None,
    config: FileName = None,
    format: Literal["table", "json"] = "table",  # noqa: A002 - the option's name
    fail_on: FailOn = FailOn.LOW,
) -> int:
    """Evaluate task definitions by the rules; return the exit code.

    Parameters
    ----------
    files
        Files or folders: what RegisterTaskDefinition takes or DescribeTaskDefinition returns. A dash is standard input.
    standard
        The standard to evaluate by, instead of the packaged one.
    config
        A file with the collector's configuration, instead of the SSM parameter.
    format
        A table for people, JSON for programs.
    fail_on
        The lowest severity that counts as drifted for the exit code.
    """
    judge = FileEvaluator.of(standard, config)
    inputs = Inputs([named(file) for file in files])
    judged = (
        (file.name, definition.resource, judge.judge(definition.task))
        for file in inputs.usable()
        for definition in file.definitions
    )
    if format == "json":
        worst = _as_json(judged)
    else:
        from cli.table import as_table  # noqa: PLC0415 - rich takes a tenth of a second to import, which JSON does not need

        worst = as_table(judged, given=config is not None)
    inputs.say_what_was_skipped()
    if inputs.refused:
        return UNUSABLE
    return DRIFTED if worst is not None and worst >= Severity(fail_on) else CLEAN


@dataclass
class Inputs:
    """The named files and those of the named folders; those that cannot be used are reported and counted."""

    names: Sequence[str]
    refused: int = 0
    skipped: list[str] = field(default_factory=list)

    def usable(self) -> Iterator[File]:
        if not self.names:
            self._refuse("Name a file or a folder with task definitions, or - for standard input.")
        for name in dict.fromkeys(self.names):
            if name != STDIN and Path(name).is_dir():
                yield from self._of_folder(name)
            else:
                try:
                    yield read(name)
                except Unusable as unusable:
                    self._refuse(str(unusable))

    def _of_folder(self, folder: str) -> Iterator[File]:
        judged = False
        try:
            for name in found_in(folder):
                try:
                    yield read(name)
                    judged = True
                except NoDefinition:
                    self.skipped.append(name)
                except Unusable as unusable:
                    judged = True
                    self._refuse(str(unusable))
        except Unusable as unusable:
            self._refuse(str(unusable))
            return
        if not judged:
            self._refuse(f"{folder} has JSON files, but none with a task definition. Name another folder.")

    def _refuse(self, sentence: str) -> None:
        self.refused += 1
        say(sentence)

    def say_what_was_skipped(self) -> None:
        if self.skipped:
            first, count = self.skipped[0], len(self.skipped)
            others = f" and {count - 1} more" if count > 1 else ""
            say(f"Skipped, because there is no task definition in it: {first}{others}.")


def _as_json(judged: Iterable[NamedResult]) -> Severity | None:
    entries = list[dict[str, Any]]()
    worst = None
    for file, resource, judgement in judged:
        reason = {"not_evaluated": judgement.outside} if judgement.outside else {}
        verdicts = [entry_of(said) for said in judgement.said]
        entries.append({"file": file, "resource": resource, **reason, "verdicts": verdicts})
        worst = worse(worst, judgement)
    print(json.dumps(entries, indent=2))
    return worst


def entry_of(said: RuleOutcome) -> dict[str, Any]:
    """Give one verdict as JSON has it."""
    return {
        "rule": said.rule.id,
        "verdict": said.word.value,
        "severity": said.severity.value,
        "drifts": [
            {
                "code": str(drift.code),
                "where": drift.where,
                "why": drift.why,
                "found": drift.found,
                "wanted": drift.wanted,
                "severity": (drift.severity or said.severity).value,
            }
            for drift in said.drifts
        ],
        "fix": said.fix,
        "reasons": [*said.reasons, *([unread_facts(said.missing)] if said.missing else [])],
    }
