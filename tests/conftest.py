"""What shares one local cloud, or a module, runs in one worker: to make it a second time costs more than it saves."""

import gc
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.profiles import register

if TYPE_CHECKING:
    from xdist.remote import Producer  # type: ignore[import-untyped] # it has no types
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # as above

register()

# Started in the background by a shell, tests would hand an ignored Ctrl-C on to what they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# By path rather than by `xdist_group`: xdist 3.8 hands that mark on in an attribute that pytest 9.2 no longer reads.
GROUPS: Mapping[str, str] = {
    "tests/e2e/test_demo.py": "demo",
    "tests/e2e/test_bot.py": "bot",
    "tests/e2e/test_operating.py": "operating",
    "tests/e2e/test_playground.py": "playground",
    "tests/e2e/test_faults.py": "faults",  # a third of the time on that cloud, so it has one of its own
    "tests/e2e/": "cloud",
    "tests/local/": "local",
}
CLOUDS = frozenset(GROUPS.values())

FIRST = (
    "tests/e2e/test_corrections.py",  # and with it all that is on the same cloud
    "tests/e2e/test_faults.py",
    "tests/e2e/",
    "tests/local/",
    "tests/operations/inspection/",
    "tests/operations/test_faults.py",
    "tests/operations/test_month.py",
)
"""What takes long begins first, so that no worker is left with it at the end."""


def scope(nodeid: str) -> str:
    """What runs in one worker: the tests on one local cloud, or those of a module, which share what they make once."""
    module = nodeid.partition("::")[0]
    return next((group for path, group in GROUPS.items() if module.startswith(path)), module)


def place(nodeid: str) -> int:
    return next((place for place, path in enumerate(FIRST) if nodeid.startswith(path)), len(FIRST))


def pytest_configure(config: pytest.Config) -> None:
    """Let each worker begin to collect at another module: what one of them has compiled, the others only read."""
    worker = getattr(config, "workerinput", None)  # only where workers share the tests
    if worker and config.args == config.getini("testpaths"):
        modules = sorted(str(path) for path in Path(__file__).parent.rglob("test_*.py"))
        first = int(worker["workerid"].removeprefix("gw")) * len(modules) // worker["workercount"]
        config.args = modules[first:] + modules[:first]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: (place(item.nodeid), item.path))


def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are cores: a worker with a local cloud mostly waits."""
    return (os.process_cpu_count() or 1) + 2


def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - not installed where tests run without it

    class ByScope(LoadScopeScheduling):  # type: ignore[misc] # as above
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

        def _assign_work_unit(self, node: object) -> None:
            """Leave one worker without a cloud as long as there are other tests: it uses the time that those wait."""
            others = (units for worker, units in self.assigned_work.items() if worker is not node)
            clouds = sum(1 for units in others if any(not all(units[name].values()) for name in CLOUDS & units.keys()))
            wanted = CLOUDS if clouds + 1 < len(self.nodes) else self.workqueue.keys() - CLOUDS
            chosen = next((unit for unit in self.workqueue if unit in wanted), None)
            if chosen is not None:
                self.workqueue.move_to_end(chosen, last=False)
            super()._assign_work_unit(node)

    config.option.loadscopereorder = False  # the number of tests says little of how long they take
    return ByScope(config, log)


def pytest_collection_finish() -> None:
    """What was collected stays until the end: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
