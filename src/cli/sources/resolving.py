"""CloudFormation's intrinsic functions, resolved as far as a template alone allows.

What only AWS knows, the region and the account, gets a stand-in. What is not known at all, such as a parameter without
default, is open: it gets a placeholder, and in each further variant another value.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from cli.sources.embedding import marks_of
from cli.sources.nodes import Node, Part, Style, mapping, sequence
from cli.sources.spelling import CHOICE
from cli.texts import integer

REGION: Final = "zz-region-1"
ACCOUNT: Final = "000000000000"
STAND_INS: Final = ((REGION, "${AWS::Region}"), (ACCOUNT, "${AWS::AccountId}"))
VARIANTS: Final = 4
"""How many values are tried for what is open."""
_DEEPEST = 60
_NO_BRACES = str.maketrans("{}", "()")
_SUBSTITUTED = re.compile(r"\$\{(?P<literal>!)?(?P<name>[^${}]*)\}")
_REAL_REGION = re.compile(r"(?<![\w-])(?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov)?-(?:[a-z]+-)+\d(?![\w])")
_REAL_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_FUNCTIONS: Final = frozenset({"Ref", "Condition"})
_NAMES: Mapping[str, str] = {
    "AWS::SSM::Parameter": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::ECS::Cluster": "ClusterName",
}
"""The property with the name that Ref returns."""


def open_text(name: str, variant: int) -> str:
    """Return what stands for an open value: a placeholder, or in a variant something else."""
    return (f"${{{name.translate(_NO_BRACES)}}}", "0", "true", "x")[variant % VARIANTS]


@dataclass
class Resolver:
    """Resolves values of one template, in one variant of what is open."""

    text: str = field(repr=False)
    template: Node = field(repr=False)
    variant: int = 0
    unresolved: dict[str, None] = field(default_factory=dict)
    expressions: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False)
    """Values of expressions, with the place of one that has it."""
    conditions: dict[str, bool | None] = field(default_factory=dict, repr=False)
    """The conditions that are evaluated already."""
    stands_in: bool = False
    depth: int = 0

    @cached_property
    def region(self) -> str:
        """Return the region: in a variant one that the template names, which may be meant."""
        return region_of(self.text) if self.variant % 2 else REGION

    @cached_property
    def account(self) -> str:
        found = _REAL_ACCOUNT.search(self.text) if self.variant % 2 else None
        return found[0] if found else ACCOUNT

    def resource(self, name: str) -> Node | None:
        """Return a resource of the template."""
        return self.template.get("Resources", name)

    def kind(self, name: str) -> str:
        """Return a resource's type; nothing if there is no such resource."""
        found = self.template.get("Resources", name, "Type")
        return found.value if found and isinstance(found.value, str) else ""

    def resolved(self, node: Node) -> Node | None:
        """Return a value with its functions resolved; None where it is AWS::NoValue."""
        if self.depth > _DEEPEST:
            return self._open(node, "a value that refers to itself")
        self.depth += 1
        try:
            return self._resolved(node)
        finally:
            self.depth -= 1

    def _resolved(self, node: Node) -> Node | None:
        match node.parts:
            case dict() as parts:
                if len(parts) == 1 and (function := next(iter(parts))) and _is_function(function):
                    return self._called(function, parts[function].node, node)
                return mapping(node, dict(self._members(parts)))
            case list() as parts:
                return sequence(node, [*self._items(parts)])
            case None:
                return node

    def _members(self, parts: Mapping[str, Part]) -> Iterator[tuple[str, Part]]:
        for name, part in parts.items():
            if (found := self.resolved(part.node)) is not None:
                yield name, Part(part.begin, found, part.end)

    def _items(self, parts: Sequence[Part]) -> Iterator[Part]:
        for part in parts:
            if (found := self.resolved(part.node)) is not None:
                yield Part(part.begin, found, part.end)

    def _called(self, function: str, argument: Node, whole: Node) -> Node | None:
        if function == "Fn::If":
            return self._if(argument, whole)
        if function == "Ref" and argument.value == "AWS::NoValue":
            return None
        calls: Mapping[str, Callable[[Node, Node], Node | None]] = {
            "Ref": lambda argument, whole: self._named(str(argument.value), whole),
            "Fn::GetAtt": self._attribute_of,
            "Fn::Sub": self._substituted,
            "Fn::Join": self._joined,
            "Fn::FindInMap": self._found_in_map,
            "Fn::Select": self._selected,
            "Fn::Split": self._split,
        }
        call = calls.get(function)
        found = call(argument, whole) if call else None
        if found is None:
            return self._open(whole, _title(function, argument))
        if isinstance(found.value, str) and found.value:
            self._remember(function, str(argument.value), found.value, whole)
        return found

    def _remember(self, function: str, argument: str, value: str, whole: Node) -> None:
        """Keep an expression for its value: one that names a resource, or of which a part is not known.

        None of two is kept of which parts are not known that have the same name. None is kept that chooses: elsewhere,
        its other value may be wrong.
        """
        written = self.text[whole.begin : whole.end]
        if not written or "\n" in written or CHOICE.search(written):
            return
        begin, end = self.expressions.get(value, (whole.begin, whole.end))
        if "${Fn::" in value and self.text[begin:end] != written:
            self.expressions[value] = (0, 0)
            return
        resource = function == "Ref" and self.kind(argument) != ""
        partly = REGION in value or "${" in value or function in {"Fn::Sub", "Fn::Join"}
        if resource or (partly and value not in self.expressions):
            self.expressions[value] = (whole.begin, whole.end)

    # --- what is not known --------------------------------------------------------------------------------------------

    def _open(self, node: Node, name: str) -> Node:
        """Return an open value: a placeholder, or in a variant something else."""
        self.unresolved[name] = None
        return self._computed(node, open_text(name, self.variant), name)

    def _computed(self, whole: Node, value: Any, open_: str = "") -> Node:
        return Node(whole.begin, whole.end, value, None, Style.FIXED, open_)

    # --- functions ----------------------------------------------------------------------------------------------------

    def _named(self, name: str, whole: Node) -> Node | None:
        """Return what a parameter, a pseudo parameter or a resource is called."""
        match name:
            case "AWS::Region" | "AWS::AccountId":
                self.stands_in = True
                return self._computed(whole, self.region if name == "AWS::Region" else self.account)
            case "AWS::Partition":
                return self._computed(whole, "aws")
            case "AWS::URLSuffix":
                return self._computed(whole, "amazonaws.com")
            case _:
                pass
        if (parameter := self.template.get("Parameters", name)) is not None:
            return self._parameter(name, parameter, whole)
        if self.kind(name) not in _NAMES:
            return None
        written, before = self.template.get("Resources", name, "Properties", _NAMES[self.kind(name)]), self.unresolved
        self.unresolved = dict(before)
        found = None if written is None else self.resolved(written)
        if found is not None and not found.open:
            return self._computed(whole, found.value)
        self.unresolved = before  # the name alone makes no verdict
        return self._computed(whole, name)  # a name that CloudFormation makes begins with its own

    def _parameter(self, name: str, parameter: Node, whole: Node) -> Node | None:
        kind, default = parameter.get("Type"), parameter.get("Default")
        written = str(kind.value) if kind else "String"
        if default is None or written.startswith("AWS::SSM::Parameter::Value"):
            allowed = parameter.get("AllowedValues")
            values = allowed.value if allowed and isinstance(allowed.value, list) else []
            if not values or default is not None or len(values) > VARIANTS:
                return None
            self.unresolved[name] = None
            return self._computed(whole, _as_text(values[self.variant % len(values)]), name)
        if written == "CommaDelimitedList" or written.startswith("List<"):
            items = [item.strip() for item in _as_text(default.value).split(",")]
            return self._computed(whole, items)
        return self._computed(whole, _as_text(default.value))

    def _attribute_of(self, argument: Node, whole: Node) -> Node | None:
        match argument.value:
            case [str() as name, str() as attribute] if attribute == "Arn":
                return self._arn(name, whole)
            case _:
                return None

    def _arn(self, name: str, whole: Node) -> Node | None:
        called = self._named(name, whole)
        if called is None or self.kind(name) not in {"AWS::IAM::Role", "AWS::Logs::LogGroup"}:
            return None
        self.stands_in = True
        if self.kind(name) == "AWS::Logs::LogGroup":
            arn = f"arn:aws:logs:{self.region}:{self.account}:log-group:{called.value}:*"
        else:
            arn = f"arn:aws:iam::{self.account}:role/{called.value}"
        return replace(called, value=arn)

    def _substituted(self, argument: Node, whole: Node) -> Node | None:
        written, given = argument, dict[str, Part]()
        match argument.parts:
            case [first, Part(node=Node(parts=dict() as given))]:
                written = first.node
            case None:
                pass
            case _:
                return None
        if not isinstance(written.value, str):
            return None
        places = marks_of(self.text, written) or [written.begin] * (len(written.value) + 1)
        text, marks, open_, at = "", list[int](), "", 0
        for found in _SUBSTITUTED.finditer(written.value):
            text += written.value[at : found.start()]
            marks += places[at : found.start()]
            value, expression = self._within(found, given, whole)
            open_ = open_ or expression
            text += value
            marks += [places[found.start()]] * len(value)
            at = found.end()
        marks += places[at:]
        return Node(whole.begin, whole.end, text + written.value[at:], None, Style.FIXED, open_, marks)

    def _within(self, found: re.Match[str], given: Mapping[str, Part], whole: Node) -> tuple[str, str]:
        """Return the text for one `${…}`, and the expression if it is open."""
        name = found["name"].strip()
        if found["literal"]:
            return f"${{{name}}}", ""
        if name in given:
            node = self.resolved(given[name].node)
        elif "." in name:
            node = self._attribute_of(replace(whole, value=name.split(".", 1), parts=None), whole)
        else:
            node = self._named(name, whole)
        if node is None or not isinstance(node.value, str | int | float):
            self.unresolved[name] = None
            return open_text(name, self.variant), name
        return _as_text(node.value), node.open

    def _joined(self, argument: Node, whole: Node) -> Node | None:
        found = self.resolved(argument)
        match found.value if found else None:
            case [str() as by, list() as items] if found and all(isinstance(item, str | int) for item in items):
                return self._computed(whole, by.join(map(_as_text, items)), first_open(found))
            case _:
                return None

    def _split(self, argument: Node, whole: Node) -> Node | None:
        found = self.resolved(argument)
        match found.value if found else None:
            case [str() as by, str() as text] if found and by and not first_open(found):
                return self._computed(whole, text.split(by))
            case _:
                return None

    def _selected(self, argument: Node, whole: Node) -> Node | None:
        found = self.resolved(argument)
        match found.value if found else None:
            case [int() | str() as index, list() as items] if found and not first_open(found):
                at = integer(str(index))
                return None if at is None or at >= len(items) else self._computed(whole, items[at])
            case _:
                return None

    def _found_in_map(self, argument: Node, whole: Node) -> Node | None:
        found = self.resolved(argument)
        match found.value if found else None:
            case [str() as name, first, second, *_] if found and not first_open(found):
                node = self.template.get("Mappings", name, _as_text(first), _as_text(second))
                return None if node is None else replace(node, style=Style.FIXED, begin=whole.begin, end=whole.end)
            case _:
                return None

    # --- conditions ---------------------------------------------------------------------------------------------------

    def _if(self, argument: Node, whole: Node) -> Node | None:
        match argument.parts:
            case [condition, yes, no]:
                pass
            case _:
                return self._open(whole, "Fn::If")
        name = str(condition.node.value)
        holds = self.condition(name)
        if holds is not None:
            return self.resolved((yes if holds else no).node)
        self.unresolved[name] = None
        found = self.resolved((yes if self.variant in {0, 3} else no).node)
        if found is None:
            return None
        return replace(found, style=Style.FIXED, open=name if found.parts is not None else found.open)

    def condition(self, name: str, depth: int = 0) -> bool | None:
        """Return whether a condition of the template holds; None if that is not known."""
        node = self.template.get("Conditions", name)
        if node is not None and name not in self.conditions:
            self.conditions[name] = None  # for one that refers to itself
            self.conditions[name] = self._holds(node, depth)
        return self.conditions.get(name)

    def _holds(self, node: Node, depth: int) -> bool | None:
        match node.parts:
            case dict() as parts if len(parts) == 1 and depth < _DEEPEST:
                function, argument = next((name, part.node) for name, part in parts.items())
            case _:
                return None
        if function == "Condition":
            return self.condition(str(argument.value), depth + 1)
        if function == "Fn::Equals":
            return self._equal(argument)
        inner = [self._holds(each, depth + 1) for each in argument.below()]
        match function:
            case "Fn::Not" if inner and inner[0] is not None:
                return not inner[0]
            case "Fn::And":
                return False if False in inner else None if None in inner else True
            case "Fn::Or":
                return True if True in inner else None if None in inner else False
            case _:
                return None

    def _equal(self, argument: Node) -> bool | None:
        before, region = dict(self.unresolved), self.stands_in
        found = self.resolved(argument)
        self.unresolved = before  # the use of the condition is named, not what it depends on
        stands_in, self.stands_in = self.stands_in and not region, region
        match found.value if found else None:
            case [str() | int() | bool() as one, str() | int() | bool() as other] if found and not first_open(found):
                return None if stands_in or REGION in {one, other} else _as_text(one) == _as_text(other)
            case _:
                return None


def _is_function(name: str) -> bool:
    return name in _FUNCTIONS or name.startswith("Fn::")


def _title(function: str, argument: Node) -> str:
    """Return an expression as people know it, on one line; a text that it joins is not quoted."""
    match argument.value:
        case str() as name if function == "Ref":
            return name
        case [str() as name, str() as attribute] if function == "Fn::GetAtt":
            return f"{name}.{attribute}"
        case (str() as name) | {"Fn::Sub": str() as name} if function == "Fn::ImportValue":
            return f"ImportValue {' '.join(name.split())}"
        case _:
            return function


def region_of(text: str) -> str:
    """Return a region that a text names; the one that stands for any if it names none."""
    found = _REAL_REGION.search(text)
    return found[0] if found else REGION


def first_open(node: Node) -> str:
    """Return the first expression below a node that is open; nothing if there is none."""
    return node.open or next(filter(None, map(first_open, node.below())), "")


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
