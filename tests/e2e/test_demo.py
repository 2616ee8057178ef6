"""The demo shows what it says, on narrow terminals too, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.builds import ROOT
from local.cloud import PYTHON
from local.sam import SAM

NARROW = 60


@contextmanager
def demo(scratch: Path) -> Iterator[subprocess.Popen[str]]:
    for tool in (PYTHON, SAM):
        if not tool.exists():
            pytest.skip(f"{tool} is not there: run `make venvs` once.")
    env = {**os.environ, "COLUMNS": str(NARROW), "TMPDIR": str(scratch), "PYTHONPATH": "", "PYTHONUTF8": "1"}
    command = [str(PYTHON), "-m", "local.demo"]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def assert_nothing_is_left(output: str, scratch: Path) -> None:
    found = re.search(r"http://127\.0\.0\.1:\d+", output)
    assert found
    at = urlsplit(found[0])
    with socket.socket() as probe:
        assert probe.connect_ex((at.hostname, at.port)) != 0
    assert not list(scratch.iterdir())


def test_it_shows_findings_corrections_a_failure_an_approval_a_pipeline_and_members(
    tmp_path: Path,
) -> None:
    with demo(tmp_path) as process:
        output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    for line in (
        "  catalog:1, compliant: no finding",
        "    HIGH     sidecar.present",
        "  checkout:1 → checkout:2",
        "Drift: my-fargate-task",
        "🟠 Correction failed: payments",
        "🟡 Not corrected: my-fargate-task",
    ):
        assert line in output
    for sentence in (
        "shop/checkout runs checkout:2, with a collector that runs in 3 of 3 tasks: ✓ sidecar.present closed",
        "deregistered payments:2, and put the family in quarantine; 5 findings of the family stay open.",
        "Outrider updates the service: ✓ service.platform-version closed",
        "Outrider does not correct my-fargate-task:5:",
        "7 of 12 findings are closed; 5 wait for the team of payments.",
        "ledger:1 is registered in 222222222222, and its own Security Hub has 3 findings",
        "archive:1 was there before: the sweep opens 3 findings",
        "The coverage of 3 accounts and regions is not complete",
        "not covered: 333333333333/us-east-1: an unknown number of services denied, sts:AssumeRole: AccessDenied",
    ):
        assert sentence in " ".join(output.split())
    assert "\x1b" not in output
    assert [line for line in output.splitlines() if len(line) > NARROW] == []
    assert_nothing_is_left(output, tmp_path)


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        assert process.stdout is not None
        output = ""
        while "Deploying" not in output:
            line = process.stdout.readline()
            assert line, "The demo ended."
            output += line
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert errors == "\nStopped. Nothing is left behind.\n"
    assert_nothing_is_left(output, tmp_path)
