"""A month of one account's life ends, at every quiet point, as a first evaluation of it would see it.

Nothing of it is closed while a service still runs a revision that drifts.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from aws.sessions import Sessions
from domain.findings.finding import Finding, FindingState
from tests.aws_fake.calls import Fault
from tests.operations.month import START, living
from tests.operations.people import DOCUMENTS, FAMILIES, PARAMETERS, ROLES, SERVICES, STANDARDS
from tests.operations.turns import Interruption
from tests.operations.world import BROKEN, CONFIG, EXECUTION, TASK
from tests.profiles import by_profile

ALERTING = {"opened", "reopened", "raised", "closed"}
TRUSTED = st.sampled_from(["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"])
FATES = st.sampled_from(["heard"] * 6 + ["twice", "late", "late", "lost"])
PICKS = st.lists(st.integers(0, 30), min_size=1, max_size=5)
CALLS = st.integers(0, 40)
families = st.sampled_from(FAMILIES)
services = st.sampled_from(SERVICES)
documents = st.sampled_from(sorted(DOCUMENTS))


class Month(RuleBasedStateMachine):
    """What may happen, and what must hold."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__()
        self.leaving = ExitStack()
        self.account = self.leaving.enter_context(living(sessions))
        self.sound = True
        self.lost = False
        self.swept = START.date()
        self.changes = 0
        self.blurred = set[str]()
        self.resolved = dict[str, bool]()
        self.heard = set[str]()
        self.before = dict[str, Finding]()
        self.seen = 0

    def teardown(self) -> None:
        try:
            if self.sound:
                self.quiet(sweep=False, seed=0)
        finally:
            self.leaving.close()

    # --- the first day ------------------------------------------------------------------------------------------------

    @initialize(first=st.fixed_dictionaries(dict.fromkeys(FAMILIES, documents)), running=st.booleans())
    def first_day(self, first: dict[str, str], *, running: bool) -> None:
        """Everything that is there already becomes findings and no alert."""
        for family, document in first.items():
            self.account.registers(family, document)
        if running:
            self.account.deploys("front", "web", "1.3.0")
        self.account.sweep()
        self.quietly(0)

    # --- pipelines and people -----------------------------------------------------------------------------------------

    def happens(self, events: Sequence[str], fate: str) -> None:
        """The event about what was done comes at once, twice, days later or never."""
        self.changes += 1
        match fate:
            case "lost":
                self.lost |= bool(events)
            case "late":
                self.account.send(*events, late=timedelta(days=3))
            case _:
                self.account.send(*(list(events) * (2 if fate == "twice" else 1)))

    @rule(family=families, document=documents, fate=FATES)
    def registers(self, family: str, document: str, fate: str) -> None:
        self.happens(self.account.registers(family, document), fate)

    @rule(family=families, document=documents, service=services, fate=FATES, other=FATES)
    def releases(self, family: str, document: str, service: str, fate: str, other: str) -> None:
        """Register and deploy, as a pipeline does."""
        self.happens(self.account.registers(family, document), fate)
        self.happens(self.account.deploys(service, family, "LATEST"), other)

    @rule(family=families, document=documents, service=services, fate=FATES)
    def releases_and_corrects(self, family: str, document: str, service: str, fate: str) -> None:
        """A person registers what is right after a release, and deploys it another day or never."""
        self.releases(family, document, service, "heard", "heard")
        self.drain(0, late=False)
        self.happens(self.account.registers(family, "right"), fate)

    @rule(pick=st.integers(0, 40), fate=FATES)
    def deregisters(self, pick: int, fate: str) -> None:
        self.happens(self.account.deregisters(pick), fate)

    @rule(fate=FATES)
    def deletes_revisions(self, fate: str) -> None:
        self.happens(self.account.deletes_revisions(), fate)

    @rule(
        service=services,
        family=families,
        platform=st.sampled_from(["LATEST", "1.4.0", "1.3.0"]),
        launch=st.sampled_from(["FARGATE", "FARGATE", "EC2"]),
        fate=FATES,
    )
    def deploys(self, service: str, family: str, platform: str, launch: str, fate: str) -> None:
        self.happens(self.account.deploys(service, family, platform, launch), fate)

    @rule(service=services, fate=FATES)
    def deploys_again(self, service: str, fate: str) -> None:
        self.happens(self.account.deploys_again(service), fate)

    @rule(service=services, fate=FATES)
    def deletes(self, service: str, fate: str) -> None:
        self.happens(self.account.deletes(service), fate)

    @rule(service=services, task=st.integers(0, 1), fate=FATES)
    def collector_dies(self, service: str, task: int, fate: str) -> None:
        self.happens(self.account.collector_dies(service, task), fate)

    @rule(parameter=st.sampled_from(PARAMETERS), text=st.sampled_from([CONFIG, BROKEN, None]), fate=FATES)
    def writes(self, parameter: str, text: str | None, fate: str) -> None:
        self.happens(self.account.writes(parameter, text), fate)

    @rule(role=st.sampled_from(ROLES), actions=st.sampled_from([EXECUTION, TASK, TASK[:2]]), fate=FATES)
    def allows(self, role: str, actions: tuple[str, ...], fate: str) -> None:
        self.happens(self.account.allows(role, *actions), fate)

    @rule(role=st.sampled_from(ROLES), service=TRUSTED, fate=FATES)
    def trusts(self, role: str, service: str, fate: str) -> None:
        self.happens(self.account.trusts(role, service), fate)

    @rule(role=st.sampled_from(ROLES), fate=FATES)
    def takes_away(self, role: str, fate: str) -> None:
        self.happens(self.account.takes_away(role), fate)

    @rule(actions=st.sampled_from([TASK, TASK[:2]]), fate=FATES)
    def changes_policy(self, actions: tuple[str, ...], fate: str) -> None:
        self.happens(self.account.changes_policy(*actions), fate)

    # --- the customer, in the hub -------------------------------------------------------------------------------------

    @precondition(lambda self: self.account.in_the_hub())
    @rule(pick=st.integers(0, 20))
    def suppresses(self, pick: int) -> None:
        ids = sorted(self.account.in_the_hub())
        self.blurred.add(ids[pick % len(ids)])
        self.account.hub.silent.add(ids[pick % len(ids)])

    @precondition(lambda self: self.account.hub.silent)
    @rule(pick=st.integers(0, 20))
    def takes_up_again(self, pick: int) -> None:
        ids = sorted(self.account.hub.silent)
        self.blurred.add(ids[pick % len(ids)])
        self.account.hub.silent.remove(ids[pick % len(ids)])

    @precondition(lambda self: self.account.in_the_hub())
    @rule(pick=st.integers(0, 20))
    def resolves(self, pick: int) -> None:
        """By hand, before it is over: the next one must be new."""
        ids = sorted(self.account.in_the_hub())
        if not self.pending(ids[pick % len(ids)]):
            self.account.hub.customer_sets(ids[pick % len(ids)], "RESOLVED")
            self.resolved[ids[pick % len(ids)]] = True

    def pending(self, id_: str) -> bool:
        """Whether the ledger has moved a finding on since the last quiet point."""
        return any(finding.id == id_ for finding in self.account.moves[self.seen :])

    # --- Outrider -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.account.waiting)
    @rule(worker=st.integers(0, 1), picks=PICKS)
    def takes(self, worker: int, picks: Sequence[int]) -> None:
        self.account.take(worker, *self.account.picked(picks))

    @precondition(lambda self: self.account.waiting)
    @rule(worker=st.integers(0, 1), picks=PICKS, at=CALLS, fault=st.sampled_from(Fault))
    def takes_and_fails(self, worker: int, picks: Sequence[int], at: int, fault: Fault) -> None:
        self.interrupted([Interruption(at, fault)], lambda: self.account.take(worker, *self.account.picked(picks)))

    @precondition(lambda self: len(self.account.waiting) > 1)
    @rule(
        first=PICKS,
        second=PICKS,
        slices=st.lists(st.integers(0, 12), max_size=8),
        at=CALLS,
        fault=st.none() | st.sampled_from(Fault),
    )
    def two_take(
        self, first: Sequence[int], second: Sequence[int], slices: Sequence[int], at: int, fault: Fault | None
    ) -> None:
        one, other = self.account.picked(first, second)
        meanwhile = [Interruption(at, fault)] if fault else []
        self.interrupted(meanwhile, lambda: self.account.take_in_turns(one, other, slices))

    @precondition(lambda self: self.account.waiting)
    @rule(worker=st.integers(0, 1), picks=PICKS, at=CALLS, data=st.data())
    def takes_while_it_happens(self, worker: int, picks: Sequence[int], at: int, data: st.DataObject) -> None:
        """The account changes under the worker's eyes."""
        account, some = self.account, data.draw
        acts: list[Callable[[], Sequence[str]]] = [
            lambda: account.registers(some(families), some(documents)),
            lambda: account.deregisters(some(st.integers(0, 40))),
            lambda: account.writes(some(st.sampled_from(PARAMETERS)), some(st.sampled_from([CONFIG, BROKEN]))),
            lambda: account.trusts(some(st.sampled_from(ROLES)), some(TRUSTED)),
            lambda: account.deploys(some(services), some(families), "1.3.0"),
        ]
        act = data.draw(st.sampled_from(range(len(acts))))
        doing = Interruption(at, act=lambda: self.happens(acts[act](), "heard"))
        self.interrupted([doing], lambda: account.take(worker, *account.picked(picks)))

    def interrupted(self, by: list[Interruption], act: Callable[[], None]) -> None:
        self.lost |= any(each.fault is Fault.DENIED for each in by)  # it may have made a fact unknown, until a sweep
        self.account.interruptions = by
        try:
            act()
        finally:
            self.account.interruptions = []

    @rule(fault=st.none() | st.sampled_from(Fault), at=st.integers(0, 8))
    def sweeps(self, fault: Fault | None, at: int) -> None:
        """The day's sweep is sent; what of it is taken when, is open."""
        self.interrupted([Interruption(at, fault)] if fault else [], self.account.sweep)

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.account.pass_(hours=hours)
        self.changes += self.account.moment.date() > self.swept  # an exemption may have expired

    # --- quiet points -------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.changes > 8)
    @rule(name=st.sampled_from(sorted(STANDARDS)), seed=st.integers(0, 9))
    def another_standard(self, name: str, seed: int) -> None:
        """A baseline: findings as the new one wants them, and no alert."""
        self.quiet(sweep=True, seed=seed)
        self.account.set_standard(name)
        self.account.sweep(quiet=True)
        self.quietly(seed)

    def quietly(self, seed: int) -> None:
        published = set(self.account.published)
        self.drain(seed, late=False)
        assert set(self.account.published) == published, "a baseline tells nothing"
        self.is_as_from_scratch()
        self.transitions()
        self.sound = True
        self.changes = 0

    @rule(sweep=st.booleans(), seed=st.integers(0, 9))
    def quiet(self, *, sweep: bool, seed: int) -> None:
        """Everything with an event is evaluated; and everything that exists, where an event was lost."""
        self.drain(seed, late=not sweep)
        self.lost |= sweep
        # No event tells that an exemption has expired.
        while self.lost or self.account.moment.date() > self.swept:
            self.account.sweep()
            self.swept = self.account.moment.date()
            self.lost = False
            self.drain(seed, late=False)
        self.is_as_from_scratch()
        self.published_what_changed()
        self.changes = 0
        self.blurred.clear()

    def drain(self, seed: int, *, late: bool) -> None:
        """Have everything taken; `late`: what is held back too."""
        account, order = self.account, random.Random(seed)  # noqa: S311 - an order, and no secret
        held = [m for m in account.changes if m.id in account.late and m.visible > account.moment and not late]
        account.changes[:] = [message for message in account.changes if message not in held]
        for turn in range(200):
            if not account.waiting:
                break
            if turn and turn % 40 == 0:  # what is retried for the third minute is not what ECS only shows late
                account.pass_(minutes=1)
            account.aws.clock.moment = max(account.moment, min(message.visible for message in account.waiting))
            account.take(order.randrange(2), *account.picked([order.randrange(100) for _ in range(10)]))
        assert not account.waiting, "messages are retried again and again"
        account.changes.extend(held)

    def is_as_from_scratch(self) -> None:
        self.sound = False
        assert not self.account.untrue
        assert not self.account.run_and_not_open()
        standing, active, unknown = self.account.evaluated_from_scratch()
        found, in_the_hub = self.account.standing(), self.account.in_the_hub()
        # What is unknown opens nothing, and leaves open findings as they are.
        stays = (found.keys() - standing.keys()) & unknown
        _same(*({key: said for key, said in each.items() if key not in stays} for each in (found, standing)))
        ids = {f"outrider/{subject}/{rule}" for subject, rule in stays}
        _same(*({id_: said for id_, said in each.items() if id_ not in ids} for each in (in_the_hub, active)))

    def published_what_changed(self) -> None:
        """Each transition that the ledger recorded since the last quiet point was published once, and nothing else."""
        account = self.account
        new = [alert for id_, alert in account.published.items() if id_ not in self.heard]
        alerts = [alert for alert in new if alert["transition"] in ALERTING]
        published = Counter((alert["finding"], alert["transition"]) for alert in alerts)
        wanted = Counter((found.id, change) for found, change in self.transitions() if change in ALERTING)
        for finding in account.hub.silent - self.blurred:
            assert not [change for id_, change in published if id_ == finding], "suppressed, and published"
        sure = {key for key in {*published, *wanted} if key[0] not in self.blurred | account.hub.silent}
        assert {key: published[key] for key in sure} == {key: wanted[key] for key in sure}
        assert all(published[key] <= wanted[key] for key in published)
        most = max(Counter(alert["finding"] for alert in alerts).values(), default=0)
        assert self.changes > 1 or most <= self.changes, "more was published than happened"
        self.heard |= set(account.published)
        self.sound = True

    def transitions(self) -> list[tuple[Finding, str]]:
        """What the ledger has taken down since it was asked last, with the name of each change."""
        found = list[tuple[Finding, str]]()
        last = {finding.id: finding for finding in self.account.moves}
        for finding in self.account.moves[self.seen :]:
            before = self.before.get(finding.id)
            assert finding.version == (before.version + 1 if before else 1), "a transition was lost, or made twice"
            if (before is None or before.state is not FindingState.OPEN) and finding.state is FindingState.OPEN:
                found.append((finding, "reopened" if before else "opened"))
                # One that was over again before Security Hub received it is closed there, and nobody has to see it.
                if last[finding.id].state is FindingState.OPEN and self.resolved.pop(finding.id, False):
                    assert self.account.hub.workflow(finding.id) == "NEW", "it is back, and nobody would see it"
            elif before is not None and finding.state is FindingState.OPEN and finding.severity > before.severity:
                found.append((finding, "raised"))
            else:
                found.append((finding, finding.state.value))
            self.before[finding.id] = finding
        self.seen = len(self.account.moves)
        return found


def _same(found: Mapping[Any, object], wanted: Mapping[Any, object]) -> None:
    wrong = {key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key)}
    assert not wrong, [(key, "stands:", found.get(key), "afresh:", wanted.get(key)) for key in sorted(wrong)]


def test_a_month(sessions: Sessions) -> None:
    run_state_machine_as_test(
        partial(Month, sessions),  # type: ignore[arg-type] # it is called, and need not be a class
        settings=settings(
            max_examples=by_profile(default=5, deep=20, explore=100),
            stateful_step_count=80,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
