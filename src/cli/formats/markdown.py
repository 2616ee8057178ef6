"""A comment in Markdown, with suggestions for the lines that fixes change."""

from collections import Counter
from collections.abc import Iterator

from cli.formats.content import Content, Found, fix_words, found_in
from cli.formats.escaping import code, fence, markdown
from cli.output.evaluation import DefinitionEntry, Entry
from cli.paths import report_path
from cli.results import Result
from cli.suggesting import Hunk

_MOST = 60_000
"""Bytes of drifts: GitHub takes 65,536 characters in a comment."""

_ERRORS = 20


def pieces(content: Content) -> Iterator[str]:
    """Yield the comment, which is short enough for one."""
    comment = Comment(_MOST)
    for result in content.results:
        comment.add(result)
    yield comment.text(content)


class Comment:
    """A comment of at most so many bytes; what does not fit is counted."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._parts = list[str]()
        self._tally = Counter[str]()

    def add(self, result: Result) -> None:
        """Add what is drifted of one input."""
        self._tally["all"] += 1
        if result.entry.not_evaluated:
            self._tally["not evaluated"] += 1
        found = list(found_in(result))
        if not found:
            return
        self._tally["drifted"] += 1
        title = f"\n### {_title(result.entry)}\n\n"
        for each in found:
            part = title + _drift(each)
            size = len(part.encode(errors="replace"))
            if size > self._left:
                self._left = 0
                self._tally["left out"] += 1
            else:
                self._left -= size
                self._parts.append(part)
                title = ""

    def text(self, content: Content) -> str:
        """Return the whole comment."""
        every, drifted = self._tally["all"], self._tally["drifted"]
        rows = [f"## Outrider: {drifted or 'none'} of {every} {content.what}{'s' if every != 1 else ''} drifted\n"]
        if self._tally["not evaluated"]:
            rows.append(f"\n{self._tally['not evaluated']} not evaluated.\n")
        rows += self._parts
        if self._tally["left out"]:
            rows.append(f"\n… and {self._tally['left out']} more drifts, for which there is no room here.\n")
        if content.errors:
            rows.append("\n### Not read\n\n")
            rows += [
                f"- {code(report_path(each.file))}: {markdown(each.message)}\n" for each in content.errors[:_ERRORS]
            ]
            if len(content.errors) > _ERRORS:
                rows.append(f"- … and {len(content.errors) - _ERRORS} more\n")
        return "".join(rows)


def _title(entry: Entry) -> str:
    name, path = code(entry.name), code(report_path(entry.file))
    return f"{name} in {path}" if isinstance(entry, DefinitionEntry) else f"{path}, read by {name}"


def _drift(found: Found) -> str:
    at = f"{report_path(found.file)}:{found.line}" if found.drift.location else report_path(found.file)
    head = f"**{found.drift.severity}** [{found.verdict.rule}]({found.page}) at {code(at)}: {markdown(found.message)}"
    row = f"- {' '.join(filter(None, (head, fix_words(found.verdict.fix, found.result.source))))}\n"
    hunks = found.suggestion.hunks if found.suggestion else ()
    if any(each.secret for each in hunks):
        hunks = ()
    return row + "".join(_suggested(each, found) for each in hunks)


def _suggested(hunk: Hunk, found: Found) -> str:
    lines = f"Line {hunk.first}" if hunk.first == hunk.last else f"Lines {hunk.first} to {hunk.last}"
    text = "".join(hunk.after).replace("\r\n", "\n")
    text += "" if text.endswith("\n") or not text else "\n"
    marks = fence(text)
    return f"\n{lines} of {code(report_path(found.file))}:\n\n{marks}suggestion\n{text}{marks}\n\n"
