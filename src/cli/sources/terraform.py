"""Terraform's own files: the task definitions of a file, with the rest of its folder as its module."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from cli.sources import hcl_json
from cli.sources.definition import File, Wanted
from cli.sources.editing import Change, edited
from cli.sources.hcl_module import Module
from cli.sources.hcl_syntax import Block, Expression, NotHcl
from cli.sources.hcl_text import attributes_of, blocks_of
from cli.sources.hcl_values import Evaluation
from cli.sources.nodes import Edited, Lines, Node, Part, Style, mapping, sequence
from cli.sources.nodes import Path as Steps
from cli.sources.resolving import VARIANTS, open_text
from cli.sources.spelling import Dialect, Unwritable, holds, is_encoded
from cli.sources.terraform_resources import STAND_INS, TASK, ModuleResources, Resource, definitions_of
from cli.texts import STDIN, Text, shown
from cli.unusable import NoDefinition, Unusable

_MOST_BYTES: Final = 2 * 1024 * 1024
_MODULE = re.compile(r'^\s*module\s+"|"module"\s*:', re.MULTILINE)
_REFERENCE = re.compile(r"\$\{([^}]*)\}")


def of_files(given: Text) -> File:
    """Return the task definitions of a file. The other files of its folder give variables, local values and roles."""
    if TASK not in given.text:
        raise _nothing(given)
    module = _module(given)
    evaluations = [Evaluation(module, given.name, variant) for variant in range(VARIANTS)]
    read = [_resources_of(each) for each in evaluations]
    found = [*definitions_of(given.name, module.texts, read)]
    if not found:
        raise _nothing(given)
    places = [(task, service) for _, task, service in found]
    unresolved = tuple(dict.fromkeys(name for each in read[0].resources for name in each.unresolved))
    rewriting = _Rewriting(given.text, places, evaluations[0], unresolved)
    return File(given.name, given.text, given.encoding, tuple(each for each, _, _ in found), rewriting)


def _nothing(given: Text) -> NoDefinition:
    why = f"{shown(given.name)} has no {TASK} in it."
    if _MODULE.search(given.text):
        why += (
            " The modules that it calls are not read. Give a plan, as `terraform show -json` prints it: that has them."
        )
    return NoDefinition(why)


def _module(given: Text) -> Module:
    texts, blocks = {given.name: given.text}, dict[str, Sequence[Block]]()
    in_json = {given.name} if _is_json(given.name, given.text) else set[str]()
    try:
        blocks[given.name] = (hcl_json.blocks_of if in_json else blocks_of)(given.text)
    except NotHcl as error:
        line, column = Lines(given.text).place(error.at)
        raise Unusable(
            f"{shown(given.name)}, line {line}, column {column}: not Terraform's language ({error}). Correct it there."
        ) from None
    folder = Path(given.name).parent
    for path in sorted((*folder.glob("*.tf"), *folder.glob("*.tf.json"))) if given.name != STDIN else ():
        text = _read(path)
        if str(path) == str(Path(given.name)) or text is None:
            continue
        try:
            blocks[str(path)] = (hcl_json.blocks_of if path.suffix == ".json" else blocks_of)(text)
        except NotHcl:
            continue  # it is reported where it is read itself
        texts[str(path)] = text
        in_json |= {str(path)} if path.suffix == ".json" else set()
    values = _values(folder, texts) if given.name != STDIN else {}
    return Module(texts, blocks, partial(_read_within, folder), values, frozenset(in_json))


def _is_json(name: str, text: str) -> bool:
    return name.lower().endswith(".json") or (name == STDIN and text.lstrip().startswith("{"))


def _values(folder: Path, texts: dict[str, str]) -> dict[str, tuple[str, Expression]]:
    """Return the values of variables that Terraform itself would read from the folder, the last of a name."""
    found = dict[str, tuple[str, Expression]]()
    automatic = sorted((*folder.glob("*.auto.tfvars"), *folder.glob("*.auto.tfvars.json")))
    for path in (folder / "terraform.tfvars", folder / "terraform.tfvars.json", *automatic):
        if (text := _read(path)) is None:
            continue
        try:
            attributes = (hcl_json.attributes_of if path.suffix == ".json" else attributes_of)(text)
        except NotHcl:
            continue
        texts[str(path)] = text
        found |= {name: (str(path), expression) for name, (_, expression) in attributes.items()}
    return found


def _read_within(folder: Path, name: str) -> str | None:
    path = Path(name)
    return None if path.is_absolute() or ".." in path.parts else _read(folder / path)


def _read(path: Path) -> str | None:
    """Return the text of a further file of the folder; None if there is none."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _resources_of(by: Evaluation) -> ModuleResources:
    resources = list[Resource]()
    for file, block in by.module.every("resource"):
        if len(block.labels) == 2 and block.labels[0].startswith("aws_"):  # noqa: PLR2004 - type and name
            within = Evaluation(by.module, file, by.variant, {}, {}, by.expressions)
            node = _attributes(within, block)
            resources.append(Resource(*block.labels, node, file, tuple(within.unresolved)))
    return ModuleResources(resources, by.variant)


