"""Sources in the manner of public ones: their drifts, at the marked lines, and their fixes.

`drift: RULE …` in a file marks a line where these rules drift. A file that marks none is read without a mistake.
"""

import difflib
import importlib.util
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

FILES = Path(__file__).with_name("iac")
NAMES = sorted(path.relative_to(FILES).as_posix() for path in FILES.rglob("*") if path.is_file())
WITHOUT_DEFINITION = (".tftpl", ".tpl", ".tfvars", "variables.tf", "iam.tf", ".libsonnet")
JSONNET = importlib.util.find_spec("_jsonnet") is not None
SOURCES = [
    name for name in NAMES if not name.endswith(WITHOUT_DEFINITION) and (JSONNET or not name.endswith(".jsonnet"))
]
MARK = re.compile(r"drift: ([a-z. -]+)")


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:
    del run  # which enters the folder
    shutil.copytree(FILES, tmp_path / "iac")
    return tmp_path / "iac"


def drifts(run: Run, name: str) -> list[tuple[str, Any]]:
    ran = run("check", "--format", "json", name)
    assert not ran.json["errors"], ran.err
    return [
        (verdict["rule"], drift["location"])
        for entry in ran.results
        for verdict in entry["verdicts"]
        for drift in verdict["drifts"]
        if verdict["verdict"] == "drifted"
    ]


def marked(text: str) -> set[tuple[str, int]]:
    rows = enumerate(text.split("\n"), 1)
    return {(rule, number) for number, row in rows if (found := MARK.search(row)) for rule in found[1].split()}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", SOURCES)
def test_each_marked_line_has_its_drifts_and_each_drift_has_a_place(run: Run, name: str) -> None:
    found = drifts(run, f"iac/{name}")
    text = (FILES / name).read_text(encoding="utf-8")
    assert marked(text) <= {(rule, place["line"]) for rule, place in found if place["file"] == f"iac/{name}"}
    for _, place in found:
        row = Path(place["file"]).read_text(encoding="utf-8").split("\n")[place["line"] - 1]
        assert place["column"] <= len(row) + 1
        assert not row[place["column"] - 1 :].startswith((" ", "\t"))


@pytest.mark.parametrize("name", [name for name in SOURCES if "plan" not in name])
def test_after_a_fix_only_lines_of_changes_differ_and_it_changes_nothing_more(
    run: Run, folder: Path, name: str
) -> None:
    before = (folder / name).read_text(encoding="utf-8")
    planned = run("fix", "--review", "--diff", f"iac/{name}").out.count("\n@@ ")
    ran = run("fix", "--review", "--write", f"iac/{name}")
    after = (folder / name).read_text(encoding="utf-8")
    rows = [row for row in difflib.ndiff(before.split("\n"), after.split("\n")) if row[0] in "+-"]
    assert sum(row[0] == "-" for row in rows) <= planned, ran.err
    if "by hand" not in ran.err:
        fixed = set(re.findall(r"[a-z]+\.[a-z-]+", " ".join(re.findall(r": fixed (.*)\.\n", ran.err))))
        assert not fixed & {rule for rule, _ in drifts(run, f"iac/{name}")}, "\n".join(rows)
    run("fix", "--review", "--write", f"iac/{name}")
    assert (folder / name).read_text(encoding="utf-8") == after


def test_a_value_that_is_not_resolved_makes_no_drift_and_no_pass(run: Run, folder: Path) -> None:
    text = (FILES / "stack.yaml").read_text(encoding="utf-8")
    text = text.replace("public.ecr.aws/aws-observability/aws-otel-collector:latest", "!Ref Image")
    (folder / "open.yaml").write_text(text.replace('"1024"', "!ImportValue memory"), encoding="utf-8")
    ran = run("check", "--format", "json", "iac/open.yaml")
    verdicts = {each["rule"]: each for each in ran.results[0]["verdicts"]}
    assert verdicts["sidecar.present"]["verdict"] == "unknown"
    assert "Image" in verdicts["sidecar.present"]["reasons"][0]
    assert verdicts["task.size"]["verdict"] == "unknown"
    assert verdicts["service.platform-version"]["verdict"] == "drifted"


def test_what_stands_for_region_and_account_is_not_shown(run: Run, folder: Path) -> None:
    del folder
    ran = run("check", "--format", "json", "iac/stack.yaml")
    assert "zz-region-1" not in ran.out
    assert "000000000000" not in ran.out
    assert "${AWS::Region}" in ran.out
    assert "zz-region-1" not in run("fix", "--review", "iac/stack.yaml").out


def test_containers_that_are_there_only_perhaps_make_no_verdict_about_them(run: Run, folder: Path) -> None:
    del folder
    ran = run("check", "--format", "json", "iac/tf-conditional/main.tf")
    verdicts = {each["rule"]: each for each in ran.results[0]["verdicts"]}
    assert verdicts["sidecar.present"]["verdict"] == "unknown"
    assert verdicts["task.size"]["verdict"] == "compliant"


def test_a_launch_type_that_is_not_known_is_said(run: Run, folder: Path) -> None:
    del folder
    ran = run("check", "--format", "json", "iac/cfn/launch-type.yaml")
    assert not ran.results[0]["verdicts"] or "LaunchType" in ran.out


