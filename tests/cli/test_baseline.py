"""Known drift does not count; what is new does, and what is fixed is removed from the file."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from tests.cli.conftest import Definition, Run
from tests.cli.files import write

BASELINE = ("--baseline", "known.json")


def known() -> Any:
    return json.loads(Path("known.json").read_text(encoding="utf-8"))["drifts"]


@pytest.fixture
def written(run: Run, floating: Definition) -> None:
    """A baseline of one drift in web.json."""
    write("web.json", floating)
    ran = run("check", *BASELINE, "--write-baseline", "web.json")
    assert (ran.code, ran.err) == (0, "known.json: written with 1 drift.\n")


@pytest.mark.usefixtures("written")
def test_known_drift_does_not_count(run: Run, floating: Definition) -> None:
    write("web.json", "\n\n" + json.dumps(floating, indent=8))
    ran = run("check", *BASELINE, "web.json")
    assert ran.code == 0
    assert "web:7: no drift" in ran.out
    assert ran.err == "known.json has 1 drift of this run, which does not count.\n"
    for form in ("sarif", "junit", "github", "gitlab", "csv", "asff", "ocsf"):
        ran = run("check", *BASELINE, "web.json", "--format", form)
        assert ran.code == 0
        assert "image-floating" not in ran.out
        assert "<failure" not in ran.out


@pytest.mark.usefixtures("written")
def test_json_says_that_it_is_known(run: Run) -> None:
    ran = run("check", *BASELINE, "--format", "json", "web.json")
    drifts = [each for found in ran.results[0]["verdicts"] for each in found["drifts"]]
    assert [(each["code"], each["known"]) for each in drifts] == [("image-floating", True)]


@pytest.mark.usefixtures("written")
def test_new_drift_counts(run: Run, floating: Definition) -> None:
    floating["containerDefinitions"][1]["essential"] = True
    write("web.json", floating)
    ran = run("check", *BASELINE, "web.json")
    assert ran.code == 1
    assert "sidecar.not-essential" in ran.out
    assert "sidecar.image-pinned" not in ran.out
    write("other.json", floating)
    assert "sidecar.image-pinned" in run("check", *BASELINE, "other.json").out


@pytest.mark.usefixtures("written")
def test_what_is_fixed_is_reported_and_removed_when_the_file_is_written_again(run: Run, floating: Definition) -> None:
    write("web.json", json.dumps(floating).replace(":latest", ":v0.49.0"))
    ran = run("check", *BASELINE, "web.json")
    assert ran.code == 0
    assert ran.err == (
        "known.json has entries that are fixed: sidecar.image-pinned at containers/adot-collector/image in web.json."
        " Write it again with --write-baseline.\n"
    )
    ran = run("check", *BASELINE, "--write-baseline", "web.json")
    assert ran.err == "known.json: written with 0 drifts; 1 that is fixed removed.\n"
    assert known() == []


@pytest.mark.usefixtures("written")
def test_what_a_run_does_not_evaluate_stays_known(run: Run, floating: Definition) -> None:
    write("other.json", json.dumps(floating).replace(":latest", ":v0.49.0"))
    for arguments in (("other.json",), ("--select", "task.*", "web.json", "other.json")):
        assert "fixed" not in run("check", *BASELINE, *arguments).err
        run("check", *BASELINE, "--write-baseline", *arguments)
        assert [(each["file"], each["rule"]) for each in known()] == [("web.json", "sidecar.image-pinned")]
    Path("web.json").unlink()
    gone = "known.json has entries of files that are gone: web.json. Write it again with --write-baseline.\n"
    assert run("check", *BASELINE, "other.json").err == gone
    ran = run("check", *BASELINE, "--write-baseline", "other.json")
    assert ran.err == "known.json: written with 0 drifts; 1 of files that are gone removed.\n"
    assert known() == []


@pytest.mark.usefixtures("written")
def test_paths_count_from_the_folder_of_the_file(
    run: Run, floating: Definition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever folder the command runs in, and however it is reached."""
    write("deploy/api.json", floating)
    run("check", *BASELINE, "--write-baseline", ".")
    text = Path("known.json").read_text(encoding="utf-8")
    assert [each["file"] for each in known()] == ["deploy/api.json", "web.json"]
    root, link = Path.cwd(), Path.cwd().with_name("link")
    link.symlink_to(root)
    for folder, options in {
        "deploy": ("--baseline", "../known.json", "."),
        ".": ("--baseline", f"{link}/known.json", f"{link}/deploy/api.json", f"../{root.name}/web.json"),
        "..": ("--baseline", f"{link}/known.json", f"{root.name}/deploy", "link/web.json"),
    }.items():
        monkeypatch.chdir(root / folder)
        assert main(["check", *options]) == 0
        assert main(["check", "--write-baseline", *options]) == 0
        assert (root / "known.json").read_text(encoding="utf-8") == text
    link.unlink()


