"""What docs/members.md has operators do, rehearsed: an account comes, goes, refuses, or a stack is created again."""

import json
from dataclasses import replace
from itertools import pairwise

from domain.coverage import Certificate, Coverage
from domain.findings.finding import FindingState
from domain.places import Place, Revision
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.guard import Guard
from domain.remediation.rollout import Rollout, Target
from domain.subject import Subject
from operations.remediation.resuming import Resumer
from operations.standards import Standards
from operations.sweep.beginning import Watched
from rules import CATALOGUE
from tests.operations.sweeping import Sweeping
from tests.operations.test_members import (
    BANK,
    IN_BANK,
    IN_SHOP,
    RULE,
    SHOP,
    drifted,
    family,
    findings,
    register,
    sessions,
    world,
)
from tests.operations.world import FLOATING, PLACE, REGION, World

__all__ = ["sessions", "world"]

FINDING = f"outrider/{IN_BANK}/family/web/{RULE}"
WITHOUT_BANK = f"version: 1\nname: shop\nscope: {{exclude: [{{account: '{BANK}'}}]}}\n"


def sweeping(world: World, *accounts: str, standard: str = "", regions: tuple[str, ...] = (REGION,)) -> Sweeping:
    """The function sweep, with these accounts besides its own."""
    made = world.sweeping(Standards(world.sessions, standard, CATALOGUE))
    made.watched = Watched(PLACE, accounts, regions)
    return made


def swept(world: World, *accounts: str, standard: str = "", regions: tuple[str, ...] = (REGION,)) -> Certificate:
    """Sweep everything, and evaluate what is sent; no message may be retried."""
    sweep = sweeping(world, *accounts, standard=standard, regions=regions)
    sweep.list()
    waiting = world.aws.sqs.queue("changes").waiting
    bodies = [message.body for message in waiting]
    waiting.clear()
    text = str(world.aws.region().ssm.parameters[standard.removeprefix("ssm:")]["Value"]) if standard else None
    world.sees(*bodies, inspector=world.inspector(standard=text))
    return sweep.certify().certificate


def gaps(certificate: Certificate) -> set[tuple[Place, Subject, Coverage, str]]:
    return {(row.place, row.kind, gap.coverage, gap.call) for row, gap in certificate.gaps}


def denied(call: str, place: Place, *kinds: Subject) -> set[tuple[Place, Subject, Coverage, str]]:
    return {(place, kind, Coverage.DENIED, call) for kind in kinds}


# --- add an account ---------------------------------------------------------------------------------------------------


def test_an_account_that_joins_is_uncovered_until_its_roles_are_there_and_then_a_baseline(world: World) -> None:
    register(world, IN_BANK, collector=FLOATING)
    world.aws.closed.add(BANK)
    first = swept(world, SHOP, BANK)
    assert gaps(first) == denied("sts:AssumeRole", IN_BANK, Subject.FAMILY, Subject.SERVICE)
    assert findings(world, IN_BANK) == set()
    again = swept(world, SHOP, BANK)
    assert [row.since for row in again.rows if row.gaps] == [first.began] * 2, "since the first sweep that missed it"
    [notice] = [each for each in world.notices if "could not" in each or BANK in each]
    assert BANK in notice
    world.aws.closed.clear()
    world.pass_(hours=2)
    assert swept(world, SHOP, BANK).complete
    assert FINDING in findings(world, IN_BANK)
    assert {each["transition"] for each in world.alerts} == {"digest"}, "no alert for each of what existed before"


# --- remove an account ------------------------------------------------------------------------------------------------


def test_an_account_that_is_taken_out_of_the_scope_first_has_its_findings_closed(world: World) -> None:
    world.sees(drifted(world, IN_BANK))
    assert FINDING in findings(world, IN_BANK)
    world.client("ssm").put_parameter(Name="/standard", Value=WITHOUT_BANK, Type="String")
    certificate = swept(world, SHOP, BANK, standard="ssm:/standard")
    assert certificate.complete
    assert findings(world, IN_BANK) == set()
    world.aws.closed.add(BANK)  # then its stack is deleted
    world.pass_(hours=2)
    after = swept(world, SHOP, standard="ssm:/standard")
    assert after.complete
    assert {(row.kind, *row.counts) for row in after.rows if row.place == IN_BANK} == {
        (Subject.FAMILY, Coverage.OUT_OF_SCOPE)
    }


def test_an_account_whose_stack_is_deleted_first_keeps_its_findings_and_is_named(world: World) -> None:
    world.sees(drifted(world, IN_BANK))
    world.pass_(hours=2)
    world.aws.closed.add(BANK)
    assert not swept(world, SHOP, BANK).complete
    assert FINDING in findings(world, IN_BANK)


def test_what_is_open_in_an_account_that_is_not_watched_any_more_is_counted_and_not_listed(world: World) -> None:
    world.sees(drifted(world, IN_BANK), drifted(world, IN_SHOP))
    world.pass_(hours=2)
    world.aws.closed.add(BANK)
    assert swept(world, SHOP).complete
    assert world.ledger.history(family(IN_BANK)).rows[RULE].finding.state is FindingState.OPEN
    daily = sweeping(world, SHOP).digests.daily(PLACE)
    assert daily is not None
    shown = daily.model_dump_json()
    assert (str(IN_SHOP) in shown, str(IN_BANK) in shown) == (True, False)
    assert any("not watched any more" in reason for reason in daily.reasons)


# --- corrections that wait in an account that refuses -----------------------------------------------------------------


