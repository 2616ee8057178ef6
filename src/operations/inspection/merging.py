"""Merging: many changes of one parameter, role or policy within a minute are evaluated together.

The first of them have their dependents evaluated at once. Those after them are merged: one delayed message stands for
all that come until it is received, because every evaluation that it leads to starts after they were made.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from aws.channels import Queue
from aws.ledger import Ledger
from aws.ledger.fan_outs import FanOut
from domain.triggers.trigger import ParameterTrigger, RoleTrigger

_AT_ONCE = 5  # about as many calls as a pipeline makes for one role
_WITHIN = timedelta(minutes=1)
_CLOCKS = timedelta(seconds=2)  # the clocks of two functions may differ by so much

type SharedTrigger = ParameterTrigger | RoleTrigger


@dataclass(frozen=True, slots=True)
class Merger:
    """Decides whether a change has its dependents evaluated now."""

    ledger: Ledger
    changes: Queue
    now: Callable[[], datetime]

    def merged(self, source: str, trigger: SharedTrigger) -> bool:
        """Whether another message stands for this one; if none does yet, it is sent.

        That it was sent is recorded afterwards: after a failure in between it is sent again.
        """
        now, rows = self.now(), self.ledger.fan_outs
        if trigger.after:  # the families after those of an earlier delivery
            return False
        last = rows.of(trigger.key)
        if last is None or trigger.merged or now - last.since >= _WITHIN:
            rows.keep(trigger.key, FanOut(now, 1, source))
            return False
        if last.source == source:  # its delivery is repeated, because something of it could not be sent
            return False
        if last.number < _AT_ONCE:
            rows.keep(trigger.key, replace(last, number=last.number + 1, source=source))
            return False
        if last.due is None or last.due < now + _CLOCKS:
            wait = ceil((last.since + _WITHIN - now).total_seconds())
            self.changes.send(trigger.for_all.message, delay=wait)
            rows.keep(trigger.key, replace(last, due=now + timedelta(seconds=wait)))
        return True
