"""Changes of a task definition, written into the manifest of Copilot that it is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.sources.definition import Wanted
from cli.sources.editing import Change, edited
from cli.sources.matching import matched
from cli.sources.nodes import Edited, Node, Path, Style
from cli.sources.resolving import STAND_INS
from cli.sources.spelling import Dialect, Unwritable
from domain.ecs.documents import same


@dataclass(frozen=True)
class Rewritten:
    """Writes values that the manifest has itself, and `essential` of a sidecar; the rest is made by hand.

    So is a value of several environments that do not all want the same one.
    """

    text: str = field(repr=False)
    tasks: Sequence[Node] = field(repr=False)
    manifests: Sequence[Node] = field(repr=False)

    def __call__(self, wanted: Sequence[Wanted]) -> Edited:
        changes, by_hand, shared = dict[int, Change](), list[Path](), dict[int, list[Any]]()
        for task, each in zip(self.tasks, wanted, strict=True):
            for begin, value in _leaves(task, each.task.to_aws()):
                shared.setdefault(begin, []).append(value)
        for task, manifest, each in zip(self.tasks, self.manifests, wanted, strict=True):
            for path, node, value in _differences(task, each.task.to_aws(), ()):
                sidecar = None if len(path) != 3 else manifest.get("sidecars", path[1])  # noqa: PLR2004 - of a container
                agreed = node is None or all(same(value, other) for other in shared.get(node.begin, ()))
                if node is not None and node.style is not Style.FIXED and node.parts is None and agreed:
                    changes[node.begin] = Change(node, value, _DIALECT, path)
                elif node is None and path[-1] == "essential" and sidecar is not None:
                    changes[sidecar.begin] = Change(sidecar, sidecar.value | {"essential": value}, _DIALECT, path)
                else:
                    by_hand.append(path)
        found = edited(self.text, [*changes.values()])
        return Edited(found.text, tuple(dict.fromkeys((*by_hand, *found.by_hand))))


class _ManifestDialect(Dialect):
    """Numbers, such as those of CPU and memory, have no quotation marks in a manifest.

    It has no expression for the region and the account.
    """

    def text(self, value: str, style: Style) -> str | None:
        if any(stand_in in value for stand_in, _ in STAND_INS):
            raise Unwritable
        return value if style is Style.YAML and value.isdecimal() else None


_DIALECT = _ManifestDialect()


def _leaves(node: Node, wanted: Any) -> Iterator[tuple[int, Any]]:
    """Yield the place of each value that is written as it is, and what it shall be; None if it shall not be there."""
    match node.parts:
        case dict() as parts:
            members = wanted if isinstance(wanted, dict) else {}
            for name, part in parts.items():
                yield from _leaves(part.node, members.get(name))
        case list() as parts:
            items = wanted if isinstance(wanted, list) else []
            kept = {old: new for new, old in matched([part.node.value for part in parts], items).items()}
            for number, part in enumerate(parts):
                yield from _leaves(part.node, items[kept[number]] if number in kept else None)
        case None if node.style is not Style.FIXED:
            yield node.begin, wanted
        case None:
            return


def _differences(node: Node, wanted: Any, path: Path) -> Iterator[tuple[Path, Node | None, Any]]:
    """Yield what differs: its path, its place, and the value that it shall have; None for what is not there."""
    if same(node.value, wanted):
        return
    match node.parts, wanted:
        case dict() as parts, dict():
            for name, value in wanted.items():
                if name in parts:
                    yield from _differences(parts[name].node, value, (*path, name))
                else:
                    yield (*path, name), None, value
            yield from (((*path, name), None, None) for name in parts if name not in wanted)
        case list() as parts, list():
            kept = matched([part.node.value for part in parts], wanted)
            for number, value in enumerate(wanted):
                name = str(value.get("name", number)) if isinstance(value, dict) else str(number)
                if number in kept:
                    yield from _differences(parts[kept[number]].node, value, (*path, name))
                else:
                    yield (*path, name), None, value
            if len({*kept.values()}) < len(parts):
                yield path, None, None
        case _:
            yield path, node, wanted
