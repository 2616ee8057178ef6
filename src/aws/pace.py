"""A pace for calls: so many a second, and a few at once. Other callers of the account share AWS's limit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

_AT_ONCE = 2.0
"""Calls that need not wait after a pause: a single evaluation is hardly slowed down."""


@dataclass(slots=True)
class Pace:
    """Waits before a call that would come too early."""

    per_second: float
    clock: Callable[[], float] = monotonic
    pause: Callable[[float], object] = sleep
    _left: float = field(default=_AT_ONCE, init=False)
    _at: float | None = field(default=None, init=False)

    def wait(self, **_: Any) -> None:
        """Wait until the next call may be made; takes what botocore gives the handlers of its events."""
        now = self.clock()
        passed = now - self._at if self._at is not None else 0.0
        self._left = min(self._left + passed * self.per_second, _AT_ONCE) - 1
        self._at = now
        if self._left < 0:
            self.pause(-self._left / self.per_second)
