import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from domain.rule import Rule
from reports.asff import rule_url
from rules import CATALOGUE
from settings import PAGES as PAGES_OF_THE_RELEASE
from tools import rule_pages

ROOT = Path(__file__).parents[2]
FIXED = [rule for rule in CATALOGUE if rule.fix is not None]
FORMS = ("\n### CloudFormation\n\n```yaml\n", "\n### Terraform\n\n```terraform\n", " in JSON\n\n")


@cache
def pages() -> Mapping[str, str]:
    return rule_pages.pages()


def test_the_pages_are_the_same_whatever_the_hash_seed() -> None:
    made = "import json, sys; from tools.rule_pages import pages; json.dump(pages(), sys.stdout)"
    env = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONHASHSEED": "1", "PYTHONUTF8": "1"}
    run = subprocess.run([sys.executable, "-c", made], env=env, capture_output=True, check=True)  # noqa: S603 - our own code
    assert json.loads(run.stdout) == pages() == rule_pages.pages()


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_a_rule_has_its_page_and_the_contents_lead_there(rule: Rule) -> None:
    page = pages()[f"rules/{rule.id}.md"]
    assert page.startswith(f"# {rule.id}\n\n{rule.title}.\n")
    for text in (rule.why, rule.remedy, rule.by_hand, rule.configure):
        assert text in page
    for part in ("**Why.** ", "\n## Example\n", "> **", "\n## What to do\n", f"**See** <{rule.reference}>"):
        assert part in page
    assert f"[{rule.id}](rules/{rule.id}.md)" in pages()["rules.md"]


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_a_page_documents_every_code_of_its_rule(rule: Rule) -> None:
    page = pages()[f"rules/{rule.id}.md"]
    for code in rule.codes:
        assert f"- `{code}`: {code.meaning}\n" in page


@pytest.mark.parametrize("rule", FIXED, ids=lambda rule: rule.id)
def test_the_page_of_a_rule_with_a_fix_shows_the_change_in_each_form(rule: Rule) -> None:
    page = pages()[f"rules/{rule.id}.md"]
    if rule.id == "service.config-fresh":  # its fix is a new deployment, which no source defines
        assert "--force-new-deployment" in page
    else:
        assert [form for form in FORMS if form not in page] == []


@pytest.mark.parametrize("rule", ["identity.execution-role", "identity.task-role"])
def test_the_page_of_a_rule_about_permissions_shows_the_policy_to_add_in_each_form(rule: str) -> None:
    page = pages()[f"rules/{rule}.md"]
    assert [form for form in ("\n### Policy in JSON\n", *FORMS[:2]) if form not in page] == []
    assert page.count('"Effect": "Allow"') == 2
    assert "Type: AWS::IAM::RolePolicy\n" in page


@pytest.mark.parametrize("docs", [PAGES_OF_THE_RELEASE, "https://docs.example/v1"])
def test_the_link_of_a_finding_is_the_address_of_the_page_that_the_site_has(docs: str) -> None:
    linked = {rule_url(docs, rule).removeprefix(f"{docs}/docs/").removesuffix(".html") for rule in CATALOGUE}
    assert {f"{page}.md" for page in linked} - pages().keys() == set()


def test_an_example_shows_only_what_matters() -> None:
    page = pages()["rules/sidecar.image-pinned.md"]
    assert 'aws-otel-collector:latest"' in page
    assert 'aws-otel-collector:v0.49.0"' in page
    assert '"portMappings"' not in page


def test_stale_and_left_over_pages_fail_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ran(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["rule_pages.py", *arguments])
        return rule_pages.main()

    monkeypatch.setattr(rule_pages, "DOCS", tmp_path / "docs")
    assert ran("--check") == 1
    assert "out of date" in capsys.readouterr().err
    assert (ran(), ran("--check")) == (0, 0)
    (tmp_path / "docs" / "rules" / "task.gone.md").write_text("# task.gone\n", encoding="utf-8")
    assert ran("--check") == 1
    assert (ran(), ran("--check")) == (0, 0)
