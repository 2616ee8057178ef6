"""Three-valued logic: True, False, and None for what cannot be decided (Kleene's strong tables)."""

from collections.abc import Iterable

type Truth = bool | None


def negate(truth: Truth) -> Truth:
    """Not."""
    return None if truth is None else not truth


def any_of(truths: Iterable[Truth]) -> Truth:
    """Or."""
    answer: Truth = False
    for truth in truths:
        if truth:
            return True
        if truth is None:
            answer = None
    return answer


def all_of(truths: Iterable[Truth]) -> Truth:
    """And."""
    answer: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            answer = None
    return answer


def agreed(truths: Iterable[Truth]) -> Truth:
    """Return the answer that all possible cases share; None if they differ."""
    distinct = set(truths)
    return distinct.pop() if len(distinct) == 1 else None
