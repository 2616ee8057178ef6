"""Terraform's language and CloudFormation's functions: what is evaluated, what is open, and no text that crashes."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.sources import yaml_text
from cli.sources.definition import Wanted
from cli.sources.detection import Reader
from cli.sources.hcl_module import Module
from cli.sources.hcl_syntax import NotHcl
from cli.sources.hcl_text import attributes_of, blocks_of
from cli.sources.hcl_values import Evaluation
from cli.sources.nodes import Node
from cli.sources.resolving import REGION, Resolver
from cli.texts import Text
from cli.unusable import Unusable
from tests.profiles import examples

IAC = Path(__file__).with_name("iac")
SEEDS = [(IAC / name).read_text(encoding="utf-8") for name in ("stack.yaml", "tf-whole/main.tf", "plan.json")]
LONG = "9" * 5000
NAMES = ["x.yaml", "x.tf", "x.json"]


def value_of(expression: str, files: str = "") -> tuple[Any, dict[str, None]]:
    text = f"{files}\n"
    asked = f"asked = {expression}\n"
    by = Evaluation(Module({"a.tf": text, "b": asked}, {"a.tf": blocks_of(text)}, lambda _: None), "b")
    return by.of(attributes_of(asked)["asked"][1]).value, by.unresolved


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 * 3", 6),
        ('"a${"b"}c"', "abc"),
        ('"$${x}"', "${x}"),
        ('"\\u00e9\\n\\""', 'é\n"'),
        ("<<EOF\n  a\n b\nEOF\n", "  a\n b\n"),
        ("<<-EOF\n  a\n   b\n  EOF\n", "a\n b\n"),
        ('true ? "yes" : "no"', "yes"),
        ('{ a = 1, "b" : [2,], (lower("C")) = null }', {"a": 1, "b": [2], "c": None}),
        ("local.one[0].two", "deep"),
        ("var.given", "default"),
        ("merge({ a = 1 }, { b = 2 })", {"a": 1, "b": 2}),
        ('concat(["a"], ["b"])', ["a", "b"]),
        ('flatten([["a"], "b", [["c"], []], { d = [1] }])', ["a", "b", "c", {"d": [1]}]),
        ("flatten([])", []),
        ('join("-", ["a", 1, true])', "a-1-true"),
        ('format("%s:%d", "a", 1)', "a:1"),
        ('coalesce("", "b")', "b"),
        ("data.aws_region.current.name", REGION),
        ("aws_iam_role.named.arn", "arn:aws:iam::000000000000:role/named-by-hand"),
        ("jsonencode({ a = [1] })", {"a": [1]}),
        ("jsonencode([{ a = yamlencode({ b = [true] }) }])", [{"a": '{"b": [true]}'}]),
        ("jsonencode([{ a = jsonencode(8080) }])", [{"a": "8080"}]),
        ('format("[%s]", jsonencode({ a = true }))', '[{"a": true}]'),
        ('"[${join(",", [jsonencode({ a = 1 }), jsonencode({ a = 2 })])}]"', '[{"a": 1},{"a": 2}]'),
        ("floor(512 * 0.75)", 384),
        ("ceil(1024 / 3)", 342),
        ("256 / 2", 128),
        ("2048 - 256 * 2 + 1", 1537),
        ('var.given == "default" && 1 + 1 == 2', True),
        ('var.given == "x" || false', False),
        ("max(1, 2) - min(3, 4) % 2", 1),
        ("(4 - 2) * 3", 6),
        ("-1", -1),
        ("!false", True),
    ],
)
def test_an_expression_has_its_value(expression: str, value: Any) -> None:
    files = """
locals { one = [{ two = "deep" }] }
variable "given" { default = "default" }
resource "aws_iam_role" "named" { name = "named-by-hand" }
"""
    found, unresolved = value_of(expression, files)
    assert (found, unresolved) == (value, {})


@pytest.mark.parametrize(
    "expression",
    [
        "var.none",
        "module.x.y",
        "[for a in var.b : a]",
        "aws_instance.a.id",
        "each.key",
        "local.none",
        "timestamp()",
        '"${var.none}"',
        "aws_iam_role.a[*].arn",
        "local.loop",
        "1 > 2",
    ],
)
def test_what_is_not_known_is_open(expression: str) -> None:
    found, unresolved = value_of(expression, "locals { loop = local.loop }")
    assert unresolved
    assert "${" in str(found)


@pytest.mark.parametrize(
    "text", ["a {", "a = ", 'a = "', "a = [1", "a = <<EOF\n", "}", "a = {b}", "a b", "=", "a = 1 2"]
)
def test_what_is_not_the_language_is_refused(text: str) -> None:
    with pytest.raises(NotHcl):
        blocks_of(text)


TEMPLATE = """
Parameters:
  Given: {Type: String, Default: given}
  List: {Type: CommaDelimitedList, Default: "a, b"}
  Open: {Type: String}
