"""What checks of values are made of: each gives a function that yields what the collector refuses of one struct.

A value that is not known (`${env:…}`), or whose form was refused already, is never judged.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from operator import gt, le, lt
from typing import Final

from domain.collector.problems import Effect, Problem, ProblemCode
from domain.collector.scalars import pattern_fault
from domain.collector.settings import NOT_KNOWN, Settings, is_empty

type Check = Callable[[Settings], Iterator[Problem]]
type Checks = Mapping[str, tuple[Check, ...]]

_LONGEST_FOUND: Final = 24


def shown_number(number: float) -> str:
    """Give a number as a sentence shows it."""
    text = str(number)
    return text if len(text) <= _LONGEST_FOUND else format(number, "g")


def when_created(check: Check) -> Check:
    """Check only what a pipeline uses: the collector finds it out when it creates the component."""

    def checked(settings: Settings) -> Iterator[Problem]:
        if settings.used:
            yield from check(settings)

    return checked


def when_started(check: Check) -> Check:
    """Check only what runs: the collector finds it out when it starts the component, later than its dry run ends."""

    def checked(settings: Settings) -> Iterator[Problem]:
        for problem in when_created(check)(settings):
            yield replace(problem, effect=Effect.AT_START)

    return checked


def if_on(check: Check) -> Check:
    """Check only where `enabled` is on."""

    def checked(settings: Settings) -> Iterator[Problem]:
        if settings.switch("enabled"):
            yield from check(settings)

    return checked


def required(*keys: str) -> Check:
    """Refuse what leaves one of these empty."""

    def checked(settings: Settings) -> Iterator[Problem]:
        for key in keys:
            if is_empty(settings.value(key)):
                yield settings.problem(ProblemCode.REQUIRED, key)

    return checked


def required_one(*keys: str) -> Check:
    """Refuse what leaves all of these empty."""

    def checked(settings: Settings) -> Iterator[Problem]:
        if all(is_empty(settings.value(key)) for key in keys):
            yield settings.problem(ProblemCode.REQUIRED, keys[0], wanted=keys)

    return checked


def not_both(first: str, second: str) -> Check:
    """Refuse two options that exclude each other."""

    def checked(settings: Settings) -> Iterator[Problem]:
        if _is_set(settings, first) and _is_set(settings, second):
            yield settings.problem(ProblemCode.NOT_BOTH, second, limit=first)

    return checked


def unpaired(settings: Settings, *sides: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the options of which one is missing: each side has several for the same thing, and both go together."""
    written = [[settings.is_set(key) for key in keys] for keys in sides]
    if not any(None in known for known in written) and any(map(any, written)):
        yield from (keys for keys, known in zip(sides, written, strict=True) if not any(known))


def _is_set(settings: Settings, key: str) -> bool:
    value = settings.value(key)
    return value is not NOT_KNOWN and bool(value)


def choice(key: str, *choices: str, empty: bool = True, any_case: bool = False) -> Check:
    """Refuse a text that is none of these; `empty`: whether it may be left out."""

    def checked(settings: Settings) -> Iterator[Problem]:
        text = settings.text(key)
        if text is None or (empty and not text):
            return
        if not text:
            yield settings.problem(ProblemCode.REQUIRED, key, wanted=choices)
        elif text not in choices and not (any_case and text.lower() in choices):
            yield settings.problem(ProblemCode.CHOICE, key, wanted=choices)

    return checked


def choices(key: str, *allowed: str, any_case: bool = False) -> Check:
    """Refuse a list with an entry that is none of these."""

    def checked(settings: Settings) -> Iterator[Problem]:
        for index, text in enumerate(settings.texts(key) or ()):
            if text not in allowed and not (any_case and text.lower() in allowed):
                yield settings.problem(ProblemCode.CHOICE, f"{key}[{index}]", wanted=allowed)

    return checked


def at_least(key: str, least: float) -> Check:
    """Refuse a smaller number."""
    return _bounded(key, least, lt, ProblemCode.TOO_SMALL)


