"""Describe unexpected errors by their type and place, never by their content."""

from pathlib import Path
from traceback import extract_tb

_OURS = Path(__file__).parents[1]


def described(error: Exception) -> str:
    """Return a sentence for logs and notices. An exception's own text may repeat a secret value."""
    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_OURS)] or frames
    where = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno} in {ours[-1].name}" if ours else ""
    return f"{type(error).__name__}{where}: Outrider did not expect this. Please report it."
