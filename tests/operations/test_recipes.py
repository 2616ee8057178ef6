"""docs/recipes.md: each standard there loads without a word, and does what the page says."""

import re
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import engine
from aws.sessions import Sessions
from domain.ecs.task_definition import TaskDefinition
from domain.organization import Membership
from domain.places import Place
from domain.remediation.stages import Stages
from domain.rule import Rule
from domain.standard import Mode, Standard
from domain.standard.checking import checked
from domain.standard.layered import standard_of
from domain.verdict import Drifted, Exempt
from domain.workload import Workload
from operations.planning import Planner
from rules import BY_ID, CATALOGUE
from tests.aws_fake.calls import Calls
from tests.operations.playing import Run, Scenario, account, arn_of, fleet, quiet
from tests.operations.world import FLOATING, RULES, STANDARD, definition, registered

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```\n", PAGE, re.DOTALL)
MOVING = (*RULES, BY_ID["service.revision"])


@cache
def recipe(name: str) -> Standard:
    [text] = [block for block in BLOCKS if f"name: {name}\n" in block]
    return Standard.parse(text, name)


def text_of(name: str) -> str:
    """Without the time that a pipeline is given."""
    [text] = [block for block in BLOCKS if f"name: {name}\n" in block]
    return re.sub(r"^remediation:\n", "remediation:\n  settling_minutes: 0\n", text, flags=re.MULTILINE)


def test_the_standard_of_the_quick_start_has_neither_errors_nor_warnings() -> None:
    page = (Path(__file__).parents[2] / "docs" / "quick-start.md").read_text(encoding="utf-8")
    [text] = re.findall(r"```yaml\n(.*?)```\n", page, re.DOTALL)
    assert checked(text, "the page", CATALOGUE, date(2026, 11, 29)).warnings == ()


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: re.findall(r"name: (.+)", text)[0])
def test_a_recipe_has_neither_errors_nor_warnings(text: str) -> None:
    assert checked(text, "the recipe", CATALOGUE, date(2026, 11, 29)).warnings == ()


def workload(family: str, account: str = "111111111111", **members: Any) -> Workload:
    task = TaskDefinition(definition(family, **members))
    return Workload(Place(account, "eu-west-1"), task, read_at=datetime(2026, 11, 29, tzinfo=UTC))


def mode(name: str, rule: str, of: Workload) -> Mode:
    return Planner(CATALOGUE, Mode.DEPLOY).mode(BY_ID[rule], of, recipe(name))


def played(sessions: Sessions, text: str, *titles: str, rules: tuple[Rule, ...] = MOVING, **members: Any) -> Run:
    """A family that these services run, from its registration until all is quiet; its image floats by default."""
    run = Run(Scenario(None, lambda _: None, text, inspects=True, rules=rules), sessions, Calls(account(text)))
    with run.line.answering():
        fleet(run, *titles, drifted=definition(**({"collector": FLOATING} | members)))
    return registered_again(run)


def registered_again(run: Run) -> Run:
    """The event of the registration arrives, and all that follows from it."""
    with run.line.answering():
        run.aws.sqs.put("changes", registered(arn_of(1)))
    return quiet(run)


def states(run: Run) -> set[tuple[str, str]]:
    """Compliance and record state of the findings in Security Hub."""
    return {(each["Compliance"]["Status"], each["RecordState"]) for each in run.aws.hub.findings.values()}


def runs(run: Run) -> dict[str, str]:
    return {title: each["taskDefinition"].rpartition(":")[2] for title, each in run.aws.services.services.items()}


def test_services_are_updated_in_dev_clusters_only(sessions: Sessions) -> None:
    text = f"{text_of('deploy-in-dev')}remediation: {{settling_minutes: 0}}\n"
    run = played(sessions, text, "dev-a/web", "prod/web")
    assert run.stuck == []
    assert runs(run) == {"dev-a/web": "2", "prod/web": "1"}


def test_canaries_are_updated_first(sessions: Sessions) -> None:
    run = played(sessions, text_of("canaries-first"), "prod/web", "prod/web-canary", "staging-eu/web")
    assert runs(run) == {"prod/web": "2", "prod/web-canary": "2", "staging-eu/web": "2"}
    assert [each["service"] for each in run.aws.services.updates][-1] == "web"
    assert [each["cluster"].rpartition("/")[2] for each in run.aws.services.updates][-1] == "prod"


def test_one_family_is_only_reported(sessions: Sessions) -> None:
    name = "shop-web-is-terraforms"
    assert mode(name, "sidecar.image-pinned", workload("shop-web")) is Mode.REPORT
    assert mode(name, "sidecar.image-pinned", workload("web")) is Mode.DEPLOY
    text = text_of(name).replace("shop-web}", "web}") + "remediation: {settling_minutes: 0}\n"
    run = played(sessions, text, "prod/web")
    assert (runs(run), len(run.aws.definitions.families["web"])) == ({"prod/web": "1"}, 1)
    assert "outrider" in next(iter(run.aws.hub.findings))


def test_what_terraform_owns_is_not_corrected(sessions: Sessions) -> None:
    text = text_of("terraform-owns-its-own")
    tags = [{"key": "managed-by", "value": "terraform"}]
    run = played(sessions, text, "prod/web", tags=tags)
    assert runs(run) == {"prod/web": "1"}
    assert {each.guard for each in run.outcomes} == {"owner"}


def test_only_listed_rules_correct() -> None:
    name, of = "listed-rules-correct", workload("web")
    found = {rule.id: mode(name, rule.id, of) for rule in CATALOGUE}
    listed = {rule for rule, each in found.items() if each is Mode.REGISTER}
    assert listed == {
        "sidecar.image-pinned", "sidecar.not-essential", "sidecar.logging", "application.otlp-endpoint",
    }  # fmt: skip
    assert {*found.values()} == {Mode.REPORT, Mode.REGISTER}


@pytest.mark.parametrize(
    ("drift", "revisions"), [(FLOATING, 2), ({"cpu": None, "memoryReservation": None}, 1)], ids=["listed", "not listed"]
)
def test_a_listed_rule_registers_and_another_only_reports(
    sessions: Sessions, drift: dict[str, Any], revisions: int
) -> None:
    text = text_of("listed-rules-correct") + "remediation: {settling_minutes: 0}\n"
    run = played(sessions, text, "prod/web", collector=drift)
    assert (len(run.aws.definitions.families["web"]), runs(run)) == (revisions, {"prod/web": "1"})
    assert ("FAILED", "ACTIVE") in states(run)


@pytest.mark.parametrize(("text", "published"), [("version: 1\n", True), (text_of("quiet-until-spring"), False)])
def test_an_exempted_rule_has_neither_findings_nor_alerts(sessions: Sessions, text: str, published: bool) -> None:  # noqa: FBT001 - a case
    run = played(sessions, text, "prod/web", rules=(BY_ID["sidecar.restart-policy"],))
    assert (bool(run.alerts), bool(run.aws.hub.findings)) == (published, published)


def test_the_standard_of_the_uninstall_section_archives_all_findings(sessions: Sessions) -> None:
    page = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```yaml\n(.*?)```\n", page, re.DOTALL)
    run = played(sessions, "version: 1\n", "prod/web")
    assert states(run) == {("FAILED", "ACTIVE")}
    run.aws.ssm.put(STANDARD, dedent(block))
    assert states(registered_again(run)) == {("NOT_AVAILABLE", "ARCHIVED")}


def test_nothing_is_published_about_a_rule_until_its_exemption_ends() -> None:
    standard, rules = recipe("quiet-until-spring"), [BY_ID["sidecar.restart-policy"]]
    web = workload("web")
    [verdict] = engine.evaluate(web, standard, rules)
    assert isinstance(verdict, Exempt)
    later = Workload(web.place, web.task, read_at=datetime(2027, 4, 1, tzinfo=UTC))
    [verdict] = engine.evaluate(later, standard, rules)
    assert isinstance(verdict, Drifted)


@pytest.mark.parametrize(
    ("family", "account", "parameter"),
    [
        ("web", "111111111111", "/dev/otel-collector-config"),
        ("payment-api", "111111111111", "/dev/otel-collector-config"),
        ("web", "222222222222", "/prod/otel-collector-config"),
        ("payment-api", "222222222222", "/prod/payment/otel-collector-config"),
    ],
)
def test_each_environment_has_its_parameter_and_may_read_no_other(family: str, account: str, parameter: str) -> None:
    standard, rules = recipe("a-parameter-for-each-environment"), [BY_ID["sidecar.config-from-parameter"]]
    for other in ("/dev/otel-collector-config", "/prod/otel-collector-config", "/prod/payment/otel-collector-config"):
        secrets = [{"name": "AOT_CONFIG_CONTENT", "valueFrom": other}]
        [verdict] = engine.evaluate(workload(family, account, collector={"secrets": secrets}), standard, rules)
        allowed = other.startswith(parameter.rpartition("/")[0] + "/")
        assert isinstance(verdict, Drifted) is not allowed, other
    assert standard.collector_of(workload(family, account)).parameter == parameter


def test_a_unit_and_an_account_have_another_standard() -> None:
    whole, unit = recipe("another-standard-for-one-unit"), ("r-ab12", "ou-ab12-cd34ef56")
    in_unit, alone = standard_of(whole, Membership("1" * 12, unit)), standard_of(whole, Membership("2" * 12, ()))
    assert (whole.mode, in_unit.mode, in_unit.collector.memory) == (Mode.REPORT, Mode.DEPLOY, 1024)
    firelens = BY_ID["logging.firelens"]
    assert [each.setting(firelens, workload("web")).mode for each in (in_unit, alone)] == [Mode.DEPLOY, Mode.OFF]


def test_one_account_is_first_then_a_unit_then_all() -> None:
    stages = Stages(recipe("one-account-first"))
    unit = ("r-ab12", "ou-ab12-cd34ef56")
    members = [Membership("2" * 12, unit), Membership("3" * 12, unit), Membership("4" * 12, ("r-ab12",))]
    assert [stages.of(each) for each in members] == [0, 1, 2]
