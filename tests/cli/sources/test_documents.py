"""Task definitions in JSON with comments and in YAML: read, shown in their places, and fixed where they stand."""

import difflib
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from cli.sources import json_text, yaml_text
from cli.sources.detection import Reader
from cli.sources.editing import Change, edited
from cli.sources.nodes import Lines
from cli.texts import Text
from cli.unusable import Unusable
from tests.cli.conftest import Definition, Run
from tests.profiles import examples

FLOATING = "sidecar.image-pinned containers/adot-collector/image"
LATEST, PINNED = "aws-otel-collector:latest", "aws-otel-collector:v0.49.0"


def drifts(ran: Any) -> dict[str, tuple[int, int]]:
    """The places of all drifts of an output, by rule and path."""
    return {
        f"{verdict['rule']} {drift['where']}": (drift["location"]["line"], drift["location"]["column"])
        for entry in ran.results
        for verdict in entry["verdicts"]
        for drift in verdict["drifts"]
    }


def rest(name: str, place: tuple[int, int]) -> str:
    """What a file has from a place to the end of its line."""
    return Path(name).read_text(encoding="utf-8").split("\n")[place[0] - 1][place[1] - 1 :].rstrip()


def changed_rows(before: str, after: str) -> list[str]:
    return [row for row in difflib.ndiff(before.split("\n"), after.split("\n")) if row[0] in "+-"]


def with_comments(content: Any) -> str:
    rows = json.dumps(content, indent=2).split("\n")
    return "// A task.\n" + "\n".join(f"{row} // row {n}" for n, row in enumerate(rows)) + "\n/* the end */\n"


def test_json_with_comments_and_trailing_commas_is_read_and_fixed(run: Run, floating: Definition) -> None:
    text = with_comments(floating).replace("} // row", "}, // row", 1)
    Path("web.jsonc").write_text(text, encoding="utf-8")
    place = drifts(run("check", "--format", "json", "web.jsonc"))[
        "sidecar.image-pinned containers/adot-collector/image"
    ]
    assert LATEST in rest("web.jsonc", place)
    assert run("fix", "--write", "web.jsonc").code == 0
    assert Path("web.jsonc").read_text(encoding="utf-8") == text.replace(LATEST, PINNED)


def test_a_comma_before_a_comment_is_trailing_only_where_the_object_ends() -> None:
    text = '{"a": "x", /* one */\n "b": ["y" /* two */, // three ]\n /* four */], /* five */ }'
    found, plain = json_text.content_of(text, "x.json")
    assert found == {"a": "x", "b": ["y"]}
    assert len(plain) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        ", /* a */" * 40 + "x",
        ", // a\n" * 40 + "x",
        "{" + '"a": 1, /* b */ /* c */\n' * 5000 + "x",
        "/*" * 100_000,
        '"\\' * 100_000,
        ", /*" * 50_000,
    ],
)
def test_comments_are_read_in_a_time_that_grows_with_their_length(text: str) -> None:
    began = time.process_time()
    assert len(json_text.blanked(text)) == len(text)
    assert time.process_time() - began < 5


def test_a_comma_within_a_text_is_no_trailing_one(run: Run, floating: Definition) -> None:
    floating["containerDefinitions"][0]["command"] = ["a,]", "// no comment", "/* none */"]
    Path("web.jsonc").write_text("/**/" + json.dumps(floating), encoding="utf-8")
    ran = run("fix", "web.jsonc")
    assert json.loads(ran.out.removeprefix("/**/"))["containerDefinitions"][0]["command"] == [
        "a,]",
        "// no comment",
        "/* none */",
    ]


def test_each_definition_of_a_list_has_its_own_places(run: Run, floating: Definition) -> None:
    text = "[\n" + ",\n".join(json.dumps({**floating, "family": f"web{n}"}, indent=n) for n in range(4)) + "]"
    Path("all.json").write_text(text, encoding="utf-8")
    ran = run("check", "--select", "sidecar.image-pinned", "--format", "json", "all.json")
    places = [entry["verdicts"][0]["drifts"][0]["location"] for entry in ran.results]
    assert len({place["line"] for place in places}) == 4
    for place in places:
        assert LATEST in rest("all.json", (place["line"], place["column"])).partition(",")[0]


@pytest.mark.parametrize("style", [None, True], ids=["block", "flow"])
def test_yaml_is_evaluated_as_json_is(run: Run, floating: Definition, style: bool | None) -> None:  # noqa: FBT001 - PyYAML's own option
    Path("web.json").write_text(json.dumps(floating), encoding="utf-8")
    text = yaml.safe_dump(floating, sort_keys=False, default_flow_style=style)
    Path("web.yaml").write_text(text, encoding="utf-8")
    as_json, as_yaml = (run("check", "--format", "json", name) for name in ("web.json", "web.yaml"))
    assert drifts(as_json).keys() == drifts(as_yaml).keys()
    assert rest("web.yaml", drifts(as_yaml)[FLOATING]).lstrip("'").startswith("public")
    assert run("fix", "--write", "web.yaml").code == 0
    after = Path("web.yaml").read_text(encoding="utf-8")
    assert after == text.replace(LATEST, PINNED)