def waiting(world: World, **members: object) -> Attempt:
    made = Attempt(Revision(IN_BANK, "web", 1), "0123456789abcdef", AttemptState.WAITING, world.now(), due=world.now())
    return world.ledger.attempts.write(replace(made, **members))  # type: ignore[arg-type] # members of an attempt


def resumed(world: World) -> int:
    """The schedule comes due once; how many corrections it had resumed."""
    taken = len(world.requests)
    queue = sweeping(world).place_sweeper.changes
    Resumer(world.ledger, replace(queue, url=world.queues["remediations.fifo"]), world.now).resume()
    for body in world.requests[taken:]:
        world.remediator().remediate(json.dumps(body))
    return len(world.requests) - taken


def minutes_until_ended(world: World, attempt: Attempt) -> list[int]:
    """After how many minutes each was tried, until it ended."""
    tried, began = list[int](), world.now()
    for _ in range(40):
        held = world.ledger.history(family(IN_BANK)).attempt(attempt.key)
        assert held is not None
        if held.state.ended:
            return tried
        assert held.due is not None
        world.aws.clock.moment = max(held.due, world.aws.clock.now())
        assert resumed(world) == 1
        tried.append(round((world.now() - began).total_seconds() / 60))
        assert resumed(world) == 0, "not again in the same minute"
    raise AssertionError("It never ends.")


def test_a_correction_that_waits_in_an_account_that_refuses_is_tried_less_and_less_and_ends(world: World) -> None:
    world.sees(drifted(world, IN_BANK))
    world.pass_(hours=2)
    world.aws.closed.add(BANK)
    attempt = waiting(world)
    tried = minutes_until_ended(world, attempt)
    pauses = [after - before for before, after in pairwise(tried)]
    assert pauses == sorted(pauses)
    assert len(tried) < 25
    assert 72 * 60 <= tried[-1] < 79 * 60
    held = world.ledger.history(family(IN_BANK)).attempt(attempt.key)
    assert held is not None
    assert (held.state, held.guard) == (AttemptState.REFUSED, Guard.ACCOUNT)
    [told] = [each for each in world.alerts if each["kind"] == "outcome"]
    assert (told["transition"], told["account"]) == ("refused", BANK)
    assert "The account refuses Outrider since" in told["reasons"][0]
    assert "sts:AssumeRole" in told["reasons"][0]
    assert world.ledger.attempts.dues() == []
    assert world.ledger.attempts.stopped() == [family(IN_BANK)], "`outrider retry` tries it again"


def test_a_rollout_that_nobody_can_watch_any_more_fails_and_is_in_quarantine(world: World) -> None:
    world.sees(drifted(world, IN_BANK))
    world.pass_(hours=2)
    world.aws.closed.add(BANK)
    rollout = Rollout("shop/web", Target("web:1"), Target("web:2"), world.now())
    attempt = waiting(world, state=AttemptState.ROLLING, rollouts=(rollout,), registered=2, deploys=True)
    minutes_until_ended(world, attempt)
    history = world.ledger.history(family(IN_BANK))
    held = history.attempt(attempt.key)
    assert held is not None
    assert held.state is AttemptState.FAILED
    assert history.quarantine is not None


def test_an_account_that_trusts_outrider_again_goes_on_where_it_was(world: World) -> None:
    world.sees(drifted(world, IN_BANK))
    world.pass_(hours=2)
    world.aws.closed.add(BANK)
    attempt = waiting(world)
    assert resumed(world) == 1
    world.aws.closed.clear()
    world.pass_(minutes=10)
    assert resumed(world) == 1
    held = world.ledger.history(family(IN_BANK)).attempt(attempt.key)
    assert held is not None
    assert (held.unreachable, held.guard) != (None, Guard.ACCOUNT)
    assert all("refuses" not in str(reason) for reason in held.reasons)


# --- a new region -----------------------------------------------------------------------------------------------------


def test_a_region_without_security_hub_is_a_row_of_the_certificate_and_one_notice_until_it_is_enabled(
    world: World,
) -> None:
    world.sees(drifted(world, IN_SHOP))
    world.aws.region(BANK).hub.enabled = False
    register(world, IN_BANK, collector=FLOATING)
    first = swept(world, SHOP, BANK)
    assert gaps(first) == denied("securityhub:BatchImportFindings", IN_BANK, Subject.FAMILY)
    assert gaps(swept(world, SHOP, BANK)) == gaps(first), "the finding still waits"
    assert len([each for each in world.notices if "Security Hub is not enabled" in each]) == 1
    assert FINDING not in findings(world, IN_BANK)
    world.aws.region(BANK).hub.enabled = True
    assert swept(world, SHOP, BANK).complete
    assert FINDING in findings(world, IN_BANK)


# --- a governance stack that was created again ------------------------------------------------------------------------


def test_a_stack_with_an_empty_ledger_finds_everything_again_under_the_same_ids(world: World) -> None:
    register(world, IN_BANK, collector=FLOATING)
    swept(world, BANK)
    before, told = findings(world, IN_BANK), len(world.alerts)
    table = world.client("dynamodb")
    for item in table.scan(TableName="ledger")["Items"]:
        table.delete_item(TableName="ledger", Key={"pk": item["pk"], "sk": item["sk"]})
    world.pass_(hours=2)
    world.aws.region(BANK).hub.strict = False  # they have another CreatedAt
    assert swept(world, BANK).complete
    assert findings(world, IN_BANK) == before
    assert len(world.aws.region(BANK).hub.findings) == len(before), "none is there twice"
    assert [each["transition"] for each in world.alerts[told:]] == ["digest"]
