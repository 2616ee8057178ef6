"""Containers whose image is not resolved and that may be the collector."""

import re
from typing import Any, Final

from cli.sources.nodes import Node
from domain.collector.releases import newest_known

IMAGE: Final = "public.ecr.aws/aws-observability/aws-otel-collector"
_NAMED = re.compile(r"otel|adot|collector", re.IGNORECASE)
_VARIABLES: Final = frozenset({"AOT_CONFIG_CONTENT", "OTEL_CONFIG"})


def as_collectors(task: dict[str, Any], node: Node) -> dict[str, Any]:
    """Return a task definition in which open images of what is named or set up as a collector are a collector's.

    `node` has what is open in it. An image that is open elsewhere stays what it is: most are those of applications.
    """
    if node.get("containerDefinitions") is None:
        return task
    changed = [
        {**each.value, "image": f"{IMAGE}:{newest_known()}"} if _may_collect(each) else each.value
        for each in node.below("containerDefinitions")
    ]
    return {**task, "containerDefinitions": changed}


def _may_collect(container: Node) -> bool:
    image, value = container.get("image"), container.value
    if image is None or not image.open or not isinstance(value, dict):
        return False
    variables = {
        item.get("name")
        for member in ("environment", "secrets")
        for item in value.get(member) or ()
        if isinstance(item, dict)
    }
    return bool(_NAMED.search(str(value.get("name"))) or _VARIABLES & variables)
