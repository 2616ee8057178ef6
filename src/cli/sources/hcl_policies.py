"""Statements of the policies that Terraform's modules write as blocks."""

from collections.abc import Callable
from typing import Any

from cli.sources.hcl_functions import text_of
from cli.sources.hcl_syntax import Block, Expression
from cli.sources.nodes import Node
from cli.sources.resolving import first_open

_MEMBERS = {
    "effect": "Effect",
    "sid": "Sid",
    "actions": "Action",
    "not_actions": "NotAction",
    "resources": "Resource",
    "not_resources": "NotResource",
}


def statement_of(block: Block, evaluated: Callable[[Expression], Node]) -> tuple[dict[str, Any], str]:
    """Return a statement, and the first expression in it that is open."""
    values = {name: evaluated(expression) for name, (_, expression) in block.attributes.items()}
    open_ = next((unknown for node in values.values() if (unknown := first_open(node))), "")
    statement: dict[str, Any] = {"Effect": "Allow"}
    statement |= {_MEMBERS[name]: node.value for name, node in values.items() if name in _MEMBERS}
    for inner in block.blocks:
        given = {name: evaluated(expression).value for name, (_, expression) in inner.attributes.items()}
        match inner.kind:
            case "principals":
                statement.setdefault("Principal", {})[text_of(given.get("type"))] = given.get("identifiers")
            case "condition":
                by = statement.setdefault("Condition", {}).setdefault(text_of(given.get("test")), {})
                by[text_of(given.get("variable"))] = given.get("values")
            case other:
                open_ = open_ or other
    return statement, open_
