"""Work by several processes, where the machine cannot have any."""

import errno
import os

import pytest

from cli import pool
from cli.unusable import Unusable


def refused(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def test_without_shared_memory_one_process_does_all_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.synchronize.SemLock.__init__", refused)
    assert [*pool.by_processes(str, range(100), 2)] == [str(number) for number in range(100)]


def faulty(_: int) -> None:
    raise ValueError("s3cr3t")


def test_a_fault_in_another_process_is_named_with_its_place_and_without_values() -> None:
    with pytest.raises(Unusable, match=r"ValueError at \w+\.py:\d+ in \w+: Outrider did not expect this") as refusal:
        [*pool.by_processes(faulty, range(2), 2)]
    assert "_base.py" not in str(refusal.value)
