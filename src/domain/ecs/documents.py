"""Comparison of the parts of two JSON documents."""

import json
from typing import Any

from domain.ecs.values import Json


def name_of(item: Json) -> str | None:
    """Return the name that identifies an object in a list."""
    return next((str(item[key]) for key in ("name", "key", "containerName", "containerPort") if item.get(key)), None)


def same(one: Any, another: Any) -> bool:
    """Return whether two JSON values are equal; for Python, 1 equals true."""
    return one is another or json.dumps(one, sort_keys=True, default=str) == json.dumps(
        another, sort_keys=True, default=str
    )
