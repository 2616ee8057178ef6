"""What is loaded on the first call is what the types say."""

import ast
from importlib import import_module
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "domain" / "collector" / "__init__.py"


def test_each_function_comes_from_the_module_that_the_types_name() -> None:
    typed, given = set[tuple[str, str]](), set[tuple[str, str]]()
    for node in ast.walk(ast.parse(PACKAGE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If):
            imports = (each for each in node.body if isinstance(each, ast.ImportFrom))
            typed |= {(str(each.module), name.name) for each in imports for name in each.names}
        if isinstance(node, ast.Dict):
            given |= {(module, name) for module, names in ast.literal_eval(node).items() for name in names}
    assert given == typed != set()


def test_a_call_gives_what_the_function_itself_gives() -> None:
    package, module = import_module("domain.collector"), import_module("domain.collector.variables")
    read = [("A", "receivers/otlp")]
    assert package.unset_variables(read, {"A"}) == module.unset_variables(read, {"A"})
    assert package.unset_variables(read, set()) == module.unset_variables(read, set()) != ()
