from datetime import UTC, datetime

from domain.remediation.guard import Guard
from domain.remediation.reason import Code, Reason
from reports.reasons import text


def test_every_code_has_a_sentence() -> None:
    then, because = datetime(2026, 11, 23, 12, tzinfo=UTC), (Reason(Code.CHECK_NOW),)
    assert [
        code for code in Code if not text(Reason(code, "web", "api", ("one",), 1, 2, then, Guard.ROLE, because))
    ] == []
    assert [code for code in Code if not text(Reason(code))] == [Code.DISAGREEMENT]  # its text is what the engine found


def test_a_reason_shows_what_it_names() -> None:
    then, because = datetime(2026, 11, 23, 12, tzinfo=UTC), (Reason(Code.CHECK_NOW),)
    assert (
        text(Reason(Code.OF_SERVICE, "prod/web", guard=Guard.ROLE, because=because)) == "prod/web: role: Check it now."
    )
    quarantined = Reason(Code.QUARANTINED, at=then, because=because)
    assert text(quarantined) == "The family is in quarantine since 2026-11-23 12:00 UTC: Check it now."
    both = ("STOPPED", "UNHEALTHY")
    assert text(Reason(Code.COLLECTORS_DOWN, names=both, number=1, limit=2)).endswith("STOPPED or UNHEALTHY.")


def test_braces_in_what_is_named_stay_as_they_are() -> None:
    assert text(Reason(Code.RUNS_NOW, "{other}", "api")) == "It runs {other} now."
