"""The scripts that complete commands, options and rules. That for bash is run."""

import shutil
import subprocess
from pathlib import Path

import pytest

from cli.commands import COMMANDS
from cli.file_commands import SHELLS
from rules import CATALOGUE
from tests.cli.conftest import Run

BASH = shutil.which("bash")


def completed(script: str, folder: Path, *words: str) -> list[str]:
    """What bash offers for the last of these words."""
    asked = " ".join(f"'{word}'" for word in words)
    ask = (
        f"{script}\nCOMP_WORDS=({asked}); COMP_CWORD={len(words) - 1}; _outrider; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    assert BASH is not None
    ran = subprocess.run([BASH, "-c", ask], cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    assert ran.stderr == ""
    return ran.stdout.split()


@pytest.mark.skipif(BASH is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ch",), {"check"}),
        (("standard", ""), {"diff", "show", "validate"}),
        (("standard", "validate", "--f"), {"--format"}),
        (("check", "--f"), {"--format", "--fail-on"}),
        (("check", "--format", "j"), {"json", "junit"}),
        (("check", "web.json", "--fail-on", ""), {"LOW", "MEDIUM", "HIGH", "CRITICAL"}),
        (("check", "--select", "sidecar.image"), {"sidecar.image-pinned", "sidecar.image-approved"}),
        (("check", "--standard", "stand"), {"standard.yaml"}),
        (("check", "w"), {"web.json"}),
        (("completion", "z"), {"zsh"}),
        (("explain", "identity.tr"), {"identity.trust"}),
        (("apply", "--profile", ""), set()),
        (("unknown", ""), set()),
    ],
)
def test_bash_offers_what_may_follow(run: Run, tmp_path: Path, words: tuple[str, ...], offered: set[str]) -> None:
    for name in ("web.json", "standard.yaml"):
        Path(name).write_text("", encoding="utf-8")
    assert set(completed(run("completion", "bash").out, tmp_path, "outrider", *words)) == offered


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_has_every_command_option_and_rule(run: Run, shell: str) -> None:
    ran = run("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    options = {each.name for command in COMMANDS for each in command.arguments if each.name}
    words = {word for command in COMMANDS for word in command.name.split()} | {rule.id for rule in CATALOGUE}
    words |= {option.removeprefix("--") if shell == "fish" else option for option in options}
    assert {word for word in words if word not in ran.out} == set()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_itself_can_read_it(run: Run, shell: str) -> None:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"there is no {shell} here")
    script = run("completion", shell).out
    ran = subprocess.run([found, "-n"], input=script, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    assert (ran.returncode, ran.stderr) == (0, "")


def test_another_shell_is_refused(run: Run) -> None:
    ran = run("completion", "tcsh")
    assert (ran.code, ran.out) == (2, "")
    assert "bash" in ran.err
