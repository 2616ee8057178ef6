"""docs/findings-and-alerts.md has every field of an alert, as it is in the code.

`UPDATE_GOLDEN=1 .venvs/dev/bin/pytest -q -n0 tests/reports/test_alert_page.py` writes the table again.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain.findings.alert import Alert
from tests.reports import samples

PAGE = Path(__file__).parents[2] / "docs" / "findings-and-alerts.md"
BEGIN, END = "<!-- alert: made from src/domain/findings/alert.py -->\n", "<!-- /alert -->"


def rows() -> Iterator[str]:
    schema = Alert.model_json_schema(mode="serialization")
    yield "| field | type | what |"
    yield "| --- | --- | --- |"
    for name, field in schema["properties"].items():
        yield f"| `{name}` | {kind(field, schema['$defs'])} | {field.get('description', '')} |"


def kind(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    match field:
        case {"$ref": reference}:
            found = definitions[reference.rpartition("/")[2]]
            if "enum" in found:
                return "string"
            members = (f"`{name}` {kind(each, definitions)}" for name, each in found["properties"].items())
            return "object: " + ", ".join(members)
        case {"anyOf": [first, {"type": "null"}]}:
            return f"{kind(first, definitions)} or null"
        case {"type": "array", "items": items}:
            return f"list of {kind(items, definitions)}"
        case {"format": "date-time"}:
            return "time, ISO 8601"
        case {"type": kind_}:
            return str(kind_)
        case _:
            raise AssertionError(field)


def test_the_page_describes_every_field() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    made = head + BEGIN + "\n".join(rows()) + "\n" + END + tail
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(made, encoding="utf-8")
        text = made
    assert text == made


def test_every_field_is_described() -> None:
    assert [name for name, field in Alert.model_fields.items() if not field.description] == []


def test_the_page_describes_every_message_attribute() -> None:
    text = PAGE.read_text(encoding="utf-8")
    (published,) = (line for line in text.split("\n\n") if line.startswith("Message attributes"))
    found = {name for alert in samples.messages().values() for name in alert.attributes}
    assert all(f"`{name}`" in published for name in found)
