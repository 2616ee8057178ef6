"""Two workers whose calls take turns, and what happens between two calls."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.aws_fake.calls import Fault


@dataclass(frozen=True)
class Interruption:
    """Before a worker's call of this number, something happens; or that call goes wrong."""

    at: int
    fault: Fault | None = None
    act: Callable[[], object] | None = None


class Turns:
    """Two threads of which only one runs at a time; each goes on for so many calls until it is the other's turn."""

    def __init__(self, slices: Sequence[int]) -> None:
        self._slices = iter(slices)
        self._left = next(self._slices, 0)
        self._mine = (threading.Semaphore(1), threading.Semaphore(0))
        self._done = [False, False]

    def run(self, first: Callable[[], None], second: Callable[[], None]) -> None:
        """Run both to their ends. What either raises is raised here."""
        raised = list[BaseException]()

        def work(number: int, act: Callable[[], None]) -> None:
            self._mine[number].acquire()
            try:
                act()
            except BaseException as error:  # noqa: BLE001 - it is raised again below, in the thread of the test
                raised.append(error)
            finally:
                self._done[number] = True
                self._mine[1 - number].release()

        threads = [threading.Thread(target=work, args=(n, act), name=str(n)) for n, act in enumerate((first, second))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if raised:
            raise raised[0]

    def pause(self) -> None:
        """Between two calls."""
        number = int(threading.current_thread().name)
        if self._done[1 - number]:
            return
        if self._left > 0:
            self._left -= 1
            return
        self._left = next(self._slices, 10**6)
        self._mine[1 - number].release()
        self._mine[number].acquire()
