"""Write the schema, the page and the packaged standard from the model of the standard; `--check` only compares.

Ends with 1 if `--check` finds a file that is out of date.
"""

import argparse
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml
from annotated_types import Ge, Le
from pydantic import BaseModel, TypeAdapter, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from domain.standard import DEFAULT, SETTABLE, Standard  # noqa: E402 - the source is not installed, so its path comes first
from domain.standard.layers import LAYERED  # noqa: E402
from domain.standard.part import Part, model_of  # noqa: E402
from domain.standard.problems import Problem  # noqa: E402
from domain.standard.text import MAX_BYTES  # noqa: E402

SCHEMA = ROOT / "docs" / "standard.schema.json"
PAGE = ROOT / "docs" / "standard.md"
EXAMPLES = ROOT / "docs" / "standards"

PACKAGED = """\
# The standard that Outrider uses if no other is given. Copy what you change: every field except `version` is optional.
# Made by tools/standard_schema.py from the model in src/domain/standard: change it there."""

INTRODUCTION = f"""# The standard

<!-- Made by tools/standard_schema.py from the model in src/domain/standard: change it there. -->

The organisation's requirements, in one YAML document of at most {MAX_BYTES // 1024} KiB. Only `version` is required;
every other field has a default. An unknown field is an error, which names its line and a similar field. The document is
YAML 1.2, in which `off` and dates are text.

An editor that knows JSON Schema completes and checks it with this first line:

```yaml
# yaml-language-server: $schema=standard.schema.json
```

Patterns are names in which `*` and `?` are wildcards; they are case-sensitive. In a selector or `rules`, a single
pattern needs no list.

Examples: {{examples}};
[recipes.md](recipes.md) has parts to copy. `outrider standard show` prints the packaged standard, with every field.

## Before you store it

`outrider standard validate FILE` reads a standard as the functions do. It says what is wrong, what contradicts itself,
and what can have no effect. `outrider standard diff FILE… --standard NEW --against OLD` shows what another standard
would change; [command-line.md](command-line.md#the-standard) has both.

The functions refuse a standard with an error. They go on evaluating by the last good one, correct nothing, and notify
the topic `operations` ([runbook.md](runbook.md#when-the-standard-cannot-be-used)). A warning is published there once;
the standard is used. Time alone never makes an error: a standard that is accepted today is accepted tomorrow.
`exemption-not-allowed`, `exemption-too-long` and `too-many` are about an owner's parameter `/outrider/exemptions`:
those exemptions do not count, and the standard is used.

| code | severity | meaning |
| --- | --- | --- |
{{problems}}
"""


_SECTIONS: tuple[type[BaseModel], ...] = tuple(map(model_of, SETTABLE.values()))


def schema() -> dict[str, Any]:
    """The JSON Schema of a standard, for editors and pipelines."""
    made = model_of(Standard).model_json_schema()
    for where, settable in (("RuleSetting", SETTABLE), ("Layer", LAYERED)):
        sections = {name: {"$ref": f"#/$defs/{part.__name__}"} for name, part in settable.items()}
        members = made["$defs"][where]["properties"]["set"]
        members.pop("additionalProperties")
        members |= {"properties": sections, "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_untitled(made),
        "title": "Outrider's standard",
    }


def _untitled(node: Any) -> Any:
    # pydantic repeats each field's name as its title.
    if isinstance(node, dict):
        return {key: _untitled(value) for key, value in node.items() if key != "title" or not isinstance(value, str)}
    return [_untitled(item) for item in node] if isinstance(node, list) else node


def page() -> str:
    """The reference, one table for each part."""
    names = sorted(path.name for path in EXAMPLES.glob("*.yaml"))
    examples = ", ".join(f"[{name.removesuffix('.yaml')}](standards/{name})" for name in names)
    problems = "\n".join(f"| `{each}` | {each.level} | {each.meaning} |" for each in Problem)
    parts = [INTRODUCTION.replace("{examples}", examples).replace("{problems}", problems)]
    parts += [_table(heading, model) for heading, model in _parts(model_of(Standard), "The document")]
    return "\n".join(parts)


def packaged() -> str:
    """The packaged standard: every field with its meaning and its default."""
    return "\n".join([PACKAGED, "", *_written(Standard(version=1, name="outrider-default"), 0)]) + "\n"