YAML = """\
# The web shop.
family: web
cpu: "512"   # half a core
memory: 1024
requiresCompatibilities: [FARGATE]
networkMode: awsvpc
executionRoleArn: arn:aws:iam::123456789012:role/web-execution
taskRoleArn: 'arn:aws:iam::123456789012:role/web-task'
containerDefinitions:
  # The application.
  - name: app
    image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2
    essential: true
    environment:
    - name: OTEL_SERVICE_NAME   # ours
      value: web
    logConfiguration: &log
      logDriver: awslogs
      options: {awslogs-group: /ecs/web, awslogs-region: eu-west-1, awslogs-stream-prefix: web}

  - name: adot-collector   # the sidecar
    image: "public.ecr.aws/aws-observability/aws-otel-collector:latest"
    essential: true
    secrets:
      - {name: AOT_CONFIG_CONTENT, valueFrom: /fargate/otel-collector-config}
    logConfiguration: *log
# The end.
"""


TEMPLATE_OF_TASK = f"""\
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RequiresCompatibilities: [FARGATE]
      Family: stacked
      ContainerDefinitions:
        - {{Name: web, Image: nginx:1}}
        - Name: adot-collector
          Image: public.ecr.aws/aws-observability/{LATEST}
          Command: ['--config=env:AOT_CONFIG_CONTENT']
"""


def test_fixes_of_yaml_keep_comments_and_formatting(run: Run) -> None:
    Path("web.yaml").write_text(YAML, encoding="utf-8")
    ran = run("fix", "--review", "--write", "web.yaml")
    after = Path("web.yaml").read_text(encoding="utf-8")
    rows = changed_rows(YAML, after)
    assert [row for row in rows if row[0] == "-"] == [
        '-     image: "public.ecr.aws/aws-observability/aws-otel-collector:latest"',
        "-     essential: true",
    ], ran.err
    assert '+     image: "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"' in rows
    assert "+     essential: false" in rows
    left = drifts(run("check", "--format", "json", "web.yaml"))
    assert {what.partition(" ")[0] for what in left} == {"application.resource-attributes"}


def test_an_item_of_yaml_begins_at_its_dash_whatever_is_before_it() -> None:
    """A comment, an anchor and an alias may have dashes of their own; what is added is aligned with the item's."""
    text = """\
list: !my-tag &my-anchor
# - no item
  - # key: value - x
    name: a-b # - x
  -
    # - y
    - nested-item
    - - deeper
  - &other-item |-
    text - text
  - *other-item
  - # - z
    "quoted - text"
  - {flow: [a - b]}
  -
  - last
"""
    root = yaml_text.node_of(text)
    found = root.get("list", "Fn::my-tag") if root is not None else None
    assert found is not None
    assert [text[each.begin :].partition("\n")[0] for each in found.children] == [
        "- # key: value - x",
        "-",
        "- &other-item |-",
        "- *other-item",
        "- # - z",
        "- {flow: [a - b]}",
        "-",
        "- last",
    ]


def test_a_drift_in_a_configuration_within_yaml_points_into_it(run: Run) -> None:
    configuration = """\
    environment:
      - name: AOT_CONFIG_CONTENT
        value: |
          receivers:
            otlp:
              protocols:
                grpc:
                  endpoint: 0.0.0.0:4317
          exporters:
            awsxray:
              regoin: eu-west-1
          service:
            pipelines:
              traces:
                receivers: [otlp]
                exporters: [awsxray]
"""
    secrets = "    secrets:\n      - {name: AOT_CONFIG_CONTENT, valueFrom: /fargate/otel-collector-config}\n"
    Path("web.yaml").write_text(YAML.replace(secrets, configuration).replace(LATEST, PINNED), encoding="utf-8")
    found = drifts(run("check", "--format", "json", "web.yaml"))
    (place,) = (place for what, place in found.items() if what.startswith("config.options"))
    assert rest("web.yaml", place) == "eu-west-1"
    Path("web.json").write_text(json.dumps(yaml.safe_load(Path("web.yaml").read_text())), encoding="utf-8")
    (place,) = (
        place
        for what, place in drifts(run("check", "--format", "json", "web.json")).items()
        if what.startswith("config.options")
    )
    assert rest("web.json", place).startswith("eu-west-1\\n")


