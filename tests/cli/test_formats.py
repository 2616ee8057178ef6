"""The forms of a report: each is valid by its published schema, says what the JSON says, and escapes what is hostile.

tests/cli/schemas has SARIF's schema as npm's @microsoft/sarif-multitool has it, and JUnit's as pytest's own tests do.
"""

import csv
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
from botocore import session, validate
from hypothesis import given
from hypothesis import strategies as st
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

from cli.formats.content import Content
from cli.formats.escaping import code, fence, markdown
from cli.formats.registry import OtherFormat, pieces_of
from cli.options import ReportOptions
from cli.output.evaluation import DefinitionEntry, DriftEntry, InputError, Location, VerdictEntry
from cli.output.names import FixKind, Outcome
from cli.results import Results
from cli.terminal import without_commands
from domain.severity import Severity
from tests.cli.conftest import Definition, Run
from tests.cli.test_check import write

SCHEMAS = Path(__file__).parent / "schemas"
FORMATS: tuple[OtherFormat, ...] = ("sarif", "junit", "github", "markdown", "gitlab", "csv", "asff", "ocsf")
HOSTILE = "we\x1b[31mb\u202e](http://evil.example) @all #1 <script> `x` %0A::error::x ##vso[task] |\n::warning::=1+1"
SECRET = "hunter2-hunter2"  # noqa: S105 - it must not be shown


@cache
def sarif() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8")))


@cache
def junit() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")


def checked(form: str, text: str) -> None:
    """Validate a report by the schema of its format."""
    match form:
        case "sarif":
            sarif().validate(json.loads(text))
        case "junit":
            junit().validate(text)
        case "gitlab":
            for issue in json.loads(text):
                assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
                assert {"description", "check_name", "fingerprint", "severity", "location"} <= issue.keys()
                assert issue["location"]["lines"]["begin"] >= 1
                assert not issue["location"]["path"].startswith("./")
        case "asff":
            model = session.Session().get_service_model("securityhub")
            if findings := json.loads(text):
                shape = model.shape_for("BatchImportFindingsRequest")
                problems = validate.ParamValidator().validate({"Findings": findings}, shape)
                assert not problems.has_errors(), problems.generate_report()
        case "ocsf":
            for finding in json.loads(text):
                read = ComplianceFinding.model_validate(finding)
                assert read.type_uid == read.class_uid * 100 + read.activity_id
        case "csv":
            rows = list(csv.reader(io.StringIO(text)))
            assert {len(row) for row in rows} == {len(rows[0])}
        case _:
            assert text.isprintable() or "\n" in text


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


# --- fingerprints -----------------------------------------------------------------------------------------------------


def prints(run: Run, *arguments: str) -> list[str]:
    results = run("check", "--format", "json", *arguments).results
    return [each["fingerprint"] for entry in results for found in entry["verdicts"] for each in found["drifts"]]


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


# --- SARIF ------------------------------------------------------------------------------------------------------------


def log_of(run: Run, *arguments: str) -> Any:
    (log,) = run("check", "--format", "sarif", *arguments).json["runs"]
    return log


def test_sarif_has_rules_with_help_and_pages(run: Run, floating: Definition) -> None:
    log = log_of(run, write("web.json", floating))
    (result,) = log["results"]
    rule = log["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "sidecar.image-pinned"
    assert rule["helpUri"].endswith("/docs/rules/sidecar.image-pinned.html")
    assert rule["help"]["text"]
    assert rule["help"]["markdown"]
    assert result["level"] == "warning"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "web.json"}


