"""`outrider upgrade`: what another release of the collector makes of task definitions and configurations."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Parameter

from cli.check import FailOn, FileName
from cli.collector import is_configuration
from cli.evaluating import FileEvaluator
from cli.exits import CLEAN, DRIFTED, UNUSABLE
from cli.files import STDIN, NoDefinition, Unusable, definitions_in, found_in, is_folder, named, shown, text_of
from cli.terminal import say
from cli.upgrading import Change, Input
from domain.collector.releases import Release, newest_known, release_facts
from domain.severity import Severity

_ENDINGS = (".json", ".yaml", ".yml")


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Releases:
    """The releases of a change.

    Parameters
    ----------
    to
        The ADOT release to change to.
    since
        The release that is used now. A task definition names its own; without it, all that the new one refuses counts.
    """

    to: Annotated[str, Parameter(name="--to", metavar="RELEASE")]
    since: Annotated[str | None, Parameter(name="--from", metavar="RELEASE")] = None


def upgrade(
    *files: Annotated[str, Parameter(name="FILE")],
    releases: Releases,
    standard: FileName = None,
    config: FileName = None,
    format: Literal["table", "json"] = "table",  # noqa: A002 - the option's name
    fail_on: FailOn = FailOn.LOW,
) -> int:
    """Say what another release breaks; return the exit code.

    Parameters
    ----------
    files
        Files or folders with task definitions or collector configurations. A dash is standard input.
    releases
        The change.
    standard
        The standard to evaluate by, instead of the packaged one.
    config
        The collector's configuration, for the SSM parameter that the task definitions name.
    format
        A table for people, JSON for programs.
    fail_on
        The lowest severity that counts as broken for the exit code.
    """
    change = Change(
        FileEvaluator.of(standard, config), _known(releases.to), _known(releases.since) if releases.since else None
    )
    inputs = _Inputs([named(file) for file in files])
    outlooks = [change.outlook(each) for each in inputs.usable()]
    if format == "json":
        print(json.dumps([outlook.entry for outlook in outlooks], indent=2))
    else:
        from cli.upgrade_table import as_table  # noqa: PLC0415 - rich takes a tenth of a second to import

        as_table(outlooks)
    inputs.say_what_was_skipped()
    if inputs.refused:
        return UNUSABLE
    worst = max((severity for outlook in outlooks for severity in outlook.severities), default=None)
    return DRIFTED if worst is not None and worst >= Severity(fail_on) else CLEAN


def _known(text: str) -> Release:
    try:
        release = Release.parse(text)
    except ValueError as error:
        raise Unusable(str(error)) from None
    if release not in release_facts().releases:
        raise Unusable(f"{release} is not a release of ADOT that is known here. The newest is {newest_known()}.")
    return release


@dataclass
class _Inputs:
    """The named files and those of the named folders; those that cannot be used are reported and counted."""

    names: Sequence[str]
    refused: int = 0
    skipped: int = 0
    first_skipped: str = ""

    def usable(self) -> Iterator[Input]:
        if not self.names:
            self._refuse(
                "Name a file or a folder with task definitions or collector configurations, or - for standard input."
            )
        for name in dict.fromkeys(self.names):
            if name != STDIN and is_folder(name):
                yield from self._of_folder(name)
                continue
            try:
                yield from _inputs_in(name)
            except Unusable as unusable:
                self._refuse(str(unusable))

    def _of_folder(self, folder: str) -> Iterator[Input]:
        try:
            names: Iterable[str] = list(found_in(folder, _ENDINGS))
        except Unusable as unusable:
            self._refuse(str(unusable))
            return
        found = False
        for name in names:
            try:
                for each in _inputs_in(name):
                    found = True
                    yield each
            except NoDefinition:
                self.skipped += 1
                self.first_skipped = self.first_skipped or name
            except Unusable as unusable:
                found = True
                self._refuse(str(unusable))
        if not found:
            self._refuse(f"{folder} has no task definition and no collector configuration in it. Name another folder.")

    def _refuse(self, sentence: str) -> None:
        self.refused += 1
        say(sentence)

    def say_what_was_skipped(self) -> None:
        """Name the first, and how many more there are."""
        if self.skipped:
            others = f" and {self.skipped - 1} more" if self.skipped > 1 else ""
            say(f"Skipped, because there is neither in it: {self.first_skipped}{others}.")


def _inputs_in(name: str) -> Iterator[Input]:
    """Yield what a file has: one configuration, or its task definitions."""
    text, encoding = text_of(name)
    text = text.removeprefix("\ufeff")
    if not text.lstrip().startswith(("{", "[")):
        if not is_configuration(text):
            raise NoDefinition(f"{shown(name)} is neither a task definition nor a collector configuration.")
        yield Input(name, "", text)
        return
    try:
        found = definitions_in(name, text, encoding).definitions
    except NoDefinition:
        if not is_configuration(text):
            raise
        yield Input(name, "", text)
        return
    for definition in found:
        yield Input(name, definition.resource, definition.task)
