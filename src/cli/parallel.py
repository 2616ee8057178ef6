"""Work on many items with a process for each core, with results in order."""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import batched, chain, islice
from typing import Any

from cli.unusable import Unusable

_FEW = 64
"""So many items are done sooner than processes start."""
_CHUNK = 8
_WAITING = 4  # chunks for each process that wait or are done, so that memory is bounded
_WORK: list[Callable[[Any], Any]] = []
"""Of a process that was started here: its work."""


def in_order[Item, Result](work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield the result for each item. An exception of the work is raised here."""
    rest = iter(items)
    first = [*islice(rest, _FEW)]
    processes = os.process_cpu_count() or 1
    if len(first) < _FEW or processes == 1:
        yield from map(work, chain(first, rest))
        return
    pool = ProcessPoolExecutor(processes, initializer=_begin, initargs=(work,))
    waiting = deque[Future[list[Result]]]()
    try:
        for chunk in batched(chain(first, rest), _CHUNK, strict=False):
            waiting.append(pool.submit(_done, chunk))
            if len(waiting) >= _WAITING * processes:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool:
        raise Unusable("A process of this command was ended from outside. Is there enough memory?") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(work: Callable[[Any], Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process, and the first one ends the others
    _WORK[:] = [work]


def _done(items: Sequence[Any]) -> list[Any]:
    return [_WORK[0](item) for item in items]
