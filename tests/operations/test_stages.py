"""Corrections over accounts: the switch of one, rates of all, and stages that open one after the other."""

import json
from typing import Any

import pytest

from domain.places import Place
from domain.remediation.attempt import AttemptState
from domain.remediation.guard import Guard
from domain.remediation.reason import Code
from domain.remediation.switch import SwitchState
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from operations.remediation.outcome import Outcome
from tests.aws_fake.services import BREAKER, NO_BREAKER, Services
from tests.operations.test_layers import UNIT, sessions, sweep_begins, world
from tests.operations.test_members import BANK, IN_BANK, IN_SHOP, SHOP, drifted, register
from tests.operations.world import ACCOUNT, INSPECT_ID, SWITCH, World, own

__all__ = ["sessions", "world"]

HASTY = "version: 1\nmode: register\n"
STAGED = f"""{HASTY}remediation:
  settling_minutes: 0
  window_hours: 1
  stages: [{{where: {{account: '{SHOP}'}}, wait_hours: 24}}]
"""
OTHER_MEMORY = "collector: {memory: 768}\n"
DEPLOYED = STAGED.replace("mode: register", "mode: deploy")


def asked(world: World, standard: str, *places: Place) -> dict[str, str]:
    """A drift in each account, and the request of inspect to correct it, by account."""
    world.sees(*(drifted(world, place) for place in places), inspector=world.inspector(Mode.REGISTER, standard))
    return {each["account"]: json.dumps(each) for each in world.requests}


def corrected(world: World, standard: str, request: str) -> Outcome:
    """What comes of a request in a function that has just started."""
    cap = Mode.DEPLOY if standard.startswith(DEPLOYED) else Mode.REGISTER
    return world.remediator(standard, cap=cap).remediate(request, f"{INSPECT_ID}:inspect")


def run_by(world: World, place: Place, **members: Any) -> Services:
    """A service that runs the family in an account, as the ledger knows; its deployments take their time."""
    region = world.aws.region(place.account)
    region.services.at_once = False
    region.services.add("shop/web", region.definitions.families["web"][-1]["taskDefinitionArn"], **members)
    seen = own("service", service="shop/web").replace(ACCOUNT, place.account)
    world.sees(seen, inspector=world.inspector(standard=HASTY))
    return region.services


def family_in(place: Place) -> SubjectId:
    return SubjectId(place, Subject.FAMILY, "web")


def of(place: Place, kind: str, **members: Any) -> str:
    return json.dumps({"kind": kind, "account": place.account, "region": place.region, "family": "web"} | members)


def resumed(world: World, standard: str, place: Place) -> Outcome:
    return corrected(world, standard, of(place, "resume", attempt="1"))


def codes(outcome: Outcome) -> list[Code]:
    return [each.code for each in outcome.reasons]


def revisions(world: World, place: Place) -> int:
    return len(world.aws.region(place.account).definitions.families["web"])


# --- stages -----------------------------------------------------------------------------------------------------------


def test_an_account_waits_for_the_stage_before_it_and_for_its_waiting_time(world: World) -> None:
    requests = asked(world, STAGED, IN_SHOP, IN_BANK)
    waits = corrected(world, STAGED, requests[BANK])
    assert (waits.state, waits.guard, codes(waits)) == (
        AttemptState.WAITING,
        Guard.STAGE,
        [Code.STAGE_BEFORE_HAS_NONE],
    )
    assert corrected(world, STAGED, requests[SHOP]).state is AttemptState.REGISTERED
    waits = resumed(world, STAGED, IN_BANK)
    assert (waits.state, codes(waits)) == (AttemptState.WAITING, [Code.STAGE_WAITS])
    assert revisions(world, IN_BANK) == 1
    world.pass_(hours=25)  # much longer than the window in which other guards are waited for
    assert resumed(world, STAGED, IN_BANK).state is AttemptState.REGISTERED


def test_a_failure_stops_all_accounts_until_a_person_releases_them_and_is_one_notice(world: World) -> None:
    requests = asked(world, STAGED, IN_SHOP, IN_BANK)
    assert corrected(world, STAGED, requests[SHOP]).state is AttemptState.REGISTERED
    assert corrected(world, STAGED, of(IN_SHOP, "undo")).state is AttemptState.UNDONE
    world.pass_(hours=25)
    for waits in (corrected(world, STAGED, requests[BANK]), resumed(world, STAGED, IN_BANK)):
        assert (waits.state, waits.guard, codes(waits)) == (
            AttemptState.WAITING,
            Guard.STAGE,
            [Code.STAGES_STOPPED],
        )
    [notice] = world.notices
    assert f"{SHOP}/{IN_SHOP.region}/web" in notice
    assert "outrider release --stages" in notice

    release = of(IN_SHOP, "release-stages", family="-")
    assert codes(corrected(world, STAGED, release)) == [Code.STAGES_RELEASED]
    assert resumed(world, STAGED, IN_BANK).state is AttemptState.REGISTERED
    assert codes(corrected(world, STAGED, release.replace("}", ', "at": "2026-11-29T12:00:00Z"}'))) == [
        Code.STAGES_NOT_STOPPED
    ]


