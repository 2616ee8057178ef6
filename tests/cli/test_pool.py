"""Work by several processes, where the machine cannot have any."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli import pool
from cli.unusable import Unusable
from tests.cli.conftest import Definition
from tests.cli.signals import ended_by

SRC = Path(__file__).parents[2] / "src"


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


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)])
def test_no_process_and_no_file_is_left_of_a_command_that_is_ended(
    tmp_path: Path, good: Definition, sent: signal.Signals, code: int
) -> None:
    """The pipe is read last, and nobody writes to it. That standard error ends shows that all processes have."""
    for number in range(200):
        (tmp_path / f"{number}.json").write_text(json.dumps(good), encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, str(SRC), "check", "--format", "json", "--output", "report", ".", "pipe"]
    environment = {**os.environ, "PYTHON_CPU_COUNT": "2"}
    with (
        subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE) as started,  # noqa: S603 - our own program
        (tmp_path / "pipe").open("wb"),  # waits until it is read
    ):
        _, said = ended_by(sent, started)
    assert (started.returncode, said) == (code, b"")
    if sent is signal.SIGTERM:
        assert not list(tmp_path.glob("*report*"))
