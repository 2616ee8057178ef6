"""What `outrider check` refuses."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.main import main
from tests.cli.conftest import Definition, Run
from tests.cli.files import write
from tests.profiles import examples

MEMBERS = ["containerDefinitions", "requiresCompatibilities", "family", "taskDefinition", "tags", "data", "status_code"]
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
    "a key twice, far below": (b'{"a":' * 3000 + b'{"b": 1, "b": 2}' + b"}" * 3000, "bad.json is nested too deeply"),
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
    "a configuration": (
        b'{"service": {"pipelines": {}}}',
        "bad.json is a collector's configuration. `outrider collector`",
    ),
    "half of one": (
        b'{"receivers": {}, "exporters": {}}',
        "bad.json is a collector's configuration. `outrider collector`",
    ),
    "CloudFormation's names": (
        b'{"Family": "a", "ContainerDefinitions": []}',
        "bad.json has the names of CloudFormation's",
    ),
    "containers as text": (b'{"family": "a", "containerDefinitions": "[]"}', "bad.json has containerDefinitions that"),
    "a container that is none": (b'{"containerDefinitions": [{}, 1]}', "whose item 2 is not an object"),
    "a list with another thing": (b'[{"containerDefinitions": []}, 3]', "bad.json, entry 1, is not a task definition"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_one_sentence_and_the_others_are_evaluated(
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
    assert "1 task definition: 1 without drift." in ran.out


OTHERS: dict[str, bytes] = {
    "nothing.yaml": b"",
    "comment.yaml": b"# replicas: 1\n",
    "mark.yaml": b"---\n",
    "scalar.yaml": b"hello\n",
    "nginx.conf.template": b"server { listen ${PORT}; }\n",
    "mail.template": b"Hello {{name}},\n\tgood day: [\n",
    "lines.json": b'{"a": 1}\n{"a": 2}\n',
    "nan.json": b'{"a": NaN}',
    "twice.json": b'{"a": 1, "a": 2}',
    "image.json": b'{"image": "logo.png"}',
    "latin.yaml": "café: 1\n".encode("latin-1"),
    "utf16.yaml": "café: 1\n".encode("utf-16-le"),
}


def test_what_is_about_something_else_is_skipped_in_a_folder_whatever_is_wrong_with_it(
    run: Run, good: Definition
) -> None:
    write("web.json", good)
    for name, content in OTHERS.items():
        Path(name).write_bytes(content)
    Path(".#web.json").symlink_to("user@host.1234")
    os.mkfifo("pipe.json")
    ran = run("check", "--format", "json", ".")
    assert ran.code == 0
    assert [entry["file"] for entry in ran.results] == ["web.json"]
    assert (ran.json["skipped"], ran.json["errors"]) == (sorted(OTHERS), [])
    assert ran.err.count("\n") == 1
    for name in OTHERS:
        assert run("check", name).code == 2
    for command in (("collector",), ("upgrade", "--to", "v0.49.0")):
        write("otel.yaml", "receivers: {otlp: {}}\nexporters: {debug: {}}\nservice: {pipelines: {}}\n")
        assert "latin.yaml is not UTF-8" not in run(*command, ".").err


BROKEN: dict[str, bytes] = {
    "a.yaml": b"family: web\ncontainerDefinitions: [\n",
    "b.json": '{"requiresCompatibilities": ["FARGATE"], "family": "ä"}'.encode("latin-1"),
    "c.template": "Type: AWS::ECS::TaskDefinition\n  a: [".encode("utf-16"),
    "d.json": '{"containerDefinitions": [], "containerDefinitions": []}'.encode("utf-16-le"),
    "e.json": b'[{"name": "web", "image": "nginx", "portMappings": []}]',
    "manifest.yml": b"name: web\ntype: Backend Service\nname: web\n",
}


def test_what_is_about_tasks_is_a_mistake_in_a_folder_too(run: Run) -> None:
    for name, content in BROKEN.items():
        Path(name).write_bytes(content)
    ran = run("check", "--format", "json", ".")
    assert ran.code == 2
    assert [each["file"] for each in ran.json["errors"]] == [*BROKEN]


@pytest.mark.parametrize(("name", "text"), [("main.tf", 'module "web" {}'), ("main.tf.json", '{"module": {}}')])
def test_a_file_of_terraform_that_only_calls_modules_says_that_these_are_not_read(
    run: Run, name: str, text: str
) -> None:
    Path(name).write_text(text, encoding="utf-8")
    ran = run("check", name)
    assert ran.code == 2
    assert "The modules that it calls are not read. Give a plan, as `terraform show -json` prints it" in ran.err


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


LONG = "9" * 5000


@pytest.mark.parametrize(
    ("container", "members"),
    [
        (0, {"portMappings": [{"containerPortRange": f"{LONG}-{LONG}"}]}),
        (0, {"portMappings": [{"containerPort": LONG}]}),
        (1, {"image": f"public.ecr.aws/aws-observability/aws-otel-collector:v{LONG}"}),
        (1, {"healthCheck": {"command": ["CMD", "/healthcheck", f"--port={LONG}"], "interval": LONG}}),
        (1, {"environment": [{"name": "AOT_CONFIG_CONTENT", "value": f"processors: {{batch: {{timeout: {LONG}s}}}}"}]}),
    ],
)
def test_numbers_of_thousands_of_digits_are_evaluated(
    run: Run, good: Definition, container: int, members: dict[str, Any]
) -> None:
    good["containerDefinitions"][container] |= members
    assert run("check", write("web.json", good)).code in {0, 1}


def test_a_fault_of_outrider_is_a_sentence_without_values_and_no_drift(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], good: Definition
) -> None:
    def faulty(*_: object) -> None:
        raise ValueError("s3cr3t")

    run("--version")  # goes to the empty folder
    monkeypatch.setattr("cli.sources.detection.Reader.text", faulty)
    assert main(["check", write("web.json", good)]) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(r"ValueError at detection\.py:\d+ in file: Outrider did not expect this\. .*\n", said)


@pytest.mark.parametrize(
    "arguments", [(), ("--form", "json", "web.json"), ("--fail-on", "dire", "web.json"), ("web.json", "--standard")]
)
def test_a_command_that_is_not_understood_exits_with_2_and_a_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    ran = run("check", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--select", ""), "Argument --select: it takes patterns of rules"),
        (("--select", "task.*", "--ignore", ","), "Argument --ignore: it takes patterns of rules"),
        (("--standard", "a", "--standard", "b"), "Argument --standard: it is given twice."),
        (("--format", "json", "--format=table"), "Argument --format: it is given twice."),
        (("--output", ""), "Argument --output: it needs the name of a file."),
        (("--standard", ""), "Argument --standard: it needs the name of a file."),
        (("--config=",), "Argument --config: it needs the name of a file."),
        (("--baseline", ""), "Argument --baseline: it needs the name of a file."),
        (("",), "Argument FILE: it needs the name of a file."),
        (("--output", "--", "x"), "Argument --output: it needs a value."),
    ],
)
def test_what_is_empty_or_given_twice_is_named(
    run: Run, good: Definition, arguments: tuple[str, ...], sentence: str
) -> None:
    write("web.json", good)
    ran = run("check", "web.json", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_what_follows_two_dashes_are_files(run: Run, good: Definition) -> None:
    for name in ("-dash.json", "--help", "--x y.json"):
        Path(name).write_text(json.dumps(good), encoding="utf-8")
    ran = run("check", "--fail-on", "LOW", "--format", "json", "--", "-dash.json", "--help", "--x y.json")
    assert ran.code == 0
    assert [each["file"] for each in ran.results] == ["-dash.json", "--help", "--x y.json"]
    assert "no rule --select" in run("explain", "--", "--select").err
    assert "arguments: -a" in run("fix", "--", "-dash.json", "-a").err


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
def test_any_bytes_and_any_json_are_evaluated_or_refused(run: Run, content: bytes) -> None:
    for command in (("check", "--format", "json"), ("fix", "--review")):
        ran = run(*command, "-", stdin=content)
        assert ran.code in {0, 1, 2}
        assert (ran.code == 2) <= bool(ran.err)
