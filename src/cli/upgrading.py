"""What another release of the collector makes of one input: compared as data."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import engine
from cli.collector import ConfigurationEvaluator
from cli.evaluating import FileEvaluator
from cli.output.names import page_of
from cli.output.upgrade import BreakEntry, OutlookEntry, RenamedEntry, SupportEntry
from domain.collector import (
    ConfigurationUnreadable,
    ProblemCode,
    options_are_known,
    renamed_in,
)
from domain.collector.releases import Release, SupportEnded, support_ended
from domain.collector.upgrading import Renamed
from domain.drift import Drift
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Known
from domain.rule import Rule
from domain.severity import Severity
from domain.verdict import Drifted, Unknown
from domain.workload import Workload
from rules import BY_ID

_DESTINATIONS = "config.destinations"
_SOURCE = "sidecar.config-from-parameter"
RULES = tuple(
    BY_ID[name]
    for name in (
        *("config.well-formed", "config.references", "config.components", "config.options", "config.values"),
        *("config.signals", "config.variables", _DESTINATIONS, _SOURCE),
    )
)
"""Whose verdicts depend on the release, and those that say why others cannot be evaluated."""


@dataclass(frozen=True, slots=True)
class Input:
    """One task definition, or the text of one configuration."""

    file: str
    resource: str
    content: TaskDefinition | str


@dataclass(frozen=True, slots=True)
class Break:
    """A drift that the new release brings, and its rule."""

    rule: str
    severity: Severity
    drift: Drift


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the new release makes of one input. `unknown` are the reasons for what could not be evaluated."""

    of: Input
    before: Release | None
    after: Release
    breaks: tuple[Break, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    ended: tuple[tuple[Release, SupportEnded], ...] = ()
    unknown: tuple[str, ...] = ()
    not_evaluated: str = ""

    @property
    def severities(self) -> Iterator[Severity]:
        """The severities that count for the exit code. A new release that is out of support is LOW."""
        yield from (each.severity for each in self.breaks)
        yield from (Severity.LOW for release, _ in self.ended if release == self.after)

    @property
    def entry(self) -> OutlookEntry:
        """Return it as JSON has it."""
        return OutlookEntry(
            file=self.of.file,
            resource=self.of.resource or None,
            before=None if self.before is None else str(self.before),
            after=str(self.after),
            not_evaluated=self.not_evaluated or None,
            breaks=tuple(
                BreakEntry(
                    rule=each.rule,
                    page=page_of(each.rule),
                    code=str(each.drift.code),
                    where=each.drift.where,
                    why=each.drift.why,
                    found=each.drift.found,
                    wanted=each.drift.wanted,
                    severity=each.severity,
                )
                for each in self.breaks
            ),
            renamed=tuple(RenamedEntry(each.where, each.found, each.wanted, str(each.since)) for each in self.renamed),
            out_of_support=tuple(
                SupportEntry(str(release), str(found.since), str(found.newest)) for release, found in self.ended
            ),
            unknown=self.unknown,
        )


def _is_of_the_change(found: Break, before: frozenset[Drift] | None) -> bool:
    """Whether the release brings it. With none to compare with: whether the collector cannot start, or misreads it."""
    if before is not None:
        return found.drift not in before
    if found.rule == _DESTINATIONS or found.drift.code == ProblemCode.VARIABLE_UNSET.value:
        return False
    return found.severity >= Severity.HIGH or found.drift.code == ProblemCode.BARE_VARIABLE.value


@dataclass(frozen=True, slots=True)
class Change:
    """The change of the collector's release, under a standard."""

    judge: FileEvaluator
    rules: tuple[Rule, ...]
    after: Release
    before: Release | None

    def outlook(self, given: Input) -> Outlook:
        match given.content:
            case TaskDefinition() as task:
                return self._of_definition(given, task)
            case str() as text:
                before = self.before
                earlier = None if before is None else ConfigurationEvaluator(self.judge, before).workload(text)
                later = ConfigurationEvaluator(self.judge, self.after).workload(text)
                return self._compared(Outlook(given, self.before, self.after), earlier, later)

    def _of_definition(self, given: Input, task: TaskDefinition) -> Outlook:
        workload = self.judge.workload(task)
        before = workload.release or self.before
        plain = Outlook(given, before, self.after)
        collector = workload.collector
        if collector is None:
            return replace(plain, not_evaluated="it has no collector of the kind that the standard wants")
        if not workload.distribution.is_adot:
            return replace(plain, not_evaluated=f"its collector is not ADOT's: {collector.image.repository}")
        image = replace(collector.image, tag=str(self.after), digest=None)
        later = workload.with_container(collector.with_(image=str(image)))
        earlier = workload if workload.release is not None else None
        if earlier is None and before is not None:
            image = replace(image, tag=str(before))
            earlier = workload.with_container(collector.with_(image=str(image)))
        return self._compared(plain, earlier, later)

    def _compared(self, plain: Outlook, earlier: Workload | None, later: Workload) -> Outlook:
        now = frozenset(each.drift for each in self._drifts(earlier)) if earlier is not None else None
        outlook = replace(
            plain,
            breaks=tuple(each for each in self._drifts(later) if _is_of_the_change(each, now)),
            ended=tuple(self._ended(plain, later)),
            unknown=tuple(self._unknown(plain.before, later)),
        )
        configuration = later.read_configuration
        if configuration is None or configuration.excerpt:
            return outlook
        return replace(outlook, renamed=renamed_in(configuration, self.after))

    def _drifts(self, workload: Workload) -> Iterator[Break]:
        """What the collector of a workload does not start with, or does otherwise than was meant."""
        unreadable = isinstance(workload.configuration, Known) and isinstance(
            workload.configuration.value, ConfigurationUnreadable
        )
        for verdict in engine.verdicts_of(workload, self.judge.standard, self.rules):
            # Where the configuration comes from is no matter of the release, unless the image's file is broken.
            if isinstance(verdict, Drifted) and (unreadable or verdict.rule != _SOURCE):
                for drift in verdict.drifts:
                    severity = drift.severity or verdict.severity
                    if severity is not Severity.INFORMATIONAL:
                        yield Break(verdict.rule, severity, drift)

    def _unknown(self, before: Release | None, later: Workload) -> Iterator[str]:
        if not isinstance(later.configuration, Known):
            yield "The collector's configuration is not known. Give it with --config."
            return
        if before is not None and not options_are_known(before):
            yield f"The options of {before} are not known, so it may refuse the same options and values."
        verdicts = engine.verdicts_of(later, self.judge.standard, self.rules)
        reasons = (doubt.why for each in verdicts if isinstance(each, Unknown) for doubt in each.doubts)
        yield from dict.fromkeys(reasons)

    def _ended(self, plain: Outlook, workload: Workload) -> Iterator[tuple[Release, SupportEnded]]:
        days = self.judge.standard.collector_of(workload).support_days
        if days is None:
            return
        for release in dict.fromkeys(each for each in (plain.before, plain.after) if each is not None):
            if found := support_ended(release, datetime.now(UTC).date(), days):
                yield release, found
