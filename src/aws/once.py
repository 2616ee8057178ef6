"""Reading once: what several threads need is read by the first of them, and the others wait for it."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock


class Once[K, V]:
    """Values by key, each read once. A read that raises is repeated by the next that needs it."""

    def __init__(self) -> None:
        self._lock, self._values = Lock(), dict[K, Future[V]]()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K, read: Callable[[], V]) -> V:
        """Return the value, by reading it if nobody did."""
        with self._lock:
            found = self._values.get(key)
            mine = self._values.setdefault(key, Future())
        if found is not None:
            return found.result()
        try:
            mine.set_result(read())
        except BaseException as error:
            with self._lock:
                del self._values[key]
            mine.set_exception(error)
            raise
        return mine.result()
