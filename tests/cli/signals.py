"""To end a command as a person or a machine does."""

import contextlib
import signal
import subprocess


def ended_by(number: signal.Signals, process: "subprocess.Popen[bytes]") -> tuple[bytes, bytes]:
    """Send a signal until the process ends; returns its output and errors.

    Python handles one that comes just before a read begins only when that read returns. A person who sees that nothing
    happens presses Ctrl-C again.
    """
    while True:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=10)
