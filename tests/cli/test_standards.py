"""`outrider standard`: what is wrong in a standard, the packaged one, and what another would change."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.organization import Membership
from domain.places import Revision
from domain.standard import Mode, Standard, default_standard
from domain.standard.part import model_of
from rules import CATALOGUE
from tests.cli.conftest import Definition, Run
from tests.cli.requesting import stack
from tests.handlers.conftest import SRC
from tests.operations.conftest import sessions, world
from tests.operations.world import (
    BROKEN,
    FLOATING,
    PARAMETER,
    PLACE,
    REGION,
    STANDARD,
    World,
    definition,
    registered,
    service_changed,
)

__all__ = ["sessions", "world"]


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return path.name


# --- show -------------------------------------------------------------------------------------------------------------

LAYERED = """\
version: 1
name: acme
mode: register
locked: {rules: sidecar.image-approved}
layers:
  - where: {unit: ou-ab12-11111111}
    set: {collector: {cpu: 128, memory: 300}}
  - where: {account: '123456789012'}
    mode: deploy
    rules: [{rules: task.*, severity: LOW}]
    set: {collector: {cpu: 512, support_days: 90}}
"""
OF_ACCOUNT = ("standard", "show", "--account", "123456789012")


def test_the_standard_of_an_account_names_the_line_of_each_value(run: Run, tmp_path: Path) -> None:
    name = written(tmp_path / "s.yaml", LAYERED)
    ran = run(*OF_ACCOUNT, "--standard", name, "--unit", "r-ab12,ou-ab12-11111111")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[:5] == [
        "# The standard acme for account 123456789012.",
        "# Layers, of which the last one wins: layers[0], layers[1].",
        "version: 1  # version, line 1",
        "name: acme  # name, line 2",
        "mode: deploy  # layers[1].mode, line 9",
    ]
    for line in (
        "  cpu: 512  # layers[1].set.collector.cpu, line 11",
        "  memory: 300  # layers[0].set.collector.memory, line 7",
        "  minimum_release: v0.47.0",
        "  - {rules: [task.*], severity: LOW}  # layers[1].rules[0], line 10",
    ):
        assert line in ran.out.splitlines()


def test_the_standard_of_an_account_is_one_that_other_commands_take(run: Run, tmp_path: Path) -> None:
    """It says what the service evaluates by, also for a locked rule."""
    name = written(tmp_path / "s.yaml", LAYERED)
    own = Standard.parse(run(*OF_ACCOUNT, "--standard", name).out)
    assert (own.collector.cpu, own.mode, own.layers) == (512, Mode.DEPLOY, ())
    rules = {rule.id: own.setting_by(rule, tuple(range(len(own.rules)))) for rule in CATALOGUE}
    assert rules["sidecar.image-approved"].standard.collector.support_days == 60
    assert rules["sidecar.image-pinned"].standard.collector.support_days == 90


def test_without_its_unit_the_layers_of_units_are_left_out_and_that_is_said(run: Run, tmp_path: Path) -> None:
    ran = run(*OF_ACCOUNT, "--standard", written(tmp_path / "s.yaml", LAYERED))
    assert "# Its organisational unit is not known: layers that select by unit do not count." in ran.out
    assert "# Layers, of which the last one wins: layers[1]." in ran.out
    assert "  memory: 512" in ran.out.splitlines()


def test_the_stacks_own_standard_is_shown_with_what_the_ledger_knows_of_the_account(run: Run, world: World) -> None:
    world.client("ssm").put_parameter(Name=STANDARD, Value=LAYERED, Type="String", Overwrite=True)
    stack(world)
    world.stacks["outrider"]["Parameters"].append(
        {"ParameterKey": "StandardLocation", "ParameterValue": f"ssm:{STANDARD}"}
    )
    world.ledger.accounts.keep([Membership("123456789012", ("r-ab12", "ou-ab12-11111111"))])
    assert "# Layers, of which the last one wins: layers[0], layers[1]." in run(*OF_ACCOUNT, "--region", REGION).out


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("--unit", "ou-ab12-11111111"), "Name the account with --account."),
        (("--account", "12"), "takes an account number of 12 digits"),
        (("--account", "123456789012", "--standard", "s.yaml", "--tags", "production"), "--tags takes KEY=VALUE"),
    ],
)
def test_what_cannot_be_shown_is_said(run: Run, tmp_path: Path, given: tuple[str, ...], why: str) -> None:
    written(tmp_path / "s.yaml", LAYERED)
    ran = run("standard", "show", *given)
    assert ran.code == 2
    assert why in ran.err


# --- validate ---------------------------------------------------------------------------------------------------------


def test_a_good_standard_has_no_problems(run: Run, tmp_path: Path) -> None:
    ran = run("standard", "validate", written(tmp_path / "s.yaml", "version: 1\nname: good\n"))
    assert (ran.code, ran.out, ran.err) == (0, "s.yaml: no problems.\n", "")


def test_warnings_are_shown_and_end_with_1(run: Run, tmp_path: Path) -> None:
    ran = run(
        "standard", "validate", written(tmp_path / "s.yaml", "version: 1\nremediation: {leave_to: [Terraform]}\n")
    )
    assert ran.code == 1
    assert ran.out.splitlines() == [
        (
            "s.yaml, line 2: warning: remediation.leave_to[0] Terraform matches the bare name alone; write Terraform*"
            " to match `Terraform (as its tag … says)` too. [only-bare-name]"
        ),
        "s.yaml: 1 warning.",
    ]


def test_every_problem_of_every_file_is_data_in_json(run: Run, tmp_path: Path) -> None:
    text = "version: 1\nservices: {gateways: [scraper]}\nrules: [{rules: task.*, where: {family: web}}]\n"
    files = written(tmp_path / "a.yaml", text), written(tmp_path / "b.yaml", "version: 1\n")
    ran = run("standard", "validate", *files, "--format", "json")
    assert ran.code == 2
    assert ran.results == [
        {
            "file": "a.yaml",
            "problems": [
                {
                    "code": "matches-nothing",
                    "severity": "error",
                    "line": 2,
                    "path": "services.gateways[0]",
                    "sentence": "services.gateways[0] scraper can match no service: a service is written"
                    " `cluster/service`; write */scraper for that of any cluster.",
                },
                {
                    "code": "nothing-set",
                    "severity": "warning",
                    "line": 3,
                    "path": "rules[0]",
                    "sentence": "rules[0] sets nothing: add mode, approval, severity or set.",
                },
            ],
        },
        {"file": "b.yaml", "problems": []},
    ]


@pytest.mark.parametrize(
    ("text", "code", "line", "path"),
    [
        ("version: 2\n", "wrong-value", 1, "version"),
        ("name: x\n", "missing-field", 1, "version"),
        ("version: 1\ncolector: {}\n", "unknown-field", 2, "colector"),
        ("version: 1\nversion: 1\n", "repeated-field", 2, ""),
        ("version: 1\nname: [\n", "not-yaml", 3, ""),
        ("- x\n", "not-a-mapping", None, ""),
        ("version: 1\nname: " + "x" * 300_000, "too-large", None, ""),
        ("version: 1\nx: " + "[" * 50 + "]" * 50, "too-deep", 2, ""),
        ("version: 1\ncollector: {also: ['*/cloudwatch-agent']}\n", "wrong-value", 2, "collector.also[0]"),
    ],
)
def test_what_is_no_standard_has_codes_too(run: Run, text: str, code: str, line: int | None, path: str) -> None:
    ran = run("standard", "validate", "-", "--format", "json", stdin=text.encode())
    assert ran.code == 2
    [entry] = ran.results
    assert entry["file"] == "Standard input"
    [problem] = entry["problems"]
    assert (problem["code"], problem["line"], problem["path"]) == (code, line, path)
    assert problem["severity"] == "error"


def test_a_file_that_cannot_be_read_stops_no_other(run: Run, tmp_path: Path) -> None:
    ran = run("standard", "validate", "none.yaml", written(tmp_path / "s.yaml", "version: 1\n"))
    assert (ran.code, ran.err) == (2, "none.yaml does not exist. Check the path.\n")
    assert ran.out == "s.yaml: no problems.\n"


def test_validating_does_not_load_boto3(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("version: 1\n", encoding="utf-8")
    code = (
        "import sys; from cli.main import main; main(['standard', 'validate', sys.argv[1]]);"
        "print([name for name in ('boto3', 'botocore') if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run(  # noqa: S603 - this project's code
        [sys.executable, "-c", code, str(path)],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True,
        check=True,
    )
    assert ran.stderr == b"[]\n"


# --- show -------------------------------------------------------------------------------------------------------------


def test_what_is_shown_is_the_packaged_standard_with_all_its_fields(run: Run, tmp_path: Path) -> None:
    ran = run("standard", "show")
    assert ran.code == 0
    assert Standard.parse(ran.out) == default_standard()
    content = yaml.safe_load(ran.out)
    assert set(content) == set(model_of(Standard).model_fields)
    assert set(content["remediation"]) == set(model_of(type(default_standard().remediation)).model_fields)
    assert "# The oldest accepted release" in ran.out
    assert run("standard", "validate", written(tmp_path / "s.yaml", ran.out)).code == 0


# --- diff on files ----------------------------------------------------------------------------------------------------

OLD = "version: 1\n"
CHANGES = {
    "collector: {cpu: 512}": ("sidecar.resources", "appears", "compliant", "drifted"),
    "rules: [{rules: sidecar.image-pinned, mode: off}]": ("sidecar.image-pinned", "disappears", "drifted", None),
    "rules: [{rules: sidecar.*, severity: CRITICAL}]": ("sidecar.image-pinned", "raised", "drifted", "drifted"),
    "rules: [{rules: sidecar.image-pinned, severity: LOW}]": ("sidecar.image-pinned", "lowered", "drifted", "drifted"),
    "rules: [{rules: sidecar.*, mode: deploy}]": ("sidecar.image-pinned", "mode", "drifted", "drifted"),
    "rules: [{rules: sidecar.*, mode: deploy, approval: true}]": None,
    "scope: {exclude: [{family: '*web*'}, {family: '*'}]}": ("sidecar.image-pinned", "disappears", "drifted", None),
    "exemptions: [{rules: sidecar.image-pinned, where: {family: '*'}, reason: being replaced}]": (
        "sidecar.image-pinned", "disappears", "drifted", "exempt",
    ),
    "name: another": None,
}  # fmt: skip


@pytest.mark.parametrize(("text", "change"), CHANGES.items(), ids=lambda value: str(value)[:50])
def test_what_would_change_on_files(
    run: Run, tmp_path: Path, floating: Definition, text: str, change: tuple[str, ...] | None
) -> None:
    written(tmp_path / "web.json", json.dumps(floating))
    new = written(tmp_path / "new.yaml", f"{OLD}{text}\n")
    ran = run("standard", "diff", "web.json", "--standard", new, "--format", "json")
    [entry] = ran.results
    found = [
        (each["rule"], each["change"], (each["before"] or {}).get("verdict"), (each["after"] or {}).get("verdict"))
        for each in entry["changes"]
    ]
    assert found == ([change] if change else [])
    assert ran.code == (1 if change else 0)
    back = run("standard", "diff", "web.json", "--standard", written(tmp_path / "old.yaml", OLD), "--against", new)
    assert back.code == ran.code


def test_people_read_what_would_change_by_file(run: Run, tmp_path: Path, floating: Definition) -> None:
    written(tmp_path / "web.json", json.dumps(floating))
    text = "rules: [{rules: sidecar.image-pinned, severity: CRITICAL, mode: register}]\ncollector: {cpu: 512}\n"
    ran = run("standard", "diff", ".", "--standard", written(tmp_path / "new.yaml", OLD + text))
    assert ran.out.splitlines()[2:] == [
        "    more severe: sidecar.image-pinned, MEDIUM -> CRITICAL, report -> register",
        "    new: sidecar.resources, MEDIUM, report",
        "1 new, 1 more severe.",
    ]
    same = run("standard", "diff", ".", "--standard", "new.yaml", "--against", "new.yaml")
    assert (same.code, same.out) == (0, "Nothing changes.\n")


def test_a_new_standard_that_would_be_refused_is_and_an_old_one_is_not(
    run: Run, tmp_path: Path, good: Definition
) -> None:
    written(tmp_path / "web.json", json.dumps(good))
    refused = written(tmp_path / "new.yaml", "version: 1\nservices: {gateways: [scraper]}\n")
    ran = run("standard", "diff", "web.json", "--standard", refused)
    assert ran.code == 2
    assert "write */scraper" in ran.err
    fine = written(tmp_path / "fine.yaml", OLD)
    assert run("standard", "diff", "web.json", "--standard", fine, "--against", refused).code == 0


def test_nothing_to_compare_on_is_said(run: Run, tmp_path: Path) -> None:
    ran = run("standard", "diff", "--standard", written(tmp_path / "s.yaml", OLD))
    assert (ran.code, ran.err) == (
        2, "Name a file or a folder with task definitions, or a stack with --stack.\n"
    )  # fmt: skip


# --- diff on a ledger -------------------------------------------------------------------------------------------------


@pytest.fixture
def account(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Web has a floating image, jobs a broken configuration; shop/web runs an old platform."""
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr("cli.deployed.Sessions", lambda *_, **__: world.sessions)
    world.sessions.__dict__.pop("caller", None)
    stack(world, "report")
    world.stacks["outrider"]["Parameters"] += [
        {"ParameterKey": "StandardLocation", "ParameterValue": f"ssm:{STANDARD}"}
    ]
    inspector = world.inspector(standard=OLD, rules=CATALOGUE)
    web = world.register(definition(collector=FLOATING))
    world.client("ssm").put_parameter(Name=PARAMETER, Value=BROKEN, Type="String", Overwrite=True)
    messages = [registered(web), registered(world.register(definition("jobs")))]
    world.sees(*messages, service_changed(world.run(web, platform="1.3.0")), inspector=inspector)
    return world