def _written(value: Part, indent: int) -> Iterator[str]:
    margin = "  " * indent
    for name, info in model_of(type(value)).model_fields.items():
        if not indent and name != "version":
            yield ""
        about = f"{margin}# "
        yield from textwrap.wrap(info.description or "", 110, initial_indent=about, subsequent_indent=about)
        part = getattr(value, name)
        if isinstance(part, Part):
            yield f"{margin}{name}:"
            yield from _written(part, indent + 1)
        else:
            content = {name: TypeAdapter(Any).dump_python(part, mode="json")}
            written = yaml.safe_dump(content, sort_keys=False, width=1000)
            yield from (f"{margin}{row}" for row in written.splitlines())


def _parts(model: type[BaseModel], heading: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """The model and those that its fields hold, each once, under all of its places, in the order of the document."""
    places: dict[type[BaseModel], list[str]] = {model: [heading]}
    waiting = [("", model)]
    while waiting:
        prefix, part = waiting.pop(0)
        for name, info in part.model_fields.items():
            inner = _model_in(info.annotation)
            if inner is None:
                continue
            if inner not in places:
                waiting.append((f"{prefix}{name}.", inner))
            places.setdefault(inner, []).append(f"`{prefix}{name}`")
    for part, found in places.items():
        yield ", ".join(found), part


def _table(heading: str, model: type[BaseModel]) -> str:
    # One that adds to another part shows what it adds.
    above = model.__base__ if model.__base__ in _SECTIONS else None
    fields = {name: info for name, info in model.model_fields.items() if not above or name not in above.model_fields}
    rows = [
        f"| `{name}` | {_kind(info)} | {_default(info)} | {(info.description or '').replace('|', '\\|')} |"
        for name, info in fields.items()
    ]
    purpose = inspect.cleandoc(model.__doc__ or "")
    return "\n".join(
        [
            f"## {heading}",
            "",
            purpose,
            "",
            "| field | form | default | meaning |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel) or value is None or value in ((), {}, ""):
        return ""
    if isinstance(value, tuple):
        return "<br>".join(f"`{item}`" for item in value)
    return f"`{json.dumps(value)}`" if isinstance(value, bool | int) else f"`{value}`"


def _kind(info: FieldInfo) -> str:
    schemas = (mark.json_schema or {} for mark in info.metadata if isinstance(mark, WithJsonSchema))
    choices = next((given["enum"] for given in schemas if "enum" in given), ())
    kind = ", ".join(f"`{choice}`" for choice in choices) or _named(info.annotation)
    low = next((mark.ge for mark in info.metadata if isinstance(mark, Ge)), None)
    high = next((mark.le for mark in info.metadata if isinstance(mark, Le)), None)
    if low is not None and high is not None:
        return f"{kind}, {low} to {high}"
    return kind if low is None else f"{kind}, {low} or more"


def _named(annotation: Any) -> str:
    """Return the name of a type for people."""
    origin, inner = get_origin(annotation), get_args(annotation)
    model = _model_in(annotation)
    if model is not None:
        return "list of mappings" if origin is tuple else "mapping"
    if origin is Annotated:
        return _named(inner[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin is tuple:
        return "list"
    if inspect.isclass(annotation):
        if issubclass(annotation, StrEnum):
            return ", ".join(f"`{member.value}`" for member in annotation)
        return {bool: "true or false", int: "whole number", str: "text"}.get(annotation, annotation.__name__)
    named = next((item for item in inner if item is not type(None)), None)
    return "mapping" if named is None or len([i for i in inner if i is not type(None)]) > 1 else _named(named)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    alias = getattr(annotation, "__value__", None)
    parts = (alias,) if alias is not None else get_args(annotation)
    return next((found for part in parts if (found := _model_in(part))), None)


def main() -> int:
    """Write or compare the files."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="write nothing; end with 1 if a file is out of date")
    check: bool = arguments.parse_args().check
    made = {SCHEMA: json.dumps(schema(), indent=2) + "\n", PAGE: page(), DEFAULT: packaged()}
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        name = path.relative_to(ROOT)
        if check:
            print(f"{name} is out of date. Run: python tools/standard_schema.py", file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(made[path], encoding="utf-8")
            print(f"{name} written")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
