"""Where alerts go, and when: by the standard's routes, its tag of teams and its quiet hours."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.findings.alert import Alert
from domain.standard import Mode
from tests.operations.test_digests import certified, digests
from tests.operations.world import FLOATING, PLACE, Json, World, definition, registered, service_changed

ROUTED = """\
version: 1
notification:
  routes:
    - {name: everybody, channel: C0000000001}
    - {where: {tags: {team: shop}}, name: shop, channel: C0000000002}
    - {where: {tags: {team: shop}}, severity: HIGH, name: oncall, channel: C0000000003}
"""
TEAMS = """\
version: 1
mode: register
notification:
  routes: [{where: {tags: {team: shop}}, name: shop}]
remediation: {settling_minutes: 0}
"""


def drifts(world: World, standard: str, **members: Any) -> Json:
    """The alert about a floating tag of a family that a service runs."""
    inspector = world.inspector(standard=standard)
    arn = world.register(definition(collector=FLOATING, **members))
    world.sees(service_changed(world.run(arn), "CreateService"), inspector=inspector)
    world.sees(registered(arn), inspector=inspector)
    alert: Json = next(each for each in world.alerts if each["rule"] == "sidecar.image-pinned")
    return alert


@pytest.mark.parametrize(
    ("tags", "severity", "route"),
    [
        ([{"key": "team", "value": "shop"}], "MEDIUM", ("shop", "shop", "C0000000002")),
        ([{"key": "team", "value": "shop"}], "HIGH", ("shop", "oncall", "C0000000003")),
        ([{"key": "team", "value": "other"}], "HIGH", ("other", "everybody", "C0000000001")),
        ([{"key": "owner", "value": "shop"}], "HIGH", ("", "everybody", "C0000000001")),
    ],
)
def test_an_alert_goes_where_the_last_route_that_fits_leads(
    world: World, tags: list[Json], severity: str, route: tuple[str, str, str]
) -> None:
    alert = drifts(world, f"{ROUTED}rules: [{{rules: sidecar.image-pinned, severity: {severity}}}]\n", tags=tags)
    assert (alert["team"], alert["route"], alert["channel"]) == route


def test_without_routes_only_the_team_is_named(world: World) -> None:
    alert = drifts(world, "version: 1\n")
    assert (alert["team"], alert["route"], alert["channel"]) == ("shop", "", "")


def test_subscriptions_can_filter_on_team_and_route(world: World) -> None:
    attributes = Alert.model_validate(drifts(world, TEAMS)).attributes
    assert (attributes["team"], attributes["route"]) == ("shop", "shop")


def test_the_outcome_of_a_correction_goes_where_the_finding_went(world: World) -> None:
    arn = world.register(definition(collector=FLOATING))
    world.sees(registered(arn), inspector=world.inspector(Mode.REGISTER, TEAMS))
    (request,) = world.requests
    world.remediator(TEAMS).remediate(json.dumps(request))
    outcome = world.alerts[-1]
    assert (outcome["kind"], outcome["team"], outcome["route"]) == ("outcome", "shop", "shop")


def test_what_is_only_low_waits_for_the_end_of_the_quiet_hours(world: World) -> None:
    now = world.now()
    begin, end = (f"{now + timedelta(hours=hours):%H:00}" for hours in (-1, 2))
    standard = f'version: 1\nnotification: {{quiet_hours: {{begin: "{begin}", end: "{end}"}}}}\n'
    world.sees(registered(world.register(definition(collector=FLOATING))), inspector=world.inspector(standard=standard))
    (alert,) = world.alerts
    assert alert["severity"] == "LOW"
    assert datetime.fromisoformat(alert["not_before"]) == (now + timedelta(hours=2)).replace(
        minute=0, second=0, microsecond=0
    )


def test_each_team_has_a_weekly_digest_of_what_is_open(world: World, sessions: Sessions) -> None:
    for family, team in (("web", "shop"), ("api", "shop"), ("cron", "jobs"), ("batch", "")):
        tags = [{"key": "team", "value": team}] if team else []
        document = definition(family, collector=FLOATING) | {"tags": tags}
        world.sees(registered(world.register(document)), inspector=world.inspector(standard=TEAMS))
    world.hub.silent.add(f"outrider/{PLACE}/family/api/sidecar.image-pinned")
    at = datetime(2026, 11, 30, 8, tzinfo=UTC)
    certified(sessions, at=at)
    weekly = digests(sessions, world.topics["alerts"]).weekly
    alerts = weekly(PLACE, at)
    assert [(alert.team, alert.route, alert.title) for alert in alerts] == [
        ("jobs", "", "1 finding is open"),
        ("shop", "shop", "1 finding is open"),
    ]
    assert {alert.transition for alert in alerts} == {"weekly"}
    assert [alert["id"] for alert in world.alerts[-2:]] == [alert.id for alert in alerts]
    assert weekly(PLACE, at) == alerts
