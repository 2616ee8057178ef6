"""How time is measured and printed."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time_ns


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, how much it is, a remark, and the goal."""

    what: str
    figure: str
    remark: str = ""
    goal: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call costs, in µs of this process's CPU: the best of many short rounds, and their median.

    On a machine with other work the best is what the code costs, and the median what it took.
    """

    best: float
    median: float

    def row(self, what: str, goal: str = "") -> Row:
        return Row(what, f"{self.best:,.1f} µs", f"median {self.median:,.1f} µs", goal)


def cost(call: Callable[[], object], rounds: int = 400, seconds: float = 0.002) -> Cost:
    """Call for about so many seconds in each round."""
    start = process_time_ns()
    call()
    calls = max(1, int(seconds * 1e9 / max(1, process_time_ns() - start)))
    times = [_round(call, calls) for _ in range(rounds + 1)][1:]  # the first one warms up
    return Cost(min(times), median(times))


def _round(call: Callable[[], object], calls: int) -> float:
    start = process_time_ns()
    for _ in range(calls):
        call()
    return (process_time_ns() - start) / calls / 1000
