"""Read the text of a standard, and find mistakes in it.

The text is YAML 1.2, so `off`, a date, and an account number that starts with a zero stay as written.
"""

import difflib
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import inf
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domain.standard.problems import Found, Path, Position, Problem, StandardInvalid

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_VALUES = 50_000
"""Values with those that aliases repeat: a short text may stand for billions."""

_C_OR_PYTHON: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_C_OR_PYTHON):  # type: ignore[misc] # the C loader if there is one
    """Keeps text that YAML 1.1 would read as a boolean, a date or an octal number."""

    yaml_implicit_resolvers: Mapping[str, Any] = {}


for _tag, _form, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?", list("-+0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_form})\Z"), _first)


def read(text: str, source: str) -> tuple[yaml.Node, dict[Any, Any]]:
    """Return the document's nodes, which have lines, and its content; raise StandardInvalid if it is not a mapping."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        found = Found(Problem.TOO_LARGE, f"is larger than {MAX_BYTES} bytes, the limit for a standard")
        raise StandardInvalid(source, [found])
    try:
        _refuse_depth(text, source)
        node = yaml.compose(text, Loader=_Loader)
        many = node is not None and _values(node, {}) > MAX_VALUES
        content = None if many else yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except StandardInvalid:
        raise
    except Exception as error:  # noqa: BLE001 - for a tag that does not fit its value, PyYAML raises errors of any kind
        raise StandardInvalid(source, [_not_yaml(error)]) from None
    if many:
        why = f"has more than {MAX_VALUES:,} values with those that its aliases repeat. Use fewer aliases"
        raise StandardInvalid(source, [Found(Problem.TOO_LARGE, why)])
    if node is None or not isinstance(content, dict):
        found = Found(Problem.NOT_A_MAPPING, "must be a mapping that starts with `version: 1`")
        raise StandardInvalid(source, [found])
    if repeated := _repeated_key(node, set()):
        at = Position(repeated.start_mark.line + 1)
        found = Found(Problem.REPEATED_FIELD, f"the field {repeated.value} is there twice. Keep one", at=at)
        raise StandardInvalid(source, [found])
    return node, content


def _refuse_depth(text: str, source: str) -> None:
    # The C loader builds nested nodes by recursion, and crashes if they are too deep. Its events are flat.
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                at = Position(event.start_mark.line + 1 if event.start_mark else 1)
                why = f"nested deeper than {MAX_DEPTH} levels, the limit for a standard"
                raise StandardInvalid(source, [Found(Problem.TOO_DEEP, why, at=at)])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _values(node: yaml.Node, known: dict[int, float]) -> float:
    """Return how many values a node has with those that aliases repeat; endless for one that contains itself."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = inf
        within = node.value if isinstance(node, yaml.SequenceNode) else chain.from_iterable(node.value)
        known[id(node)] = 1 + sum(_values(each, known) for each in within)
    return known[id(node)]


def _not_yaml(error: Exception) -> Found:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        why = f"not YAML ({error.problem}). Correct it there"
        return Found(Problem.NOT_YAML, why, at=Position(mark.line + 1, mark.column + 1))
    return Found(Problem.NOT_YAML, "is not valid YAML. Check its encoding, its indentation and its brackets")


def _repeated_key(node: yaml.Node, seen: set[int]) -> yaml.Node | None:
    if id(node) in seen:  # an alias, which may even be within its own anchor
        return None
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys = set[str]()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in keys:
                return key
            keys.add(str(key.value))
            if found := _repeated_key(value, seen):
                return found
    elif isinstance(node, yaml.SequenceNode):
        return next((found for item in node.value if (found := _repeated_key(item, seen))), None)
    return None


def mistakes(node: yaml.Node, model: type[BaseModel], error: ValidationError) -> Iterator[Found]:
    """Yield one problem for each mistake: where, which field, and the right form."""
    for mistake in error.errors(include_url=False):
        match mistake["type"]:
            case "extra_forbidden" | "invalid_key":
                code = Problem.UNKNOWN_FIELD
            case "missing":
                code = Problem.MISSING_FIELD
            case _:
                code = Problem.WRONG_VALUE
        path: Path = mistake["loc"]
        yield Found(code, _wanted(mistake, model), path, position_of(node, path))


def position_of(start: yaml.Node, path: Path) -> Position:
    """Return the line of a field; of the deepest existing part of its path if it is missing."""
    node: yaml.Node | None = start
    line = start.start_mark.line + 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if pair is None:
                return Position(line, below=True)
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break  # a list that was written as one value
    return Position(line)


