"""The fix of a rule as changes of the source's text, for forges and editors."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import takewhile

from cli.sources.definition import File, Wanted
from domain.ecs.container import Container
from domain.ecs.task_definition import TaskDefinition
from domain.ecs.values import mapping_of, texts_of
from domain.remediation.plan import visible

_MOST = 256 * 1024
"""Characters of a file for which there are suggestions: ECS takes 64 KiB a definition, and comparing takes time."""
_MOST_WORK = 8 * _MOST
"""The same times the definitions of a file, because the whole text is compared for each."""
_LONGEST_LINE = 400
"""Characters of a line that may be shown whole: a longer one holds much that has nothing to do with the change."""
_SHORTEST = 6
"""Values that are shorter protect nothing, and many texts have them by chance."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text: line and column, from 1, in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Replacement:
    """The text between two places, and what replaces it."""

    begin: Position
    end: Position
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """Whole lines, from `first` to `last`, and the lines that replace them.

    With `secret` they may have a value in them that nobody may see, but what changes in them has none.
    """

    first: int
    last: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    secret: bool = False

    @property
    def replacement(self) -> Replacement:
        """Only the characters that change."""
        before, after = "".join(self.before), "".join(self.after)
        begin = _common(before, after)
        end = _common(before[begin:][::-1], after[begin:][::-1])
        return Replacement(
            self._position(before, begin), self._position(before, len(before) - end), after[begin : len(after) - end]
        )

    def _position(self, text: str, at: int) -> Position:
        return Position(self.first + text.count("\n", 0, at), at - text.rfind("\n", 0, at))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to change in the source for one rule; `safe` if no person has to decide anything."""

    hunks: tuple[Hunk, ...]
    safe: bool


def has_suggestions(source: File) -> bool:
    """Return whether there are suggestions for a file: not for large ones, and lists of many definitions."""
    return len(source.text) <= _MOST and len(source.text) * len(source.definitions) <= _MOST_WORK


def suggestion(source: File, index: int, after: Wanted, *, safe: bool) -> Suggestion | None:
    """Return the change of the source that gives one of its definitions, and its service, this form.

    None if the text does not change, or would get a value that may be secret at another place.
    """
    definition = source.definitions[index]
    wanted = [
        Wanted(after.task if each.task is definition.task else each.task, each.around.service)
        for each in source.definitions
    ]
    wanted[index] = after
    rewritten = source.rewritten(wanted)
    hidden = tuple(_hidden(definition.task))
    hunks = tuple(
        replace(hunk, secret=any(_may_be_secret(line, hidden) for line in hunk.after))
        for hunk in _hunks(source.text, rewritten.text)
    )
    written = [hunk.replacement.text for hunk in hunks]
    if not hunks or rewritten.by_hand or any(definition.around.shown(text) != text for text in written):
        return None
    if any(value in text for text in written for value in hidden):
        return None
    return Suggestion(hunks, safe)


def _may_be_secret(line: str, hidden: Iterable[str]) -> bool:
    return len(line) > _LONGEST_LINE or any(value in line for value in hidden)


def _hunks(before: str, after: str) -> Iterator[Hunk]:
    old, new = _lines(before), _lines(after)
    same = _common(old, new)
    matcher = SequenceMatcher(None, old[same:], new[same:])
    for kind, *places in matcher.get_opcodes():
        if kind == "equal":
            continue
        a, a_end, b, b_end = (place + same for place in places)
        # What only inserts has the line before it, too: a suggestion replaces at least one line.
        head = 1 if a == a_end and a else 0
        yield Hunk(a - head + 1, max(a_end, a - head + 1), tuple(old[a - head : a_end]), tuple(new[b - head : b_end]))


def _lines(text: str) -> list[str]:
    """Return lines with their ends. Only a line feed ends one, as for forges and editors."""
    lines = text.split("\n")
    return [*(f"{line}\n" for line in lines[:-1]), *filter(None, lines[-1:])]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _hidden(task: TaskDefinition) -> Iterator[str]:
    """Yield the values that nobody may see, also as JSON writes them."""
    for value in (*task.tags.values(), *(value for each in task.containers for value in _of(each))):
        if len(value) >= _SHORTEST:
            yield value
            yield json.dumps(value)[1:-1]


def _of(container: Container) -> Iterator[str]:
    where = f"containers/{container.name}"
    yield from (
        value
        for name, value in container.environment.items()
        if not visible(f"{where}/environment/{name}/value", value)
    )
    yield from texts_of([*mapping_of(container.json.get("dockerLabels")).values()])
    yield from (
        value
        for name, value in container.log_options.items()
        if not visible(f"{where}/logConfiguration/options/{name}", value)
    )
    health = mapping_of(container.json.get("healthCheck"))
    for words in (container.json.get("command"), container.json.get("entryPoint"), health.get("command")):
        if not visible(f"{where}/command", words):
            yield from texts_of(words)
