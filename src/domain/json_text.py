"""JSON texts that others wrote, such as messages of queues."""

import json
import re
from collections.abc import Sequence
from typing import Any

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def strict_json(text: str) -> Any:
    """Read a JSON text. Raises ValueError if it is none, is nested too deeply, or has a key twice in an object.

    Half of a surrogate pair is no character, and nothing could write it again: it becomes a question mark.
    """
    try:
        found = json.loads(text, object_pairs_hook=_unique)
        if _SURROGATE.search(text):
            found = json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:
        raise ValueError("The JSON text is nested too deeply.") from None
    return found


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("An object of the JSON text has a key twice.")
    return found
