"""Layers of the standard: each account is evaluated and corrected by those for it, as the organisation has it."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.members import Members
from domain.places import Place
from domain.remediation.attempt import AttemptState
from domain.standard import Mode
from domain.sweeping import SweepRequest
from operations.standards import Standards
from operations.sweep.beginning import ORGANIZATION, Watched
from rules import CATALOGUE
from tests.aws_fake.aws import Aws
from tests.aws_fake.calls import Trouble
from tests.aws_fake.clock import Clock
from tests.operations.test_members import BANK, IN_BANK, IN_SHOP, SHOP, drifted, findings
from tests.operations.world import ACCOUNT, INSPECT_ID, PLACE, REGION, STANDARD, World, furnish, own

type Json = dict[str, Any]

CLOCK = Clock()
ROLE = "platform/outrider-read"
UNIT, BELOW = "ou-ab12-11111111", "ou-ab12-22222222"
RULE = "sidecar.image-pinned"
OFF_IN_A_UNIT = f"""
version: 1
layers:
  - where: {{unit: {UNIT}}}
    rules: [{{rules: {RULE}, mode: off}}]
"""


@pytest.fixture(scope="module")
def sessions(sessions: Sessions) -> Sessions:
    del sessions  # the environment that it is made in stays
    return Sessions(Members(ACCOUNT, ROLE, "external"), now=CLOCK.now)


@pytest.fixture
def world(sessions: Sessions) -> Iterator[World]:
    CLOCK.pass_(hours=2)
    made = World(sessions, Aws(CLOCK), member_role=ROLE)
    with made.line.answering():
        made.build()
        for account in (SHOP, BANK):
            furnish(partial(_answer, made, account))
        made.aws.organization.accounts = dict.fromkeys((ACCOUNT, SHOP, BANK), "ACTIVE")
        made.aws.organization.units |= {UNIT: "r-ab12", BELOW: UNIT}
        made.aws.organization.unit_of[SHOP] = BELOW
        yield made


def _answer(world: World, account: str, service: str, operation: str, given: Json) -> Json:
    return world.aws.answer(service, operation, given, account, REGION)


def sweep_begins(world: World, standard: str) -> None:
    """A sweep begins, which reads the organisation."""
    world.client("ssm").put_parameter(Name=STANDARD, Value=standard, Type="String", Overwrite=True)
    sweeping = world.sweeping(Standards(world.sessions, f"ssm:{STANDARD}", CATALOGUE))
    sweeping.watched = Watched(PLACE, (ORGANIZATION,), (REGION,))
    assert sweeping.beginner.begin("sweep-1", SweepRequest()).started


def open_in(world: World, place: Place) -> bool:
    return any(each.endswith(f"family/web/{RULE}") for each in findings(world, place))


def test_a_layer_counts_in_the_accounts_of_its_unit_and_of_units_below_it_and_in_no_other(world: World) -> None:
    sweep_begins(world, OFF_IN_A_UNIT)
    inspector = world.inspector(standard=OFF_IN_A_UNIT)
    world.sees(drifted(world, IN_SHOP), drifted(world, IN_BANK), inspector=inspector)
    assert not open_in(world, IN_SHOP)
    assert open_in(world, IN_BANK)
    assert world.notices == []


def test_until_a_sweep_has_read_the_organisation_its_own_standard_counts_and_operations_are_notified_once(
    world: World,
) -> None:
    inspector = world.inspector(standard=OFF_IN_A_UNIT)
    world.sees(drifted(world, IN_SHOP), drifted(world, IN_BANK), inspector=inspector)
    assert open_in(world, IN_SHOP)
    assert [SHOP in each for each in world.notices] == [True]

    sweep_begins(world, OFF_IN_A_UNIT)
    again = own("family", family="web", revision=1).replace(ACCOUNT, SHOP)
    world.sees(again, inspector=world.inspector(standard=OFF_IN_A_UNIT))
    assert not open_in(world, IN_SHOP)


def test_a_layer_by_tags_reads_the_tags_of_accounts_and_no_other_does(world: World) -> None:
    world.aws.organization.tags[BANK] = {"environment": "production"}
    sweep_begins(world, OFF_IN_A_UNIT)
    assert not world.calls["ListTagsForResource"]
    standard = OFF_IN_A_UNIT.replace(f"unit: {UNIT}", "tags: {environment: prod*}")
    world.pass_(hours=2)
    sweep_begins(world, standard)
    world.sees(drifted(world, IN_SHOP), drifted(world, IN_BANK), inspector=world.inspector(standard=standard))
    assert open_in(world, IN_SHOP)
    assert not open_in(world, IN_BANK)


def test_a_standard_without_layers_reads_nothing_of_the_organisation(world: World) -> None:
    sweep_begins(world, "version: 1\n")
    assert not world.calls["ListRoots"]


def test_an_organisation_that_may_not_be_listed_ends_no_sweep_and_is_one_notice(world: World) -> None:
    world.troubles["ListRoots"] = Trouble("AccessDeniedException")
    sweep_begins(world, OFF_IN_A_UNIT)
    assert ["organisation" in each for each in world.notices] == [True]


def test_a_correction_is_decided_by_the_layers_of_its_account(world: World) -> None:
    layer = f"layers: [{{where: {{account: '{SHOP}'}}, mode: register}}]\n"
    standard = f"version: 1\nremediation: {{settling_minutes: 0}}\n{layer}"
    world.sees(drifted(world, IN_SHOP), drifted(world, IN_BANK), inspector=world.inspector(Mode.REGISTER, standard))
    assert [each["account"] for each in world.requests] == [SHOP]
    remediator = world.remediator(standard)
    asked = json.dumps(world.requests[0])
    assert remediator.remediate(asked, f"{INSPECT_ID}:inspect").state is AttemptState.REGISTERED
    in_bank = remediator.remediate(asked.replace(SHOP, BANK), f"{INSPECT_ID}:inspect")
    assert in_bank.state is AttemptState.NOTHING