def _attributes(by: Evaluation, block: Block) -> Node:
    """Return a block as an object: attributes by name, and blocks of one type as a list."""
    parts = {
        name: Part(begin, by.of(expression), expression.end) for name, (begin, expression) in block.attributes.items()
    }
    inner = dict[str, list[Part]]()
    for each in block.blocks:
        if each.kind != "dynamic":
            inner.setdefault(each.kind, []).append(Part(each.begin, _attributes(by, each)))
    place = Node(block.begin, block.end, None, None, Style.HCL)
    parts |= {kind: Part(items[0].begin, sequence(place, items, Style.FIXED)) for kind, items in inner.items()}
    return mapping(place, parts)


@dataclass(frozen=True)
class _Rewriting:
    """Writes changed definitions and services into the file."""

    text: str = field(repr=False)
    places: Sequence[tuple[Node | None, Node | None]]
    by: Evaluation = field(repr=False)
    unresolved: Sequence[str] = ()

    def __call__(self, wanted: Sequence[Wanted]) -> Edited:
        dialect = _TerraformDialect(self.by, self.unresolved)
        changes, missing = dict[tuple[int, Steps], Change](), list[Steps]()
        for places, each in zip(self.places, wanted, strict=True):
            for node, thing in zip(places, (each.task, each.service), strict=True):
                if node is None or thing is None:
                    continue
                found = [*_changes(node, thing.to_aws(), dialect)]
                changes |= {(node.begin, change.path): change for change in found if isinstance(change, Change)}
                missing += (path for path in found if isinstance(path, tuple))
        written = edited(self.text, [*changes.values()])
        return Edited(written.text, (*missing, *written.by_hand))


def _changes(node: Node, wanted: Mapping[str, Any], dialect: Dialect) -> Iterator[Change | Steps]:
    """Yield the change of each attribute by itself; the paths of those that the resource has in its own form."""
    for name, value in wanted.items():
        if (found := node.get(name)) is not None:
            yield Change(found, value, dialect, (name,))
        elif name not in {"family", "serviceName"}:
            yield (name,)
    yield from ((name,) for name in node.value if name not in {*wanted, "taskDefinition", "serviceName"})


class _TerraformDialect(Dialect):
    """How Terraform writes texts: with its own expressions."""

    def __init__(self, by: Evaluation, unresolved: Sequence[str]) -> None:
        self._by, self._unresolved = by, unresolved

    def text(self, value: str, style: Style) -> str | None:
        """Return the expression of the file that has this value; None for an ordinary text."""
        known = self._by.expressions.get(value)
        stands = any(stand_in in value for stand_in, _ in STAND_INS)
        if known and "\n" not in known and (stands or "${" in value or known.startswith(("data.", "aws_"))):
            if style is Style.HCL:
                return known
            return None if '"' in known else json.dumps(f"${{{known}}}")
        for stand_in, data in STAND_INS:
            kind = data.removeprefix("${data.").partition(".")[0]
            named = self._label(kind)
            if stand_in in value and named is None:
                raise Unwritable
            value = value.replace(stand_in, data.replace(".current.", f".{named}."))
        for name in self._unresolved:
            stand_in = open_text(name, 0)
            if not holds(value, stand_in):
                continue
            written = self._by.expressions.get(stand_in)
            if not written or "\n" in written or '"' in written or is_encoded(value, stand_in):
                raise Unwritable
            value = value.replace(stand_in, f"${{{written}}}")
        return json.dumps(value, ensure_ascii=False) if stands or _REFERENCE.search(value) else None

    def _label(self, kind: str) -> str | None:
        labels = (block.labels for _, block in self._by.module.every("data"))
        return next((each[1] for each in labels if each[:1] == (kind,)), None)
