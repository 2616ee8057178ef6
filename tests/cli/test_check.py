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
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.conftest import Definition, Run
from tests.profiles import examples

SRC = Path(__file__).parents[2] / "src"
LATEST = "public.ecr.aws/aws-observability/aws-otel-collector:latest"


MEMBERS = ["containerDefinitions", "requiresCompatibilities", "family", "taskDefinition", "tags", "data", "status_code"]


def write(name: str, content: object) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return name


def verdict(entry: Any, rule: str) -> Any:
    return next(found for found in entry["verdicts"] if found["rule"] == rule)


# --- what it says ---------------------------------------------------------------------------------------------------


def test_a_clean_definition_exits_with_0(run: Run, good: Definition) -> None:
    ran = run("check", write("web.json", good))
    assert ran.code == 0
    assert "web:7: clean" in ran.out
    assert "1 task definition: 1 clean." in ran.out
    assert ran.err == ""


def test_a_drifted_one_exits_with_1_and_says_where_why_and_whether_its_fix_is_safe(
    run: Run, floating: Definition
) -> None:
    ran = run("check", write("web.json", floating))
    assert ran.code == 1
    assert "MEDIUM sidecar.image-pinned, fix is safe" in ran.out
    assert "containers/adot-collector/image (web.json:1): The image" in " ".join(ran.out.split())


def test_json_has_the_documented_form(run: Run, floating: Definition) -> None:
    ran = run("check", "--format", "json", write("web.json", floating))
    assert ran.code == 1
    assert ran.json | {"results": ()} == {"version": 1, "results": (), "errors": [], "skipped": []}
    (entry,) = ran.results
    assert entry["file"] == "web.json"
    assert entry["resource"] == "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7"
    assert len({found["rule"] for found in entry["verdicts"]}) == len(entry["verdicts"])
    for found in entry["verdicts"]:
        assert found["page"] == f"docs/rules.md#{found['rule'].replace('.', '')}"
    drifted = verdict(entry, "sidecar.image-pinned")
    assert (drifted["verdict"], drifted["severity"], drifted["fix"]) == ("drifted", "MEDIUM", "safe")
    (drift,) = drifted["drifts"]
    assert len(drift.pop("fingerprint")) == 32
    assert drifted["drifts"] == [
        {
            "code": "image-floating",
            "where": "containers/adot-collector/image",
            "why": "The image public.ecr.aws/aws-observability/aws-otel-collector has the floating tag latest. The"
            " standard's image is public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0.",
            "found": "latest",
            "wanted": "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0",
            "severity": "MEDIUM",
            "known": False,
            "location": {
                "file": "web.json",
                "line": 1,
                "column": Path("web.json").read_text().index('"public.ecr') + 1,
            },
        }
    ]
    assert verdict(entry, "identity.execution-role")["verdict"] == "unknown"


def test_a_fix_is_review_where_what_it_brings_cannot_be_judged_here(run: Run, bare: Definition) -> None:
    (entry,) = run("check", "--format", "json", write("web.json", bare)).results
    assert verdict(entry, "sidecar.present")["fix"] == "review"


def test_why_a_rule_is_unknown_is_in_the_json(run: Run, good: Definition) -> None:
    (entry,) = run("check", "--format", "json", write("web.json", good)).results
    assert entry["not_evaluated"] is None
    assert verdict(entry, "identity.execution-role")["reasons"] == [
        "nothing is read from AWS here (collector configuration, execution role, log groups)"
    ]
    assert verdict(entry, "sidecar.present")["reasons"] == []


def test_a_collector_alone_is_not_evaluated_and_the_reason_is_given(run: Run, good: Definition) -> None:
    good["containerDefinitions"] = good["containerDefinitions"][1:]
    write("collector.json", good)
    (entry,) = run("check", "--format", "json", "collector.json").results
    assert entry["verdicts"] == []
    assert entry["not_evaluated"].startswith("it has only a collector")
    table = run("check", "collector.json")
    assert table.code == 0
    assert "not evaluated; it has only a collector" in table.out
    assert "1 task definition: 1 not evaluated." in table.out


