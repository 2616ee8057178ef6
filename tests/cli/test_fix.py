import io
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from tests.cli.conftest import Definition, Run
from tests.cli.files import shapes

PINNED = "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"


def collector(task: Any) -> Any:
    return task["containerDefinitions"][1]


def test_what_is_safe_is_fixed_and_nothing_else_changes(run: Run, floating: Definition) -> None:
    Path("web.json").write_text(json.dumps(floating, indent=2), encoding="utf-8")
    ran = run("fix", "web.json")
    collector(floating)["image"] = PINNED
    assert (ran.code, ran.out) == (0, json.dumps(floating, indent=2) + "\n")
    assert ran.err == "web: fixed sidecar.image-pinned.\n"


@pytest.mark.parametrize("shape", ["register", "describe", "recorded", "list", "list of answers"])
def test_it_comes_back_in_the_shape_that_it_had(run: Run, floating: Definition, shape: str) -> None:
    before = json.dumps(shapes(floating)[shape])
    ran = run("fix", "-", stdin=before.encode())
    collector(floating)["image"] = PINNED
    assert ran.out == json.dumps(shapes(floating)[shape]) + "\n"
    assert run("fix", "-", stdin=ran.out.encode()).out == ran.out


def test_what_needs_approval_is_left_and_said_unless_review_is_given(run: Run, bare: Definition) -> None:
    Path("web.json").write_text(json.dumps(bare), encoding="utf-8")
    ran = run("fix", "web.json")
    assert (ran.code, json.loads(ran.out)) == (1, bare)
    assert "web: not fixed: sidecar.present (HIGH): its fix needs approval; --review makes it.\n" in ran.err

    reviewed = run("fix", "--review", "web.json")
    assert reviewed.code == 0
    assert collector(reviewed.json)["image"] == PINNED
    assert "web: fixed sidecar.present.\n" in reviewed.err
    (check,) = [row for row in reviewed.err.splitlines() if "check this" in row]
    assert "nothing is read from AWS here (collector configuration, execution role, task role, log groups)" in check
    assert "config.*, identity.*" in check


def test_a_refused_fix_is_left_with_its_reason(run: Run, bare: Definition) -> None:
    del bare["executionRoleArn"]
    ran = run("fix", "--review", "-", stdin=json.dumps(bare).encode())
    assert (ran.code, ran.json) == (1, bare)
    assert "not fixed: sidecar.present (HIGH): The task has no execution role and the standard names none." in ran.err
    assert "not fixed: task.roles" in ran.err


def test_a_standard_that_names_a_role_lets_it_be_fixed(run: Run, bare: Definition) -> None:
    del bare["executionRoleArn"]
    role = "arn:aws:iam::123456789012:role/default"
    Path("standard.yaml").write_text(f"version: 1\nroles: {{execution: {role}}}\n", encoding="utf-8")
    ran = run("fix", "--review", "--standard", "standard.yaml", "-", stdin=json.dumps(bare).encode())
    assert ran.json["executionRoleArn"] == role
    assert len(ran.json["containerDefinitions"]) == 2


@pytest.mark.parametrize("scope", [{"requiresCompatibilities": ["EC2"]}, {"status": "INACTIVE"}])
def test_what_is_out_of_scope_comes_back_byte_for_byte(run: Run, floating: Definition, scope: Definition) -> None:
    text = json.dumps(floating | scope, indent=7) + "\n\n"
    ran = run("fix", "-", stdin=text.encode())
    assert (ran.code, ran.out) == (0, text)
    assert "not evaluated" in ran.err


def test_write_keeps_indentation_line_ends_mark_letters_and_mode(run: Run, floating: Definition) -> None:
    floating["tags"] = [{"key": "größe", "value": "\U0001f600"}]
    path = Path("web.json")
    text = "\ufeff" + json.dumps(floating, indent="\t", ensure_ascii=False).replace("\n", "\r\n")
    path.write_bytes(text.encode())
    path.chmod(0o640)
    Path("link.json").symlink_to(path)
    ran = run("fix", "--write", "link.json")
    assert (ran.code, ran.out) == (0, "")
    assert path.read_bytes() == text.replace(":latest", ":v0.49.0").encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert Path("link.json").is_symlink()
    assert sorted(os.listdir()) == ["link.json", "web.json"]  # noqa: PTH208 - hidden ones too
    assert "nothing to write" in run("fix", "--write", "link.json").err


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_write_keeps_the_encoding(run: Run, floating: Definition, encoding: str) -> None:
    text = "\ufeff" + json.dumps(floating)
    Path("web.json").write_bytes(text.encode(encoding))
    assert run("fix", "--write", "web.json").code == 0
    assert Path("web.json").read_bytes() == text.replace(":latest", ":v0.49.0").encode(encoding)