def test_a_plan_is_checked_and_not_written(run: Run, folder: Path) -> None:
    before = (folder / "plan.json").read_text(encoding="utf-8")
    ran = run("fix", "--write", "iac/plan.json")
    assert (folder / "plan.json").read_text(encoding="utf-8") == before
    assert "by hand" in ran.err
    assert ran.code == 1


def test_a_folder_of_all_kinds_is_evaluated_in_one_run(run: Run, folder: Path) -> None:
    del folder
    ran = run("check", "--format", "json", "iac")
    assert not [error for error in ran.json["errors"] if not re.search("tf-broken|jsonnet$", error["file"])]
    assert len({entry["file"] for entry in ran.results}) == len(SOURCES)


def test_values_of_the_environment_and_configurations_are_not_shown(run: Run, folder: Path) -> None:
    for name in ("stack.yaml", "tf-whole/main.tf"):
        text = (folder / name).read_text(encoding="utf-8")
        text = text.replace("Value: web\n", "Value: s3cr3t-value\n").replace('value = "web"', 'value = "s3cr3t-value"')
        (folder / name).write_text(text.replace("awsxray:", "awsxray/s3cr3t:"), encoding="utf-8")
        assert "s3cr3t-value" in text
        ran = run("check", f"iac/{name}")
        assert "s3cr3t-value" not in ran.out + ran.err
        fixed = run("fix", "--review", "--diff", f"iac/{name}")
        assert "s3cr3t-value" not in fixed.out + fixed.err


def test_a_definition_whose_containers_are_elsewhere_is_named(run: Run, folder: Path) -> None:
    del folder
    results = {each["resource"]: each for each in run("check", "--format", "json", "iac/tf-opaque/main.tf").results}
    assert "not known" in results["opaque"]["not_evaluated"]
    assert results["known"]["not_evaluated"] is None


@pytest.mark.parametrize("name", ["tf-two-services/main.tf", "cfn/two-services.yaml"])
def test_a_definition_that_several_services_run_is_listed_once(run: Run, folder: Path, name: str) -> None:
    (entry,) = run("check", "--format", "json", f"iac/{name}").results
    rules = [each["rule"] for each in entry["verdicts"]]
    assert len(rules) == len({*rules})
    (breaker,) = [each for each in entry["verdicts"] if each["rule"] == "service.platform-version"]
    assert len({drift["location"]["line"] for drift in breaker["drifts"]}) == 2
    prints = [drift["fingerprint"] for each in entry["verdicts"] for drift in each["drifts"]]
    assert len(prints) == len({*prints})
    fixed = run("fix", "--review", "--diff", f"iac/{name}")
    heads = [row for row in fixed.out.split("\n") if row.startswith("@@")]
    assert len(heads) == len({*heads})
    assert fixed.out.count("+++ ") == 1
    (log,) = run("check", "--format", "sarif", f"iac/{name}").json["runs"]
    regions = [
        replacement["deletedRegion"]["startLine"]
        for result in log["results"]
        if result["ruleId"] == "task.size"
        for fix in result.get("fixes", ())
        for change in fix["artifactChanges"]
        for replacement in change["replacements"]
    ]
    text = (folder / name).read_text(encoding="utf-8")
    assert all("512" in text.split("\n")[line - 1] for line in regions)


@pytest.mark.parametrize(
    ("name", "region"),
    [("stack.yaml", "region: ${AWS::Region}"), ("tf-whole/main.tf", "${data.aws_region.current.name}")],
)
def test_a_region_that_is_written_may_be_that_of_the_stack(run: Run, folder: Path, name: str, region: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    text = text.replace("            regoin: x\n", "").replace("regoin", "region")
    written = region.replace("${AWS::Region}", "us-west-2").replace("${data.aws_region.current.name}", "us-west-2")
    (folder / name).write_text(text.replace(region, written, 1), encoding="utf-8")
    ran = run("check", "--format", "json", "--select", "config.region", f"iac/{name}")
    (verdict,) = ran.results[0]["verdicts"]
    assert verdict["verdict"] == "unknown", verdict
    assert "region" in verdict["reasons"][0] or "source" in verdict["reasons"][0]


@pytest.mark.parametrize(
    ("name", "collector"),
    [
        ("tf-two-services/main.tf", ' }, { name = "adot", image = join(":", ["IMAGE", "latest"])'),
        ("cfn/two-services.yaml", '\n        - Name: adot\n          Image: !Join [":", [IMAGE, latest]]'),
    ],
)
def test_what_is_not_written_is_by_hand_for_each_service_that_runs_the_definition(
    run: Run, folder: Path, name: str, collector: str
) -> None:
    text, last = (folder / name).read_text(encoding="utf-8"), "envoyproxy/envoy:v1.30.1"
    last += '"' if name.endswith(".tf") else ""
    added = last + collector.replace("IMAGE", "public.ecr.aws/aws-observability/aws-otel-collector")
    (folder / name).write_text(text.replace(last, added), encoding="utf-8")
    ran = run("fix", "--review", "--diff", "--select", "sidecar.image-pinned,service.platform-version", f"iac/{name}")
    assert "edge: fixed service.platform-version.\n" in ran.err
    assert "edge: to be fixed by hand: sidecar.image-pinned.\n" in ran.err
    assert ran.err.count("sidecar.image-pinned") == 1
    heads = [row for row in ran.out.split("\n") if row.startswith("@@")]
    assert ["(by hand)" in row for row in heads] == ["/image" in row for row in heads]
    assert len(heads) == 3
