"""The entry point of the installed command: it puts Outrider's modules first on the path.

Outrider's modules import one another by short names (`settings`, `rules`), as they do in Lambda. The wheel installs
them in one package `outrider`, whose folder comes first on the path, before modules of those names on PYTHONPATH.
"""

import sys
from pathlib import Path


def main() -> int:
    """Run one command and return its exit code."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from cli.main import process  # noqa: PLC0415 - the path must be set first

    return process()
