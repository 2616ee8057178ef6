"""A pace for calls: so many a second, and a few at once. Other callers of the account share AWS's limit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from time import monotonic, sleep
from typing import Any

_AT_ONCE = 2.0
"""Calls that need not wait after a pause: a single evaluation is hardly slowed down."""


class OutOfTime(Exception):
    """No time is left to wait for a call's turn."""


@dataclass(slots=True)
class Pace:
    """Waits before a call that would come too early. Raises OutOfTime where it may not wait for as long."""

    per_second: float
    clock: Callable[[], float] = monotonic
    pause: Callable[[float], object] = sleep
    seconds_left: Callable[[], float] = lambda: inf
    _left: float = field(default=_AT_ONCE, init=False)
    _at: float | None = field(default=None, init=False)

    def wait(self, **_: Any) -> None:
        """Wait until the next call may be made; takes what botocore gives the handlers of its events."""
        now = self.clock()
        passed = now - self._at if self._at is not None else 0.0
        self._left = min(self._left + passed * self.per_second, _AT_ONCE) - 1
        self._at = now
        pause = max(-self._left, 0) / self.per_second
        if pause > self.seconds_left():
            self._left += 1  # the call is not made
            raise OutOfTime
        if pause:
            self.pause(pause)
