"""Values of Terraform's expressions, evaluated as far as a module's files alone allow.

Variables have their defaults. What is not known, such as a variable without default, is open: it gets a placeholder,
and in each further variant another value. The region and the account get stand-ins.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from cli.sources.embedding import json_within
from cli.sources.hcl_functions import calculated, called, is_quoted, text_of, title_of
from cli.sources.hcl_module import ARNS, Module
from cli.sources.hcl_policies import statement_of
from cli.sources.hcl_syntax import Block, Expression, Kind, NotHcl, pairs
from cli.sources.hcl_text import template_of
from cli.sources.nodes import Node, Part, Style, flat, mapping, moved, sequence
from cli.sources.resolving import ACCOUNT, REGION, first_open, open_text
from cli.texts import shown
from cli.unusable import Unusable

_DEEPEST = 60
_KEEPING: Final = frozenset({"format", "join"})
"""Functions that keep their texts in the result, as a template does, so that some may be open."""
_REGIONS: Final = frozenset({"name", "id", "region"})
_NAMED: Final = frozenset({"name", "id"})


@dataclass
class Evaluation:
    """Evaluates expressions of one file of a module, in one variant of what is open."""

    module: Module
    file: str
    variant: int = 0
    region: str = REGION
    """What stands for the region."""
    template: str | None = field(default=None, repr=False)
    """The text of the template, if the expressions are those of one."""
    scope: Mapping[str, Node] = field(default_factory=dict)
    unresolved: dict[str, None] = field(default_factory=dict)
    expressions: dict[str, str] = field(default_factory=dict, repr=False)
    """Values of expressions, with the text of one that has it."""
    depth: int = 0
    encodings: int = 0
    """How many calls of jsonencode and yamlencode the value is within."""

    @property
    def text(self) -> str:
        return self.module.texts[self.file] if self.template is None else self.template

    @property
    def _style(self) -> Style:
        return Style.JSON if self.file in self.module.json else Style.HCL

    def of(self, found: Expression) -> Node:
        """Return the value of an expression, with its places."""
        if self.depth > _DEEPEST:
            return self._open(found, "a value that refers to itself")
        self.depth += 1
        try:
            value = self._of(found)
        finally:
            self.depth -= 1
        if self.module.effort.spend(value.value):
            raise Unusable(
                f"{shown(self.file)}: its values refer to one another too often to be evaluated. Check what"
                " `terraform show -json` prints of a plan."
            )
        if isinstance(value.value, str) and value.value:
            self._remember(found, value.value)
        return value

    def _remember(self, found: Expression, value: str) -> None:
        """Keep an expression for its value, a reference rather than a template; none of two that look alike."""
        if "…" in value and self.expressions.get(value) not in {None, self._written(found)}:
            self.expressions[value] = ""
            return
        computed = found.kind in {Kind.CALL, Kind.TEMPLATE} and value not in self.expressions
        if found.kind is Kind.REFERENCE or computed:
            self.expressions[value] = self._written(found)

    def _of(self, found: Expression) -> Node:
        match found.kind:
            case Kind.LITERAL:
                return Node(found.begin, found.end, found.value, None, self._style, "", found.marks)
            case Kind.TEMPLATE:
                return self._template(found)
            case Kind.OBJECT:
                return self._object(found)
            case Kind.TUPLE:
                items = [self.of(item) for item in found.args]
                place = Node(found.begin, found.end, None, None, self._style)
                return sequence(
                    place, [Part(at.begin, item, at.end) for at, item in zip(found.args, items, strict=True)]
                )
            case Kind.REFERENCE:
                return self._reference(found)
            case Kind.CALL:
                return self._call(found)
            case Kind.CONDITIONAL:
                return self._conditional(found)
            case Kind.ESCAPED:
                return moved(self.of(found.args[0]), lambda at: at)
            case Kind.OTHER:
                return self._operation(found)

    def _open(self, place: Expression, name: str = "") -> Node:
        """Return what stands for an open value, which is named by how it is written if by nothing else."""
        name = title_of(name or self._written(place))
        self.unresolved[name] = None
        return Node(place.begin, place.end, open_text(name, self.variant), None, Style.FIXED, name)

    def _written(self, place: Expression) -> str:
        """Return an expression as it is written, on one line."""
        text = " ".join(self.text[place.begin : place.end].split())
        return text.removeprefix("${").removesuffix("}").strip() if text.startswith("${") else text

    # --- texts and objects --------------------------------------------------------------------------------------------

    def _template(self, found: Expression) -> Node:
        """Return a template's text. In a JSON text, what is open and not quoted becomes a text in quotes."""
        text, marks, open_ = "", list[int](), ""
        first = found.args[0]
        if len(found.args) == 1 and not (first.kind is Kind.OTHER and first.value == "%"):
            return self._alone(first)
        is_json = first.kind is Kind.LITERAL and str(first.value).lstrip()[:1] in {"[", "{"}
        for part in found.args:
            node = self.of(part)
            value = text_of(node.value)
            if part.kind is Kind.LITERAL and part.marks:
                marks += part.marks[:-1]
            else:
                if node.open and is_json and value[:1] not in {"[", "{"} and not is_quoted(text):
                    value = json.dumps(value)
                marks += [part.begin] * len(value)
            open_ = open_ or node.open
            text += value
        return Node(found.begin, found.end, text, None, Style.FIXED, open_, (*marks, found.end))

    def _alone(self, found: Expression) -> Node:
        """Return the value of an expression that is all of a text, and need not be one. Its braces are not written."""
        value = self.of(found)
        return replace(value, style=Style.FIXED) if value.begin == found.begin else value

    def _object(self, found: Expression) -> Node:
        parts = dict[str, Part]()
        for key, value in pairs(found):
            name = self.of(key)
            parts[text_of(name.value)] = Part(key.begin, self.of(value), value.end)
        return mapping(Node(found.begin, found.end, None, None, self._style), parts)

    # --- references ---------------------------------------------------------------------------------------------------

    def _reference(self, found: Expression) -> Node:
        names = [step.value if step.kind is Kind.LITERAL else self.of(step).value for step in found.args]
        match (found.value, *names):
            case (str() as root, *rest) if root in self.scope:
                return self._stepped(found, self.scope[root], rest)
            case ("var", str() as name, *rest):
                return self._stepped(found, self._variable(found, name), rest)
            case ("local", str() as name, *rest):
                return self._local(found, name, rest)
            case ("data", str() as kind, str() as name, str() as attribute):
                return self._data(found, kind, name, attribute)
            case ("path", "module" | "root"):
                return self._computed(found, ".")
            case (str() as kind, str() as name, *rest) if kind not in {"data", "each", "count", "module", "self"}:
                return self._attribute(found, kind, name, [step for step in rest if not isinstance(step, int)])
            case _:
                return self._open(found)

    def _data(self, found: Expression, kind: str, name: str, attribute: str) -> Node:
        match kind, attribute:
            case "aws_region", _ if attribute in _REGIONS:
                return self._computed(found, self.region)
            case "aws_caller_identity", "account_id":
                return self._computed(found, ACCOUNT)
            case "aws_partition", "partition":
                return self._computed(found, "aws")
            case "aws_iam_policy_document", "json":
                return self._policy(found, name)
            case "template_file", "rendered":
                return self._rendered(found, name)
            case _:
                return self._open(found)

    def _computed(self, place: Expression, value: Any, open_: str = "") -> Node:
        return Node(place.begin, place.end, value, None, Style.FIXED, open_)

    def _elsewhere(self, place: Expression, node: Node) -> Node:
        """Return a value that is written elsewhere, at the place of its use."""
        return replace(moved(node, lambda _: place.begin), end=place.end, marks=())

    def _in(self, file: str, expression: Expression) -> Node:
        other = self if file == self.file and self.template is None else replace(self, file=file, template=None)
        other.depth = self.depth
        return other.of(expression)

    def _variable(self, place: Expression, name: str) -> Node:
        if (given := self.module.values.get(name)) is not None:
            return self._elsewhere(place, self._in(*given))
        block = self.module.found(self.file, "variable", name)
        if block is None or "default" not in block[1].attributes:
            return self._open(place, f"var.{name}")
        value = self._in(block[0], block[1].attributes["default"][1])
        return self._elsewhere(place, value)

    def _local(self, place: Expression, name: str, rest: Sequence[Any]) -> Node:
        found = self.module.local(self.file, name)
        if found is None:
            return self._open(place, f"local.{name}")
        value = self._in(*found)
        if found[0] == self.file and value.parts is not None and not rest and self.module.uses_of_local(name) == 1:
            return value  # it is used here alone, so that it may be changed
        return self._stepped(place, self._elsewhere(place, value), rest)

    def _stepped(self, place: Expression, value: Node, steps: Sequence[Any]) -> Node:
        for step in steps:
            below = None
            match value.parts:
                case dict() as parts if isinstance(step, str):
                    below = parts.get(step)
                case list() as items if isinstance(step, int) and step < len(items):
                    below = items[step]
                case _:
                    pass
            if below is None:
                return self._open(place)
            value = below.node
        return self._elsewhere(place, value)

    def _attribute(self, place: Expression, kind: str, label: str, rest: Sequence[Any]) -> Node:
        """Return an attribute of a resource of the module: one that it gives, its name, or its ARN."""
        found = self.module.found(self.file, "resource", kind, label)
        if len(rest) != 1 or (found is None and kind not in ARNS):
            return self._open(place)
        # A resource that is in a file that was not given has a name and an ARN all the same.
        file, block = found or (self.file, Block("resource", (), 0, 0, {}, ()))
        called = self._called_in_aws(place, file, block, label)
        match rest[0]:
            case "arn" if kind in ARNS:
                path = text_of(called.value).removeprefix("/")
                return self._computed(place, ARNS[kind].format(path).replace(REGION, self.region))
            case "policy" | "value" | "family" as attribute if attribute in block.attributes:
                return self._elsewhere(place, self._in(file, block.attributes[attribute][1]))
            case "revision" if kind == "aws_ecs_task_definition":
                return self._computed(place, 1)  # any: what uses it asks only for the newest
            case attribute if attribute in _NAMED and kind in {*ARNS, "aws_ecs_cluster"}:
                return called
            case _:
                return self._open(place)

    def _called_in_aws(self, place: Expression, file: str, block: Block, label: str) -> Node:
        """Return a resource's name; its name in the module, where AWS or the provider makes one, or it is open."""
        name = None if block.labels[:1] == ("aws_ecs_task_definition",) else block.attributes.get("name")
        if name is None:
            return self._computed(place, label)
        before = dict(self.unresolved)
        called = self._elsewhere(place, self._in(file, name[1]))
        if not called.open:
            return called
        self.unresolved.clear()
        self.unresolved.update(before)  # the name alone makes no verdict
        return self._computed(place, label)

    def _policy(self, place: Expression, name: str) -> Node:
        """Return the JSON of a policy document that the module writes as blocks."""
        found = self.module.found(self.file, "data", "aws_iam_policy_document", name)
        if found is None:
            return self._open(place)
        statements, open_ = list[dict[str, Any]](), ""
        for block in found[1].blocks:
            if block.kind != "statement":
                return self._open(place)
            statement, unknown = statement_of(block, partial(self._in, found[0]))
            statements.append(statement)
            open_ = open_ or unknown
        return self._computed(place, json.dumps({"Version": "2012-10-17", "Statement": statements}), open_)

    # --- calls and operations -----------------------------------------------------------------------------------------

    def _call(self, found: Expression) -> Node:
        name, args = str(found.value), found.args
        match name:
            case "jsonencode" | "yamlencode" if len(args) == 1:
                return self._encoded(found)
            case "tolist" | "toset" | "tomap" | "sensitive" | "nonsensitive" if len(args) == 1:
                return self.of(args[0])
            case "jsondecode" if len(args) == 1:
                return json_within(self.of(args[0]))
            case "concat" if args:
                return self._concat(found, [self.of(arg) for arg in args])
            case "flatten" if len(args) == 1:
                return self._concat(found, [*flat(self.of(args[0]))])
            case "merge" if args:
                return self._merge(found)
            case "file" if len(args) == 1:
                text = self.module.read(text_of(self.of(args[0]).value))
                return self._open(found) if text is None else self._computed(found, text)
            case "templatefile" if len(args) == 2:  # noqa: PLR2004 - the file and its variables
                path, variables = map(self.of, args)
                return self._filled(found, self.module.read(text_of(path.value)), variables)
            case _:
                return self._function(found, name, [self.of(arg) for arg in args])

    def _encoded(self, found: Expression) -> Node:
        """Return what is encoded, with its places; within what is encoded itself, such as containers, as a text."""
        self.encodings += 1
        try:
            value = self.of(found.args[0])
        finally:
            self.encodings -= 1
        if not self.encodings or isinstance(value.value, str):
            return value
        return Node(found.begin, found.end, json.dumps(value.value), value.parts, Style.FIXED, value.open)

    def _function(self, found: Expression, name: str, args: Sequence[Node]) -> Node:
        open_ = next(filter(None, map(first_open, args)), "")
        if not open_ or name in _KEEPING:
            value = called(name, [arg.value for arg in args])
            if value is not None:
                return self._computed(found, value, open_)
        return self._open(found)

    def _concat(self, found: Expression, lists: Sequence[Node]) -> Node:
        """Return the lists as one. Of variables, what is open is an item that stands for any number of them."""
        parts = [part for each in lists for part in each.children]
        of_variables = parts and all(part.node.get("name") for part in parts)
        if not all(isinstance(each.parts, list) or (each.open and of_variables) for each in lists):
            return self._open(found)
        items = [
            part for each in lists for part in (each.children if each.parts is not None else [Part(each.begin, each)])
        ]
        return sequence(Node(found.begin, found.end, None, None, Style.FIXED), items)

    def _merge(self, found: Expression) -> Node:
        objects = [self.of(arg) for arg in found.args]
        if not all(isinstance(each.parts, dict) for each in objects):
            return self._open(found)
        parts = dict[str, Part]()
        for each in objects:
            parts |= each.members()
        return mapping(Node(found.begin, found.end, None, None, Style.FIXED), parts)

    def _rendered(self, place: Expression, name: str) -> Node:
        """Return what the older data source template_file gives."""
        block = self.module.found(self.file, "data", "template_file", name)
        attributes = block[1].attributes if block is not None else {}
        if block is None or "template" not in attributes:
            return self._open(place)
        template = self._in(block[0], attributes["template"][1])
        given = self._in(block[0], attributes["vars"][1]) if "vars" in attributes else Node(0, 0, {}, {})
        known = isinstance(template.value, str) and not template.open
        return self._filled(place, template.value if known else None, given)

    def _filled(self, found: Expression, text: str | None, given: Node) -> Node:
        """Return a template's text with its variables filled in."""
        if text is None or not isinstance(given.parts, dict):
            return self._open(found)
        scope = {key: part.node for key, part in given.parts.items()}
        try:
            node = replace(self, template=text, scope=scope).of(template_of(text))
        except (NotHcl, RecursionError):
            return self._open(found)
        return self._computed(found, node.value, node.open)

    def _conditional(self, found: Expression) -> Node:
        condition, yes, no = found.args
        holds = self.of(condition)
        if isinstance(holds.value, bool) and not holds.open:
            return self._elsewhere(found, self.of(yes if holds.value else no))
        name = holds.open or title_of(self._written(condition))
        self.unresolved[name] = None
        chosen = self._elsewhere(found, self.of(yes if self.variant in {0, 3} else no))
        return replace(chosen, open=name if chosen.parts is not None else chosen.open)

    def _operation(self, found: Expression) -> Node:
        args = [self.of(arg) for arg in found.args]
        if found.value in {"==", "!="} and len(args) == 2 and not any(map(first_open, args)):  # noqa: PLR2004 - both sides
            same = args[0].value == args[1].value
            return self._computed(found, same if found.value == "==" else not same)
        if found.value == "!" and isinstance(args[0].value, bool):
            return self._computed(found, not args[0].value)
        values = [arg.value for arg in args]
        if found.value in {"&&", "||"} and [type(value) for value in values] == [bool, bool]:
            return self._computed(found, all(values) if found.value == "&&" else any(values))
        value = calculated(str(found.value), values)
        if value is not None:
            return self._computed(found, value)
        return self._open(found)
