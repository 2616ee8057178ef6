"""Terraform's own files: the task definitions of a file, with the rest of its folder as its module."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

from cli.sources import hcl_json
from cli.sources.definition import Definition, File, Wanted
from cli.sources.editing import Change, edited
from cli.sources.hcl_functions import title_of
from cli.sources.hcl_module import Effort, Module
from cli.sources.hcl_syntax import Block, Expression, NotHcl
from cli.sources.hcl_text import attributes_of, blocks_of, template_of
from cli.sources.hcl_values import Evaluation
from cli.sources.nodes import Edited, Lines, Node, Part, Style, mapping, sequence
from cli.sources.nodes import Path as Steps
from cli.sources.resolving import REGION, VARIANTS, open_text
from cli.sources.spelling import Dialect, Unwritable, computed_in, holds, is_encoded, with_computed
from cli.sources.terraform_resources import STAND_INS, TASK, ModuleResources, Resource, definitions_of
from cli.texts import STDIN, Text, read, shown
from cli.unusable import NoDefinition, Unusable

_MOST_BYTES: Final = 2 * 1024 * 1024
_MODULE = re.compile(r'^\s*module\s+"|"module"\s*:', re.MULTILINE)
_REFERENCE = re.compile(r"\$\{([^}]*)\}")


class Modules:
    """Reads files of Terraform. The module of a folder is read and evaluated once for all files that follow in it."""

    def __init__(self) -> None:
        self._last: tuple[Path, _Evaluated] | None = None

    def file(self, given: Text) -> File:
        """Return a file's task definitions. The other files of its folder give variables, local values and roles."""
        if TASK not in given.text:
            raise _nothing(given)
        name = str(Path(given.name))
        by = self._of(given, name)
        read = by.resources(name)
        names_region = by.module.region(name) != REGION
        found = [*definitions_of(name, by.module.texts, read, names_region=names_region)]
        if not found:
            raise _nothing(given)
        places = [(task, service, _sources(each)) for each, task, service in found]
        rewriting = _Rewriting(given.text, places, by.evaluation, by.unresolved)
        definitions = tuple(_named(each, given.name) for each, _, _ in found)
        return File(given.name, given.text, given.encoding, definitions, rewriting)

    def _of(self, given: Text, name: str) -> "_Evaluated":
        """Return the module of a text: that of its folder, if the folder has the file with this text."""
        if given.name == STDIN:
            return _Evaluated(_with(Module({}, {}, partial(_read_within, Path())), given, name))
        folder = Path(name).parent
        if self._last is None or self._last[0] != folder:
            self._last = folder, _Evaluated(_module(folder))
        by = self._last[1]
        return by if by.module.texts.get(name) == given.text else _Evaluated(_with(by.module, given, name))


def _named(found: Definition, name: str) -> Definition:
    """Return a definition of a file that people name so."""
    return found if found.origin is None else replace(found, origin=replace(found.origin, file=name))


def _sources(found: Definition) -> "_Sources":
    if found.origin is None:
        return ()
    origins = ((root, found.origin.others.get(root, found.origin)) for root in ("", "service"))
    return [(origin.text, origin.nodes[root]) for root, origin in origins if root in origin.nodes]


def _nothing(given: Text) -> NoDefinition:
    why = f"{shown(given.name)} has no {TASK} in it."
    if _MODULE.search(given.text):
        why += (
            " The modules that it calls are not read. Give a plan, as `terraform show -json` prints it: that has them."
        )
    return NoDefinition(why)


def _with(module: Module, given: Text, name: str) -> Module:
    """Return a module with a text that is not in its folder."""
    in_json = _is_json(given.name, given.text)
    try:
        blocks = (hcl_json.blocks_of if in_json else blocks_of)(given.text)
    except NotHcl as error:
        line, column = Lines(given.text).place(error.at)
        raise Unusable(
            f"{shown(given.name)}, line {line}, column {column}: not Terraform's language ({error}). Correct it there."
        ) from None
    return replace(
        module,
        texts={**module.texts, name: given.text},
        blocks={**module.blocks, name: blocks},
        json=module.json | ({name} if in_json else set()),
        effort=Effort(),
    )


def _module(folder: Path) -> Module:
    texts, blocks, in_json = dict[str, str](), dict[str, Sequence[Block]](), set[str]()
    for path in sorted((*folder.glob("*.tf"), *folder.glob("*.tf.json"))):
        name, text, is_json = str(path), _read(path), path.suffix == ".json"
        if text is None:
            continue
        try:
            blocks[name] = (hcl_json.blocks_of if is_json else blocks_of)(text)
        except NotHcl:
            continue  # it is reported where it is read itself
        texts[name] = text
        in_json |= {name} if is_json else set()
    return Module(texts, blocks, partial(_read_within, folder), _values(folder, texts), frozenset(in_json))


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
        return read(str(path)).text
    except (OSError, ValueError, Unusable):
        return None


