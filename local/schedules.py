"""EventBridge Scheduler on request: a schedule fires without waiting for its minute or day.

ministack fires `rate(…)` for the first time when that has passed since the schedule was created, AWS at once; both then
fire each time it has passed again. A target receives its `Input`, on AWS as here.
"""

import threading
from fnmatch import fnmatchcase

from local.internals import Ministack


class Schedules:
    """The schedules of all accounts and regions."""

    def __init__(self, ministack: Ministack) -> None:
        self._ms = ministack

    def come_due(self, name: str) -> list[str]:
        """Fire the recurring schedules that match the pattern, each once; returns their names. KeyError for none."""
        scheduler = self._ms.scheduler
        due = [(key, held) for key, held in scheduler._schedules._data.items() if fnmatchcase(held["Name"], name)]
        if not due:
            raise KeyError(name)
        for key, _ in due:
            scheduler._schedule_last_fired[key] = 0.0
        # A target may call this process, which must be able to answer.
        threading.Thread(target=scheduler._tick_schedules, daemon=True).start()
        return [str(held["Name"]) for _, held in due]
