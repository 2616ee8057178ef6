"""Task definitions as the API has them, in JSON, JSON with comments, or YAML.

The shapes: what RegisterTaskDefinition takes, what DescribeTaskDefinition returns (`taskDefinition` and `tags`), a
recorded response (`status_code` and `data` around that), and a list of any of these.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from cli.sources.definition import Definition, File, Origin, Wanted
from cli.sources.json_text import node_for_places, node_of
from cli.sources.nodes import Edited, Node
from cli.sources.spelling import AS_THE_API, Dialect
from cli.texts import Text, shown
from cli.unusable import NoDefinition, Unusable
from domain.ecs.task_definition import TaskDefinition


@dataclass(frozen=True)
class _Within(Origin):
    """Places in JSON, which are looked for only when one is asked for."""

    path: tuple[str | int, ...] = ()

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        return {"": node_at(node_for_places(self.text), self.path)}


def of_json(given: Text, content: Any, plain: str) -> File:
    """Return the task definitions of a JSON document, whose text without comments is `plain`."""
    found = [*definitions_of(content, shown(given.name), ())]
    snippets = _snippets(plain) if isinstance(content, list) and len(found) > 1 else []
    definitions = list[Definition]()
    for each in found:
        if snippets and isinstance(each.path[0], int):
            begin, end = snippets[each.path[0]]
            line, column = plain.count("\n", 0, begin) + 1, begin - (plain.rfind("\n", 0, begin) + 1) + 1
            origin: Origin = _Within(given.name, plain[begin:end], {}, line, column, path=each.path[1:])
        else:
            origin = _Within(given.name, plain, path=each.path)
        definitions.append(replace(each, origin=origin))
    rewriting = Rewritten(given.text, partial(node_of, plain), found)
    return File(given.name, given.text, given.encoding, tuple(definitions), rewriting)


def of_yaml(given: Text, root: Node) -> File:
    """Return the task definitions of a YAML document."""
    found = [*definitions_of(root.value, shown(given.name), ())]
    definitions = [
        replace(each, origin=Origin(given.name, given.text, {"": node_at(root, each.path)})) for each in found
    ]
    rewriting = Rewritten(given.text, lambda: root, found)
    return File(given.name, given.text, given.encoding, tuple(definitions), rewriting)


@dataclass(frozen=True)
class Rewritten:
    """Writes changed definitions into a document, which `root` gives with its places."""

    text: str = field(repr=False)
    root: Callable[[], Node] = field(repr=False)
    definitions: Sequence[Definition]
    dialect: Dialect = AS_THE_API

    def __call__(self, wanted: Sequence[Wanted]) -> Edited:
        from cli.sources.editing import Change, edited  # noqa: PLC0415 - only to fix

        root = self.root()
        content = copy.deepcopy(root.value)
        for definition, each in zip(self.definitions, wanted, strict=True):
            content = _placed(content, definition, each.task)
        return edited(self.text, [Change(root, content, self.dialect)])


def _placed(content: Any, definition: Definition, task: TaskDefinition) -> Any:
    members = task.to_aws()
    if not definition.path:
        return members
    *above, last = definition.path
    place = content
    for step in above:
        place = place[step]
    if definition.tags_outside:
        place["tags"] = members.pop("tags", [])
    place[last] = members
    return content


def node_at(node: Node, path: Sequence[str | int]) -> Node:
    """Return the value at a path of names and numbers."""
    for step in path:
        match node.parts:
            case dict() as parts if isinstance(step, str):
                node = parts[step].node
            case list() as items if isinstance(step, int):
                node = items[step].node
            case _:
                break
    return node


def _snippets(plain: str) -> list[tuple[int, int]]:
    """Return where each item of a list begins and ends."""
    decoder, found = json.JSONDecoder(), list[tuple[int, int]]()
    at = plain.index("[") + 1
    while True:
        begin = at + len(plain[at : at + 4096]) - len(plain[at : at + 4096].lstrip(" \t\r\n,"))
        if begin == at + 4096:
            at = begin
            continue
        if plain[begin] == "]":
            return found
        _, at = decoder.raw_decode(plain, begin)
        found.append((begin, at))


def definitions_of(content: Any, name: str, path: tuple[str | int, ...] = ()) -> Iterator[Definition]:
    """Yield the task definitions of a document in any of the shapes; raise Unusable if it has none."""
    match content:
        case {"data": dict() as data, "status_code": _}:
            yield from definitions_of(data, name, (*path, "data"))
        case {"taskDefinition": dict() as task, **others}:
            tags = others.get("tags")
            outside = isinstance(tags, list) and "tags" not in task
            yield _definition({**task, "tags": tags} if outside else task, name, (*path, "taskDefinition"), outside)
        case {"containerDefinitions": _} | {"requiresCompatibilities": _, "family": _}:
            yield _definition(content, name, path, tags_outside=False)
        case [_, *_] if not path and not any(_is_container(item) for item in content):
            for index, item in enumerate(content):
                yield from definitions_of(item, name, (index,))
        case _:
            raise _refusal(content, f"{name}, entry {path[0]}," if path and isinstance(path[0], int) else name)


def _is_container(thing: Any) -> bool:
    return isinstance(thing, Mapping) and "image" in thing and "containerDefinitions" not in thing


def _definition(task: Any, name: str, path: tuple[str | int, ...], tags_outside: bool) -> Definition:  # noqa: FBT001 - one of four facts
    check_containers(task, name)
    return Definition(TaskDefinition(task), path, tags_outside)


def check_containers(task: Any, name: str) -> None:
    """Raise Unusable if a definition's containers are no list of objects."""
    containers = task.get("containerDefinitions")
    if containers is not None and not isinstance(containers, list):
        raise Unusable(f"{name} has containerDefinitions that are not a list. Write them as a list of objects.")
    for index, container in enumerate(containers or ()):
        if not isinstance(container, dict):
            raise Unusable(
                f"{name} has containerDefinitions whose item {index + 1} is not an object. Correct it there."
            )


def _refusal(content: Any, name: str) -> Unusable:
    one = content[0] if isinstance(content, list) and content else content
    if _is_container(one):
        return Unusable(
            f"{name} has containers without the task definition around them, which says whether they run on Fargate."
            " Give the whole definition."
        )
    match content:
        case {"service": {"pipelines": _}} | {"receivers": _, "exporters": _}:
            return NoDefinition(f"{name} is a collector's configuration. `outrider collector` evaluates it.")
        case {"services": dict() as services} if any(
            isinstance(each, dict) and "image" in each for each in services.values()
        ):
            return NoDefinition(
                f"{name} is a file of Docker Compose, and has no task definition. Give the one that your tool makes of"
                " it: what DescribeTaskDefinition returns, or the template for CloudFormation."
            )
        case {"services": _} | {"service": _} | {"serviceName": _} | {"serviceArn": _} | {"desiredCount": _}:
            return NoDefinition(f"{name} describes services, not a task definition. Give the definition that they run.")
        case {"ContainerDefinitions": _} | {"TaskDefinition": _}:
            return NoDefinition(
                f"{name} has the names of CloudFormation's properties without a template around them. Give the whole"
                " template, or write the names as the API has them, such as containerDefinitions."
            )
        case {"taskDefinition": _}:
            return NoDefinition(f"{name} only names a task definition. Give the definition itself.")
        case []:
            return NoDefinition(f"{name} is an empty list.")
        case _:
            return NoDefinition(
                f"{name} is not a task definition: it has no containerDefinitions. Give what RegisterTaskDefinition"
                " takes or DescribeTaskDefinition returns."
            )