class _Evaluated:
    """A module, evaluated once in each variant and for each region that its files mean."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.evaluation = Evaluation(module, "")
        self._resources = dict[tuple[int, str], ModuleResources]()

    def resources(self, file: str) -> Sequence[ModuleResources]:
        """Return the module's resources in each variant, as a file of it means them."""
        named = self.module.region(file)
        return [self._in(variant, named if variant % 2 else REGION) for variant in range(VARIANTS)]

    def _in(self, variant: int, region: str) -> ModuleResources:
        if (variant, region) not in self._resources:
            other = replace(self.evaluation, variant=variant, region=region, expressions=dict[str, str]())
            self._resources[variant, region] = _resources_of(other if variant else self.evaluation, self._unmade)
        return self._resources[variant, region]

    @cached_property
    def _unmade(self) -> "_Unmade":
        """Return the resources of which there are none, the same in each variant."""
        every = ((file, block, _why_unmade(self.evaluation, file, block)) for file, block in _resources_in(self.module))
        return {(file, block.begin): why for file, block, why in every if why}

    @cached_property
    def unresolved(self) -> Sequence[str]:
        """Return all expressions of the module that are not resolved."""
        return tuple(dict.fromkeys(name for each in self._in(0, REGION).resources for name in each.unresolved))


type _Unmade = Mapping[tuple[str, int], str]
"""Why there are none of some resources, by their files and places."""


def _resources_in(module: Module) -> Iterator[tuple[str, Block]]:
    """Yield the resources of AWS's provider, each with its file."""
    for file, block in module.every("resource"):
        if len(block.labels) == 2 and block.labels[0].startswith("aws_"):  # noqa: PLR2004 - type and name
            yield file, block


def _resources_of(by: Evaluation, unmade: _Unmade) -> ModuleResources:
    """Return the resources that the module makes, and the task definitions of which it makes none."""
    resources = list[Resource]()
    for file, block in _resources_in(by.module):
        why = unmade.get((file, block.begin), "")
        if not why or block.labels[0] == TASK:
            within = replace(by, file=file, unresolved=dict[str, None]())
            node = _attributes(within, block)
            kind, name = block.labels
            resources.append(Resource(kind, name, node, file, tuple(within.unresolved), why))
    return ModuleResources(resources, by.variant)


def _why_unmade(by: Evaluation, file: str, block: Block) -> str:
    """Return why there are none of a resource; nothing if there may be one: in some region or account, for example."""
    name = next((each for each in ("count", "for_each") if each in block.attributes), None)
    if name is None:
        return ""
    _, expression = block.attributes[name]
    within = replace(by, file=file, unresolved=dict[str, None](), expressions=dict[str, str]())
    value = within.of(expression).value
    stands = any(stand_in in text for text in within.expressions for stand_in, _ in STAND_INS)
    if within.unresolved or stands or isinstance(value, bool) or value not in (0, "0", [], {}):
        return ""
    written = by.module.texts[file][expression.begin : expression.end].strip('"')
    written = written[2:-1] if written.startswith("${") else written
    what = "its count is 0" if name == "count" else "its for_each is empty"
    named = f" ({title_of(' '.join(written.split()))})" if re.search(r"\w\.", written) else ""
    return f"{what}{named}"


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


type _Sources = Sequence[tuple[str, Node]]
"""A task definition and its service, which may be in another file, each with the text of its file."""


@dataclass(frozen=True)
class _Rewriting:
    """Writes changed definitions and services into the file."""

    text: str = field(repr=False)
    places: Sequence[tuple[Node | None, Node | None, _Sources]]
    by: Evaluation = field(repr=False)
    unresolved: Sequence[str] = ()

    def __call__(self, wanted: Sequence[Wanted]) -> Edited:
        changes, missing = dict[tuple[int, Steps], Change](), list[Steps]()
        for (task, service, sources), each in zip(self.places, wanted, strict=True):
            dialect = _TerraformDialect(self.by, self.unresolved, computed_in(sources, self._within_text))
            for node, thing in ((task, each.task), (service, each.service)):
                if node is None or thing is None:
                    continue
                found = [*_changes(node, thing.to_aws(), dialect)]
                changes |= {(node.begin, change.path): change for change in found if isinstance(change, Change)}
                missing += (path for path in found if isinstance(path, tuple))
        written = edited(self.text, [*changes.values()])
        return Edited(written.text, (*missing, *written.by_hand))

    def _within_text(self, expression: str, value: str) -> str | None:
        """Return what a text has for an expression; None if it needs quotation marks or lines, or has another value."""
        inner = expression[1:-1] if expression.startswith('"') else f"${{{expression}}}"
        if '"' in inner or "\n" in inner:
            return None
        alone = replace(self.by, template=inner, unresolved=dict[str, None](), expressions=dict[str, str]())
        try:
            return inner if alone.of(template_of(inner)).value == value else None
        except NotHcl:
            return None


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

    def __init__(self, by: Evaluation, unresolved: Sequence[str], computed: Mapping[str, str | None]) -> None:
        self._by, self._unresolved, self._computed = by, unresolved, computed

    def text(self, value: str, style: Style) -> str | None:
        """Return the expression of the file that has this value; None for an ordinary text."""
        known = self._by.expressions.get(value)
        stands = any(stand_in in value for stand_in, _ in STAND_INS)
        if known and "\n" not in known and (stands or "${" in value or known.startswith(("data.", "aws_"))):
            if style is Style.HCL:
                return known
            return None if '"' in known else json.dumps(f"${{{known}}}")
        value = with_computed(value, self._computed)
        for stand_in, data in STAND_INS:
            if stand_in not in value:
                continue
            named = self._label(data.removeprefix("${data.").partition(".")[0])
            if named is None:
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
