"""Reports checked by the published schemas of their formats.

tests/cli/schemas has SARIF's schema as npm's @microsoft/sarif-multitool has it, and JUnit's as pytest's own tests do.
"""

import csv
import io
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
from botocore import session, validate
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

from cli.formats.registry import OtherFormat
from tests.cli.conftest import Run

if TYPE_CHECKING:
    import xmlschema

SCHEMAS = Path(__file__).parent / "schemas"
FORMATS: tuple[OtherFormat, ...] = ("sarif", "junit", "github", "markdown", "gitlab", "csv", "asff", "ocsf")
SECRET = "hunter2-hunter2"  # noqa: S105 - it must not be shown


@cache
def sarif() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8")))


@cache
def junit() -> "xmlschema.XMLSchema":
    import xmlschema  # noqa: PLC0415 - one test needs it; every worker collects this module

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


def log_of(run: Run, *arguments: str) -> Any:
    (log,) = run("check", "--format", "sarif", *arguments).json["runs"]
    return log


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