def test_other_yaml_of_a_folder_is_skipped(run: Run) -> None:
    Path("deploy").mkdir()
    Path("deploy/web.yaml").write_text(YAML, encoding="utf-8")
    for name, text in (
        ("list", "- a\n- b\n"),
        ("chart", "a: {{ .Values.a }}\n"),
        ("none", "# nothing\n"),
        ("word", "x"),
    ):
        Path(f"deploy/{name}.yaml").write_text(text, encoding="utf-8")
    ran = run("check", "--format", "json", "deploy")
    assert [entry["resource"] for entry in ran.results] == ["web"]
    assert len(ran.json["skipped"]) + len(ran.json["errors"]) == 4


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(max_size=6)
    | st.sampled_from(
        ["yes", "null", "1", "a: b", "- a", "# a", "a\nb", "~", "é", "", " a ", "0x1f", "1_000", "1:2", "\x1f"]
    )
)
names = st.sampled_from(["name", "value", "image", "a", "b-c", "on", "1", "é", "a: b", "- a", "# a", "\x7f", ""])
contents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=20
)


@examples(300)
@example(before={"on": []}, after="\x1f", flow=None)
@given(before=st.dictionaries(names, contents, min_size=1), after=contents, flow=st.sampled_from([None, True, False]))
def test_new_yaml_has_the_wanted_content(before: dict[str, Any], after: Any, flow: bool | None) -> None:  # noqa: FBT001 - PyYAML's own option
    text = yaml.safe_dump(before, default_flow_style=flow, allow_unicode=True)
    root = yaml_text.node_of(text)
    assert root is not None
    for wanted in (after, {**before, "a": after}, {**before, "new": after}):
        found = edited(text, [Change(root, wanted)])
        again = yaml_text.node_of(found.text)
        if not found.by_hand:
            assert again is not None
            assert json.dumps(again.value, sort_keys=True) == json.dumps(wanted, sort_keys=True), found.text


@examples(300)
@given(st.text(alphabet=st.sampled_from("{}[]:,-#&*!|>'\" \n\tab0/\\<%@\ufeff"), max_size=60))
def test_any_text_gives_definitions_or_one_clear_error(text: str) -> None:
    for name in ("x.json", "x.jsonc", "x.yaml", "-"):
        with suppress(Unusable):
            Reader().text(Text(name, text, "utf-8"))


@examples(100)
@given(st.text(max_size=40), st.integers(0, 40))
def test_lines_and_columns_count_from_one(text: str, at: int) -> None:
    at = min(at, len(text))
    line, column = Lines(text).place(at)
    assert (line, column) == (text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1)


@pytest.mark.parametrize("before", ["", "---\n---\n", "# Ours.\n%YAML 1.1\n---\n", "mode: &log fast\n---\n"])
def test_each_document_of_a_file_is_evaluated_and_fixed_where_it_stands(
    run: Run, floating: Definition, before: str
) -> None:
    clean = yaml.safe_dump(floating, sort_keys=False).replace(LATEST, PINNED)
    text = before + "\n---  # next\n".join(
        [clean, YAML, TEMPLATE_OF_TASK, clean, yaml.safe_dump(floating, default_flow_style=True), YAML]
    )
    Path("all.yaml").write_text(text, encoding="utf-8")
    ran = run("check", "--format", "json", "--select", "sidecar.image-pinned", "all.yaml")
    assert ran.code == 1
    families = ["web:7", "web", "stacked", "web:7", "web:7", "web"]
    assert [each["resource"].rpartition("/")[2] for each in ran.results] == families
    places = [
        (drift["location"]["line"], drift["location"]["column"])
        for entry in ran.results
        for verdict in entry["verdicts"]
        for drift in verdict["drifts"]
    ]
    assert len(set(places)) == 4
    assert all(LATEST in rest("all.yaml", place) for place in places)
    assert ("line 1: skipped" in ran.err) is before.startswith("mode")
    run("fix", "--select", "sidecar.image-pinned", "--write", "all.yaml")
    assert Path("all.yaml").read_text(encoding="utf-8") == text.replace(LATEST, PINNED)


def test_files_of_several_documents_without_a_definition_are_skipped_and_mistakes_in_later_ones_are_reported(
    run: Run, good: Definition
) -> None:
    Path("f").mkdir()
    Path("f/other.yaml").write_text("a: 1\n---\n- b\n", encoding="utf-8")
    Path("f/web.yaml").write_text(f"{yaml.safe_dump(good)}---\na: [\n", encoding="utf-8")
    ran = run("check", "f")
    assert ran.code == 2
    assert "f/web.yaml, line" in ran.err
    assert "not YAML" in ran.err
    assert "Skipped, because there is no task definition in it: f/other.yaml." in ran.err
    assert "f/other.yaml is not a task definition" in run("check", "f/other.yaml").err
