"""Mutation tests: change one random thing in the code that decides, and check that a test fails; many times.

    PYTHONPATH=src:. .venvs/dev/bin/python tools/mutants.py --sample 300 [--seed N] [PATH…]

A mutant of a rule is tested by that rule's examples; one of code that rules share, by its topic's; one of the engine,
by its own tests, all examples and the tests of settling. Each runs in a fork of this process, which has loaded what all
need: no file is written. Prints each mutant that no test noticed, and the score.
"""

import argparse
import ast
import copy
import importlib.util
import os
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from tests.rules import examples

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
SECONDS = 60
AT_ONCE = 2
_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Continue: ast.Break,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """The `index`th node of a file's tree, changed in one way."""

    path: Path
    index: int
    way: str

    @property
    def module(self) -> str:
        return ".".join(self.path.relative_to(SOURCE).with_suffix("").parts)

    def tree(self) -> tuple[ast.Module, str]:
        """The file's tree with the change, and what was changed, for people."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        node = list(ast.walk(tree))[self.index]
        before = ast.unparse(node)
        changed = _changed(copy.deepcopy(node), self.way)
        _Replace(node, changed).visit(tree)
        ast.fix_missing_locations(tree)
        line = getattr(node, "lineno", 0)
        after = ast.unparse(changed)
        return tree, f"{self.path.relative_to(ROOT)}:{line}: {self.way}: {before[:90]} → {after[:90]}"


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._old:
            return self._new
        return self.generic_visit(node)


def _ways(node: ast.AST) -> Iterator[str]:  # noqa: C901, PLR0912 - one case for each kind of node
    match node:
        case ast.Compare(ops=[one]) if type(one) in _SWAPS:
            yield "comparison"
        case ast.BoolOp():
            yield "and/or"
            yield "first operand alone"
        case ast.UnaryOp(op=ast.Not()):
            yield "no not"
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            yield "plus/minus"
        case ast.If() | ast.IfExp():
            yield "condition turned"
            yield "condition true"
        case ast.comprehension(ifs=[_, *_]):
            yield "no filter"
        case ast.Continue():
            yield "break"
        case ast.Constant(value=bool()):
            yield "other truth"
        case ast.Constant(value=int()):
            yield "one more"
        case ast.Constant(value=str(text)) if text:
            yield "other text"
        case ast.Return(value=ast.Constant(value=None)):
            pass
        case ast.Return(value=ast.expr()) | ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            yield "left out"
        case _:
            pass


def _changed(node: ast.AST, way: str) -> ast.AST:  # noqa: C901, PLR0912 - one case for each way
    match way, node:
        case "comparison", ast.Compare():
            node.ops = [_SWAPS[type(node.ops[0])]()]  # type: ignore[list-item]  # the table keeps kinds apart
        case "and/or", ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case "first operand alone", ast.BoolOp():
            return node.values[0]
        case "no not", ast.UnaryOp():
            return node.operand
        case "plus/minus", ast.BinOp():
            node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        case "condition turned", ast.If() | ast.IfExp():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case "condition true", ast.If() | ast.IfExp():
            node.test = ast.Constant(value=True)
        case "no filter", ast.comprehension():
            node.ifs = node.ifs[1:]
        case "break", _:
            return ast.Break()
        case "other truth", ast.Constant():
            return ast.Constant(value=not node.value)
        case "one more", ast.Constant(value=int(number)):
            return ast.Constant(value=number + 1)
        case "other text", ast.Constant(value=str(text)):
            return ast.Constant(value=f"{text}X")
        case "left out", ast.Return():
            return ast.Return(value=None)
        case "left out", _:
            return ast.Pass()
        case _:
            pass
    return node


def _skipped(tree: ast.Module) -> set[int]:
    """Nodes that decide nothing: documentation, annotations, what a rule's record says, sizes of caches."""
    found = set[int]()
    for node in ast.walk(tree):
        dead: list[ast.AST | None] = []
        match node:
            case ast.Module(body=[ast.Expr() as text, *_]) | ast.FunctionDef(body=[ast.Expr() as text, *_]):
                dead = [text]
            case ast.ClassDef(body=[ast.Expr() as text, *_]):
                dead = [text]
            case _:
                pass
        if isinstance(node, ast.FunctionDef):
            dead += [node.returns, *node.decorator_list, *(argument.annotation for argument in node.args.args)]
        if isinstance(node, ast.AnnAssign):
            dead.append(node.annotation)
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "RULE" for to in node.targets):
            dead.append(node)
        if isinstance(node, ast.keyword) and node.arg == "maxsize":
            dead.append(node)
        if isinstance(node, ast.TypeAlias | ast.Expr) and (
            isinstance(node, ast.TypeAlias) or isinstance(node.value, ast.Constant)
        ):
            dead.append(node)
        found |= {id(below) for top in dead if top is not None for below in ast.walk(top)}
    return found


