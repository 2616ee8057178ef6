"""`outrider scan`, against the fake AWS: what is there, what could not be read, and that it only reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli.policy import SCAN
from operations.scan.reading import Patience
from tests.aws_fake.watching import WRITES
from tests.cli.conftest import Ran, Run, held
from tests.cli.report_schemas import FORMATS, SECRET, checked
from tests.cli.requesting import stack
from tests.operations.conftest import sessions, world
from tests.operations.world import ACCOUNT, CANARY, FLOATING, REGION, World, definition, without_collector
from tests.reports.test_fleet import unpacked

__all__ = ["sessions", "world"]


PACKAGED = "By the packaged standard. --stack takes that of a deployed stack, --standard that of a file.\n"


@pytest.fixture(autouse=True)
def _here(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr("cli.deployed.Sessions", lambda *_, **__: world.sessions)
    world.sessions.__dict__.pop("caller", None)


def entries(ran: Ran) -> dict[str, Any]:
    """The results by service, or family."""
    return {each["service"] or each["family"]: each for each in ran.results}


def coverage(ran: Ran) -> dict[str, Any]:
    return {each["kind"]: each for each in ran.json["coverage"]}


def drifted(entry: Any) -> dict[str, str]:
    return {each["rule"]: each["severity"] for each in entry["verdicts"] if each["verdict"] == "drifted"}


@pytest.fixture
def account(world: World) -> World:
    """A service that is fine, one that drifted, a family that nothing runs, and one on EC2."""
    world.run(world.register(definition("web")), "web")
    world.run(world.register(without_collector("shop")), "shop")
    world.register(definition("unused", collector=FLOATING))
    world.register(definition("classic") | {"requiresCompatibilities": ["EC2"], "networkMode": "bridge"})
    return world


@pytest.mark.usefixtures("account")
def test_it_evaluates_services_and_families_that_none_runs(run: Run) -> None:
    ran = run("scan", "--format", "json")
    found = entries(ran)
    assert (ran.code, ran.err) == (1, PACKAGED)
    held("scan", ran.json)
    assert {*found} == {"shop/shop", "shop/web", "classic", "unused"}
    assert drifted(found["shop/shop"])["sidecar.present"] == "HIGH"
    assert found["shop/shop"]["plan"]
    assert drifted(found["unused"])["sidecar.image-pinned"] == "LOW", "nothing runs it"
    assert "EC2" in found["classic"]["not_evaluated"]
    assert found["shop/shop"]["team"] == "shop"


@pytest.mark.usefixtures("account")
def test_the_table_lists_what_drifted_by_place(run: Run) -> None:
    ran = run("scan")
    assert ran.out.startswith(f"{ACCOUNT}/{REGION}\n")
    assert "shop/shop (shop:1): sidecar.present" in ran.out
    assert "1 not evaluated." in ran.out


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("form", FORMATS)
def test_it_prints_every_format_of_a_report(world: World, run: Run, form: str) -> None:
    shop = definition("secret") | {"tags": [{"key": "note", "value": SECRET}]}
    shop["containerDefinitions"][0]["environment"] = [{"name": "PASSWORD", "value": SECRET}]
    world.run(world.register(shop), "secret")
    ran = run("scan", "--format", form)
    assert ran.code == 1
    checked(form, ran.out)
    assert "sidecar.present" in ran.out
    assert "outrider fix" not in ran.out, "it changes files"
    place = f"{ACCOUNT}/{REGION}/shop/shop"
    assert place in ran.out or form == "asff"
    assert SECRET not in ran.out + ran.err
    assert CANARY not in ran.out
    again = run("scan", "--format", form, "--output", "report")
    assert (again.code, again.out) == (1, "")
    checked(form, Path("report").read_text(encoding="utf-8"))


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "markdown"])
def test_a_report_says_what_could_not_be_read(account: World, run: Run, form: str) -> None:
    account.fail("GetParameters")
    ran = run("scan", "--format", form)
    checked(form, ran.out)
    assert "ssm:GetParameters failed" in ran.out.replace("%3A", ":")
    assert f"{ACCOUNT}/{REGION}/parameters" in ran.out


@pytest.mark.usefixtures("account")
def test_fingerprints_are_those_of_the_scan_before(run: Run) -> None:
    def prints() -> list[str]:
        (log,) = run("scan", "--format", "sarif").json["runs"]
        return [each["partialFingerprints"]["outrider/v1"] for each in log["results"]]

    first = prints()
    assert first == prints()
    assert len(first) == len({*first})


def test_it_is_0_where_all_was_read_and_nothing_drifted_and_3_where_something_was_not(world: World, run: Run) -> None:
    world.run(world.register(definition("web")), "web")
    select = ("scan", "--fail-on", "CRITICAL")
    assert run(*select).code == 0
    world.fail("DescribeLogGroups")
    ran = run(*select)
    assert ran.code == 3
    assert "Not read:" in ran.out
    assert "logs:DescribeLogGroups failed: AccessDeniedException" in ran.out
    assert "Not everything could be read." in ran.out


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("ListServices", "services"),
        ("DescribeServices", "services"),
        ("ListTaskDefinitionFamilies", "families"),
        ("DescribeTaskDefinition", "task definitions"),
        ("ListTasks", "running tasks"),
        ("GetParameters", "parameters"),
        ("GetRole", "roles"),
    ],
)
def test_what_may_not_be_read_is_never_good(account: World, run: Run, operation: str, kind: str) -> None:
    account.fail(operation)
    ran = run("scan", "--format", "json")
    gap = coverage(ran)[kind]
    assert not ran.json["totals"]["complete"]
    assert [each["code"] for each in gap["failed"]] == ["AccessDeniedException"]
    held("scan", ran.json)


def test_a_family_is_not_thought_unused_where_services_cannot_be_listed(account: World, run: Run) -> None:
    account.fail("ListServices")
    assert drifted(entries(run("scan", "--format", "json"))["shop"])["sidecar.present"] == "HIGH"


def test_a_service_whose_definition_may_not_be_read_has_a_row_and_no_result(account: World, run: Run) -> None:
    account.fail("DescribeTaskDefinition")
    found = entries(run("scan", "--format", "json"))
    assert found["shop/web"]["not_evaluated"] == "its task definition could not be read"
    assert found["shop/web"]["verdicts"] == []


def test_a_service_is_not_up_to_date_where_the_newest_revision_may_not_be_read(world: World, run: Run) -> None:
    world.run(world.register(definition("web")), "web")
    world.register(definition("web"))
    world.fail("DescribeTaskDefinition", times=1)  # of the family; the service's own revision is read afterwards
    found = entries(run("scan", "--format", "json"))["shop/web"]
    assert {each["rule"]: each["verdict"] for each in found["verdicts"]}["service.revision"] == "unknown"


def test_it_calls_what_its_policy_allows_and_no_more(account: World, run: Run) -> None:
    for number in range(8):
        account.register(definition(f"more-{number}") | {"executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/r{number}"})
    account.calls.clear()
    run("scan")
    assert not WRITES & account.calls.keys()
    allowed = {action.partition(":")[2] for each in SCAN for action in each.actions}
    assert account.calls.keys() <= allowed | {"GetCallerIdentity"}
    depends = {  # on the roles, parameters and tasks that there are
        "GetAccountAuthorizationDetails", "GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies",
        "GetPolicy", "GetPolicyVersion", "DescribeParameters", "DescribeTasks",
    }  # fmt: skip
    assert allowed - account.calls.keys() <= depends


def test_it_reads_in_bulk(world: World, run: Run) -> None:
    for number in range(40):
        world.run(world.register(definition(f"web-{number}")), f"web-{number}")
    world.calls.clear()
    run("scan")
    assert world.calls["DescribeTaskDefinition"] == 40
    assert world.calls["DescribeServices"] == 4
    assert world.calls["GetParameters"] == 1
    assert world.calls["GetRole"] <= 2
    assert world.calls["ListTasks"] + world.calls["DescribeTasks"] <= 10


def test_it_can_be_limited_to_a_family_or_a_cluster(account: World, run: Run) -> None:
    account.register(definition("other"))
    assert {*entries(run("scan", "--family", "shop", "--format", "json"))} == {"shop/shop"}
    assert {*entries(run("scan", "--family", "unused", "--format", "json"))} == {"unused"}
    assert {*entries(run("scan", "--cluster", "shop", "--format", "json"))} == {"shop/shop", "shop/web"}
    ran = run("scan", "--cluster", "none")
    assert (ran.code, ran.err) == (2, "There is no service in the cluster none.\n")
    assert run("scan", "--family", "none").err == "There is no family none.\n"


@pytest.mark.usefixtures("account")
def test_the_report_has_the_rows_and_no_secret(run: Run) -> None:
    earlier = run("scan", "--format", "json")
    Path("monday.json").write_text(earlier.out, encoding="utf-8")
    ran = run("scan", "--report", "out.html", "--earlier", "monday.json")
    text = Path("out.html").read_text(encoding="utf-8")
    found = re.search(r'id="data">([^<]*)<', text)
    assert found is not None
    data = unpacked(found[1])
    assert ran.err == f"The report is in out.html.\n{PACKAGED}"
    assert sorted(data["columns"]["service"]) == ["", "", "shop", "web"]
    before, now = data["runs"]
    assert before[1:] == now[1:]
    for shown in (json.dumps(data), earlier.out, ran.out):
        assert CANARY not in shown
        assert "receivers: {otlp" not in shown, "the collector's configuration"


def test_what_cannot_be_used_is_said(run: Run) -> None:
    Path("bad.json").write_text("{}", encoding="utf-8")
    for arguments, said in (
        (("--earlier", "bad.json"), "bad.json is not the JSON of an earlier scan"),
        (("--account", "1"), "--account needs --role-name"),
        (("--report", "no/such/out.html"), "no/such/out.html cannot be written"),
        (("--stack", "none"), f"There is no stack none in {REGION}."),
        (("--stack", "outrider", "--standard", "standard.yaml"), "Leave out one of them."),
    ):
        ran = run("scan", *arguments)
        assert (ran.code, said in ran.err) == (2, True), ran.err


OWN = """\
version: 1
name: ours
rules: [{rules: sidecar.present, mode: 'off'}]
layers: [{where: {unit: ou-abcd-12345678}, mode: report}]
"""


@pytest.mark.usefixtures("account")
def test_it_evaluates_by_the_standard_of_a_stack(world: World, run: Run) -> None:
    stack(world)
    world.stacks["outrider"]["Parameters"] += [
        {"ParameterKey": "StandardLocation", "ParameterValue": "ssm:/outrider/standard"}
    ]
    world.client("ssm").put_parameter(Name="/outrider/standard", Value=OWN, Type="String")
    ran = run("scan", "--stack", "outrider", "--format", "json")
    assert ran.json["standard"] == "ours"
    assert "sidecar.present" not in {each["rule"] for each in entries(ran)["shop/shop"]["verdicts"]}
    assert ran.err.startswith("Layers of the standard by organisational unit or tags do not count for scans.")
    assert PACKAGED not in ran.err
    world.client("ssm").put_parameter(Name="/outrider/standard", Value="version: 2", Type="String", Overwrite=True)
    ran = run("scan", "--stack", "outrider")
    assert (ran.code, "Name another with --standard in place of --stack." in ran.err) == (2, True)
    world.fail("GetParameter", "AccessDeniedException")
    ran = run("scan", "--stack", "outrider")
    said = "may not call ssm:GetParameter on /outrider/standard. docs/scan.md has what --stack needs."
    assert (ran.code, said in ran.err) == (2, True)


def test_the_policy_is_printed_and_nothing_called(world: World, run: Run) -> None:
    world.calls.clear()
    ran = run("scan", "--policy")
    statements = ran.json["Statement"]
    assert {action for each in SCAN for action in each.actions} == {
        action
        for each in statements
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert not world.calls


def test_throttled_calls_are_waited_out(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = list[float]()
    monkeypatch.setattr("cli.scan.Patience", lambda: Patience(waited.append))
    world.run(world.register(definition("web")), "web")
    world.fail("ListServices", "ThrottlingException", times=3)
    ran = run("scan", "--format", "json")
    assert "shop/web" in entries(ran)
    assert ran.json["totals"]["complete"]
    assert waited
