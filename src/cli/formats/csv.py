"""CSV: one row for each drift, note, and rule that is unknown or exempt.

A cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

import csv
import io
from collections.abc import Iterator

from cli.formats.content import Content, page_of
from cli.output.evaluation import VerdictEntry
from cli.paths import report_path
from cli.results import Result
from cli.terminal import line

COLUMNS = (
    "file", "line", "column", "resource", "rule", "verdict", "severity", "code", "where", "why", "found", "wanted",
    "fix", "fingerprint", "page",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

type Row = tuple[object, ...]


def pieces(content: Content) -> Iterator[str]:
    """Yield the head and the rows."""
    yield _row(COLUMNS)
    for result in content.results:
        for verdict in result.entry.verdicts:
            yield from map(_row, _rows(result, verdict))


def _rows(result: Result, verdict: VerdictEntry) -> Iterator[Row]:
    file, resource = report_path(result.entry.file), result.entry.name
    head, tail = (resource, verdict.rule, verdict.verdict.value), page_of(verdict.rule)
    for drift in verdict.drifts:
        at = drift.location
        place = (report_path(at.file), at.line, at.column) if at else (file, "", "")
        what = (drift.severity.value, drift.code, drift.where, drift.why, drift.found, drift.wanted)
        yield (*place, *head, *what, verdict.fix.value, drift.fingerprint, tail)
    if not verdict.drifts:
        what = (verdict.severity.value, "", "", "; ".join(verdict.reasons), "", "")
        yield (file, "", "", *head, *what, verdict.fix.value, "", tail)


def _row(cells: Row) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def _cell(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = line(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