def mutants(path: Path) -> list[Mutant]:
    """All of one file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = _skipped(tree)
    return [
        Mutant(path, index, way)
        for index, node in enumerate(ast.walk(tree))
        if id(node) not in skipped
        for way in _ways(node)
    ]


class _Finder:
    """Imports the changed module instead of the file."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self._name, self._path, self._tree = name, path, tree

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, self._path, loader=self) if name == self._name else None  # type: ignore[arg-type]  # a loader by its two methods

    def create_module(self, _spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, str(self._path), "exec"), module.__dict__)  # noqa: S102 - our own code, changed


def _tests(mutant: Mutant) -> tuple[list[str], str]:
    """What pytest runs, and whose examples are read: a glob below tests/rules."""
    match mutant.module.split("."):
        case ["rules", topic, name]:
            examples = ROOT / "tests" / "rules" / topic / f"{name.replace('_', '-')}.yaml"
            stem = examples.stem if examples.exists() else "*"
            return ["tests/rules/test_examples.py", "-k", f"{topic}.{stem}".removesuffix("*")], f"{topic}/{stem}.yaml"
        case ["domain", "iam", *_]:
            return [f"tests/domain/test_iam_{part}.py" for part in ("glob", "advice", "decision")], "*/*.yaml"
        case _:
            return [
                "tests/test_engine.py",
                "tests/test_engine_answers.py",
                "tests/test_settle_names.py",
                "tests/rules/test_examples.py",
                "tests/test_settle.py",
            ], "*/*.yaml"


def _started(mutant: Mutant) -> tuple[int, str]:
    """The fork that shows it to its tests, and what was changed. It ends with 0 if none noticed."""
    tree, said = mutant.tree()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(SECONDS)
            if "MUTANT_SHOWN" not in os.environ:
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                os.dup2(1, 2)
            code = _run(mutant, tree, *_tests(mutant))
        finally:
            os._exit(code)
    return child, said


def _alive(chosen: Sequence[Mutant]) -> Iterator[str]:
    """What was changed in those that no test noticed."""
    running = dict[int, str]()
    waiting = list(chosen)
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            child, said = _started(waiting.pop())
            running[child] = said
        child, status = os.wait()
        said = running.pop(child)
        if status == 0:
            yield said


def _run(mutant: Mutant, tree: ast.Module, arguments: Sequence[str], glob: str) -> int:
    sys.meta_path.insert(0, _Finder(mutant.module, mutant.path, tree))
    paths = sorted(examples.HERE.glob(glob))
    examples.all_examples = cache(lambda: tuple(example for path in paths for example in examples.read(path)))
    # These hold of all rules at once, of which only some have their examples here.
    quiet = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-o", "filterwarnings=ignore"]
    return int(pytest.main([*quiet, *arguments]))


def main() -> int:
    """Run the tests of a sample of mutants; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", default=["src/rules", "src/engine.py"])
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    files = [
        file
        for path in given.paths
        for file in ([ROOT / path] if path.endswith(".py") else sorted((ROOT / path).rglob("*.py")))
    ]
    every = [mutant for file in files if file.name != "__init__.py" for mutant in mutants(file)]
    chosen = random.Random(given.seed).sample(every, min(given.sample, len(every)))  # noqa: S311 - no secret
    unchanged = [Mutant(file, 0, "nothing") for file in files if file.name != "__init__.py"]
    if len(list(_alive(unchanged))) < len(unchanged):
        sys.exit("The tests fail without a change; correct that first.")
    alive = 0
    for said in _alive(chosen):
        alive += 1
        print(said, flush=True)
    noticed = len(chosen) - alive
    print(f"{noticed} of {len(chosen)} mutants were noticed ({noticed / len(chosen):.0%}); there are {len(every)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
