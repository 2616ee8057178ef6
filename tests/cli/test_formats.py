"""The forms of a report: each is valid by its published schema, and says what the JSON says."""

import csv
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cli.formats.content import Content
from cli.formats.registry import OtherFormat, pieces_of
from cli.options import ReportOptions
from cli.output.evaluation import DefinitionEntry, DriftEntry, InputError, Location, VerdictEntry
from cli.output.names import FixKind, Outcome
from cli.results import Result, Results
from domain.severity import Severity
from tests.cli.conftest import TEMPLATE, Definition, Run
from tests.cli.files import write
from tests.cli.report_schemas import FORMATS, SECRET, checked

HOSTILE = "we\x1b[31mb\u202e](http://evil.example) @all #1 <script> `x` %0A::error::x ##vso[task] |\n::warning::=1+1"


@pytest.fixture
def hostile(bare: Definition) -> Definition:
    """A definition whose every name is hostile, and that has secrets where people write them."""
    bare["family"] = HOSTILE
    del bare["taskDefinitionArn"]
    bare["containerDefinitions"][0]["name"] = HOSTILE
    bare["containerDefinitions"][0]["environment"].append({"name": "DB_PASSWORD", "value": SECRET})
    bare["containerDefinitions"][0]["dockerLabels"] = {"token": SECRET}
    bare["containerDefinitions"][0]["command"] = ["run", f"--password={SECRET}"]
    bare["tags"] = [{"key": "note", "value": SECRET}]
    return bare


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_is_valid_whatever_is_in_it(run: Run, form: str, floating: Definition, good: Definition) -> None:
    write("some/a/floating.json", floating)
    write("some/b.json", [good, floating | {"family": "other", "taskDefinitionArn": None}])
    write("some/broken.json", "{")
    ran = run("check", "some", "--format", form)
    assert ran.code == 1
    checked(form, ran.out)
    empty = run("check", "some/b.json", "--select", "sidecar.present", "--format", form)
    assert empty.code == 0
    checked(form, empty.out)


@pytest.mark.parametrize("form", [*FORMATS, "table", "json"])
@pytest.mark.parametrize("indent", [None, 2])
def test_hostile_names_stay_names_and_secrets_are_not_shown(
    run: Run, form: str, indent: int | None, hostile: Definition
) -> None:
    write("web.json", json.dumps(hostile, indent=indent))
    ran = run("check", "web.json", "--format", form)
    checked(form, ran.out)
    assert SECRET not in ran.out + ran.err
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
    rows = [row.strip() for row in (ran.out + ran.err).splitlines()]
    assert not [row for row in rows if row.startswith("::") and form != "github"]
    if form == "github":
        assert all(row.startswith(("::error file=web.json,", "::warning file=web.json,")) for row in rows)
    if form == "markdown":
        outside = re.sub(r"(?s)(`+)(?!`).*?(?<!`)\1(?!`)", "", ran.out)
        assert "](http://evil" not in outside
        assert "@all" not in outside
        assert "<script>" not in outside


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_can_be_written_to_a_file(run: Run, form: str, floating: Definition) -> None:
    write("web.json", floating)
    ran = run("check", "web.json", "--format", form, "--output", "report")
    assert (ran.code, ran.out) == (1, "")
    checked(form, Path("report").read_text(encoding="utf-8"))
    refused = run("check", "web.json", "--format", form, "--output", "no/report")
    assert refused.code == 2
    assert refused.err == "no/report cannot be written (no such file or directory).\n"


