"""Work by several processes, where the machine cannot have any."""

import errno
import os

import pytest

from cli import pool


def refused(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def test_without_shared_memory_one_process_does_all_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.synchronize.SemLock.__init__", refused)
    assert [*pool.by_processes(str, range(100), 2)] == [str(number) for number in range(100)]
