"""Files to check, and what their report says."""

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Definition


def write(name: str, content: object) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return name


def verdict(entry: Any, rule: str) -> Any:
    return next(found for found in entry["verdicts"] if found["rule"] == rule)


def shapes(task: Definition) -> dict[str, object]:
    bare = {name: value for name, value in task.items() if name != "tags"}
    answer = {"taskDefinition": bare, "tags": task["tags"], "ResponseMetadata": {"HTTPStatusCode": 200}}
    return {
        "register": task,
        "describe": answer,
        "recorded": {"status_code": 200, "data": answer},
        "list": [task],
        "list of answers": [answer],
    }
