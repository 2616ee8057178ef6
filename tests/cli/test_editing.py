"""A changed content is written into the text that was given: what did not change stays as it was, to the byte."""

import copy
import difflib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.sources import yaml_text
from cli.sources.editing import Change
from cli.sources.editing import edited as edited_in
from cli.sources.json_text import blanked, content_of, node_of
from tests.cli.conftest import Definition, Run
from tests.profiles import examples


def edited(text: str, wanted: Any) -> str:
    return edited_in(text, [Change(node_of(text), wanted)]).text


names = st.sampled_from(["name", "key", "image", "a", "b", "é", 'q"\\']) | st.text(max_size=3)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["web", "app", "\ud83d", "</script>", "a\nb"])
)
contents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=25
)
forms = st.sampled_from(
    [
        {"indent": 2},
        {"indent": 4, "ensure_ascii": False},
        {"indent": "\t"},
        {"separators": (",", ":")},
        {},
        {"indent": 1, "separators": (" ,", " :  ")},
        {"indent": 0},
    ]
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Any, Any]:
    """A content, and the same with some of its parts changed, removed, added or moved."""
    before = draw(contents)
    return before, draw(st.just(before).flatmap(lambda value: changed(copy.deepcopy(value))) | contents)


def changed(value: Any) -> st.SearchStrategy[Any]:
    match value:
        case dict() if value:
            key = st.sampled_from(sorted(value))
            return st.one_of(
                key.map(lambda name: {k: v for k, v in value.items() if k != name}),
                key.flatmap(lambda name: changed(value[name]).map(lambda new: {**value, name: new})),
                st.tuples(names, scalars).map(lambda new: {new[0]: new[1], **value}),
                st.tuples(names, contents).map(lambda new: {**value, new[0]: new[1]}),
            )
        case list() if value:
            place = st.integers(0, len(value) - 1)
            return st.one_of(
                place.map(lambda i: value[:i] + value[i + 1 :]),
                place.flatmap(lambda i: changed(value[i]).map(lambda new: [*value[:i], new, *value[i + 1 :]])),
                st.tuples(place, contents).map(lambda new: [*value[: new[0]], new[1], *value[new[0] :]]),
                st.permutations(value),
            )
        case _:
            return scalars | contents


def strict(value: Any) -> str:
    """A content with its types: true is not 1, and 1 not 1.0."""
    return json.dumps(value, sort_keys=True)


