"""How the parts of two JSON documents are compared."""

import json
from typing import Any

from domain.ecs.values import Json


def name_of(item: Json) -> str | None:
    """What tells an object of a list from the others, and what people call it by."""
    return next((str(item[key]) for key in ("name", "key", "containerName", "containerPort") if item.get(key)), None)


def same(one: Any, another: Any) -> bool:
    """Whether two JSON values are equal; Python takes 1 for true."""
    return one is another or json.dumps(one, sort_keys=True, default=str) == json.dumps(
        another, sort_keys=True, default=str
    )
