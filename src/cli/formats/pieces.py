"""JSON lists in pieces."""

import json
from collections.abc import Iterable, Iterator


def listed(items: Iterable[object]) -> Iterator[str]:
    """Yield a JSON list, each item as soon as there is one."""
    begin = "["
    for item in items:
        yield f"{begin}\n{json.dumps(item)}"
        begin = ","
    yield "[]\n" if begin == "[" else "\n]\n"
