"""The functions' bundle has what their imports reach."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from botocore.loaders import Loader

from tools.bundle import SERVICES, SOURCE, called, narrowed, own_files, references

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


def calls() -> set[tuple[str, str]]:
    """Service and operation of each call that an adapter names for its errors."""
    sources = [path.read_text(encoding="utf-8") for path in BUNDLED]
    return {(call[1], call[2]) for text in sources for call in re.finditer(r'calling\(\s*"([a-z0-9]+):(\w+)"', text)}


def test_the_bundle_has_the_model_of_each_call() -> None:
    assert len(calls()) > 50
    assert {service for service, _ in calls()} == SERVICES
    names = called()
    for service in SERVICES:
        whole = Loader().load_service_model(service, "service-2")
        model = narrowed(whole, names)
        assert {call for of, call in calls() if of == service} <= model["operations"].keys()
        assert len(model["operations"]) < len(whole["operations"])
        assert set(references(model)) == model["shapes"].keys()
