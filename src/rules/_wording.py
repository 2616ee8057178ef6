"""Wording that several topics share."""

from collections.abc import Iterable


def joined(words: Iterable[str]) -> str:
    """Join words, each once: `a, b and c`; empty where there are none."""
    *first, last = dict.fromkeys(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last
