"""`outrider collector`: collector configurations in files, evaluated without a task definition."""

import re
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import engine
from cli.baseline import Baseline
from cli.evaluating import FileEvaluator
from cli.inline import comments_in
from cli.inputs import Inputs, Kind
from cli.options import EvaluationOptions, ReportOptions, taken
from cli.outcome import RuleOutcome
from cli.output.evaluation import ConfigurationEntry
from cli.parallel import in_order
from cli.reporting import Report, refuse_to_overwrite
from cli.results import Result, Results
from cli.selection import evaluated
from cli.sources.configuration import ConfigurationOrigin
from cli.sources.detection import is_about_tasks
from cli.sources.open_images import IMAGE
from cli.terminal import say
from cli.texts import shown, text_of
from cli.unusable import NoDefinition, Unusable
from domain.collector import CollectorConfiguration, ConfigurationUnreadable, variables_read
from domain.collector.configuration import SECTIONS
from domain.collector.releases import Release, newest_known
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Facts, Known, Parameter
from domain.places import Place
from domain.severity import Severity
from domain.workload import CONFIG_VARIABLE, Workload
from rules import BY_ID

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
_SECTIONS = re.compile(r"""(?:^["' ]*|[{,]\s*["'])(receivers|exporters|service)["']?\s*:""", re.MULTILINE)
_LEAST = 2
"""One section alone may be of something else, such as `service`."""

_OF_AWS = re.compile(r"\bAWS::\w+::|^resource\s+\"aws_", re.MULTILINE)
"""A type of a resource in a template, or a resource of Terraform."""


def collector(given: Namespace) -> int:
    """Evaluate collector configurations by the rules; return the exit code."""
    options, by = taken(ReportOptions, given), taken(EvaluationOptions, given)
    refuse_to_overwrite(options, (*given.files, by.standard, by.config, options.baseline))
    release = newest_known() if given.release is None else release_of(given.release)
    judge = ConfigurationEvaluator(FileEvaluator.of_options(by), release)
    rules = evaluated(judge.by.selected, _RULES)
    baseline = Baseline.of_options(options.baseline, writes=options.write_baseline, rules=[rule.id for rule in rules])
    evaluate = _Evaluate(judge, Results.by(options.format, baseline))
    inputs = Inputs(given.files, _CONFIGURATIONS, options.output, options.skip_others)
    texts = inputs.usable() if by.no_inline else _reporting_mistakes(inputs.usable())
    return Report(inputs, options, baseline, "configuration", hint=False).of(in_order(evaluate, texts))


def _reporting_mistakes(texts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for file, text in texts:
        say(comments_in(text).said_of(file))
        yield file, text


@dataclass(frozen=True, slots=True)
class _Evaluate:
    """The work of one process."""

    by: "ConfigurationEvaluator"
    results: Results

    def __call__(self, named: tuple[str, str]) -> Result:
        file, text = named
        judge = replace(self.by, by=self.by.by.exempting(comments_in(text).exemptions))
        origin = ConfigurationOrigin(file, text)
        verdicts = tuple(each.entry_with(origin.location, str) for each in judge.judge(text))
        return self.results.of(ConfigurationEntry(file, str(self.by.release), verdicts))


def release_of(text: str) -> Release:
    """Return the release that a person names; raise Unusable if it is none."""
    try:
        return Release.parse(text)
    except ValueError as error:
        raise Unusable(str(error)) from None


def is_configuration(text: str, *, unreadable: bool = True) -> bool:
    """Return whether a text has the sections of a collector configuration at its top, and not within something else.

    `unreadable` is the answer for a text that has them and cannot be parsed.
    """
    if len(set(_SECTIONS.findall(text))) < _LEAST:
        return False
    try:
        document = CollectorConfiguration.parse(text).document
    except ConfigurationUnreadable:
        return unreadable
    return sum(section in document for section in SECTIONS) >= _LEAST


def _read(name: str) -> tuple[tuple[str, str]]:
    text = text_of(name)
    if (is_about_tasks(text) or _OF_AWS.search(text)) and not is_configuration(text, unreadable=False):
        raise NoDefinition(
            f"{shown(name)} is not a collector's configuration. `outrider check` evaluates task definitions, and"
            " templates with them."
        )
    return ((name, text),)


def _find(name: str) -> tuple[tuple[str, str]]:
    ((_, text),) = found = _read(name)
    if not is_configuration(text):
        raise NoDefinition(f"{name} is not a collector configuration.")
    return found


_CONFIGURATIONS = Kind(
    _read,
    _find,
    is_configuration,
    (".yaml", ".yml"),
    nothing="Name a file or a folder with collector configurations, or - for standard input.",
    lacking="has YAML files in it and no collector configuration among them.",
    other="there is no collector configuration in it",
)


@dataclass(frozen=True, slots=True)
class ConfigurationEvaluator:
    """Evaluates a configuration in a task of which nothing is known but the collector's release."""

    by: FileEvaluator
    release: Release

    def judge(self, text: str) -> tuple[RuleOutcome, ...]:
        """Evaluate the selected rules that need no task. A rule that the standard switches off has no verdict."""
        workload = self.workload(text)
        rules = (rule for rule in _RULES if rule.id in self.by.selected)
        evaluated = ((rule, engine.verdicts_of(workload, self.by.standard, [rule])) for rule in rules)
        return tuple(_capped(self.by.said(rule, verdicts, workload)) for rule, verdicts in evaluated if verdicts)

    def workload(self, text: str) -> Workload:
        """Return a task with a collector of the release that reads this text."""
        stored = Parameter(arn="", name=CONFIG_VARIABLE, type="String", text=text)
        workload = Workload(place=Place("", ""), task=self._task(()), facts=Facts(parameter=Known(stored)))
        if (configuration := workload.read_configuration) is None:
            return workload
        # Whether the container sets a variable is the task's matter: each counts as set.
        names = dict.fromkeys(name for _, name in variables_read(configuration))
        return workload.with_task(self._task(tuple(names)))

    def _task(self, variables: Sequence[str]) -> TaskDefinition:
        secrets = [{"name": name, "valueFrom": name} for name in (CONFIG_VARIABLE, *variables)]
        container = {"name": _COLLECTOR, "image": f"{IMAGE}:{self.release}", "secrets": secrets}
        return TaskDefinition({"family": _COLLECTOR, "containerDefinitions": [container]})


def _capped(said: RuleOutcome) -> RuleOutcome:
    """Lower what a rule says that does not keep the collector from starting: HIGH is for what does."""
    if said.rule.id not in _AFTER_THE_START:
        return said
    drifts = tuple(replace(drift, severity=_lower(drift.severity)) for drift in said.drifts)
    return replace(said, severity=min(said.severity, Severity.MEDIUM), drifts=drifts)


def _lower(severity: Severity | None) -> Severity | None:
    return None if severity is None else min(severity, Severity.MEDIUM)
