"""`outrider collector`: collector configurations in files, evaluated without a task definition."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from cyclopts import Parameter

import engine
from cli.check import FailOn, FileName, entry_of
from cli.evaluating import DefinitionResult, FileEvaluator, NamedResult, RuleOutcome, worse
from cli.exits import CLEAN, DRIFTED, UNUSABLE
from cli.files import STDIN, Unusable, found_in, is_folder, named, text_of
from cli.terminal import say
from domain.collector import CollectorConfiguration, variables_read
from domain.collector.releases import Release, newest_known
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Facts, Known
from domain.facts import Parameter as StoredParameter
from domain.places import Place
from domain.severity import Severity
from domain.workload import CONFIG_VARIABLE, Workload
from rules import BY_ID

_ENDINGS = (".yaml", ".yml")
_RULES = tuple(
    BY_ID[f"config.{name}"]
    for name in (
        *("well-formed", "references", "components", "options", "values", "signals", "variables", "fargate"),
        *("destinations", "metric-names", "protection", "no-plain-secrets"),
    )
)
"""The others need to know the task: its applications, its region, its parameter."""
_AFTER_THE_START = frozenset({"config.destinations", "config.no-plain-secrets"})
_COLLECTOR = "adot-collector"
_IMAGE = "public.ecr.aws/aws-observability/aws-otel-collector"
_SECTIONS = re.compile(r"""(?:^["' ]*|[{,]\s*["'])(receivers|exporters|service)["']?\s*:""", re.MULTILINE)


def collector(
    *files: Annotated[str, Parameter(name="FILE")],
    release: Annotated[str | None, Parameter(metavar="RELEASE")] = None,
    standard: FileName = None,
    format: Literal["table", "json"] = "table",  # noqa: A002 - the option's name
    fail_on: FailOn = FailOn.LOW,
) -> int:
    """Evaluate collector configurations by the rules; return the exit code.

    Parameters
    ----------
    files
        Files or folders with collector configurations. A dash is standard input.
    release
        The ADOT release that reads them (default: the newest that Outrider knows).
    standard
        The standard to evaluate by, instead of the packaged one.
    format
        A table for people, JSON for programs.
    fail_on
        The lowest severity that counts as drifted for the exit code.
    """
    alone = ConfigurationEvaluator(FileEvaluator.of(standard, None), _release(release))
    inputs = _Inputs([named(file) for file in files])
    judged = ((name, str(alone.release), alone.judge(text)) for name, text in inputs.usable())
    if format == "json":
        worst = _as_json(judged)
    else:
        from cli.table import as_table  # noqa: PLC0415 - rich takes a tenth of a second, which programs need not wait for

        worst = as_table(judged, given=True, what="configuration")
    inputs.say_what_was_skipped()
    if inputs.refused:
        return UNUSABLE
    return DRIFTED if worst is not None and worst >= Severity(fail_on) else CLEAN


def _release(text: str | None) -> Release:
    if text is None:
        return newest_known()
    try:
        return Release.parse(text)
    except ValueError as error:
        raise Unusable(str(error)) from None


def is_configuration(text: str) -> bool:
    """Return whether a text has sections of a collector configuration."""
    return len(set(_SECTIONS.findall(text))) > 1


class ConfigurationEvaluator:
    """Judges a configuration in a task of which nothing is known but the collector's release."""

    def __init__(self, judge: FileEvaluator, release: Release) -> None:
        self._judge, self.release = judge, release

    def judge(self, text: str) -> DefinitionResult:
        """FileEvaluator by all rules that need no task."""
        workload = self.workload(text)
        said = list[RuleOutcome]()
        for rule in _RULES:
            # A rule that the standard switches off has no verdict.
            if verdicts := engine.verdicts_of(workload, self._judge.standard, [rule]):
                said.append(_capped(self._judge.said(rule, verdicts, workload)))
        return DefinitionResult(workload, tuple(said))

    def workload(self, text: str) -> Workload:
        """Return a task with a collector of the release that reads this text."""
        stored = StoredParameter(arn="", name=CONFIG_VARIABLE, type="String", text=text)
        workload = Workload(place=Place("", ""), task=self._task(()), facts=Facts(parameter=Known(stored)))
        match workload.configuration:
            case Known(CollectorConfiguration() as configuration):
                # Whether the container sets a variable is the task's matter: each counts as set.
                names = dict.fromkeys(name for _, name in variables_read(configuration))
                return workload.with_task(self._task(tuple(names)))
            case _:
                return workload

    def _task(self, variables: Sequence[str]) -> TaskDefinition:
        secrets = [{"name": name, "valueFrom": name} for name in (CONFIG_VARIABLE, *variables)]
        container = {"name": _COLLECTOR, "image": f"{_IMAGE}:{self.release}", "secrets": secrets}
        return TaskDefinition({"family": _COLLECTOR, "containerDefinitions": [container]})


def _capped(said: RuleOutcome) -> RuleOutcome:
    """Lower what a rule says that does not keep the collector from starting: HIGH is for what does."""
    if said.rule.id not in _AFTER_THE_START:
        return said
    drifts = tuple(replace(drift, severity=_lower(drift.severity)) for drift in said.drifts)
    return replace(said, severity=min(said.severity, Severity.MEDIUM), drifts=drifts)


def _lower(severity: Severity | None) -> Severity | None:
    return None if severity is None else min(severity, Severity.MEDIUM)


class _Inputs:
    """The files that were named, and the configurations in folders that were; what cannot be used is said."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self.refused = 0
        self._skipped = list[str]()

    def usable(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the text of each."""
        if not self._names:
            self._refuse("Name a file or a folder with collector configurations, or - for standard input.")
        for name in dict.fromkeys(self._names):
            if name != STDIN and is_folder(name):
                yield from self._of_folder(name)
            elif (text := self._text(name)) is not None:
                yield name, text

    def _of_folder(self, folder: str) -> Iterator[tuple[str, str]]:
        try:
            names = list(found_in(folder, _ENDINGS))
        except Unusable as unusable:
            self._refuse(str(unusable))
            return
        found = False
        for name in names:
            text = self._text(name)
            if text is None:
                found = True
            elif is_configuration(text):
                found = True
                yield name, text
            else:
                self._skipped.append(name)
        if not found:
            self._refuse(
                f"{folder} has YAML files in it and no collector configuration among them. Name another folder."
            )

    def _text(self, name: str) -> str | None:
        try:
            return text_of(name)[0].removeprefix("\ufeff")
        except Unusable as unusable:
            self._refuse(str(unusable))
            return None

    def _refuse(self, sentence: str) -> None:
        self.refused += 1
        say(sentence)

    def say_what_was_skipped(self) -> None:
        """Name the first, and how many more there are."""
        if self._skipped:
            others = f" and {len(self._skipped) - 1} more" if len(self._skipped) > 1 else ""
            say(f"Skipped, because there is no collector configuration in it: {self._skipped[0]}{others}.")


def _as_json(judged: Iterator[NamedResult]) -> Severity | None:
    entries = list[dict[str, Any]]()
    worst = None
    for file, release, judgement in judged:
        entries.append({"file": file, "release": release, "verdicts": [entry_of(said) for said in judgement.said]})
        worst = worse(worst, judgement)
    print(json.dumps(entries, indent=2))
    return worst