def test_a_baseline_that_cannot_be_written_stays_as_it_was(
    run: Run, floating: Definition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write("web.json", floating)
    run("check", *BASELINE, "--write-baseline", "web.json")
    text = Path("known.json").read_text(encoding="utf-8")
    monkeypatch.setattr(Path, "replace", full)
    ran = run("check", *BASELINE, "--write-baseline", "web.json")
    assert (ran.code, ran.err) == (2, "known.json cannot be written (no space left on device).\n")
    assert Path("known.json").read_text(encoding="utf-8") == text
    assert {each.name for each in Path().iterdir()} == {"known.json", "web.json"}


@pytest.mark.usefixtures("written")
def test_an_entry_can_be_read_and_does_not_move(run: Run, floating: Definition) -> None:
    text = Path("known.json").read_text(encoding="utf-8")
    (entry,) = known()
    fingerprint = entry.pop("fingerprint")
    assert len(fingerprint) == 32
    assert entry == {
        "file": "web.json",
        "family": "web",
        "rule": "sidecar.image-pinned",
        "code": "image-floating",
        "where": "containers/adot-collector/image",
    }
    write("web.json", json.dumps([floating], indent=4))
    run("check", *BASELINE, "--write-baseline", "web.json")
    assert Path("known.json").read_text(encoding="utf-8") == text


def test_configurations_have_baselines_too(run: Run) -> None:
    write("collector.yaml", "receivers: {nothing: }\nexporters: {debug: }\nservice: {pipelines: {}}\n")
    assert run("collector", "collector.yaml").code == 1
    assert run("collector", *BASELINE, "--write-baseline", "collector.yaml").code == 0
    assert run("collector", *BASELINE, "collector.yaml").code == 0


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 1}', '{"version": 1, "drifts": [{"file": 1}]}', "null"])
def test_what_is_no_baseline_is_refused(run: Run, good: Definition, text: str) -> None:
    write("web.json", good)
    write("known.json", text)
    ran = run("check", *BASELINE, "web.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "known.json is not a baseline. --write-baseline writes one.\n"


def test_a_baseline_that_is_missing_or_not_named_is_an_error(run: Run, good: Definition) -> None:
    write("web.json", good)
    assert run("check", *BASELINE, "web.json").err == "known.json does not exist. Check the path.\n"
    ran = run("check", "--write-baseline", "web.json")
    assert (ran.code, ran.err) == (2, "--write-baseline needs --baseline FILE, which names the file.\n")
    ran = run("check", "--baseline", "no/known.json", "--write-baseline", "web.json")
    assert ran.code == 2
    assert "no/known.json cannot be written (no such file or directory)." in ran.err


def test_many_definitions_share_a_baseline(run: Run, floating: Definition) -> None:
    write("all.json", [floating | {"family": f"f{number}", "taskDefinitionArn": None} for number in range(80)])
    assert run("check", *BASELINE, "--write-baseline", "all.json").code == 0
    assert len(known()) == 80
    assert run("check", *BASELINE, "all.json").code == 0
