"""A process for each core, with results in order. Loaded only for many items, because its imports take long."""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import batched
from multiprocessing import parent_process
from threading import Thread
from typing import Any

from cli.exits import UNUSABLE
from cli.unusable import Unusable
from operations.unexpected import described

_CHUNK = 8
_WAITING = 4  # chunks for each process that wait or are done, so that memory is bounded
_WORK: list[Callable[[Any], Any]] = []
"""Of a process that was started here: its work."""


def by_processes[Item, Result](
    work: Callable[[Item], Result], items: Iterable[Item], processes: int
) -> Iterator[Result]:
    """Yield the result for each item in order. An exception of the work is raised here."""
    try:
        pool = ProcessPoolExecutor(processes, initializer=_begin, initargs=(work,))
    except (NotImplementedError, OSError):  # a machine without shared memory or semaphores, as some containers
        yield from map(work, items)
        return
    waiting = deque[Future[list[Result]]]()
    try:
        for chunk in batched(items, _CHUNK, strict=False):
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
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_end_with_the_first, daemon=True).start()
    _WORK[:] = [work]


def _end_with_the_first() -> None:
    """End this process when the one that started it has ended, however that was: it would wait for work forever."""
    first = parent_process()
    if first is not None:
        first.join()
        os._exit(UNUSABLE)


def _done(items: Sequence[Any]) -> list[Any]:
    try:
        return [_WORK[0](item) for item in items]
    except Unusable:
        raise
    except Exception as error:  # noqa: BLE001 - its place is known in this process only
        raise Unusable(described(error)) from None