def test_the_report_is_no_input_and_takes_its_place_when_it_is_complete(
    run: Run, floating: Definition, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("web.json", floating)
    first, second = (run("check", "--format", "json", "--output", "report.json", ".") for _ in range(2))
    assert (first.code, first.err) == (second.code, second.err) == (1, "")
    text = Path("report.json").read_text(encoding="utf-8")
    assert json.loads(text)["skipped"] == []

    def ended(_: object) -> Iterator[Result]:
        yield from ()
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.check.in_order", lambda *_: ended(None))
    assert run("check", "--format", "json", "--output", "report.json", ".").code == 130
    assert Path("report.json").read_text(encoding="utf-8") == text
    assert {each.name for each in Path().iterdir()} == {"report.json", "web.json"}


def test_the_report_overwrites_nothing_that_the_command_needs(run: Run, good: Definition) -> None:
    write("web.json", good)
    write("b.json", {"version": 1, "drifts": []})
    for options in (("web.json",), ("--standard", "web.json"), ("--baseline", "b.json", "--write-baseline")):
        ran = run("check", *options, "--output", f"./{options[-1] if len(options) < 3 else 'b.json'}", "-")
        assert (ran.code, ran.out) == (2, "")
        assert "which this command needs" in ran.err
    assert run("check", "web.json", "--output", os.devnull).code == 0


def test_the_table_in_a_file_has_no_styles(run: Run, floating: Definition) -> None:
    write("web.json", floating)
    assert run("check", "web.json", "--output", "report.txt").out == ""
    assert Path("report.txt").read_text(encoding="utf-8") == run("check", "web.json").out


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "markdown", "gitlab", "csv"])
def test_configurations_have_reports_too(run: Run, form: str) -> None:
    write("collector.yaml", "receivers: {nothing: }\nexporters: {debug: }\nservice: {pipelines: {}}\n")
    ran = run("collector", "collector.yaml", "--format", form)
    assert ran.code == 1
    checked(form, ran.out)
    assert "config.well-formed" in ran.out
    assert run("collector", "collector.yaml", "--format", "asff").code == 2


def prints(run: Run, *arguments: str) -> list[str]:
    results = run("check", "--format", "json", *arguments).results
    return [each["fingerprint"] for entry in results for found in entry["verdicts"] for each in found["drifts"]]


# --- fingerprints -----------------------------------------------------------------------------------------------------


def test_a_fingerprint_stays_when_lines_values_and_revisions_change(run: Run, floating: Definition) -> None:
    write("web.json", json.dumps(floating))
    (first,) = prints(run, "web.json")
    floating["taskDefinitionArn"] = floating["taskDefinitionArn"].replace(":7", ":8")
    floating["containerDefinitions"][1]["image"] = "public.ecr.aws/aws-observability/aws-otel-collector:stable"
    write("web.json", "\n\n" + json.dumps(floating, indent=4))
    assert prints(run, "web.json") == prints(run, "./web.json") == prints(run, str(Path.cwd() / "web.json")) == [first]


def test_each_drift_of_a_run_has_its_own(run: Run, floating: Definition) -> None:
    write("a.json", [floating, floating])
    write("b.json", floating)
    found = prints(run, "a.json", "b.json")
    assert len(set(found)) == len(found) == 3


# --- the others -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["\ufffe", "\uffff", "\x0b"])
def test_junit_is_xml_whatever_a_name_has_in_it(run: Run, floating: Definition, sign: str) -> None:
    floating["containerDefinitions"][1]["name"] = f"adot{sign}-collector"
    write("web.json", floating)
    checked("junit", run("check", "web.json", "--format", "junit").out)


def test_junit_has_a_case_for_each_rule(run: Run, floating: Definition) -> None:
    write("web.json", floating)
    text = run("check", "web.json", "gone.json", "--format", "junit").out
    suites = ET.fromstring(text)  # noqa: S314 - it was made here
    first, inputs = suites.findall("testsuite")
    cases = {case.get("name"): [each.tag for each in case] for case in first.findall("testcase")}
    assert cases["sidecar.image-pinned"] == ["failure"]
    assert cases["sidecar.present"] == []
    assert cases["identity.trust"] == ["skipped"]
    assert (first.get("tests"), first.get("failures")) == (str(len(cases)), "1")
    assert [case.find("error") is not None for case in inputs.findall("testcase")] == [True]


