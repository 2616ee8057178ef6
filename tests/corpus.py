"""The task definitions that people published."""

import json
from functools import cache
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "taskdefs"


@cache
def corpus() -> dict[str, dict[str, Any]]:
    """The task definitions that people published, by file; those that are no JSON are left out."""
    found = dict[str, dict[str, Any]]()
    for path in sorted(CORPUS.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue
        if isinstance(content, dict):
            task = content.get("taskDefinition", content)
            found[path.name] = task if isinstance(task, dict) else content
    return found