def test_an_informational_drift_is_a_note_and_drifts_nothing(run: Run, good: Definition) -> None:
    environment = good["containerDefinitions"][0]["environment"]
    good["containerDefinitions"][0]["environment"] = [
        entry for entry in environment if entry["name"] != "OTEL_EXPORTER_OTLP_PROTOCOL"
    ]
    ran = run("check", "--format", "json", write("web.json", good))
    assert ran.code == 0
    found = verdict(ran.results[0], "application.otlp-protocol")
    assert (found["verdict"], found["severity"]) == ("compliant", "INFORMATIONAL")
    assert [drift["severity"] for drift in found["drifts"]] == ["INFORMATIONAL"]
    assert "note application.otlp-protocol" in run("check", "web.json").out


def test_out_of_scope_is_no_verdict_and_one_line(run: Run, floating: Definition) -> None:
    del floating["requiresCompatibilities"], floating["compatibilities"]
    write("web.json", floating)
    ran = run("check", "--format", "json", "web.json")
    assert (ran.code, ran.results[0]["verdicts"]) == (0, [])
    assert ran.results[0]["not_evaluated"] == "it does not name FARGATE, and no service is known to run it on Fargate"
    table = run("check", "web.json")
    assert table.code == 0
    assert [row for row in table.out.splitlines() if "not evaluated;" in row] == [
        "  web:7: not evaluated; it does not name FARGATE, and no service is known to run it on Fargate."
    ]


def test_rules_without_their_facts_are_said_in_one_line(run: Run, good: Definition, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "10000")
    for name in ("a.json", "b.json"):
        write(name, good)
    ran = run("check", "a.json", "b.json")
    (line,) = [row for row in ran.out.splitlines() if "nknown" in row]
    assert "identity.*" in line
    assert "config.exists" in line or "config.*" in line
    assert "--config" in line


def test_a_verdict_per_rule_is_the_worst_of_its_subjects(run: Run, good: Definition) -> None:
    good["taskRoleArn"] = good["executionRoleArn"] = "arn:aws:iam::123456789012:role/one"
    (entry,) = run("check", "--format", "json", write("web.json", good)).results
    assert verdict(entry, "task.roles")["severity"] == "LOW"
    assert [found["rule"] for found in entry["verdicts"]].count("identity.trust") == 1


@pytest.mark.parametrize(("bar", "code"), [("LOW", 1), ("medium", 1), ("HIGH", 0), ("CRITICAL", 0)])
def test_fail_on_raises_the_bar_for_the_exit_code(run: Run, floating: Definition, bar: str, code: int) -> None:
    assert run("check", "--fail-on", bar, write("web.json", floating)).code == code


# --- what it takes --------------------------------------------------------------------------------------------------


def shapes(task: Definition) -> dict[str, object]:
    bare = {name: value for name, value in task.items() if name != "tags"}
    answer = {"taskDefinition": bare, "tags": task["tags"], "ResponseMetadata": {"HTTPStatusCode": 200}}
    return {
        "register": task,
        "describe": answer,
        "recorded": {"status_code": 200, "data": answer},
        "list": [task],
        "list of answers": [answer],
    }


@pytest.mark.parametrize("shape", ["register", "describe", "recorded", "list", "list of answers"])
def test_every_shape_is_judged_alike(run: Run, floating: Definition, shape: str) -> None:
    plain = run("check", "--format", "json", write("web.json", floating)).results[0]["verdicts"]
    ran = run("check", "--format", "json", write("web.json", shapes(floating)[shape]))
    assert without_places(ran.results[0]["verdicts"]) == without_places(plain)


def without_places(verdicts: Any) -> Any:
    return [{**found, "drifts": [{**drift, "location": None} for drift in found["drifts"]]} for found in verdicts]


