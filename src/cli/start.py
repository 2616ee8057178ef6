"""Where the installed command begins: its own modules come first on the path.

Outrider's modules import one another by short names (`settings`, `rules`), as they do in Lambda. Installed they stand
under the one name `outrider`; so their folder comes first on the path, whatever PYTHONPATH holds by those names.
"""

import sys
from pathlib import Path


def main() -> int:
    """The exit code of one command."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from cli.main import main as command  # noqa: PLC0415 - only now is the right one found

    return command()
