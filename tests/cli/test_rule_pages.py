import subprocess
import sys
from pathlib import Path

import pytest

from domain.rule import Rule
from rules import CATALOGUE
from tools import rule_pages

ROOT = Path(__file__).parents[2]
PAGE = rule_pages.page()


def test_the_page_is_the_same_whatever_the_hash_seed() -> None:
    made = "import sys; from tools.rule_pages import page; sys.stdout.write(page())"
    env = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONHASHSEED": "1", "PYTHONUTF8": "1"}
    run = subprocess.run([sys.executable, "-c", made], env=env, capture_output=True, check=True)  # noqa: S603 - our own code
    assert run.stdout.decode() == PAGE == rule_pages.page()


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_a_rule_has_its_section_and_the_contents_lead_there(rule: Rule) -> None:
    section = PAGE.partition(f"\n## {rule.id}\n\n{rule.title}.\n")[2].partition("\n## ")[0]
    for text in (rule.why, rule.remedy, rule.by_hand, rule.configure):
        assert text in section
    for part in ("**Why.** ", "**Example:** ", "> **", "**Fix.** ", "**Configure.** ", f"**See** <{rule.reference}>"):
        assert part in section
    assert f"[{rule.id}](#{rule.id.replace('.', '')})" in PAGE.partition("\n## ")[0]


def test_an_example_shows_only_what_matters() -> None:
    section = PAGE.partition("\n## sidecar.image-pinned\n")[2].partition("\n## ")[0]
    assert 'aws-otel-collector:latest"' in section
    assert 'aws-otel-collector:v0.49.0"' in section
    assert '"portMappings"' not in section


def test_a_stale_page_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rule_pages, "PAGE", tmp_path / "docs" / "rules.md")
    monkeypatch.setattr(sys, "argv", ["rule_pages.py", "--check"])
    assert rule_pages.main() == 1
    assert "out of date" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["rule_pages.py"])
    assert rule_pages.main() == 0
    monkeypatch.setattr(sys, "argv", ["rule_pages.py", "--check"])
    assert rule_pages.main() == 0
