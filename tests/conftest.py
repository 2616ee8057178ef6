"""What shares one local cloud runs in one worker: starting a second costs more than it saves."""

import signal
from collections.abc import Mapping
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
    "tests/e2e/": "cloud",
    "tests/local/": "local",
}


def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - not installed where tests run without it

    class ByCloud(LoadScopeScheduling):  # type: ignore[misc] # as above
        def _split_scope(self, nodeid: str) -> str:
            return next((group for path, group in GROUPS.items() if nodeid.startswith(path)), nodeid)

    return ByCloud(config, log)