def test_more_failures_may_be_allowed(world: World) -> None:
    standard = STAGED + "  stop_after: 2\n"
    requests = asked(world, standard, IN_SHOP, IN_BANK)
    corrected(world, standard, requests[SHOP])
    assert corrected(world, standard, of(IN_SHOP, "undo")).state is AttemptState.UNDONE
    world.pass_(hours=25)
    assert corrected(world, standard, requests[BANK]).state is AttemptState.REGISTERED
    assert world.notices == []


@pytest.mark.parametrize(
    "change", [OTHER_MEMORY, "locked: {rules: task.size}\n", "scope: {include: [{family: web}]}\n"]
)
def test_a_change_of_what_corrections_depend_on_begins_the_stages_again(world: World, change: str) -> None:
    requests = asked(world, STAGED, IN_SHOP, IN_BANK)
    assert corrected(world, STAGED, requests[SHOP]).state is AttemptState.REGISTERED
    world.pass_(hours=25)
    assert codes(corrected(world, STAGED + change, requests[BANK])) == [Code.STAGE_BEFORE_HAS_NONE]
    same = STAGED + "exemptions: [{rules: task.size, where: {family: other}, reason: is of another}]\n"
    assert resumed(world, same, IN_BANK).state is AttemptState.REGISTERED


def test_a_correction_that_began_by_an_earlier_standard_opens_no_stage_of_the_next(world: World) -> None:
    requests, other = asked(world, DEPLOYED, IN_SHOP, IN_BANK), DEPLOYED + OTHER_MEMORY
    services = run_by(world, IN_SHOP)
    assert corrected(world, DEPLOYED, requests[SHOP]).state is AttemptState.ROLLING
    services.complete("shop/web")
    resumed(world, other, IN_SHOP)
    world.pass_(minutes=6)
    assert resumed(world, other, IN_SHOP).state is AttemptState.DEPLOYED
    world.pass_(hours=25)
    assert codes(corrected(world, other, requests[BANK])) == [Code.STAGE_BEFORE_HAS_NONE]


def test_an_undo_of_what_an_earlier_standard_began_does_not_stop_the_next(world: World) -> None:
    requests, other = asked(world, STAGED, IN_SHOP, IN_BANK), STAGED + OTHER_MEMORY
    assert corrected(world, STAGED, requests[SHOP]).state is AttemptState.REGISTERED
    assert corrected(world, other, of(IN_SHOP, "undo")).state is AttemptState.UNDONE
    assert codes(corrected(world, other, requests[BANK])) == [Code.STAGE_BEFORE_HAS_NONE]
    assert world.notices == []


@pytest.mark.parametrize(
    ("service", "state", "code"),
    [
        ({"deploymentConfiguration": NO_BREAKER}, AttemptState.REGISTERED, Code.STAGE_BEFORE_HAS_NONE),
        ({"deploymentConfiguration": BREAKER}, AttemptState.DEPLOYED, Code.STAGE_WAITS),
        ({"desiredCount": 0}, AttemptState.UPDATED, Code.STAGE_BEFORE_HAS_NONE),
        (None, AttemptState.REGISTERED, Code.STAGE_WAITS),  # no service runs it
    ],
)
def test_a_correction_whose_services_were_all_skipped_or_have_no_tasks_opens_no_stage(
    world: World, service: dict[str, Any] | None, state: AttemptState, code: Code
) -> None:
    requests = asked(world, DEPLOYED, IN_SHOP, IN_BANK)
    services = run_by(world, IN_SHOP, **service) if service is not None else None
    ended = corrected(world, DEPLOYED, requests[SHOP])
    if services is not None and ended.state is AttemptState.ROLLING:
        services.complete("shop/web")
        resumed(world, DEPLOYED, IN_SHOP)
        world.pass_(minutes=6)
        ended = resumed(world, DEPLOYED, IN_SHOP)
    assert ended.state is state
    assert codes(corrected(world, DEPLOYED, requests[BANK])) == [code]


