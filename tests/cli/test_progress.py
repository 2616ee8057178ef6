"""What a person reads of a correction, at whatever stage it is."""

from dataclasses import replace

import pytest

from cli import progress
from cli.client_results import FamilyCorrections, Progress
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.rollout import Stage
from tests.reports import samples
from tests.reports.samples import PLACE, THEN


def at(stage: Stage) -> Attempt:
    rolling = samples.attempt(AttemptState.ROLLING, registered=8)
    moved = replace(samples.rollout("shop/web", stage), other=f"{PLACE.arn('ecs', 'task-definition/web')}:9")
    return replace(rolling, rollouts=(moved,), due=THEN)


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_words(stage: Stage) -> None:
    family_corrections = FamilyCorrections("web", (at(stage),), None, None)
    lines = [line.text for line in progress.family_corrections(family_corrections, all_of_it=False)]
    [of_service] = [line for line in lines if line.startswith("shop/web ")]
    assert len(of_service.split()) > 2
    [new_lines] = [
        line.text for line in progress.new_lines(Progress(), Progress(attempt=at(stage))) if "shop/web" in line.text
    ]
    assert new_lines == of_service


def test_what_is_given_back_is_named() -> None:
    [line] = [each.text for each in progress.new_lines(Progress(), Progress(attempt=at(Stage.RESTORING)))][-1:]
    assert line == "shop/web goes back to what somebody else deployed, web:9"