# Descriptions of the patterns of the standard's fields.
_FORMS = {
    r"^[A-Za-z0-9_-]{1,255}$": "must be a container's name: letters, digits, - and _",
    r"^v?\d+\.\d+\.\d+(b\d+)?$": "must be a release such as v0.49.0",
    r"^[A-Za-z_][A-Za-z0-9_]{0,127}$": "must be a variable's name: letters, digits and _",
    r"^[A-Za-z0-9_.-]{1,32}(:[A-Za-z0-9_.-]{1,32})?$": "must be a user as ECS takes it, such as 4317 or app:app",
    r"^([CGD][A-Z0-9]{2,20})?$": "must be a channel's id such as C0123456789, not its name",
    r"^[A-Za-z0-9_.-]{0,64}$": "must have at most 64 letters, digits, `_`, `.` and `-`",
    r"^([01]\d|2[0-3]):[0-5]\d$": "must be a time such as 08:00",
    r"^\d+\.\d+\.\d+$": "must be a version of three numbers such as 1.4.0",
    r"^arn:[a-z-]+:iam::\d{12}:role/.+$": "must be a role's ARN such as arn:aws:iam::123456789012:role/name",
}
_UNIT = "must be the id of an organisational unit such as ou-ab12-cd34ef56, or of the root"
_PARAMETER = "must be an SSM parameter's name such as /fargate/otel-collector-config, or its ARN"


def _wanted(mistake: ErrorDetails, model: type[BaseModel]) -> str:  # noqa: PLR0912, C901 - a table
    kind, given, context = mistake["type"], mistake["input"], mistake.get("ctx", {})
    shown = f", not {given}" if isinstance(given, str | int | float) and 0 < len(str(given)) < len("x" * 60) else ""
    match kind:
        case "extra_forbidden":
            return _no_field(mistake["loc"], model)
        case "missing":
            return "is missing; add it"
        case "value_error":
            said = str(context.get("error"))
            return said if said.startswith("must ") else f"must be {said}"
        case "string_type":
            if given is None:
                return "is empty; it must be text, or left out"
            return "must be text" + (": put it in quotes" if isinstance(given, int | float) else "")
        case "string_pattern_mismatch":
            pattern = str(context.get("pattern"))
            other = _PARAMETER if ":ssm:" in pattern else f"must match {pattern}"
            return _FORMS.get(pattern, _UNIT if pattern.startswith("^(ou-") else other) + shown
        case "string_too_short":
            least = context.get("min_length")
            return "must not be empty" if least == 1 else f"must have at least {least} characters"
        case "string_too_long":
            return f"must have at most {context.get('max_length')} characters"
        case "tuple_type" | "list_type":
            return "must be a list: put `- ` before each item"
        case "dict_type" | "mapping_type" | "model_type" | "model_attributes_type":
            return "must be a mapping: fields with their values, indented below it" + shown
        case "enum" | "literal_error":
            expected = str(context.get("expected")).replace("'", "")
            return f"must be {expected}" + (" without quotes" if expected == given else shown)
        case "greater_than_equal":
            return f"must be at least {context.get('ge')}{shown}"
        case "less_than_equal":
            return f"must be at most {context.get('le')}{shown}"
        case "invalid_key":
            return "is not a field: names of fields are text"
        case _ if kind.startswith("int_"):
            return f"must be a whole number{shown}"
        case _ if kind.startswith("bool_"):
            return f"must be true or false{shown}"
        case _ if kind.startswith(("date_", "datetime_")):
            return f"must be a date such as 2026-12-31{shown}"
        case _:
            return f"is wrong: {mistake['msg']}"


def _no_field(location: Sequence[int | str], model: type[BaseModel]) -> str:
    fields = _fields_at(location[:-1], model)
    near = difflib.get_close_matches(str(location[-1]), fields, n=1)
    if near:
        return f"is not a field of a standard; perhaps {near[0]} is meant"
    return f"is not a field of a standard; the fields there are {', '.join(sorted(fields))}"


def _fields_at(path: Sequence[int | str], start: type[BaseModel]) -> tuple[str, ...]:
    """Return the fields of the part of the model at a path."""
    model = start
    for name in path:
        if isinstance(name, int):
            continue
        if name == "set":  # the parameters of an entry of `rules`, which repeat the document's sections
            model = start
            continue
        info = model.model_fields.get(name)
        inner = _model_in(info.annotation) if info else None
        if inner is None:
            return ()
        model = inner
    return tuple(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
