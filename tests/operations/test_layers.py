"""Each account is evaluated and corrected by the layers of the standard for it, and by exemptions of its owners."""

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.members import Members
from domain.places import Place
from domain.remediation.attempt import AttemptState
from domain.standard import Mode
from domain.standard.owners import PARAMETER
from domain.sweeping import SweepRequest
from operations.standards import Standards
from operations.sweep.beginning import ORGANIZATION, Watched
from reports.coverage import text
from rules import CATALOGUE
from tests.aws_fake.aws import Aws
from tests.aws_fake.calls import Trouble
from tests.aws_fake.clock import Clock
from tests.operations.saying import said
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


def test_nothing_is_corrected_in_an_account_whose_unit_nobody_knows(world: World) -> None:
    standard = (
        "version: 1\nmode: register\nremediation: {settling_minutes: 0}\n"
        f"layers: [{{where: {{unit: {UNIT}}}, mode: report}}]\n"
    )
    world.sees(drifted(world, IN_SHOP), inspector=world.inspector(Mode.REGISTER, standard))
    [asked] = [json.dumps(each) for each in world.requests]
    waits = world.remediator(standard).remediate(asked, f"{INSPECT_ID}:inspect")
    assert (waits.state, said(waits)) == (
        AttemptState.WAITING,
        (f"Its organisational unit, tags or owners' exemptions could not be read for account {SHOP}.",),
    )
    assert list(world.aws.region(SHOP).definitions.families) == ["web"]
    assert len(world.aws.region(SHOP).definitions.families["web"]) == 1


# --- exemptions by owners ---------------------------------------------------------------------------------------------

OWNERS_MAY = f"version: 1\nowner_exemptions: {{rules: {RULE}, days: 366}}\n"


def exempts(world: World, account: str, rule: str = RULE, reason: str = "It ends within seconds.") -> None:
    """The owner of an account writes the parameter."""
    last = (world.aws.clock.now() + timedelta(days=30)).date()
    entry = f"{{rules: {rule}, where: {{family: web}}, reason: '{reason}', expires: {last}}}"
    world.aws.region(account).ssm.put(PARAMETER, f"version: 1\nexemptions:\n  - {entry}\n")


def again(world: World, account: str, standard: str) -> None:
    """The family is evaluated again by functions that have just started."""
    body = own("family", family="web", revision=0).replace(ACCOUNT, account)
    world.sees(body, inspector=world.inspector(standard=standard))


def test_an_owner_exempts_in_the_own_account_alone_and_the_finding_says_so(world: World) -> None:
    world.sees(drifted(world, IN_SHOP), drifted(world, IN_BANK), inspector=world.inspector(standard=OWNERS_MAY))
    assert open_in(world, IN_SHOP)
    exempts(world, SHOP)
    for account in (SHOP, BANK):
        again(world, account, OWNERS_MAY)
    assert not open_in(world, IN_SHOP)
    assert open_in(world, IN_BANK)
    [finding] = [each for each in world.aws.region(SHOP).hub.findings.values() if each["Id"].endswith(RULE)]
    assert finding["Description"].startswith("An owner of the account exempts it until")
    assert finding["Description"].endswith("It ends within seconds.")
    [record] = world.ledger.accounts.exemptions_of(SHOP)
    assert (record.place, [entry.rules for entry in record.entries]) == (IN_SHOP, [(RULE,)])


def test_by_default_owners_exempt_from_nothing_and_nothing_from_their_parameters_is_read(world: World) -> None:
    exempts(world, SHOP)
    world.sees(drifted(world, IN_SHOP), inspector=world.inspector(standard="version: 1\n"))
    assert open_in(world, IN_SHOP)
    assert world.ledger.accounts.exemptions_of(SHOP) == []


def test_an_exemption_beyond_the_limits_is_one_notice_that_repeats_nothing_of_it(world: World) -> None:
    exempts(world, SHOP, "task.size", "<!channel> click here")
    world.sees(drifted(world, IN_SHOP), inspector=world.inspector(standard=OWNERS_MAY))
    again(world, SHOP, OWNERS_MAY)
    assert open_in(world, IN_SHOP)
    [notice] = world.notices
    assert f"{IN_SHOP} do not count" in notice
    assert "line 3: `owner_exemptions` does not allow the rule. [exemption-not-allowed]" in notice
    assert "click" not in notice


def test_a_parameter_that_may_not_be_read_exempts_from_nothing_and_delays_nothing(world: World) -> None:
    exempts(world, SHOP)
    inspector = world.inspector(standard=OWNERS_MAY)
    world.troubles["GetParameters"] = Trouble("AccessDeniedException", times=1)
    world.sees(drifted(world, IN_SHOP), inspector=inspector)
    assert open_in(world, IN_SHOP)
    assert any("Exemptions by the account's owners do not count" in each for each in world.notices)


def test_what_an_owner_exempts_from_is_not_corrected(world: World) -> None:
    standard = f"{OWNERS_MAY}mode: register\nremediation: {{settling_minutes: 0}}\n"
    world.sees(drifted(world, IN_SHOP), inspector=world.inspector(Mode.REGISTER, standard))
    [asked] = [json.dumps(each) for each in world.requests]
    exempts(world, SHOP)
    assert world.remediator(standard).remediate(asked, f"{INSPECT_ID}:inspect").state is AttemptState.NOTHING


def test_nothing_is_corrected_while_nobody_can_say_what_owners_exempt_from(world: World) -> None:
    standard = f"{OWNERS_MAY}mode: register\nremediation: {{settling_minutes: 0}}\n"
    world.sees(drifted(world, IN_SHOP), inspector=world.inspector(Mode.REGISTER, standard))
    [asked] = [json.dumps(each) for each in world.requests]
    exempts(world, SHOP)
    world.troubles["GetParameters"] = Trouble("AccessDeniedException", times=1)
    assert world.remediator(standard).remediate(asked, f"{INSPECT_ID}:inspect").state is AttemptState.WAITING


@pytest.mark.parametrize(
    "hostile",
    [
        "exemptions: [!!bool x]",
        "exemptions: [!!int '']",
        "exemptions: [!!timestamp x]",
        "exemptions: [&a0 {rules: x}, " + ", ".join(
            f"&a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 9)
        ) + "]",
    ],
    ids=["bool", "int", "timestamp", "aliases"],
)  # fmt: skip
def test_a_hostile_parameter_is_one_notice_and_hides_no_drift_in_any_account(world: World, hostile: str) -> None:
    world.aws.region(SHOP).ssm.put(PARAMETER, f"version: 1\n{hostile}\n")
    world.sees(drifted(world, IN_SHOP), drifted(world, IN_BANK), inspector=world.inspector(standard=OWNERS_MAY))
    assert open_in(world, IN_SHOP)
    assert open_in(world, IN_BANK)
    assert ["do not count" in each for each in world.notices] == [True]


def test_a_certificate_says_how_many_exemptions_by_owners_count(world: World) -> None:
    exempts(world, SHOP)
    world.sees(drifted(world, IN_SHOP), inspector=world.inspector(standard=OWNERS_MAY))
    sweep_begins(world, OWNERS_MAY)
    sweeping = world.sweeping(Standards(world.sessions, f"ssm:{STANDARD}", CATALOGUE))
    certificate = sweeping.certifier.certify("sweep-1").certificate
    assert [(each.account, each.exemptions, each.refused) for each in certificate.owners] == [(SHOP, 1, 0)]
    assert f"Exemptions by owners in {IN_SHOP}: 1." in list(text(certificate))
