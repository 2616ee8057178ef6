"""What a function loads when it starts cold."""

import os
import subprocess
import sys

from tests.handlers.conftest import SRC


def test_the_slack_function_loads_neither_rules_nor_engine() -> None:
    """They would make each cold start about twice as long."""
    code = "import handlers.slack, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    environment = {**os.environ, "PYTHONPATH": str(SRC), "AWS_DEFAULT_REGION": "eu-west-1", "OUTRIDER_TABLE": "ledger"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - this project's code
    loaded = set(ran.stdout.split())
    assert {"handlers", "operations"} <= loaded
    assert not {"rules", "engine"} & loaded
