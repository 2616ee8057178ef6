"""The fingerprints of drifts: the same in every run, whatever lines, values and sentences are."""

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

from cli.output.evaluation import DriftEntry, Entry, VerdictEntry
from cli.paths import report_path
from domain.places import Revision

_LENGTH = 32


def subject_of(entry: Entry, number: int = 1) -> str:
    """Return the family; empty for a configuration. `number` says which of a file's definitions of the family it is."""
    revision = Revision.parse(entry.resource)
    family = revision.family if revision else entry.resource
    return family if number == 1 else f"{family}#{number}"


def fingerprinted(entry: Entry, number: int = 1, folder: Path | None = None) -> Entry:
    """Return an entry whose drifts have their fingerprints. With a folder, the file's path counts from there."""
    if not any(each.drifts for each in entry.verdicts):
        return entry
    file, subject = report_path(entry.file, folder), subject_of(entry, number)
    return replace(entry, verdicts=tuple(_of_verdict(each, file, subject) for each in entry.verdicts))


def _of_verdict(verdict: VerdictEntry, file: str, subject: str) -> VerdictEntry:
    if not verdict.drifts:
        return verdict
    seen = Counter[tuple[str, str]]()
    drifts = list[DriftEntry]()
    for each in verdict.drifts:
        seen[each.code, each.where] += 1
        number = str(seen[each.code, each.where])
        drifts.append(replace(each, fingerprint=_digest(file, subject, verdict.rule, each.code, each.where, number)))
    return replace(verdict, drifts=tuple(drifts))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:_LENGTH]
