"""Imports what functions import, and forks a process for each request of local/processes.py.

    python -P local/function_parent.py DESCRIPTOR CODE

DESCRIPTOR is a socket, CODE the folder of the functions' code. A request is one byte and four file descriptors: the
function's standard input, output and errors, and one that it keeps open as long as it lives. The first line of its
input is {"environment", "folder", "script"}. It answers with a line that holds its process id, and runs the script.
Nothing but the standard library is imported here: the code brings its own releases of everything else.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys

_WIRING = "operations.wiring"  # its modules import all that functions use, and read no environment before a call


def main(channel: int, code: str) -> None:
    """Serve the socket with this descriptor until it is closed or SIGTERM arrives; end after the last function."""
    with socket.socket(fileno=channel) as requests:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the children
        signal.signal(signal.SIGTERM, lambda *_: requests.shutdown(socket.SHUT_RD))
        sys.path.insert(0, code)
        _import_all()
        gc.collect()
        gc.freeze()  # otherwise each child would copy most pages when it collects garbage
        while True:
            request, descriptors, _, _ = socket.recv_fds(requests, 1, 4)
            if not request:
                break
            if os.fork() == 0:
                requests.close()
                _run(*descriptors)
                return
            for descriptor in descriptors:
                os.close(descriptor)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)  # this error comes when the last one has ended


def _import_all() -> None:
    with contextlib.suppress(ImportError):  # the code of another function
        for module in pkgutil.iter_modules(importlib.import_module(_WIRING).__path__):
            importlib.import_module(f"{_WIRING}.{module.name}")


def _run(stdin: int, stdout: int, stderr: int, _alive: int) -> None:
    """Become a function's process; `_alive` stays open."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for target, given in enumerate((stdin, stdout, stderr)):
        os.dup2(given, target)
        os.close(given)
    request = json.loads(sys.stdin.readline())
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    print(os.getpid(), flush=True)
    runpy.run_path(request["script"], run_name="__main__")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