def test_github_gets_annotations_and_a_summary(run: Run, floating: Definition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("before\n", encoding="utf-8")
    write("web.json", floating)
    out = run("check", "web.json", "gone.json", "--format", "github").out
    annotation, error = out.splitlines()
    column = Path("web.json").read_text(encoding="utf-8").index('"public.ecr') + 1
    title = "MEDIUM sidecar.image-pinned (web%3A7)"
    assert annotation.startswith(f"::warning file=web.json,line=1,col={column},title={title}::")
    assert error == "::error file=gone.json,title=outrider::gone.json does not exist. Check the path."
    summary = Path("summary.md").read_text(encoding="utf-8")
    assert summary.startswith("before\n## Outrider: 1 of 1 task definition drifted\n")
    assert "sidecar.image-pinned" in summary


def test_the_summary_leaves_room_for_what_commands_before_wrote(
    run: Run, floating: Definition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("x" * 899_990, encoding="utf-8")
    write("web.json", floating)
    assert run("check", "web.json", "--format", "github").code == 1
    summary = Path("summary.md").read_text(encoding="utf-8")
    assert "1 more drifts, for which there is no room here" in summary
    assert len(summary) < 901_000


def test_a_comment_in_markdown_suggests_the_lines(run: Run, floating: Definition) -> None:
    write("web.json", json.dumps(floating, indent=2))
    out = run("check", "web.json", "--format", "markdown").out
    assert "## Outrider: 1 of 1 task definition drifted" in out
    _, _, suggestion = out.partition("```suggestion\n")
    assert suggestion.partition("```")[0] == (
        '      "image": "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0",\n'
    )


def test_a_comment_stays_within_what_a_forge_takes(run: Run, floating: Definition) -> None:
    write("web.json", json.dumps([floating | {"family": f"family-{number}"} for number in range(300)]))
    out = run("check", "web.json", "--format", "markdown").out
    assert len(out) < 65_536
    assert "## Outrider: 300 of 300 task definitions drifted" in out
    assert "more drifts, for which there is no room here." in out


def test_csv_has_no_formulas(run: Run, floating: Definition) -> None:
    floating["family"] = "=HYPERLINK(1)"
    del floating["taskDefinitionArn"]
    out = run("check", write("web.json", floating), "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert {row["resource"] for row in rows} == {"'=HYPERLINK(1)"}
    assert [row["rule"] for row in rows if row["verdict"] == "drifted"] == ["sidecar.image-pinned"]
    assert [row["why"] for row in rows if row["rule"] == "identity.trust"] != [""]


def test_asff_needs_an_account_and_a_region(run: Run, floating: Definition) -> None:
    for name in ("taskDefinitionArn", "executionRoleArn", "taskRoleArn"):
        floating.pop(name, None)
    write("web.json", floating)
    ran = run("check", "web.json", "--format", "asff")
    assert ran.json == []
    assert "web.json: web has no finding, because its account or region is not known." in ran.err
    ran = run("check", "web.json", "--format", "asff", "--account", "210987654321", "--region", "eu-west-3")
    checked("asff", ran.out)
    assert {each["AwsAccountId"] for each in ran.json} == {"210987654321"}
    assert run("check", "web.json", "--account", "12").code == 2


def test_what_stands_for_account_and_region_of_a_template_is_not_in_asff(run: Run) -> None:
    write("template.yaml", TEMPLATE)
    ran = run("check", "template.yaml", "--format", "asff")
    assert ran.json == []
    assert "web has no finding, because its account or region is not known." in ran.err
    named = run("check", "template.yaml", "--format", "asff", "--account", "210987654321", "--region", "eu-west-3")
    assert {(each["AwsAccountId"], each["Region"]) for each in named.json} == {("210987654321", "eu-west-3")}


def test_ids_in_asff_are_not_those_of_the_service(run: Run, floating: Definition) -> None:
    (finding,) = run("check", write("web.json", floating), "--format", "asff").json
    assert finding["Id"].startswith("outrider-check/")
    assert "Other" in finding["Resources"][0]["Details"]


def located(form: OtherFormat) -> str:
    """Return a report of one drift whose place in the source is known."""
    drift = DriftEntry(
        "c", "containers/web", "It is wrong.", "", "", Severity.HIGH, "f" * 32, location=Location("infra/web.tf", 12, 7)
    )
    verdict = VerdictEntry("sidecar.present", "p", Outcome.DRIFTED, Severity.HIGH, (drift,), FixKind.NONE, "", (), ())
    result = Results(form).of(DefinitionEntry("infra/web.tf", "web", None, (verdict,)))
    content = Content([result], [InputError("-", "No.")], "task definition", ReportOptions(format=form))
    return "".join(pieces_of(form, content))


# --- places in the source ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "place"),
    [
        ("sarif", '"uri": "infra/web.tf"}, "region": {"startLine": 12, "startColumn": 7}'),
        ("github", "::error file=infra/web.tf,line=12,col=7,"),
        ("markdown", "at `infra/web.tf:12`"),
        ("gitlab", '"location": {"path": "infra/web.tf", "lines": {"begin": 12}}'),
        ("csv", "infra/web.tf,12,7,web,sidecar.present"),
    ],
)
def test_a_report_points_at_the_value(form: OtherFormat, place: str) -> None:
    checked(form, located(form))
    assert place in located(form)
