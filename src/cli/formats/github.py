"""Annotations of GitHub Actions, and the job's summary in Markdown.

https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions. GitHub shows ten errors, ten warnings
and ten notices of a step at most; the summary has all.
"""

from collections.abc import Iterator
from pathlib import Path

from cli.environment import first_set
from cli.formats.content import Content, Found, fix_words, found_in, level_of
from cli.formats.markdown import Comment
from cli.paths import report_path
from cli.terminal import line, say
from cli.unusable import reason_of

_SUMMARY = "GITHUB_STEP_SUMMARY"
_MOST = 900_000
"""Bytes: GitHub takes 1 MiB of a step, of all that its commands write."""


def pieces(content: Content) -> Iterator[str]:
    """Yield one command for each drift, then append the summary to the file that GitHub names, if it names one."""
    _, summary = first_set(_SUMMARY)
    comment = Comment(_MOST - _size(summary))
    for result in content.results:
        comment.add(result)
        yield from map(_annotation, found_in(result))
    for error in content.errors:
        yield _command("error", {"file": report_path(error.file), "title": "outrider"}, error.message)
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(comment.text(content))
        except OSError as error:
            say(f"The summary of the job cannot be written ({reason_of(error)}).")


def _size(summary: str) -> int:
    """Return the bytes that commands before have written of the step's summary."""
    try:
        return Path(summary).stat().st_size if summary else 0
    except OSError:
        return 0


def _annotation(found: Found) -> str:
    level = level_of(found.drift.severity, ("error", "warning", "notice"))
    at = {"file": report_path(found.file), "line": str(found.line), "col": str(found.column)}
    title = f"{found.drift.severity} {found.verdict.rule} ({found.entry.name})"
    text = " ".join(filter(None, (found.message, fix_words(found.verdict.fix, found.result.source), found.page)))
    return _command(level, {**at, "title": title}, text)


def _command(level: str, properties: dict[str, str], text: str) -> str:
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {given}::{_data(text)}\n"


def _data(text: str) -> str:
    return line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
