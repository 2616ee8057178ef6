"""Changes within Terraform's files: whatever their layout is, they are Terraform's language and mean what is wanted."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.sources.editing import Change, edited
from cli.sources.hcl_module import Module
from cli.sources.hcl_text import attributes_of
from cli.sources.hcl_values import Evaluation
from cli.sources.nodes import Node
from domain.ecs.documents import same
from tests.profiles import examples

names = st.sampled_from(["name", "key", "a", "b", "awslogs-group", "é", "with blank"])
scalars = st.none() | st.booleans() | st.integers(-9, 999) | st.sampled_from(["", "web", "a\nb\n", "${x}", 'q"\\'])
contents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)
COMMENTS = ["# } , ]", "// { , [ <<X", "/* } , ] */", "/* } ,\n  , { */"]


class Writer:
    """Writes a value in a layout that is drawn, as Terraform allows it."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def value(self, value: Any) -> str:
        match value:
            case dict() if value:
                return self._members("{", [(self._name(k), self.value(v)) for k, v in value.items()], "}")
            case list() if value:
                written = self._members("[", [("", self.value(item)) for item in value], "]")
                return self._within(written, "({})", "tolist({})")
            case dict() | list():
                return json.dumps(value)
            case str() if value.endswith("\n"):
                text = value.replace("${", "$${")
                return self.draw(st.sampled_from([f"<<EOT\n{text}EOT", self._quoted(value)]))
            case str():
                return self._within(self._quoted(value), "({})", "sensitive({})")
            case _:
                return self._within(json.dumps(value), "({})")

    def _within(self, written: str, *forms: str) -> str:
        return self.draw(st.sampled_from(["{}", "{}", *forms])).replace("{}", written)

    def _quoted(self, value: str) -> str:
        return json.dumps(value, ensure_ascii=False).replace("${", "$${")

    def _name(self, name: str) -> str:
        sign = self.draw(st.sampled_from([" = ", "=", " : ", "   = "]))
        plain = name.replace("-", "_").isidentifier() and self.draw(st.booleans())
        return (name if plain else json.dumps(name, ensure_ascii=False)) + sign

    def _members(self, begin: str, members: list[tuple[str, str]], end: str) -> str:
        text = begin + self._blank()
        for number, (name, value) in enumerate(members):
            text += name + value
            last, heredoc = number == len(members) - 1, value.startswith("<<")
            if heredoc:
                text += "\n"
            on_lines = begin == "{" and not heredoc
            comma = "" if heredoc and begin == "{" else ","
            after = [f"{self._comment()}{comma}{self._blank()}"] if not heredoc else [f"{comma}{self._blank()}"]
            after += [f"{self._comment()}\n{self._blank()}"] * (on_lines or last)
            after += [self._comment()] * last
            text += self.draw(st.sampled_from(after))
        return text + end

    def _comment(self) -> str:
        """Draw blanks or a comment, of which none ends the line that it is in."""
        return self.draw(st.sampled_from(["", "", " ", " /* } , ] */ ", "/* } ,\n  { */"]))

    def _blank(self) -> str:
        comment = self.draw(st.sampled_from(COMMENTS))
        after = "\n" if comment[0] != "/" or comment[1] == "/" else ""
        return self.draw(st.sampled_from(["", " ", "\n  ", f"\n  {comment}\n  ", f" {comment}{after}  "]))


@st.composite
def changes(draw: st.DrawFn) -> tuple[Any, str, Any]:
    """A content, how it is written, and the same with members and items added, changed and removed."""
    before = draw(st.dictionaries(names, contents, min_size=1, max_size=4))
    return before, Writer(draw).value(before), draw(changed(before))


def changed(value: Any) -> st.SearchStrategy[Any]:
    match value:
        case dict() if value:
            key = st.sampled_from(sorted(value))
            return st.one_of(
                st.tuples(names, contents).map(lambda new: {**value, new[0]: new[1]}),
                st.tuples(names, contents).map(lambda new: {new[0]: new[1], **value}),
                key.map(lambda name: {k: v for k, v in value.items() if k != name}),
                key.flatmap(lambda name: changed(value[name]).map(lambda new: {**value, name: new})),
                key.flatmap(lambda name: changed(value[name]).map(lambda new: {**value, name: new, "more": new})),
            )
        case list() if value:
            place = st.integers(0, len(value) - 1)
            return st.one_of(
                st.tuples(place, contents).map(lambda new: [*value[: new[0]], new[1], *value[new[0] :]]),
                contents.map(lambda new: [*value, new]),
                place.map(lambda i: value[:i] + value[i + 1 :]),
                place.flatmap(lambda i: changed(value[i]).map(lambda new: [*value[:i], new, *value[i + 1 :]])),
            )
        case _:
            return contents


def node_of(text: str) -> Node:
    return Evaluation(Module({"a.tf": text}, {}, lambda _: None), "a.tf").of(attributes_of(text)["asked"][1])


@examples(600)
@given(drawn=changes())
def test_the_new_text_is_terraforms_language_and_has_the_wanted_content(drawn: tuple[Any, str, Any]) -> None:
    before, written, after = drawn
    text = f"asked = jsonencode({written})\n"
    assert same(node_of(text).value, before)
    new = edited(text, [Change(node_of(text), after)])
    if not new.by_hand:
        assert same(node_of(new.text).value, after), new.text
    assert edited(new.text, [Change(node_of(new.text), after)]).text == new.text


@pytest.mark.parametrize(
    ("text", "wanted", "new"),
    [
        ("{ a = [0] } # crash\n", {"a": [0], "b": 1}, "{ a = [0], b = 1 } # crash\n"),
        ("{ a = 1 } # one", {"a": 1, "b": 2}, "{ a = 1, b = 2 } # one"),
        ("{ a = 1\n  b = 2 }", {"a": 1, "b": 2, "c": 3}, "{ a = 1\n  b = 2,\n  c = 3 }"),
        ("{\n  a = 1 # one\n}", {"a": 1, "b": 2}, "{\n  a = 1 # one\n  b = 2\n}"),
        ("{\n  a = 1 /* one\n  or two */\n}", {"a": 1, "b": 2}, "{\n  a = 1 /* one\n  or two */\n  b = 2\n}"),
        ("{\n  a = 1 /* one */ }", {"a": 1, "b": 2}, "{\n  a = 1,\n  b = 2 /* one */ }"),
        ("{\n  a = (1)\n}", {"a": 1, "b": 2}, "{\n  a = (1)\n  b = 2\n}"),
        ("{\n  a = tolist([1])\n}", {"a": [1], "b": 2}, "{\n  a = tolist([1])\n  b = 2\n}"),
        ("{\n  a = 1\n  b = 2 }", {"a": 1}, "{\n  a = 1 }"),
        ("[<<X\nx\nX\n]", ["x\n", 1], "[<<X\nx\nX\n, 1\n]"),
    ],
)
def test_a_member_is_added_within_its_object_and_never_in_a_comment(text: str, wanted: Any, new: str) -> None:
    assert edited(f"asked = {text}\n", [Change(node_of(f"asked = {text}\n"), wanted)]).text == f"asked = {new}\n"
