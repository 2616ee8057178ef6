"""Quiet hours, and routes that lead nowhere."""

from datetime import UTC, datetime

import pytest

from domain.severity import Severity
from domain.standard import Standard
from domain.standard.problems import StandardInvalid


def notification(text: str) -> Standard:
    return Standard.parse(f"version: 1\nnotification: {text}\n", "It")


@pytest.mark.parametrize(
    ("begin", "end", "zone", "now", "until"),
    [
        ("18:00", '"08:00"', "UTC", "2026-11-23T17:59", None),
        ("18:00", '"08:00"', "UTC", "2026-11-23T18:00", "2026-11-24T08:00"),
        ("18:00", '"08:00"', "UTC", "2026-11-24T07:59", "2026-11-24T08:00"),
        ("18:00", '"08:00"', "UTC", "2026-11-24T08:00", None),
        ('"00:00"', '"06:30"', "UTC", "2026-11-24T03:00", "2026-11-24T06:30"),
        ("18:00", '"08:00"', "Europe/Dublin", "2026-07-01T17:30", "2026-07-02T07:00"),
        ("18:00", '"08:00"', "Asia/Tokyo", "2026-11-23T10:00", "2026-11-23T23:00"),
    ],
)
def test_quiet_hours_end_in_their_time_zone(begin: str, end: str, zone: str, now: str, until: str | None) -> None:
    given = notification(f"{{quiet_hours: {{begin: {begin}, end: {end}, timezone: {zone}}}}}").notification
    at, wanted = (datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None for text in (now, until))
    assert at is not None
    assert given.quiet_until(Severity.LOW, at) == wanted
    assert given.quiet_until(Severity.MEDIUM, at) is None


def test_without_quiet_hours_nothing_waits() -> None:
    assert notification("{}").notification.quiet_until(Severity.LOW, datetime.now(UTC)) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{routes: [{severity: HIGH}]}", "a channel, a name, or both"),
        ("{routes: [{channel: '#alerts'}]}", "a channel's id such as C0123456789"),
        ("{routes: [{name: 'on call'}]}", "at most 64 letters"),
        ("{quiet_hours: {begin: '18:00', end: '08:00', timezone: ''}}", "a time zone, as Europe/Dublin"),
        ("{quiet_hours: {begin: '18:00', end: '08:00', timezone: /etc/passwd}}", "a time zone, as Europe/Dublin"),
        ("{quiet_hours: {begin: '08:00', end: '08:00'}}", "at another time than they begin"),
        ("{quiet_hours: {begin: '18:00', end: '08:00', timezone: Europe/Nowhere}}", "a time zone, as Europe/Dublin"),
        ("{quiet_hours: {begin: '24:00', end: '08:00'}}", "begin must be a time such as 08:00"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(StandardInvalid, match=said):
        notification(text)