def test_sarif_says_which_inputs_could_not_be_read(run: Run, good: Definition) -> None:
    log = log_of(run, write("web.json", good), write("a folder/brok%n.json", "{"))
    (invocation,) = log["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20folder/brok%25n.json"


def applied(text: str, fix: Any) -> str:
    """Return a text after a fix, as an editor makes it: from the last replacement to the first."""
    (change,) = fix["artifactChanges"]
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for each in reversed(change["replacements"]):
        region = each["deletedRegion"]
        begin = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        text = text[:begin] + each["insertedContent"]["text"] + text[end:]
    return text


@pytest.mark.parametrize("form", ["compact", "wide", "windows", "described"])
def test_a_fix_in_sarif_is_what_outrider_fix_writes(run: Run, form: str, floating: Definition) -> None:
    content = {"taskDefinition": floating} if form == "described" else floating
    text = json.dumps(content, indent=None if form == "compact" else 2)
    text = text.replace("\n", "\r\n") if form == "windows" else text
    Path("web.json").write_bytes(text.encode())
    (result,) = log_of(run, "web.json")["results"]
    assert run("fix", "--write", "web.json").code == 0
    assert applied(text, result["fixes"][0]) == Path("web.json").read_bytes().decode()


def test_a_fix_for_one_of_several_definitions_leaves_the_others(run: Run, floating: Definition) -> None:
    text = json.dumps([floating | {"family": "a"}, floating | {"family": "b"}], indent=1)
    write("all.json", text)
    results = log_of(run, "all.json")["results"]
    assert len(results) == 2
    for result in results:
        write("all.json", applied(text, result["fixes"][0]))
        assert len(log_of(run, "all.json")["results"]) == 1


def test_lines_with_a_secret_are_not_suggested(run: Run, floating: Definition) -> None:
    floating["containerDefinitions"][0]["environment"].append({"name": "DB_PASSWORD", "value": SECRET})
    write("web.json", json.dumps(floating))
    assert "```suggestion" not in run("check", "web.json", "--format", "markdown").out
    (result,) = log_of(run, "web.json")["results"]
    assert SECRET not in json.dumps(result["fixes"])
    write("web.json", json.dumps(floating, indent=2))
    assert "```suggestion" in run("check", "web.json", "--format", "markdown").out


# --- the others -------------------------------------------------------------------------------------------------------


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


def test_ids_in_asff_are_not_those_of_the_service(run: Run, floating: Definition) -> None:
    (finding,) = run("check", write("web.json", floating), "--format", "asff").json
    assert finding["Id"].startswith("outrider-check/")
    assert "Other" in finding["Resources"][0]["Details"]


# --- places in the source ---------------------------------------------------------------------------------------------


def located(form: OtherFormat) -> str:
    """Return a report of one drift whose place in the source is known."""
    drift = DriftEntry(
        "c", "containers/web", "It is wrong.", "", "", Severity.HIGH, "f" * 32, location=Location("infra/web.tf", 12, 7)
    )
    verdict = VerdictEntry("sidecar.present", "p", Outcome.DRIFTED, Severity.HIGH, (drift,), FixKind.NONE, "", (), ())
    result = Results(form).of(DefinitionEntry("infra/web.tf", "web", None, (verdict,)))
    content = Content([result], [InputError("-", "No.")], "task definition", ReportOptions(format=form))
    return "".join(pieces_of(form, content))


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


# --- escaping ---------------------------------------------------------------------------------------------------------


def test_markdown_has_no_link_mention_or_reference_of_a_name() -> None:
    shown = markdown("[a](http://x) @me #1 GH-2 www.x.y <b> `c` *d* _e_ ~f~ |")
    for mark in ("[", "](", "http://", "@me", "#1 ", "GH-2", "www.x", "<b>", "`", "*", "_", "~", "|"):
        assert mark not in shown
    assert markdown("# a").startswith("\\#")
    assert markdown("1. a").startswith("\\1")


@given(st.text(alphabet="`ab \n"))
def test_a_code_span_and_a_block_hold_what_they_are_given(text: str) -> None:
    span = code(text)
    marks = len(span) - len(span.lstrip("`"))
    assert "`" * marks not in span[marks:-marks] if span else not text.strip()
    assert fence(text) not in text


@pytest.mark.parametrize("text", ["::error::x", "  ::set-output name=a::b", "##[error]x", "a ##vso[task.complete]b"])
def test_no_row_is_a_command_of_a_pipeline(text: str) -> None:
    row = without_commands(text)
    assert not row.strip().startswith("::")
    assert "##[" not in row
    assert "##vso[" not in row


def test_addresses_stay_as_they_are() -> None:
    for text in ("::1 is loopback", "http://[::1]:4317", "## Title", "a::b"):
        assert without_commands(text) == text


def test_a_long_list_of_definitions_has_drifts_and_no_suggestions(run: Run, floating: Definition) -> None:
    write("many.json", json.dumps([floating | {"family": f"family-{number}"} for number in range(100)], indent=2))
    results = log_of(run, "many.json")["results"]
    assert len(results) == 100
    assert not [each for each in results if "fixes" in each]


def test_suggestions_are_those_of_their_files_where_several_processes_evaluate(run: Run, floating: Definition) -> None:
    for number in range(80):
        write(f"all/{number:02}.json", json.dumps(floating, indent=1 + number % 3))
    results = log_of(run, "all")["results"]
    assert len(results) == 80
    for result in results:
        (change,) = result["fixes"][0]["artifactChanges"]
        path = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert change["artifactLocation"]["uri"] == path
        text = applied(Path(path).read_text(encoding="utf-8"), result["fixes"][0])
        assert ":latest" not in text
        json.loads(text)


TEMPLATE = """\
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web  # the name
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: 1024
      Memory: 2048
      ContainerDefinitions:
        - Name: app
          Image: example/app:1.0.0
        - Name: adot-collector
          # to be pinned
          Image: public.ecr.aws/aws-observability/aws-otel-collector:latest
          Essential: false
          LogConfiguration:
            LogDriver: awslogs
            Options: {awslogs-group: /ecs/web, awslogs-region: !Ref AWS::Region, awslogs-stream-prefix: ecs}
"""


def test_a_template_has_its_drift_and_its_fix_on_the_line_of_the_value(run: Run) -> None:
    write("stack.yaml", TEMPLATE)
    log = log_of(run, "stack.yaml", "--select", "sidecar.image-pinned")
    sarif().validate(run("check", "stack.yaml", "--format", "sarif").json)
    (result,) = log["results"]
    line = 1 + TEMPLATE.splitlines().index(
        "          Image: public.ecr.aws/aws-observability/aws-otel-collector:latest"
    )
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == line
    (fix,) = result["fixes"]
    assert applied(TEMPLATE, fix) == TEMPLATE.replace("collector:latest", "collector:v0.49.0")
    for form in FORMATS:
        ran = run("check", "stack.yaml", "--format", form, "--account", "123456789012", "--region", "eu-west-1")
        checked(form, ran.out)


def test_a_comment_in_a_template_exempts(run: Run) -> None:
    comment = "# outrider:exempt sidecar.image-pinned until 2999-01-31: For this test."
    write("stack.yaml", TEMPLATE.replace("# to be pinned", comment))
    assert log_of(run, "stack.yaml", "--select", "sidecar.image-pinned")["results"] == []
    assert run("fix", "stack.yaml", "--select", "sidecar.image-pinned").code == 0