def test_tags_beside_a_description_are_the_definitions(run: Run, floating: Definition) -> None:
    write("standard.yaml", "version: 1\nscope: {exclude: [{tags: {team: shop}}]}\n")
    write("web.json", shapes(floating)["describe"])
    assert run("check", "--standard", "standard.yaml", "--format", "json", "web.json").results[0]["verdicts"] == []


def test_standard_input_is_a_dash(run: Run, floating: Definition) -> None:
    ran = run("check", "--format", "json", "-", stdin=json.dumps(floating).encode())
    assert (ran.code, ran.results[0]["file"]) == (1, "-")


def test_a_folder_is_read_with_its_folders_and_other_json_is_passed_over(
    run: Run, good: Definition, floating: Definition
) -> None:
    write("all/a/web.json", good)
    write("all/b/WEB.JSON", floating)
    write("all/package.json", {"name": "web", "version": "1.0.0"})
    write("all/service.json", {"serviceName": "web", "taskDefinition": "web:7"})
    write("all/node_modules/x/task.json", floating)
    write("all/.git/task.json", floating)
    write("all/.aws/task-definition.json", floating)
    write("all/.aws/cli/cache/key.json", floating)
    ran = run("check", "--format", "json", "all")
    assert ran.code == 1
    names = [entry["file"] for entry in ran.results]
    assert names == ["all/.aws/task-definition.json", "all/a/web.json", "all/b/WEB.JSON"]
    assert ran.err == "Skipped, because there is no task definition in it: all/package.json and 1 more.\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(run: Run, floating: Definition, encoding: str) -> None:
    Path("web.json").write_bytes(json.dumps(floating).encode(encoding))
    assert run("check", "web.json").code == 1


@pytest.mark.parametrize(
    ("change", "account_and_region"),
    [
        ({}, "123456789012 eu-west-1"),
        ({"taskDefinitionArn": None}, "123456789012 eu-west-1"),
    ],
)
def test_the_place_is_told_by_the_arn_or_else_by_roles_and_logs(
    run: Run, floating: Definition, change: Definition, account_and_region: str
) -> None:
    account, region = account_and_region.split()
    write("web.json", {key: value for key, value in (floating | change).items() if value is not None})
    write("standard.yaml", f'version: 1\nscope: {{include: [{{account: "{account}", region: {region}}}]}}\n')
    assert run("check", "--standard", "standard.yaml", "web.json").code == 1


def test_a_configuration_counts_as_the_parameter(run: Run, good: Definition) -> None:
    write("web.json", good)
    write("broken.yaml", "receivers: {otlp: }\n")
    ran = run("check", "--config", "broken.yaml", "--format", "json", "web.json")
    assert ran.code == 1
    assert verdict(ran.results[0], "config.well-formed")["verdict"] == "drifted"
    assert verdict(ran.results[0], "config.exists")["verdict"] == "compliant"


# --- what it refuses ------------------------------------------------------------------------------------------------

BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "bad.json is empty."),
    "not JSON": (b'{\n  "family": $NAME\n}', "bad.json, line 2, column 13: not JSON (expecting value)."),
    "latin-1": ('{"family": "ä"}'.encode("latin-1"), "bad.json is not UTF-8: byte 13 does not fit."),
    "UTF-16 without a mark": ("{}".encode("utf-16-le"), "bad.json has NUL bytes in it"),
    "NUL": (b'{"family": "a\0b"}', "bad.json has NUL bytes in it"),
    "half of UTF-16": (b"\xff\xfe{\0\0", "bad.json is not UTF-16"),
    "a key twice": (
        b'{\n  "family": "a",\n  "containerDefinitions": [\n    {"image": "a", "image": "b"}\n  ]\n}',
        "bad.json, line 4: the object that starts here has 'image' twice. Keep one.",
    ),
    "deep": (b"[" * 100_000 + b"]" * 100_000, "bad.json is nested too deeply"),
    "rather deep": (b'{"containerDefinitions":' + b"[" * 90 + b"]" * 90 + b"}", "bad.json is nested too deeply"),
    "a long number": (b'{"cpu": ' + b"1" * 5000 + b"}", "bad.json has a number in it"),
    "a large number": (b'{"cpu": 1e999}', "bad.json has a number in it"),
    "not a number": (b'{"cpu": NaN}', "bad.json has a number in it"),
    "text": (b'"hello"', "bad.json is not a task definition"),
    "an empty list": (b"[]", "bad.json is an empty list."),
    "an empty object": (b"{}", "bad.json is not a task definition"),
    "containers": (b'[{"name": "web", "image": "nginx"}]', "bad.json has containers without the task definition"),
    "one container": (b'{"name": "web", "image": "nginx"}', "bad.json has containers without the task definition"),
    "services": (b'{"services": []}', "bad.json describes services"),
    "a service": (b'{"serviceName": "web", "taskDefinition": "web:1"}', "bad.json describes services"),
    "containers as text": (b'{"family": "a", "containerDefinitions": "[]"}', "bad.json has containerDefinitions that"),
    "a container that is none": (b'{"containerDefinitions": [{}, 1]}', "whose item 2 is not an object"),
    "a list with another thing": (b'[{"containerDefinitions": []}, 3]', "bad.json, entry 1, is not a task definition"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_one_sentence_and_the_others_are_judged(
    run: Run, floating: Definition, case: str
) -> None:
    content, sentence = BAD[case]
    Path("bad.json").write_bytes(content)
    ran = run("check", "--format", "json", "bad.json", write("web.json", floating))
    assert ran.code == 1  # something drifted, whatever else could not be read
    assert [entry["file"] for entry in ran.results] == ["web.json"]
    assert ran.err.count("\n") == 1
    assert sentence in ran.err
    assert ran.json["errors"] == [{"file": "bad.json", "message": ran.err.rstrip()}]
    assert run("check", "bad.json").code == 2


def test_what_is_not_there_or_is_no_file_is_a_sentence(run: Run, good: Definition) -> None:
    write("web.json", good)
    Path("empty").mkdir()
    write("other/package.json", {"name": "web"})
    ran = run("check", "gone.json", "empty", "other", "a\0b", "web.json")
    assert ran.code == 2
    assert ran.err.splitlines()[:3] == [
        "gone.json does not exist. Check the path.",
        (
            "empty has no file in it whose name ends with .json, .jsonc, .jsonnet, .yaml, .yml, .template or .tf. Name"
            " a file or another folder."
        ),
        "other has no file with a task definition in it. Name another folder.",
    ]
    assert "1 task definition: 1 clean." in ran.out


def test_a_huge_file_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch, good: Definition) -> None:
    monkeypatch.setattr("cli.texts.MAX_BYTES", 1024 * 1024)
    write("web.json", json.dumps(good) + " " * 1024 * 1024)
    assert run("check", "web.json").err == "web.json is larger than 1 MiB. Split it.\n"


def test_an_invalid_standard_is_a_sentence_per_mistake(run: Run, good: Definition) -> None:
    write("web.json", good)
    write("standard.yaml", "version: 1\ncollector: {cpu: many}\nmood: fine\n")
    ran = run("check", "--standard", "standard.yaml", "web.json")
    assert (ran.code, ran.out) == (2, "")
    assert [row.partition(":")[0] for row in ran.err.splitlines()] == ["standard.yaml, line 2", "standard.yaml, line 3"]
    assert run("check", "--standard", "gone.yaml", "web.json").err == "gone.yaml does not exist. Check the path.\n"


