"""A meter of what a long reading has done: on a terminal only, in one line of standard error."""

import sys
from dataclasses import dataclass, field
from time import monotonic
from typing import Self, TextIO

from domain.places import Place

_BAR = 24
_EVERY = 0.1
"""Seconds between two drawings."""


@dataclass(slots=True)
class Meter:
    """Draws the parts that are read, and removes itself in the end."""

    out: TextIO = field(default_factory=lambda: sys.stderr)
    _drawn: float = field(default=0.0, init=False)
    _wide: int = field(default=0, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._wide:
            self._write("")

    def step(self, place: Place, kind: str, done: int, of: int) -> None:
        """Draw that so many of a kind were read in a place."""
        now = monotonic()
        if not self.out.isatty() or (now - self._drawn < _EVERY and done < of):
            return
        self._drawn = now
        full = _BAR * done // max(of, 1)
        self._write(f"[{'#' * full}{'.' * (_BAR - full)}] {place}: {kind} {done:,} of {of:,}")

    def _write(self, text: str) -> None:
        print(f"\r{text:<{self._wide}}", end="" if text else "\r", file=self.out, flush=True)
        self._wide = len(text)
