"""Describe unexpected errors by their type and place, never by their content."""

from pathlib import Path
from traceback import extract_tb


def described(error: Exception) -> str:
    """Return a sentence for logs and notices. An exception's own text may repeat a secret value."""
    frames = extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    return f"{type(error).__name__}{where}: Outrider did not expect this. Please report it."