@pytest.mark.parametrize(
    "arguments", [(), ("--form", "json", "web.json"), ("--fail-on", "dire", "web.json"), ("web.json", "--standard")]
)
def test_a_command_that_is_not_understood_exits_with_2_and_a_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    ran = run("check", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1


def test_no_value_of_the_environment_is_shown(run: Run, floating: Definition) -> None:
    floating["containerDefinitions"][0]["environment"] += [{"name": "PASSWORD", "value": "hunter2"}]
    write("web.json", floating)
    for form in ("table", "json"):
        assert "hunter2" not in run("check", "--format", form, "web.json").out
    write("bad.json", '{"family": "a", "containerDefinitions": [{"environment": ["hunter2"')
    assert "hunter2" not in run("check", "bad.json").err


def test_a_terminal_is_not_obeyed_by_what_a_file_says(run: Run, floating: Definition) -> None:
    del floating["taskDefinitionArn"]
    floating["family"] = "web\x1b[2J\nclean"
    floating["containerDefinitions"][1]["name"] = "[red]x[/red]\ud800"
    ran = run("check", write("web.json", floating))
    assert "\x1b" not in ran.out
    assert "web[2J clean: drifted" in ran.out
    assert "[red]x[/red]" in ran.out


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(MEMBERS) | st.text(), inner),
    max_leaves=30,
)


@examples(100)
@given(content=st.binary() | anything.map(lambda thing: json.dumps(thing).encode()))
def test_any_bytes_and_any_json_are_judged_or_refused(run: Run, content: bytes) -> None:
    for command in (("check", "--format", "json"), ("fix", "--review")):
        ran = run(*command, "-", stdin=content)
        assert ran.code in {0, 1, 2}
        assert (ran.code == 2) <= bool(ran.err)


# --- how it is shown ------------------------------------------------------------------------------------------------


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
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
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


# --- some rules only ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--select", "sidecar.image-*"], {"sidecar.image-pinned", "sidecar.image-approved"}),
        (["--select", "sidecar.image-*, task.roles"], {"sidecar.image-pinned", "sidecar.image-approved", "task.roles"}),
        (["--select", "sidecar.image-*", "--ignore", "*.image-pinned"], {"sidecar.image-approved"}),
        (
            ["--select=sidecar.image-pinned", "--select", "task.size,sidecar.present"],
            {"sidecar.image-pinned", "task.size", "sidecar.present"},
        ),
    ],
)
def test_select_and_ignore_leave_some_rules(run: Run, floating: Definition, options: list[str], left: set[str]) -> None:
    ran = run("check", "--format", "json", *options, write("web.json", floating))
    assert {found["rule"] for found in ran.results[0]["verdicts"]} == left
    assert ran.code == (1 if "sidecar.image-pinned" in left else 0)


def test_what_is_ignored_is_not_in_the_table_and_does_not_count(run: Run, floating: Definition) -> None:
    ran = run("check", "--ignore", "sidecar.image-pinned,config.*", write("web.json", floating))
    assert ran.code == 0
    assert "image-pinned" not in ran.out
    assert "config.*" not in ran.out
    assert "identity.*" in ran.out


def test_whether_a_fix_is_safe_is_decided_by_all_rules(run: Run, bare: Definition) -> None:
    (entry,) = run("check", "--format", "json", "--select", "sidecar.present", write("web.json", bare)).results
    assert [found["fix"] for found in entry["verdicts"]] == ["review"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--select", "sidecar.image-pined"], "Did you mean sidecar.image-pinned?"),
        (["--ignore", "sidecar"], "Did you mean 'sidecar.*'?"),
        (["--select", "task.roles", "--ignore", "task.*"], "--select and --ignore leave no rule."),
    ],
)
def test_a_pattern_that_can_mean_nothing_is_refused(
    run: Run, floating: Definition, options: list[str], sentence: str
) -> None:
    ran = run("check", *options, write("web.json", floating))
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


# --- many files -----------------------------------------------------------------------------------------------------


def test_many_definitions_give_the_same_output_in_the_same_order_by_any_number_of_processes(
    tmp_path: Path, good: Definition, floating: Definition, bare: Definition
) -> None:
    kinds = [good, floating, bare, {}]
    for number in range(160):
        content = {**kinds[number % 4], **({"family": f"web-{number}"} if number % 4 < 3 else {})}
        write(str(tmp_path / f"{number:03}.json"), content)
    write(str(tmp_path / "077.json"), "{")
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


# --- terminals ------------------------------------------------------------------------------------------------------


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
