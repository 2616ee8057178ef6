"""The installed command: everything under one name, and its own modules before anybody else's."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from settings import RELEASE
from tests.cli.conftest import Definition

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """A shell's environment: others have modules of the same names, and `outrider` is as installed."""
    packages, others = tmp_path / "site-packages", tmp_path / "others"
    packages.mkdir()
    others.mkdir()
    (packages / "outrider").symlink_to(SRC)
    for path in SRC.iterdir():
        if path.suffix == ".py" or path.is_dir():
            (others / f"{path.stem}.py").write_text(f"raise RuntimeError('the {path.stem} of others')\n")
    (others / "__main__.py").unlink()
    return {**os.environ, "PYTHONPATH": f"{others}{os.pathsep}{packages}"}


@pytest.mark.parametrize(
    "command",
    [
        ["-c", "from outrider.cli.start import main; raise SystemExit(main())", "--version"],
        ["-m", "outrider", "--version"],
        [str(SRC), "--version"],
    ],
    ids=["entry point", "module", "clone"],
)
def test_modules_of_others_with_the_same_names_are_not_taken(installed: dict[str, str], command: list[str]) -> None:
    ran = subprocess.run([sys.executable, *command], env=installed, capture_output=True, text=True, check=False)  # noqa: S603 - Outrider itself
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"outrider {RELEASE}\n", "")


def test_the_wheel_installs_one_name_and_the_release_is_in_one_place() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert (wheel["only-include"], wheel["sources"]) == (["src"], {"src": "outrider"})
    assert PROJECT["project"]["scripts"] == {"outrider": "outrider.cli.start:main"}
    version = PROJECT["tool"]["hatch"]["version"]
    found = re.search(version["pattern"], (ROOT / version["path"]).read_text(encoding="utf-8"))
    assert found is not None
    assert found["version"] == RELEASE
    assert "version" in PROJECT["project"]["dynamic"]


@pytest.mark.parametrize(
    ("command", "not_loaded"),
    [
        (["--help"], {"argparse", "domain", "engine", "rules", "yaml"}),
        (["check", "--help"], {"domain", "engine", "rules", "yaml"}),
        (["check", "web.json"], {"boto3", "pydantic", "concurrent.futures", "logging", "shutil"}),
        (["check", "web.json"], {"domain.collector.judging", "domain.iam", "domain.permissions"}),  # no facts known
        (["rules", "--format", "json"], {"boto3", "pydantic"}),
        (["standard", "show"], {"boto3"}),
    ],
)
def test_a_start_loads_only_what_the_command_needs(
    tmp_path: Path, good: Definition, command: list[str], not_loaded: set[str]
) -> None:
    (tmp_path / "web.json").write_text(json.dumps(good), encoding="utf-8")
    code = "import sys; from cli.main import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run(  # noqa: S603 - Outrider itself
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(SRC)!r}); {code}", *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout
    assert set(ran.stderr.split()) & not_loaded == set()


OLD = "import runpy, sys; sys.version_info = (3, 12, 1); runpy.run_path(sys.argv[1], run_name='__main__')"
FIRST = ROOT / "tools" / "pyz_main.py"
"""The first module of the command line as one file."""


@pytest.mark.parametrize("module", [SRC / "__main__.py", FIRST], ids=["clone", "zipapp"])
def test_an_old_python_is_named_in_a_sentence_and_is_no_drift(module: Path) -> None:
    ast.parse(module.read_text(encoding="utf-8"), feature_version=(3, 9))
    ran = subprocess.run([sys.executable, "-c", OLD, module], capture_output=True, text=True, check=False)  # noqa: S603 - Outrider itself
    assert (ran.returncode, ran.stdout) == (2, "")
    assert re.fullmatch(r".* needs Python 3\.13.*\n", ran.stderr)


@pytest.mark.parametrize("error", ["PermissionError(13, 'Permission denied', '/.shiv')", "RuntimeError('no home')"])
def test_a_cache_that_cannot_be_written_is_a_sentence_and_no_drift(tmp_path: Path, error: str) -> None:
    (tmp_path / "_bootstrap.py").write_text(
        f"def cache_path(*_): raise {error}\nextract_site_packages = None\ndef bootstrap(): cache_path(1, 2, 3)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, FIRST], env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - as above
    assert (ran.returncode, ran.stdout) == (2, "")
    assert re.fullmatch(r"outrider\.pyz cannot be unpacked \(.*\)\. Name a folder .* in SHIV_ROOT\.\n", ran.stderr)
