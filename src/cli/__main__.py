"""`python -m cli`, the same as `outrider`."""

import sys

from cli.main import main

sys.exit(main())