@examples(400)
@given(pair=changes(), form=forms, crlf=st.booleans())
def test_the_new_text_has_the_wanted_content(pair: tuple[Any, Any], form: dict[str, Any], crlf: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    before, after = pair
    text = json.dumps(before, **form) + "\n"
    text = text.replace("\n", "\r\n") if crlf else text
    new = edited(text, after)
    assert strict(json.loads(new)) == strict(after)
    if strict(before) == strict(after):
        assert new == text
    assert edited(new, after) == new
    if crlf:
        assert "\n" not in new.replace("\r\n", "")


@examples(200)
@given(content=st.dictionaries(names, contents, min_size=3, max_size=6), data=st.data())
def test_lines_of_other_members_stay_as_they_are(content: dict[str, Any], data: st.DataObject) -> None:
    """One member is changed, removed or added: at most the line before it gets or loses its comma."""
    text = json.dumps(content, indent=2)
    name = data.draw(st.sampled_from(sorted(content)))
    value = data.draw(scalars)
    new = edited(text, {**content, name: value})
    own = json.dumps({name: content[name]}, indent=2).count("\n") - 1
    removed, added = _differing(text, new)
    assert removed <= own
    assert added <= 1

    without = {key: each for key, each in content.items() if key != name}
    removed, added = _differing(text, edited(text, without))
    assert removed <= own + 1
    assert added <= 1


def _differing(before: str, after: str) -> tuple[int, int]:
    rows = list(difflib.ndiff(before.split("\n"), after.split("\n")))
    return sum(row.startswith("- ") for row in rows), sum(row.startswith("+ ") for row in rows)


@pytest.mark.parametrize(
    ("text", "wanted", "new"),
    [
        ('{"a": 1}', {"a": 1, "b": 2}, '{"a": 1, "b": 2}'),
        ('{"a":1}', {"a": 1, "b": [2, 3]}, '{"a":1,"b":[2,3]}'),
        ('{ "a": 1 }', {"a": 1, "b": 2}, '{ "a": 1, "b": 2 }'),
        ("{}", {"b": 2}, '{"b":2}'),
        ('{\n  "a": {}\n}', {"a": {"b": {"c": 1}}}, '{\n  "a": {\n    "b": {\n      "c": 1\n    }\n  }\n}'),
        ('{\n    "a": 1 ,\n\n    "b": 2\n}', {"a": 1, "b": 3}, '{\n    "a": 1 ,\n\n    "b": 3\n}'),
        ('{"a": [1, 2, 3]}', {"a": [1, 3]}, '{"a": [1, 3]}'),
        ('{"a": [1, 2, 3]}', {"a": [0, 1, 2, 3]}, '{"a": [0, 1, 2, 3]}'),
        ('{"a": true}', {"a": 1}, '{"a": 1}'),
        ('{"a": 1.0}', {"a": 1}, '{"a": 1}'),
        ('{"a": "\\u00e9"}', {"a": "\u00e9", "b": "\u00e9"}, '{"a": "\\u00e9", "b": "\\u00e9"}'),
        ('{"a": "\u00e9"}', {"a": "\u00e9", "b": "\u00e9"}, '{"a": "\u00e9", "b": "\u00e9"}'),
        (
            '{\n  "x": [\n    {"name": "A", "value": "1"},\n    {"name": "B", "value": "2"}\n  ]\n}',
            {"x": [{"name": "A", "value": "1"}, {"name": "C", "value": "3"}, {"name": "B", "value": "4"}]},
            (
                '{\n  "x": [\n    {"name": "A", "value": "1"},\n    {"name": "C", "value": "3"},\n'
                '    {"name": "B", "value": "4"}\n  ]\n}'
            ),
        ),
    ],
)
def test_what_is_added_looks_like_what_is_there(text: str, wanted: Any, new: str) -> None:
    assert edited(text, wanted) == new


MIXED = """\
{
    "family":"web",   "cpu": "512", "memory": "1024",
  "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc",
  "executionRoleArn": "arn:aws:iam::123456789012:role/web-execution",
\t"taskRoleArn": "arn:aws:iam::123456789012:role/web-task",

  "containerDefinitions": [
    { "name": "app", "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2", "cpu": 256,
      "memoryReservation": 512,
      "environment": [ {"name": "OTEL_SERVICE_NAME", "value": "w\\u0065b"} ] },
    {
      "name": "adot-collector",
      "image": "public.ecr.aws/aws-observability/aws-otel-collector:latest",
      "cpu": 256, "memoryReservation": 512,
      "secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/fargate/otel-collector-config"}]
    }
  ]
}
"""


def test_fix_changes_only_the_lines_of_its_changes(run: Run) -> None:
    Path("web.json").write_text(MIXED, encoding="utf-8")
    before = MIXED.splitlines()
    ran = run("fix", "--review", "--write", "web.json")
    after = Path("web.json").read_text(encoding="utf-8").splitlines()
    assert "written" in ran.err
    kept = [row for row in before if row in after]
    for row in ('\t"taskRoleArn": "arn:aws:iam::123456789012:role/web-task",', before[1], before[7], before[9], ""):
        assert row in kept
    assert len(before) - len(kept) <= 3
    plan = run("fix", "--review", "web.json")
    assert plan.out == Path("web.json").read_text(encoding="utf-8")


def test_of_many_definitions_in_one_file_only_the_lines_that_change_differ(run: Run, floating: Definition) -> None:
    one = json.dumps(floating, indent=1).replace("\n", "\n   ")
    other = json.dumps({**floating, "family": "api"}).replace(": ", " : ")
    text = f'[\n   {{"taskDefinition": {one}, "tags" : []}},\n {{ "taskDefinition": {other} }} ,\n {other}\n]\n'
    Path("all.json").write_text(text, encoding="utf-8")
    assert run("fix", "--write", "all.json").code == 0
    assert Path("all.json").read_text(encoding="utf-8") == text.replace(":latest", ":v0.49.0")


def test_three_changes_are_five_lines(run: Run, floating: Definition) -> None:
    """Two values, and a member of three lines."""
    floating["containerDefinitions"][1]["essential"] = True
    del floating["containerDefinitions"][1]["restartPolicy"]
    text = json.dumps(floating, indent=2)
    Path("web.json").write_text(text, encoding="utf-8")
    run("fix", "--write", "web.json")
    removed, added = _differing(text, Path("web.json").read_text(encoding="utf-8"))
    assert (removed, added) == (2, 5)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{\n  "a": 1, // one\n  "z": 2 // last\n}', '{\n  "a": 1, // one\n  "z": 2, // last\n  "b": 3,\n  "c": 4\n}'),
        ('{\n  "a": 1,\n  "z": 2, /* last */\n}', '{\n  "a": 1,\n  "z": 2, /* last */\n  "b": 3,\n  "c": 4,\n}'),
        ('{\r\n  "a": 1,\r\n  "z": 2//\r\n}', '{\r\n  "a": 1,\r\n  "z": 2,//\r\n  "b": 3,\r\n  "c": 4\r\n}'),
        ('{"a": 1, "z": 2 // last\n}', '{"a": 1, "z": 2, "b": 3, "c": 4 // last\n}'),
    ],
)
def test_a_comment_stays_with_what_it_is_about(before: str, after: str) -> None:
    wanted = {"a": 1, "z": 2, "b": 3, "c": 4}
    found = edited_in(before, [Change(node_of(blanked(before)), wanted)]).text
    assert found == after
    assert content_of(found, "x")[0] == wanted


def test_a_comment_in_a_list_of_yaml_stays_with_its_item() -> None:
    text = "a: [\n  x,  # one\n  y  # two\n]\n"
    root = yaml_text.node_of(text)
    assert root is not None
    found = edited_in(text, [Change(root, {"a": ["x", "p", "y", "m"]})]).text
    assert found == "a: [\n  x,  # one\n  p,\n  y,  # two\n  m\n]\n"
