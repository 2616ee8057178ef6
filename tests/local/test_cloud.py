"""Whatever ends the local cloud, it leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.builds import ROOT
from local.cloud import PYTHON

PROGRAM = """
import io, json, sys, zipfile
from local.cloud import Cloud
with Cloud() as cloud:
    worker = None
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "import os\\ndef handler(event, context):\\n    return os.getpid()\\n")
    if sys.argv[2] == "function":
        cloud.client("iam").create_role(RoleName="f", AssumeRolePolicyDocument="{}")
        cloud.client("lambda").create_function(FunctionName="f", Runtime="python3.13", Handler="app.handler",
            Role="arn:aws:iam::123456789012:role/f", Code={"ZipFile": packed.getvalue()})
        worker = json.load(cloud.client("lambda").invoke(FunctionName="f")["Payload"])
    running = cloud._running
    scratch, emulator = str(running.scratch), running.emulator.pid
    print(json.dumps([cloud.endpoint, cloud.slack.origin, scratch, emulator, worker]), flush=True)
    if sys.argv[1] == "exception":
        raise ValueError("on purpose")
    sys.stdin.read()
"""


def gone(pid: int) -> bool:
    """Whether no such process is left, not even a defunct one."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def refuses(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) != 0


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end, "It did not come about."
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("ending", "with_"), [("exception", "none"), ("SIGINT", "none"), ("SIGTERM", "function"), ("SIGKILL", "function")]
)
def test_nothing_is_left_behind(ending: str, with_: str, tmp_path: Path) -> None:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is not there: run `make venvs` once.")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, ending, with_],
        cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        endpoint, slack, scratch, emulator, worker = json.loads(process.stdout.readline())
        pids = [pid for pid in (emulator, worker) if pid is not None]
        assert not any(gone(pid) for pid in pids)
        if ending.startswith("SIG"):
            process.send_signal(getattr(signal, ending))
        process.communicate()
    for pid in pids:
        until(lambda pid=pid: gone(pid))  # type: ignore[misc] # a default is how a loop's value is kept
    assert refuses(endpoint)
    assert refuses(slack)
    if ending != "SIGKILL":  # nobody is left to remove files then; processes end all the same
        assert not Path(scratch).exists()
        assert not list(tmp_path.iterdir())
