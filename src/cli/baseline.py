"""A baseline: the drifts that are known and do not count, as a file that is kept with the source."""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cli.fingerprints import subject_of
from cli.output.evaluation import Entry
from cli.output.writing import written
from cli.paths import report_path
from cli.terminal import say
from cli.texts import text_of
from cli.unusable import Unusable
from reports.text import first_of

_VERSION = 1


@dataclass(frozen=True, slots=True, order=True)
class KnownDrift:
    """An entry of a baseline. It is found by its fingerprint; people read the rest."""

    file: str
    family: str
    rule: str
    code: str
    where: str
    fingerprint: str


def drifts_of(entry: Entry) -> tuple[KnownDrift, ...]:
    """Return the drifts of an input as a baseline has them."""
    return tuple(
        KnownDrift(report_path(entry.file), subject_of(entry), verdict.rule, each.code, each.where, each.fingerprint)
        for verdict in entry.verdicts
        for each in verdict.counted
    )


@dataclass
class Baseline:
    """A baseline in one run. With `writes`, all that is found becomes known.

    An entry is stale if its file and its rule were evaluated and its drift was not found, or if its file has gone.
    """

    name: str
    writes: bool
    rules: Collection[str]
    entries: tuple[KnownDrift, ...]
    files: set[str] = field(default_factory=set)
    found: set[KnownDrift] = field(default_factory=set)

    @classmethod
    def of_options(cls, name: str | None, *, writes: bool, rules: Collection[str]) -> "Baseline | None":
        """Read the file; raise Unusable if it is no baseline. A file that will be written need not exist."""
        if name is None:
            if writes:
                raise Unusable("--write-baseline needs --baseline FILE, which names the file.")
            return None
        entries = () if writes and not Path(name).exists() else _read(name)
        return cls(name, writes, rules, entries)

    @property
    def fingerprints(self) -> frozenset[str]:
        return frozenset(each.fingerprint for each in self.entries)

    def add(self, file: str, drifts: Iterable[KnownDrift]) -> None:
        """Count the drifts of one input."""
        self.files.add(report_path(file))
        self.found.update(drifts)

    def finish(self) -> None:
        """Write the file if that is wanted; say what is known and what is stale."""
        known, found = self.fingerprints, {each.fingerprint for each in self.found}
        unseen = [each for each in self.entries if each.fingerprint not in found]
        stale = [each for each in unseen if self._evaluated(each)]
        if self.writes:
            self._write(sorted({*self.found, *unseen}.difference(stale)))
            gone = f"; {len(stale)} that {'is' if len(stale) == 1 else 'are'} fixed removed" if stale else ""
            say(f"{self.name}: written with {_drifts(len(self.found))}{gone}.")
            return
        if matched := known & found:
            verb = "does" if len(matched) == 1 else "do"
            say(f"{self.name} has {_drifts(len(matched))} of this run, which {verb} not count.")
        if stale:
            named = first_of([f"{each.rule} at {each.where} in {each.file}" for each in stale], 1)
            say(f"{self.name} has entries that are fixed: {named}. Write it again with --write-baseline.")

    def _evaluated(self, each: KnownDrift) -> bool:
        return (each.file in self.files and each.rule in self.rules) or not Path(each.file).exists()

    def _write(self, entries: Iterable[KnownDrift]) -> None:
        content = {"version": _VERSION, "drifts": [asdict(each) for each in entries]}
        written(self.name, json.dumps(content, indent=2) + "\n")


def _drifts(count: int) -> str:
    return f"{count} drift{'' if count == 1 else 's'}"


def _read(name: str) -> tuple[KnownDrift, ...]:
    try:
        content: Any = json.loads(text_of(name))
        if content["version"] != _VERSION:
            raise Unusable(f"{name} is a baseline of version {content['version']}. This release reads {_VERSION}.")
        entries = tuple(KnownDrift(**each) for each in content["drifts"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Unusable(f"{name} is not a baseline. --write-baseline writes one.") from None
    if not all(isinstance(value, str) for each in entries for value in asdict(each).values()):
        raise Unusable(f"{name} is not a baseline. --write-baseline writes one.")
    return entries
