"""`python -m outrider`, the same as `outrider`; from a clone, `python src`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cli.main import process

sys.exit(process())