def at_most(key: str, most: float) -> Check:
    """Refuse a greater number."""
    return _bounded(key, most, gt, ProblemCode.TOO_LARGE)


def _bounded(key: str, bound: float, beyond: Callable[[float, float], bool], code: ProblemCode) -> Check:
    def checked(settings: Settings) -> Iterator[Problem]:
        number = settings.number(key)
        if number is not None and beyond(number, bound):
            yield settings.problem(code, key, found=shown_number(number), limit=shown_number(bound))

    return checked


def most_not_below_least(smaller: str, greater: str) -> Check:
    """Refuse a greatest number, unless it is zero, that is below the smallest one."""

    def checked(settings: Settings) -> Iterator[Problem]:
        least, most = settings.number(smaller), settings.number(greater)
        if least is not None and most is not None and 0 < most < least:
            yield settings.problem(ProblemCode.NOT_BELOW, greater, found=shown_number(most), limit=smaller)

    return checked


def not_negative(*keys: str) -> Check:
    """Refuse durations below zero."""
    return _times(keys, lt, ProblemCode.TOO_SMALL, "0s")


def positive(*keys: str) -> Check:
    """Refuse durations that are zero or below."""
    return _times(keys, le, ProblemCode.NOT_POSITIVE)


def _times(keys: tuple[str, ...], beyond: Callable[[float, float], bool], code: ProblemCode, limit: str = "") -> Check:
    def checked(settings: Settings) -> Iterator[Problem]:
        for key in keys:
            time = settings.duration(key)
            if time is not None and beyond(time, 0):
                yield settings.problem(code, key, found=shown_time(settings, key), limit=limit)

    return checked


def shown_time(settings: Settings, key: str) -> str:
    """Give a duration as it is written; `0s` where it is left out or null."""
    value = settings.given.get(key)
    return "0s" if value is None else str(value)[:_LONGEST_FOUND]


def pattern(key: str) -> Check:
    """Refuse a regular expression that Go cannot read."""

    def checked(settings: Settings) -> Iterator[Problem]:
        text = settings.text(key)
        if text and (why := pattern_fault(text.replace("$$", "$"))):
            yield settings.problem(ProblemCode.BAD_FORM, key, wanted=("a regular expression",), limit=why)

    return checked


def patterns(key: str) -> Check:
    """Refuse a list with a regular expression that Go cannot read."""
    return all_readable(key, pattern_fault, "a regular expression")


def all_readable(key: str, fault: Callable[[str], str], form: str) -> Check:
    """Refuse a list with a text of which `fault` says why it cannot be read; `form` says what is wanted."""

    def checked(settings: Settings) -> Iterator[Problem]:
        for index, text in enumerate(settings.texts(key) or ()):
            if why := fault(text.replace("$$", "$")):
                yield settings.problem(ProblemCode.BAD_FORM, f"{key}[{index}]", wanted=(form,), limit=why)

    return checked


def no_duplicates(key: str) -> Check:
    """Refuse a list that names something twice, in whatever case."""

    def checked(settings: Settings) -> Iterator[Problem]:
        names = [text.lower() for text in settings.texts(key) or ()]
        if len(set(names)) < len(names):
            yield settings.problem(ProblemCode.DUPLICATE, key)

    return checked


def well_formed(key: str, test: Callable[[str], object], form: str, *, empty: bool = False) -> Check:
    """Refuse a text of which a test, such as a pattern's `fullmatch`, gives nothing; `form` says what is wanted."""

    def checked(settings: Settings) -> Iterator[Problem]:
        text = settings.text(key)
        if text is not None and not (empty and not text) and not test(text):
            yield settings.problem(ProblemCode.BAD_FORM, key, wanted=(form,))

    return checked


def not_supported(key: str) -> Check:
    """Refuse an option that is on though the collector does not have what it switches on."""

    def checked(settings: Settings) -> Iterator[Problem]:
        if _is_set(settings, key):
            yield settings.problem(ProblemCode.NOT_SUPPORTED, key)

    return checked
