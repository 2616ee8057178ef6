"""Terraform's language written as JSON (`.tf.json`, and what CDK for Terraform synthesises), as the same blocks.

https://developer.hashicorp.com/terraform/language/syntax/json. A text is a template; what is within `${…}` is HCL, with
JSON's escapes around it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from cli.sources import json_text
from cli.sources.hcl_syntax import Block, Expression, Kind, NotHcl
from cli.sources.hcl_text import template_of
from cli.sources.nodes import Node, Part

_LABELS: Final = {"resource": 2, "data": 2, "variable": 1, "locals": 0}
"""The blocks that are read, and how many labels each has."""
_BLOCKS: Final = frozenset({
    "volume", "placement_constraints", "runtime_platform", "proxy_configuration", "ephemeral_storage",
    "efs_volume_configuration", "docker_volume_configuration", "fsx_windows_file_server_volume_configuration",
    "authorization_config", "deployment_controller", "deployment_circuit_breaker", "network_configuration",
    "capacity_provider_strategy", "load_balancer", "inline_policy", "statement", "principals", "not_principals",
    "condition",
})  # fmt: skip
"""Members that are blocks in HCL; JSON itself does not tell them from attributes."""
_COMMENT: Final = "//"


def is_terraform(content: Any) -> bool:
    """Return whether a JSON document is a file of Terraform: it has resources by type and name."""
    resources = content.get("resource") if isinstance(content, dict) else None
    types = [resources] if isinstance(resources, dict) else resources if isinstance(resources, list) else []
    return any(isinstance(each, dict) and any(name.startswith("aws_") for name in each) for each in types)


def blocks_of(text: str) -> tuple[Block, ...]:
    """Return the blocks of a file. Raises NotHcl."""
    root = _root(text)
    return tuple(
        block
        for kind, labels in _LABELS.items()
        if (part := root.members().get(kind)) is not None
        for block in _labelled(text, kind, part, (), labels)
    )


def attributes_of(text: str) -> dict[str, tuple[int, Expression]]:
    """Return the values of a file such as terraform.tfvars.json, in which texts are no templates. Raises NotHcl."""
    return {name: (part.begin, _value("", part.node)) for name, part in _root(text).members().items()}


def _root(text: str) -> Node:
    try:
        content = json.loads(text, object_pairs_hook=json_text.unique)
    except json.JSONDecodeError as error:
        raise NotHcl(error.msg[0].lower() + error.msg[1:], error.pos) from None
    except json_text.Repeated as repeated:
        raise NotHcl(f"an object has {str(repeated)[:60]!r} twice", 0) from None
    except (ValueError, RecursionError):
        raise NotHcl("it cannot be parsed", 0) from None
    if json_text.depth_exceeds(content, json_text.DEEPEST):
        raise NotHcl("it is nested too deeply", 0)
    return json_text.node_of(text)


def _labelled(text: str, kind: str, part: Part, labels: tuple[str, ...], more: int) -> Iterator[Block]:
    """Yield the blocks below a member: its own members are labels, as many as are missing."""
    for node in _objects(part.node):
        if not more:
            yield _block(text, (kind, labels), part.begin, node)
            continue
        for name, inner in node.members().items():
            if name != _COMMENT:
                yield from _labelled(text, kind, inner, (*labels, name), more - 1)


def _objects(node: Node) -> list[Node]:
    """Return the object, or the objects of a list: JSON writes one block as either."""
    nodes = [node] if isinstance(node.parts, dict) else [*node.below()]
    return [each for each in nodes if isinstance(each.parts, dict)]


def _block(text: str, named: tuple[str, tuple[str, ...]], begin: int, node: Node) -> Block:
    attributes, blocks = dict[str, tuple[int, Expression]](), list[Block]()
    for name, part in node.members().items():
        if name in _BLOCKS and part.node.value and len(_objects(part.node)) == _items(part.node):
            blocks += [_block(text, (name, ()), each.begin, each) for each in _objects(part.node)]
        elif name not in {_COMMENT, "dynamic"}:
            attributes[name] = (part.begin, _value(text, part.node))
    return Block(*named, begin, node.end, attributes, tuple(blocks))


def _items(node: Node) -> int:
    return len(node.parts) if isinstance(node.parts, list) else 1


def _value(text: str, node: Node) -> Expression:
    """Return a value as an expression; without the file's text, no text is a template."""
    match node.parts:
        case dict() as parts:
            members = (
                each
                for name, part in parts.items()
                if name != _COMMENT
                for each in (Expression(Kind.LITERAL, part.begin, part.begin, name), _value(text, part.node))
            )
            return Expression(Kind.OBJECT, node.begin, node.end, None, tuple(members))
        case list() as parts:
            items = tuple(_value(text, part.node) for part in parts)
            return Expression(Kind.TUPLE, node.begin, node.end, None, items)
        case None:
            pass
    if not isinstance(node.value, str) or not text:
        return Expression(Kind.LITERAL, node.begin, node.end, node.value)
    marks = json_text.marks_of(text, node)
    if "${" not in node.value and "%{" not in node.value:
        return Expression(Kind.LITERAL, node.begin, node.end, node.value, (), tuple(marks))
    try:
        found = _outside(template_of(node.value), marks)
    except NotHcl as error:
        raise NotHcl(str(error), marks[min(error.at, len(marks) - 1)]) from None
    return Expression(Kind.ESCAPED, node.begin, node.end, None, (found,))


def _outside(found: Expression, marks: Sequence[int]) -> Expression:
    """Return an expression of a decoded text with its places in the file."""
    begin, end = (marks[min(at, len(marks) - 1)] for at in (found.begin, found.end))
    inner = tuple(_outside(each, marks) for each in found.args)
    return replace(found, begin=begin, end=end, args=inner, marks=tuple(marks[at] for at in found.marks))
