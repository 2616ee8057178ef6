"""What each function's import costs: most of a cold start."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.clock import Row

SRC = Path(__file__).resolve().parents[1] / "src"
FUNCTIONS = sorted(path.stem for path in (SRC / "handlers").glob("*.py") if path.stem not in {"__init__", "metrics"})
_ROUNDS = 5
_CODE = """
import sys, time
start = time.process_time()
import handlers.{}
print(round((time.process_time() - start) * 1000), len(sys.modules))
"""


def rows() -> Iterator[Row]:
    """Each in processes of its own, with bytecode, as in the bundle."""
    for function in FUNCTIONS:
        found = [_import(function) for _ in range(_ROUNDS + 1)][1:]  # the first one writes the bytecode
        times = [time for time, _ in found]
        beside = f"median {median(times):.0f} ms, {found[0][1]} modules"
        yield Row(f"import handlers.{function}", f"{min(times)} ms", beside)


def _import(function: str) -> tuple[int, int]:
    environment = os.environ | {"PYTHONPATH": str(SRC), "AWS_DEFAULT_REGION": "eu-west-1", "OUTRIDER_TABLE": "ledger"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", _CODE.format(function)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    time, modules = ran.stdout.split()
    return int(time), int(modules)
