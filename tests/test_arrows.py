"""Which package may import which, read from the imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SRC = Path(__file__).parents[1] / "src"
OURS = {path.stem for path in SRC.iterdir() if path.suffix == ".py" or path.is_dir()}

MAY_USE = {
    "__main__": {"cli"},
    "domain": set(),
    "rules": {"domain"},
    "engine": {"domain"},
    "reports": {"domain"},
    "settings": {"domain"},
    "aws": {"domain"},
    "operations": {"domain", "engine", "reports", "aws"},
    "handlers": {"domain", "aws", "operations", "reports", "settings"},
    "cli": {"domain", "engine", "reports", "aws", "operations", "rules", "settings"},
}
# The composition roots alone put catalogue and environment together.
WIRING = "operations/wiring/"
ONLY_IN = {
    "boto3": "aws",
    "botocore": "aws",
    "aws_lambda_powertools": "handlers",
}


def modules() -> list[Path]:
    return sorted(path.relative_to(SRC) for path in SRC.rglob("*.py"))


@cache
def nodes(path: Path) -> tuple[ast.Import | ast.ImportFrom | ast.Attribute, ...]:
    """All that the tests ask a module for, found in one walk."""
    tree = ast.parse((SRC / path).read_text(encoding="utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom | ast.Attribute))


def imports(path: Path) -> Iterator[str]:
    """The top-level names that a module imports, those for types included."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield (node.module or "").partition(".")[0]


def part(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def allowed(path: Path) -> set[str]:
    also = {"rules", "settings"} if path.as_posix().startswith(WIRING) else set()
    return MAY_USE[part(path)] | {part(path)} | also


def test_a_module_depends_only_on_what_lies_below_it() -> None:
    found = {str(path): (set(imports(path)) & OURS) - allowed(path) for path in modules()}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_library_stays_in_its_place() -> None:
    found = {
        str(path): {name for name in imports(path) if ONLY_IN.get(name, part(path)) != part(path)} for path in modules()
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_the_environment_is_read_in_one_place_for_functions_and_one_for_people() -> None:
    read = {
        path.as_posix()
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    }
    assert read == {"settings.py", "cli/environment.py"}


def test_every_part_of_the_house_is_known() -> None:
    assert {part(path) for path in modules()} == MAY_USE.keys()


def test_a_rules_id_is_its_path() -> None:
    from rules import CATALOGUE  # noqa: PLC0415 - the other tests read the source alone

    for rule in CATALOGUE:
        topic, _, name = rule.id.partition(".")
        assert (SRC / "rules" / topic / f"{name.replace('-', '_')}.py").is_file(), rule.id


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Every import counts, those that only types need included."""
    names = {path.with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path for path in modules()}
    arrows = {name: {found for found in imported(path) if found in names} for name, path in names.items()}
    while leaves := [name for name, found in arrows.items() if not found & arrows.keys()]:
        for name in leaves:
            del arrows[name]
    assert not arrows


def imported(path: Path) -> Iterator[str]:
    """The modules that a module imports, whole: `from rules import sidecar` imports `rules.sidecar`."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            ours = {each for each in inner if (SRC / (each.replace(".", "/"))).with_suffix(".py").is_file()}
            ours |= {each for each in inner if (SRC / each.replace(".", "/") / "__init__.py").is_file()}
            yield from ours or {node.module or ""}
