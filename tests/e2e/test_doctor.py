"""`outrider doctor` on the deployed stack, and the sweep's own checks, by the roles of the template."""

import json
from typing import Any

import pytest

from cli.main import main
from tests.e2e.stage import Stage


@pytest.fixture
def doctor(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    for name, value in stage.cloud.environment().items():
        monkeypatch.setenv(name, value)

    def examined() -> dict[str, tuple[str, str]]:
        """State and code of each check that is not ok."""
        capsys.readouterr()
        main(["doctor", "--format", "json"])
        checks = json.loads(capsys.readouterr().out)["checks"]
        return {each["check"]: (each["state"], each["text"]) for each in checks if each["state"] != "ok"}

    return examined


def checked(stage: Stage) -> list[dict[str, Any]]:
    """What the sweeps have logged about their own checks."""
    return [line["not_ok"] for line in stage.logs("Sweep") if line.get("message") == "Checked"]


def test_a_stack_that_is_complete_is_all_ok_and_a_disabled_rule_is_named(stage: Stage, doctor: Any) -> None:
    stage.quiet()
    stage.swept_by_now()
    # What other tests left is not evaluated again: that would take minutes.
    before = len(checked(stage))
    stage.cloud.complete(stage.outputs, family="doctor")
    stage.until(lambda: len(checked(stage)) > before, "The sweep has not checked the stack.")
    assert checked(stage)[-1] == {}
    assert doctor() == {}
    rules = stage.client("events").list_rules()["Rules"]
    (name,) = (rule["Name"] for rule in rules if "ServiceCalls" in rule["Name"])
    stage.client("events").disable_rule(Name=name)
    try:
        assert set(doctor()) == {"event-rules"}
        stage.sweep(family="doctor")
    finally:
        stage.client("events").enable_rule(Name=name)
    assert set(checked(stage)[-1]) == {"event-rules"}
    assert any(each["Id"].endswith("/event-rules") for each in stage.every_finding())
