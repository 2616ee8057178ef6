"""The functions' processes: forked from one that has imported what they import.

ministack starts a Python for every execution environment, hundreds in a run of the tests. Each needs a second of CPU,
of which all but a twentieth goes into the same imports. function_parent.py is the other side.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local import function_parent
from local.internals import Ministack


class Processes:
    """Starts the functions' processes, and knows those that live."""

    def __init__(self) -> None:
        self._parents: dict[Path, socket.socket] = {}
        self._living: list[_Process] = []
        self._one_at_a_time = threading.Lock()

    def install(self, ministack: Ministack) -> None:
        """Let ministack start them here."""
        ministack.lambda_runtime.subprocess = SimpleNamespace(PIPE=subprocess.PIPE, Popen=self._start)

    def crash(self, access_key: str) -> bool:
        """Kill the processes that hold this access key; False if there is none."""
        with self._one_at_a_time:
            found = [process for process in self._living if process.access_key == access_key]
        for process in found:
            process.kill()
        return bool(found)

    def _start(self, command: Sequence[str], *, cwd: str, env: Mapping[str, str], **_pipes: Any) -> "_Process":
        """What subprocess.Popen does for `[python, script]`."""
        _, script = command
        with self._one_at_a_time:
            parent = self._parent(Path(cwd).resolve())
        process = _Process(parent, {"environment": env, "folder": cwd, "script": script})
        with self._one_at_a_time:
            self._living = [each for each in self._living if each.poll() is None] + [process]
        return process

    def _parent(self, code: Path) -> socket.socket:
        """The socket of the process that has imported this code."""
        if code not in self._parents:
            ours, its = socket.socketpair()
            # With -P, Python looks for modules in the code's folder and not in this script's.
            command = [sys.executable, "-P", function_parent.__file__, str(its.fileno()), str(code)]
            with its:
                subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[its.fileno()])
            self._parents[code] = ours
        return self._parents[code]


class _Process:
    """A function's process, with as much of subprocess.Popen as ministack uses."""

    def __init__(self, parent: socket.socket, request: Mapping[str, Any]) -> None:
        self.access_key = str(request["environment"].get("AWS_ACCESS_KEY_ID", ""))
        ends = [os.pipe() for _ in range(4)]
        (stdin, to), (out, stdout), (errors, stderr), (self._alive, alive) = ends
        theirs = [stdin, stdout, stderr, alive]
        socket.send_fds(parent, [b"x"], theirs)
        for descriptor in theirs:
            os.close(descriptor)
        self.stdin = os.fdopen(to, "w", buffering=1)
        self.stdout = os.fdopen(out)
        self.stderr = os.fdopen(errors)
        self.stdin.write(json.dumps(request) + "\n")
        line = self.stdout.readline()
        if not line:
            raise RuntimeError(f"The function's process could not be started. {self.stderr.read()}")
        self._id = int(line)

    def __del__(self) -> None:
        os.close(self._alive)

    def poll(self) -> int | None:
        """None while it lives, and 0 whatever it ended with."""
        return 0 if self._ends_within(0) else None

    def wait(self, timeout: float) -> int:
        """Wait until it has ended. Raises TimeoutExpired."""
        if not self._ends_within(timeout):
            raise subprocess.TimeoutExpired("function", timeout)
        return 0

    def _ends_within(self, seconds: float) -> bool:
        """Whether nobody holds the other end of the pipe any more."""
        end = select.poll()  # `select` takes no descriptor above 1,023
        end.register(self._alive)
        return bool(end.poll(seconds * 1000))

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._id, number)
