"""`python -m outrider`, the same as `outrider`; from a clone, `python src`."""

import sys
from pathlib import Path

if sys.version_info < (3, 13):  # noqa: UP036 - a traceback of an old Python ends with 1, which means drift
    sys.stderr.write("Outrider needs Python 3.13 or newer.\n")
    sys.exit(2)

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cli.main import process

sys.exit(process())
