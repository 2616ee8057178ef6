"""docs/permissions.md and README's table have all that the roles of template.yaml allow."""

import re
import sys
from pathlib import Path

import pytest

from tools import permissions

TEXT = permissions.TEMPLATE.read_text(encoding="utf-8")
FUNCTIONS = permissions.functions(TEXT)


def test_both_pages_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["permissions.py", "--check"])
    assert permissions.main() == 0


def test_each_function_has_a_section_with_each_statement_of_its_role() -> None:
    page = permissions.PAGE.read_text(encoding="utf-8")
    for function in FUNCTIONS:
        section = page.partition(f"\n## {function.name}\n")[2].partition("\n## ")[0]
        role = TEXT.partition(f"\n  {function.name.capitalize()}Role:\n")[2].split("\n\n")[0]
        sids = re.findall(r"Sid: (\w+)", role)
        assert sids
        assert [sid for sid in sids if sid != "OwnLog" and f"| {sid}" not in section] in ([], ["UseKey", "UseVpc"])


def test_each_statement_has_a_reason_in_the_template() -> None:
    assert [(each.name, part.sid) for each in FUNCTIONS for part in each.statements if not part.reason] == []


def test_only_remediate_may_change_ecs_and_nothing_else_of_others_is_changed() -> None:
    changes = {
        each.name: {action for part in each.statements if part.of_others for action in part.writes}
        for each in FUNCTIONS
    }
    assert {name: found for name, found in changes.items() if found} == {
        "inspect": {"securityhub:BatchImportFindings"},
        "remediate": {
            "ecs:RegisterTaskDefinition",
            "ecs:DeregisterTaskDefinition",
            "ecs:TagResource",
            "ecs:UpdateService",
            "iam:PassRole",
        },
        "sweep": {"s3:PutObject", "securityhub:BatchImportFindings"},  # certificates, in the stack's bucket
    }


def test_a_stale_page_fails_the_check_and_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme, page = tmp_path / "README.md", tmp_path / "permissions.md"
    readme.write_text("before\n<!-- permissions -->\nold\n<!-- /permissions -->\nafter\n", encoding="utf-8")
    monkeypatch.setattr(permissions, "README", readme)
    monkeypatch.setattr(permissions, "PAGE", page)
    for arguments, code in ((["--check"], 1), ([], 0), (["--check"], 0)):
        monkeypatch.setattr(sys, "argv", ["permissions.py", *arguments])
        assert permissions.main() == code
    assert "out of date" in capsys.readouterr().err
    written = readme.read_text(encoding="utf-8")
    assert written.startswith("before\n<!-- permissions -->\n| function |")
    assert written.endswith("<!-- /permissions -->\nafter\n")