Mappings: {Sizes: {small: {Cpu: 256}}}
Conditions:
  IsGiven: !Equals [!Ref Given, given]
  IsNot: !Not [!Condition IsGiven]
  Perhaps: !Equals [!Ref Open, x]
  Region: !Equals [!Ref AWS::Region, eu-west-1]
Resources:
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: web}}
Asked: ASKED
"""


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!Ref Given", "given"),
        ("!Sub '${Given}-${!Given}'", "given-${Given}"),
        ("!Sub ['${a}b', {a: !Ref Given}]", "givenb"),
        ("!Join ['-', [a, !Ref Given]]", "a-given"),
        ("!Select [1, !Ref List]", "b"),
        ("!Split ['-', a-b]", ["a", "b"]),
        ("!FindInMap [Sizes, small, Cpu]", 256),
        ("!If [IsGiven, a, b]", "a"),
        ("!If [IsNot, a, b]", "b"),
        ("!GetAtt Role.Arn", "arn:aws:iam::000000000000:role/web"),
        ("[a, !If [IsNot, b, !Ref AWS::NoValue]]", ["a"]),
        ("{a: {'Fn::Sub': 'x${Given}'}}", {"a": "xgiven"}),
    ],
)
def test_a_function_has_its_value(written: str, value: Any) -> None:
    text = TEMPLATE.replace("ASKED", written)
    root = yaml_text.node_of(text)
    asked = None if root is None else root.get("Asked")
    assert root is not None
    assert asked is not None
    by = Resolver(text, root)
    found = by.resolved(asked)
    assert found is not None
    assert (found.value, by.unresolved) == (value, {})


@pytest.mark.parametrize(
    "written",
    [
        "!Ref Open",
        "!Ref None",
        "!Sub 'a${Open}'",
        "!ImportValue x",
        "!If [Perhaps, a, b]",
        "!If [Region, a, b]",
        "!Sub x${A.B}",
    ],
)
def test_an_open_value_has_several(written: str) -> None:
    text = TEMPLATE.replace("ASKED", written)
    root = yaml_text.node_of(text)
    asked = None if root is None else root.get("Asked")
    assert root is not None
    assert asked is not None
    found = [Resolver(text, root, variant).resolved(asked) for variant in range(4)]
    assert len({str(each.value) for each in found if each is not None}) > 1


changes = st.tuples(
    st.integers(0, 5000),
    st.integers(0, 60),
    st.sampled_from(
        ["", "${", '"', "{", "}", "[", "\n", "!Ref x", "<<EOF\n", "null", "&a ", "*a", "true", "é", ": ", "%{ if x }"]
    ),
)


@examples(150)
@given(st.integers(0, 2), st.lists(changes, min_size=1, max_size=3))
def test_a_broken_source_gives_definitions_or_one_error(seed: int, edits: list[tuple[int, int, str]]) -> None:
    text = SEEDS[seed]
    for place, length, new in edits:
        at = place % len(text)
        text = text[:at] + new + text[at + length :]
    for name in (NAMES[seed], "-"):
        with suppress(Unusable):
            file = Reader().text(Text(name, text, "utf-8"))
            wanted = [Wanted(each.task.with_(cpu="4096"), each.around.service) for each in file.definitions]
            file.rewritten(wanted)


def test_aliases_of_aliases_are_refused_and_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    copies = list[Node]()

    def counted(node: Any, /, **members: Any) -> Any:
        copies.append(node)
        return replace(node, **members)

    monkeypatch.setattr("cli.sources.yaml_text.replace", counted)
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(Unusable, match="repeated by aliases"):
        Reader().text(Text("x.yaml", "\n".join([*rows, "containerDefinitions: [{name: a}]"]), "utf-8"))
    assert len(copies) < 1000


def test_aliases_do_not_nest_more_deeply_than_values() -> None:
    rows = [f"a0: &a0 {'[' * 40}{']' * 40}"]
    rows += [f"a{n}: &a{n} {'[' * 40}*a{n - 1}{']' * 40}" for n in range(1, 60)]
    with pytest.raises(Unusable, match=r"line 2, column .* nested too deeply"):
        Reader().text(Text("x.yaml", "\n".join([*rows, "containerDefinitions: [{name: a}]"]), "utf-8"))


TERRAFORM = """
locals { one = [1] }
resource "aws_ecs_task_definition" "web" {
  family                = "web"
  container_definitions = jsonencode([{ name = "web", image = IMAGE }])
}
"""


@pytest.mark.parametrize("image", [f"local.one[{LONG}]", f"local.one.{LONG}", LONG])
def test_a_number_of_terraform_that_is_too_long_is_refused(image: str) -> None:
    with pytest.raises(Unusable, match=r"line 5, column .*a number is too large"):
        Reader().text(Text("-", TERRAFORM.replace("IMAGE", image), "utf-8"))


@pytest.mark.parametrize(
    "image", [f'element(local.one, "{LONG}")', "999999999999 * 999999999999", '"${999999999999 * 999999999999}"']
)
def test_what_is_computed_of_large_numbers_is_open(image: str) -> None:
    assert Reader().text(Text("-", TERRAFORM.replace("IMAGE", image), "utf-8")).definitions[0].around.unresolved


def test_an_index_that_is_too_long_is_open() -> None:
    text = TEMPLATE.replace("ASKED", f"!Select ['{LONG}', [a]]")
    root = yaml_text.node_of(text)
    asked = None if root is None else root.get("Asked")
    assert root is not None
    assert asked is not None
    by = Resolver(text, root)
    by.resolved(asked)
    assert by.unresolved


@pytest.mark.parametrize("written", ["${local.a%d}${local.a%d}", "${local.a%d == local.a%d}"])
def test_values_that_double_one_another_are_refused(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setattr("cli.sources.hcl_module.MOST_EFFORT", 10_000)
    rows = [f'a{n} = "{written % (n - 1, n - 1)}"' for n in range(1, 50)]
    text = TERRAFORM.replace("one = [1]", "\n".join(["", 'a0 = "x"', *rows, ""])).replace("IMAGE", "local.a49")
    text = text.replace("locals { \n", "locals {\n")
    with pytest.raises(Unusable, match="refer to one another too often"):
        Reader().text(Text("-", text, "utf-8"))


@pytest.mark.parametrize(
    ("first", "function", "holds"),
    [
        ("!Equals [a, a]", "And", True),
        ("!Equals [a, b]", "Or", False),
        ("!Equals [!Ref Open, a]", "And", None),
        ("!Not [!Condition C3]", "And", None),
    ],
)
def test_conditions_of_conditions_are_evaluated_once(first: str, function: str, *, holds: bool | None) -> None:
    rows = [f"  C{n}: !{function} [!Condition C{n - 1}, !Condition C{n - 1}]" for n in range(1, 29)]
    text = "\n".join(["Parameters: {Open: {Type: String}}", "Conditions:", f"  C0: {first}", *rows])
    root = yaml_text.node_of(text)
    assert root is not None
    assert Resolver(text, root).condition("C28") is holds


def test_a_condition_that_refers_to_itself_is_not_known() -> None:
    text = "Conditions: {A: !Condition B, B: !Condition A}"
    root = yaml_text.node_of(text)
    assert root is not None
    assert Resolver(text, root).condition("A") is None


@pytest.mark.parametrize("name", ["other.tf.json", "terraform.tfvars.json"])
def test_a_neighbour_that_is_nested_too_deeply_is_skipped(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(f'{{"resource": {"[" * 3000}{"]" * 3000}}}', encoding="utf-8")
    text = TERRAFORM.replace("IMAGE", '"nginx:1"')
    (definition,) = Reader().text(Text(str(tmp_path / "main.tf"), text, "utf-8")).definitions
    assert str(definition.task.containers[0].image) == "nginx:1"


def test_files_outside_of_the_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('[{"name": "s3cr3t", "image": "nginx"}]', encoding="utf-8")
    (tmp_path / "module").mkdir()
    for named in ("../secret.json", str(tmp_path / "secret.json")):
        text = f'resource "aws_ecs_task_definition" "a" {{\n  container_definitions = file("{named}")\n}}\n'
        file = Reader().text(Text(str(tmp_path / "module/main.tf"), text, "utf-8"))
        assert file.definitions[0].unread