@pytest.mark.parametrize(("change", "code"), [("", Code.STAGE_WAITS), (OTHER_MEMORY, Code.STAGE_BEFORE_HAS_NONE)])
def test_a_correction_of_a_service_alone_counts_for_the_stages_in_which_it_began(
    world: World, change: str, code: Code
) -> None:
    in_bank = asked(world, DEPLOYED, IN_BANK)[BANK]
    register(world, IN_SHOP)
    services = run_by(world, IN_SHOP, platformVersion="1.3.0")
    seen = own("service", service="shop/web").replace(ACCOUNT, SHOP)
    world.sees(seen, inspector=world.inspector(Mode.DEPLOY, DEPLOYED))
    request = world.requests[-1]
    assert request["kind"] == "correct-service"
    begun = corrected(world, DEPLOYED, json.dumps(request))
    assert begun.state is AttemptState.ROLLING
    services.complete("shop/web")
    resume = of(IN_SHOP, "resume", attempt=begun.attempt)
    corrected(world, DEPLOYED + change, resume)
    world.pass_(minutes=6)
    assert corrected(world, DEPLOYED + change, resume).state is AttemptState.DEPLOYED
    assert codes(corrected(world, DEPLOYED + change, in_bank)) == [code]


def test_a_failure_while_others_are_released_is_not_forgotten(world: World) -> None:
    requests = asked(world, STAGED, IN_SHOP, IN_BANK)
    corrected(world, STAGED, requests[SHOP])
    corrected(world, STAGED, of(IN_SHOP, "undo"))
    stages = world.ledger.stages
    other = f"{IN_SHOP.region}/other"
    world.meanwhile["UpdateItem"] = lambda: stages.failed(stages.current(), 0, SHOP, other)
    assert codes(corrected(world, STAGED, of(IN_SHOP, "release-stages", family="-"))) == [Code.STAGES_RELEASED]
    world.pass_(hours=25)
    assert codes(corrected(world, STAGED, requests[BANK])) == [Code.STAGES_STOPPED]
    assert [f"{SHOP}/{other}" in each for each in world.notices] == [False, True]


def test_a_persons_approval_is_bound_to_no_stage(world: World) -> None:
    asked(world, STAGED, IN_BANK)
    proposed = world.ledger.history(family_in(IN_BANK)).proposed
    assert proposed is not None
    request = of(IN_BANK, "apply", digest=proposed.digest, at=world.aws.clock.now().isoformat(), caller="jo")
    assert corrected(world, STAGED, request).state is AttemptState.REGISTERED


def test_an_account_whose_unit_is_not_known_is_in_the_last_stage(world: World) -> None:
    standard = STAGED.replace(f"account: '{SHOP}'", f"unit: {UNIT}")
    requests = asked(world, standard, IN_SHOP)
    assert corrected(world, standard, requests[SHOP]).state is AttemptState.WAITING
    sweep_begins(world, standard)
    assert resumed(world, standard, IN_SHOP).state is AttemptState.REGISTERED


# --- the switch and the rates -----------------------------------------------------------------------------------------


def test_the_switch_of_one_account_stops_no_other(world: World) -> None:
    standard = f"{HASTY}remediation: {{settling_minutes: 0}}\n"
    requests = asked(world, standard, IN_SHOP, IN_BANK)
    world.client("ssm").put_parameter(Name=SWITCH, Value=f"on without {BANK}", Type="String", Overwrite=True)
    waits = corrected(world, standard, requests[BANK])
    assert (waits.state, waits.guard, codes(waits)) == (
        AttemptState.WAITING,
        Guard.KILL_SWITCH,
        [Code.SWITCH_OFF_IN],
    )
    assert corrected(world, standard, requests[SHOP]).state is AttemptState.REGISTERED


def test_a_rate_of_all_accounts_bounds_them_together(world: World) -> None:
    standard = f"{HASTY}remediation: {{settling_minutes: 0, all_registrations_per_hour: 1}}\n"
    requests = asked(world, standard, IN_SHOP, IN_BANK)
    assert corrected(world, standard, requests[SHOP]).state is AttemptState.REGISTERED
    waits = corrected(world, standard, requests[BANK])
    assert (waits.state, waits.guard) == (AttemptState.WAITING, Guard.REGISTRATIONS_PER_HOUR)
    world.pass_(hours=1)
    assert resumed(world, standard, IN_BANK).state is AttemptState.REGISTERED


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("on", SwitchState(on=True)),
        (" ON without 111122223333\n", SwitchState(on=True, off_in=("111122223333",))),
        ("off without 111122223333 444455556666", SwitchState(on=False, off_in=("111122223333", "444455556666"))),
        ("on without", SwitchState(on=False)),
        ("on without 1111", SwitchState(on=False)),
        ("on\noff", SwitchState(on=False)),
        ("", SwitchState(on=False)),
    ],
)
def test_a_switch_of_another_form_is_off(text: str, state: SwitchState) -> None:
    assert SwitchState.of(text) == state
    assert SwitchState.of(str(state)) == state


def test_what_is_off_in_an_account_stays_so_while_all_are_turned() -> None:
    state = SwitchState(on=True).turned(on=False, account=BANK).turned(on=False).turned(on=True)
    assert str(state) == f"on without {BANK}"
    assert str(state.turned(on=True, account=BANK)) == "on"
