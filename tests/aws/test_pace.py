"""Calls to IAM keep a pace: other callers of the account share its limit."""

import pytest

from aws.pace import Pace
from aws.sessions import Rates, Sessions
from tests.operations.world import PLACE, World


def test_a_few_calls_go_at_once_and_the_rest_at_its_pace() -> None:
    moment, pauses = [0.0], list[float]()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        moment[0] += seconds

    pace = Pace(4, lambda: moment[0], pause)
    for _ in range(6):
        pace.wait()
    assert pauses == [0.25] * 4
    moment[0] += 60
    pauses.clear()
    for _ in range(3):
        pace.wait()
    assert pauses == [0.25]


@pytest.mark.parametrize(("most", "waits"), [(4, 3), (0, 0)])
def test_only_calls_to_iam_wait_and_only_where_they_are_bounded(world: World, most: float, waits: int) -> None:
    pauses = list[float]()
    sessions = Sessions(rates=Rates(iam=most))
    if most:
        sessions._paces[""] = Pace(most, lambda: 0.0, pauses.append)
    for _ in range(5):
        sessions.client("iam", PLACE).get_role(RoleName="web-task")
        sessions.client("logs", PLACE).describe_log_groups()
    assert len(pauses) == waits
    assert world.calls["GetRole"] == 5


@pytest.mark.parametrize(("most", "waits"), [(4, 3), (0, 0)])
def test_only_calls_for_task_definitions_wait_and_only_where_they_are_bounded(
    world: World, most: float, waits: int
) -> None:
    pauses = list[float]()
    sessions = Sessions(rates=Rates(definitions=most))
    if most:
        sessions._paces[f"/{PLACE.region}"] = Pace(most, lambda: 0.0, pauses.append)
    for _ in range(5):
        sessions.client("ecs", PLACE).list_task_definition_families()
        sessions.client("ecs", PLACE).list_clusters()
    assert len(pauses) == waits
    assert world.calls["ListTaskDefinitionFamilies"] == 5
