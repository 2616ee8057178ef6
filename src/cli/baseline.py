"""A baseline: the drifts that are known and do not count, as a file that is kept with the source."""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cli.fingerprints import subject_of
from cli.output.evaluation import Entry
from cli.paths import STDIN_NAME, report_path
from cli.replacing import written
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


def drifts_of(entry: Entry, folder: Path) -> tuple[KnownDrift, ...]:
    """Return the drifts of an input as a baseline in this folder has them."""
    file, subject = report_path(entry.file, folder), subject_of(entry)
    return tuple(
        KnownDrift(file, subject, verdict.rule, each.code, each.where, each.fingerprint)
        for verdict in entry.verdicts
        for each in verdict.counted
    )


@dataclass
class Baseline:
    """A baseline in one run. With `writes`, all that is found becomes known.

    The paths of files count from its folder, whatever folder the command runs in. An entry is fixed if its file and its
    rule were evaluated and its drift was not found. It is also removed if its file has gone.
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

    @cached_property
    def folder(self) -> Path:
        return Path(self.name).resolve().parent

    @property
    def fingerprints(self) -> frozenset[str]:
        return frozenset(each.fingerprint for each in self.entries)

    def add(self, file: str, drifts: Iterable[KnownDrift]) -> None:
        """Count the drifts of one input."""
        self.files.add(report_path(file, self.folder))
        self.found.update(drifts)

    def finish(self) -> None:
        """Write the file if that is wanted; say what is known and what is stale."""
        known, found = self.fingerprints, {each.fingerprint for each in self.found}
        unseen = [each for each in self.entries if each.fingerprint not in found]
        gone = [each for each in unseen if self._has_gone(each)]
        fixed = [each for each in unseen if each.file in self.files and each.rule in self.rules]
        if self.writes:
            self._write(sorted({*self.found, *unseen}.difference(fixed, gone)))
            removed = f"; {len(fixed)} that {'is' if len(fixed) == 1 else 'are'} fixed removed" if fixed else ""
            removed += f"; {len(gone)} of files that are gone removed" if gone else ""
            say(f"{self.name}: written with {_drifts(len(self.found))}{removed}.")
            return
        if matched := known & found:
            verb = "does" if len(matched) == 1 else "do"
            say(f"{self.name} has {_drifts(len(matched))} of this run, which {verb} not count.")
        if fixed:
            named = first_of([f"{each.rule} at {each.where} in {each.file}" for each in fixed], 1)
            say(f"{self.name} has entries that are fixed: {named}. Write it again with --write-baseline.")
        if gone:
            named = first_of([*dict.fromkeys(each.file for each in gone)], 1)
            say(f"{self.name} has entries of files that are gone: {named}. Write it again with --write-baseline.")

    def _has_gone(self, each: KnownDrift) -> bool:
        return each.file not in {*self.files, STDIN_NAME} and not (self.folder / each.file).exists()

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
