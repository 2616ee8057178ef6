"""The functions' bundle has what their imports reach."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.bundle import SOURCE, own_files

BUNDLED = {path for path in own_files() if path.suffix == ".py"}


def module(path: Path) -> str:
    """The name by which a file is imported."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(path): path for path in SOURCE.rglob("*.py")}


def imported(path: Path) -> Iterator[str]:
    """Outrider's modules that one imports: later, by name and for types too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(package), names=names):
                yield from (package, *(f"{package}.{each.name}" for each in names))
            case ast.Constant(value=str(text)):
                yield text
            case _:
                pass


def test_what_the_functions_import_is_in_the_bundle() -> None:
    reached, left = set[str](), {name for name in MODULES if name.startswith("handlers.")}
    while left:
        name = left.pop()
        reached.add(name)
        left |= {each for each in imported(MODULES[name]) if each in MODULES} - reached
    assert len(reached) > 300
    assert {name for name in reached if MODULES[name] not in BUNDLED} == set()


def test_every_module_in_the_bundle_finds_what_it_imports_there() -> None:
    missing = {
        module(path): sorted(names)
        for path in BUNDLED
        if (names := {each for each in imported(path) if each in MODULES and MODULES[each] not in BUNDLED})
    }
    assert missing == {}
