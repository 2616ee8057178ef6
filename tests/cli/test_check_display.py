"""How `outrider check` shows its results, for many files and on terminals."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Definition, Run
from tests.cli.files import write
from tests.cli.signals import ended_by

SRC = Path(__file__).parents[2] / "src"


# --- how it is shown --------------------------------------------------------------------------------------------------


def test_it_fits_into_60_columns_without_colour_or_trailing_blanks(
    run: Run, bare: Definition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    ran = run("check", write("web.json", bare))
    assert max(len(row) for row in ran.out.splitlines()) <= 60
    assert all(row == row.rstrip() for row in ran.out.splitlines())
    assert "\x1b" not in ran.out


def outrider(*arguments: str, **options: Any) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    return subprocess.Popen([sys.executable, str(SRC), *arguments], env=environment, **options)  # noqa: S603 - our own program


def test_a_reader_that_leaves_is_no_error(tmp_path: Path, floating: Definition) -> None:
    (tmp_path / "web.json").write_text(json.dumps([floating] * 400), encoding="utf-8")
    for form in ("table", "json"):
        process = outrider(
            "check", "--format", form, str(tmp_path / "web.json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait() == 141


def test_ctrl_c_is_quiet(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "web.json")
    process = outrider("check", str(tmp_path / "web.json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with (tmp_path / "web.json").open("wb"):  # returns once the command has opened the other end
        out, err = ended_by(signal.SIGINT, process)
    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_a_sentence(tmp_path: Path, good: Definition) -> None:
    (tmp_path / "web.json").write_text(json.dumps(good), encoding="utf-8")
    for form in ("table", "json"):
        with Path("/dev/full").open("wb") as full:
            process = outrider(
                "check", "--format", form, str(tmp_path / "web.json"), stdout=full, stderr=subprocess.PIPE
            )
            _, err = process.communicate()
        assert (process.returncode, err) == (2, b"The output cannot be written (no space left on device).\n")


def test_closed_streams_are_no_traceback(tmp_path: Path, good: Definition) -> None:
    (tmp_path / "web.json").write_text(json.dumps(good), encoding="utf-8")
    command = f"{sys.executable} {SRC} check - <&-; {sys.executable} {SRC} check {tmp_path}/web.json >&-; echo $?"
    ran = subprocess.run(  # noqa: S602 - only a shell closes streams
        command, shell=True, capture_output=True, check=True, env={**os.environ, "PYTHONPATH": str(SRC)}
    )
    assert ran.stdout == b"0\n"
    assert ran.stderr == b"Standard input is closed. Give it a definition, or name a file.\n"


def test_checking_does_not_load_boto3(tmp_path: Path, good: Definition) -> None:
    (tmp_path / "web.json").write_text(json.dumps(good), encoding="utf-8")
    code = (
        "import sys; from cli.main import main; main(['check', '--format', 'json', sys.argv[1]]);"
        "print([name for name in ('boto3', 'botocore') if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", code, str(tmp_path / "web.json")],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True,
        check=True,
    )
    assert ran.stderr == b"[]\n"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            "rules: sidecar.presnt",
            "rules[0].rules[0] sidecar.presnt matches no rule; perhaps sidecar.present is meant.",
        ),
        ("rules: sidecar.*\n    where: {cluster: shop}", "none of these rules is about services"),
    ],
)
def test_a_standard_with_an_entry_that_can_match_nothing_is_refused(
    tmp_path: Path, good: Definition, entry: str, said: str
) -> None:
    """A misspelt exemption would exempt nothing, and nobody would notice."""
    (tmp_path / "web.json").write_text(json.dumps(good), encoding="utf-8")
    (tmp_path / "standard.yaml").write_text(f"version: 1\nrules:\n  - {entry}\n    mode: off\n", encoding="utf-8")
    process = outrider(
        "check", "--standard", str(tmp_path / "standard.yaml"), str(tmp_path / "web.json"), stderr=subprocess.PIPE
    )
    _, err = process.communicate()
    assert process.returncode == 2
    assert said in err.decode()


def test_nothing_is_printed_if_nothing_is_named(run: Run) -> None:
    for command in (["check"], ["collector"], ["upgrade", "--to", "v0.49.0"], ["standard", "validate"]):
        ran = run(*command, "--format", "json")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("Name a file")


# --- many files -------------------------------------------------------------------------------------------------------


def test_many_definitions_give_the_same_output_in_the_same_order_by_any_number_of_processes(
    tmp_path: Path, good: Definition, floating: Definition, bare: Definition
) -> None:
    kinds = [good, floating, bare, {}]
    for number in range(160):
        content = {**kinds[number % 4], **({"family": f"web-{number}"} if number % 4 < 3 else {})}
        write(str(tmp_path / f"{number:03}.json"), content)
    write(str(tmp_path / "077.json"), '{"containerDefinitions"')
    for form in ("json", "table"):
        ran = [
            subprocess.run(  # noqa: S603 - our own program
                [sys.executable, str(SRC), "check", "--format", form, str(tmp_path)],
                env={**os.environ, "PYTHON_CPU_COUNT": processes},
                capture_output=True,
                check=False,
            )
            for processes in ("1", "3")
        ]
        assert [each.returncode for each in ran] == [1, 1]
        assert ran[0].stdout == ran[1].stdout
        assert ran[0].stderr == ran[1].stderr
        assert b"077.json, line 1" in ran[0].stderr
        if form == "json":
            names = [entry["file"] for entry in json.loads(ran[0].stdout)["results"]]
            assert (len(names), names) == (119, sorted(names))


# --- terminals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "styled"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
)
def test_a_terminal_gets_styles_unless_it_wants_none(
    tmp_path: Path,
    floating: Definition,
    variables: dict[str, str],
    styled: bool,  # noqa: FBT001 - what is expected
) -> None:
    name = write(str(tmp_path / "web.json"), floating)
    ours, theirs = pty.openpty()
    inherited = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "TERM"}}
    environment = {**inherited, "TERM": "xterm", **variables}
    process = subprocess.Popen([sys.executable, str(SRC), "check", name], stdout=theirs, env=environment)  # noqa: S603 - our own program
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    assert process.wait() == 1
    assert b"sidecar.image-pinned" in shown
    assert (b"\x1b" in shown) is styled
