"""Work on items in order, by several processes if there are many."""

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

_FEW = 64
"""So many items are done sooner than processes start."""


def in_order[Item, Result](work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield the result for each item. An exception of the work is raised here."""
    rest = iter(items)
    first = [*islice(rest, _FEW)]
    processes = os.process_cpu_count() or 1
    if len(first) < _FEW or processes == 1:
        yield from map(work, chain(first, rest))
    else:
        from cli.pool import by_processes  # noqa: PLC0415 - only for many items

        yield from by_processes(work, chain(first, rest), processes)
