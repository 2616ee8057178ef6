"""Exemptions within files: comments of a text, and tags of its task definitions."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from cli.sources.definition import File
from cli.terminal import say
from domain.ecs.task_definition import TaskDefinition
from domain.standard import Exemption, Selector
from domain.standard.inline import KEY, TAG, Mistake, Terms
from rules import BY_ID

_COMMENT = re.compile(rf"(?:^|\s)(?:#|//|/\*|--)[ \t]*{KEY}(?![:\w-])([^\n]*)", re.MULTILINE)
_PARTS = re.compile(r"\s+(\S+)(?:\s+in\s+(\S+))?(\s+until\s.*)")


@dataclass(frozen=True, slots=True)
class Wrong:
    """An exemption without effect: its line, or the key of its tag, and why."""

    where: str
    mistake: Mistake

    def sentence(self, file: str) -> str:
        return f"{file}, {self.where}: this exemption has no effect: {_why(self.mistake)}."


@dataclass(frozen=True, slots=True)
class Comments:
    """The exemptions in the comments of a text, and those without effect."""

    exemptions: tuple[Exemption, ...] = ()
    wrong: tuple[Wrong, ...] = ()

    def said_of(self, file: str) -> Iterator[str]:
        """Yield a sentence for each that has no effect."""
        return (each.sentence(file) for each in self.wrong)


_NONE = Comments()


def comments_in(text: str) -> Comments:
    """Read the comments of a text that exempt: `outrider:exempt RULE [in FAMILY] until DAY: REASON`."""
    if KEY not in text:
        return _NONE
    exemptions, wrong, today = list[Exemption](), list[Wrong](), _today()
    for found in _COMMENT.finditer(text):
        match _read(found[1].removesuffix("\r").rstrip().removesuffix("*/"), today):
            case Exemption() as exemption:
                exemptions.append(exemption)
            case Mistake() as mistake:
                wrong.append(Wrong(f"line {text.count('\n', 0, found.start(1)) + 1}", mistake))
    return Comments(tuple(exemptions), tuple(wrong))


def _read(comment: str, today: date) -> Exemption | Mistake:
    parts = _PARTS.fullmatch(comment)
    if parts is None:
        return Mistake.FORM
    rule, family = parts[1], parts[2]
    if rule not in BY_ID:
        return Mistake.RULE
    match Terms.parse(parts[3], today):
        case Terms() as terms:
            where = Selector(family=(family,)) if family else Selector()
            return Exemption(rules=(rule,), where=where, reason=terms.reason, expires=terms.expires)
        case Mistake() as mistake:
            return mistake


def reporting_mistakes(files: Iterable[File]) -> Iterator[File]:
    """Pass files on, and say which of their exemptions have no effect."""
    for file in files:
        report_mistakes(file)
        yield file


def report_mistakes(file: File) -> None:
    """Say which exemptions of a file have no effect."""
    say(comments_in(file.text).said_of(file.name))
    say(wrong.sentence(file.name) for each, *_ in file.by_task() for wrong in _wrong_tags(each.task))


def _wrong_tags(task: TaskDefinition) -> Iterator[Wrong]:
    for key, value in task.tags.items():
        if not key.startswith(TAG):
            continue
        found = Terms.parse(value, _today()) if key.removeprefix(TAG) in BY_ID else Mistake.RULE
        if isinstance(found, Mistake):
            yield Wrong(f"tag {key}", found)


def _today() -> date:
    return datetime.now(UTC).date()


def _why(mistake: Mistake) -> str:
    match mistake:
        case Mistake.FORM:
            return "write a rule, then until 2027-01-31: and the reason"
        case Mistake.DAY:
            return "its last day is not a date such as 2027-01-31"
        case Mistake.REASON:
            return "its reason has fewer than eight characters"
        case Mistake.EXPIRED:
            return "it has expired"
        case Mistake.RULE:
            return "there is no such rule"