@pytest.mark.parametrize("form", [{"indent": 4}, {"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False}])
def test_only_the_fixed_place_differs(run: Run, floating: Definition, form: dict[str, Any]) -> None:
    floating["volumes"] = [{"name": "ä", "x": [0.1, 1e-7, 12345678901234567890, None, True]}]
    text = json.dumps(floating, **form)
    assert run("fix", "-", stdin=text.encode()).out == text.replace(":latest", ":v0.49.0") + "\n"


def test_half_a_surrogate_pair_survives(run: Run, floating: Definition) -> None:
    floating["tags"] = [{"key": "a", "value": "\ud83d"}, {"key": "ü", "value": ""}]
    Path("web.json").write_text(json.dumps(floating).replace("\\u00fc", "ü"), encoding="utf-8")
    assert run("fix", "--write", "web.json").code == 0
    collector(floating)["image"] = PINNED
    assert json.loads(Path("web.json").read_text(encoding="utf-8")) == floating


@pytest.mark.usefixtures("run")
def test_letters_that_the_output_cannot_hold_are_escaped_as_json(
    floating: Definition, monkeypatch: pytest.MonkeyPatch
) -> None:
    floating["tags"] = [{"key": "größe", "value": "\U0001f600"}]
    Path("web.json").write_text(json.dumps(floating, ensure_ascii=False), encoding="utf-8")
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["fix", "web.json"]) == 0
    collector(floating)["image"] = PINNED
    assert json.loads(out.buffer.getvalue()) == floating


def test_diff_shows_places_and_hides_what_may_be_secret(run: Run, floating: Definition) -> None:
    floating["containerDefinitions"][0]["environment"] += [{"name": "PASSWORD", "value": "hunter2"}]
    collector(floating)["command"] = ["--config=https://user:hunter2@example.com/x.yaml"]
    Path("web.json").write_text(json.dumps(floating), encoding="utf-8")
    ran = run("fix", "--diff", "--review", "web.json")
    assert ran.out.startswith("--- web.json\n+++ web.json (fixed)\n@@ ")
    assert (
        "@@ containers/adot-collector/image @@ line 1\n"
        "-public.ecr.aws/aws-observability/aws-otel-collector:latest\n"
        f"+{PINNED}\n" in ran.out
    )
    assert "hunter2" not in ran.out + ran.err
    assert json.loads(Path("web.json").read_text(encoding="utf-8")) == floating


def test_nothing_to_fix_has_no_diff(run: Run, good: Definition) -> None:
    ran = run("fix", "--diff", "-", stdin=json.dumps(good).encode())
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "web: no drift, not changed.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("web.json", "--diff", "--write"), "--diff prints what --write would change. Leave out one of them."),
        (("",), "Argument FILE: it needs the name of a file."),
        (("-", "--write"), "Standard input cannot be written to. Name a file, or leave out --write."),
        (("gone.json",), "gone.json does not exist. Check the path."),
        ((".",), ". is a folder. Name a file."),
        (("-",), "Standard input is empty."),
        ((), "FILE"),
        (("a.json", "b.json"), "b.json"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    ran = run("fix", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_cannot_be_written_is_a_sentence(run: Run, floating: Definition) -> None:
    Path("closed").mkdir()
    Path("closed/web.json").write_text(json.dumps(floating), encoding="utf-8")
    Path("closed").chmod(0o500)
    ran = run("fix", "--write", "closed/web.json")
    assert ran.code == 2
    assert "cannot be written" in ran.err


def test_a_read_only_file_stays_as_it_is(run: Run, floating: Definition) -> None:
    text = json.dumps(floating)
    Path("web.json").write_text(text, encoding="utf-8")
    Path("web.json").chmod(0o444)
    ran = run("fix", "--write", "web.json")
    assert ran.code == 2
    assert "web.json cannot be written (it is read-only)." in ran.err
    assert Path("web.json").read_text(encoding="utf-8") == text


def test_a_rule_that_is_fixed_in_part_is_left_and_said_so(run: Run, good: Definition) -> None:
    environment = good["containerDefinitions"][0]["environment"]
    good["containerDefinitions"][0]["environment"] = [
        entry for entry in environment if entry["name"] != "OTEL_RESOURCE_ATTRIBUTES"
    ]
    ran = run("fix", "-", stdin=json.dumps(good).encode())
    assert ran.code == 1
    assert "service.name=web" in ran.out
    assert ran.err == (
        "web: The value of deployment.environment is not known: tag the task definition with it, set"
        " applications.environment in the standard, or set it by hand.\n"
        "web: not fixed: application.resource-attributes (LOW): a part is fixed; the right value of the rest is not"
        " known here.\n"
    )


def test_only_the_selected_rules_are_fixed_and_reported(run: Run, floating: Definition) -> None:
    floating["containerDefinitions"][1]["essential"] = True
    text = json.dumps(floating, indent=2)
    Path("web.json").write_text(text, encoding="utf-8")
    ran = run("fix", "--select", "sidecar.not-essential", "web.json")
    assert (ran.code, ran.err) == (0, "web: fixed sidecar.not-essential.\n")
    assert (
        ran.out
        == text.replace('"essential": true', '"essential": false', 2).replace(
            '"essential": false', '"essential": true', 1
        )
        + "\n"
    )
    ignored = run("fix", "--ignore", "sidecar.not-essential", "web.json")
    assert ignored.err == "web: fixed sidecar.image-pinned.\n"
    assert ignored.out == text.replace(":latest", ":v0.49.0") + "\n"