def compared(run: Run, text: str, tmp_path: Path, *options: str) -> dict[str, list[Any]]:
    new = written(tmp_path / "new.yaml", f"{OLD}{text}\n")
    ran = run("standard", "diff", "--standard", new, "--stack", "outrider", "--format", "json", *options)
    assert ran.code in {0, 1}, ran.err
    assert all(entry["compared"] for entry in ran.results)
    return {entry["resource"]: [(each["rule"], each["change"]) for each in entry["changes"]] for entry in ran.results}


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("name: another", {}),
        ("rules: [{rules: sidecar.image-pinned, mode: off}]", {"web:1": [("sidecar.image-pinned", "disappears")]}),
        # The configuration is not in the ledger, its finding is.
        (
            "rules: [{rules: config.well-formed, where: {family: jobs}, severity: LOW}]",
            {"jobs:1": [("config.well-formed", "lowered")]},
        ),
        (
            "rules: [{rules: service.*, where: {cluster: shop}, severity: CRITICAL}]",
            {"shop/web": [("service.platform-version", "raised")]},
        ),
        (
            "exemptions: [{rules: service.*, where: {service: web}, reason: being replaced}]",
            {"shop/web": [("service.platform-version", "disappears")]},
        ),
        (
            "collector: {cpu: 512}",
            {"jobs:1": [("sidecar.resources", "appears")], "web:1": [("sidecar.resources", "appears")]},
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_would_change_in_an_account(
    account: World, run: Run, tmp_path: Path, text: str, changes: dict[str, list[Any]]
) -> None:
    before, calls = account.dump(), dict(account.calls)
    assert compared(run, text, tmp_path) == changes
    assert account.dump() == before
    new = {name: number - calls.get(name, 0) for name, number in account.calls.items()}
    assert {name for name, number in new.items() if number} <= {
        "DescribeStacks", "GetParameter", "Scan", "GetItem", "Query", "GetCallerIdentity",
    }  # fmt: skip


def test_the_stacks_standard_is_the_old_one_unless_another_is_named(account: World, run: Run, tmp_path: Path) -> None:
    off = "rules: [{rules: sidecar.image-pinned, mode: off}]"
    account.inspector(standard=f"{OLD}{off}\n")
    assert compared(run, "", tmp_path) == {"web:1": [("sidecar.image-pinned", "appears")]}
    assert compared(run, "", tmp_path, "--against", written(tmp_path / "old.yaml", OLD)) == {}


def test_a_family_whose_content_is_not_kept_is_named(account: World, run: Run, tmp_path: Path) -> None:
    account.ledger.revisions.forget(Revision(PLACE, "web", 1))
    ran = run(
        "standard", "diff", "--standard", written(tmp_path / "s.yaml", OLD), "--stack", "outrider"
    )  # fmt: skip
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "Not compared, because the ledger does not have its content: web:1 and 1 more.",
        "Nothing changes.",
    ]


@pytest.mark.usefixtures("account")
def test_a_stack_that_does_not_exist_is_said(run: Run, tmp_path: Path) -> None:
    ran = run("standard", "diff", "--standard", written(tmp_path / "s.yaml", OLD), "--stack", "nothing")
    assert ran.code == 2
    assert ran.err.startswith(f"There is no stack nothing in {REGION}.")
