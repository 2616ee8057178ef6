"""Side by side: wait for several calls of AWS at a time."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor


def side_by_side[T, R](act: Callable[[T], R], items: Iterable[T], at_once: int) -> list[R]:
    """Return the results in the order of the items, with so many of them in work at a time."""
    if at_once == 1:
        return [act(item) for item in items]
    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(act, items))
