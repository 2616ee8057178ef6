"""A storm: very many calls within a minute. Messages stay few, and at quiet every finding is right.

With `--hypothesis-profile=deep -s` it is as large as one that was tried on a deployed stack, and prints its numbers.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter

from aws.sessions import Sessions
from tests.operations.month import Account, living
from tests.operations.people import DOCUMENTS, PARAMETERS, ROLES
from tests.operations.world import BROKEN, CONFIG, EXECUTION, TASK
from tests.profiles import by_profile

SECONDS = 44
LAGS = (1, 20)  # seconds from a call to its event
REPEATED = 0.28  # of all events
DISPATCHED, INSPECTED = 4, 2  # batches in a second


@dataclass
class Storm:
    """Calls at random times, and functions that take a few batches in a second."""

    account: Account
    families: Sequence[str]
    services: Sequence[str]
    dice: random.Random
    coming: list[tuple[float, str]] = field(default_factory=list)
    events: int = 0

    def run(self, calls: int) -> None:
        for second in range(SECONDS):
            for _ in range(calls // SECONDS + (second < calls % SECONDS)):
                self.call(second)
            self.second()
        while self.coming or self.account.waiting:
            self.second()

    def call(self, second: int) -> None:
        acts, weights = zip(*self.acts(), strict=True)
        for event in self.dice.choices(acts, weights)[0]():
            for _ in range(1 + (self.dice.random() < REPEATED)):
                self.coming.append((second + self.dice.uniform(*LAGS), event))

    def acts(self) -> list[tuple[Callable[[], Sequence[str]], int]]:
        account, pick = self.account, self.dice.choice
        role, family = pick(ROLES), pick(self.families)
        return [
            (lambda: account.registers(family, pick(sorted(DOCUMENTS))), 30),
            (lambda: account.deploys(pick(self.services), family, "LATEST"), 20),
            (lambda: account.deploys_again(pick(self.services)), 10),
            (lambda: account.collector_dies(pick(self.services), 0), 5),
            (lambda: account.writes(pick(PARAMETERS), pick([CONFIG, BROKEN])), 15),
            (lambda: account.allows(role, *(EXECUTION if role == "web-execution" else pick([TASK, TASK[:2]]))), 10),
            (lambda: account.trusts(role, pick(["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"])), 5),
            (lambda: account.changes_policy(*pick([TASK, TASK[:2]])), 5),
        ]

    def second(self) -> None:
        """What arrives within it, and what the functions take of that."""
        account = self.account
        if not self.coming and not account.due():  # to the next delayed message
            account.aws.clock.moment = max(account.moment, min(each.visible for each in account.waiting))
        now = account.seconds()
        arrived = [event for at, event in sorted(self.coming, key=itemgetter(0)) if at <= now]
        self.coming = [each for each in self.coming if each[0] > now]
        account.send(*arrived)
        self.events += len(arrived)
        for name, batches in (("changes", DISPATCHED), ("subjects.fifo", INSPECTED)):
            for _ in range(batches):
                if batch := account.aws.sqs.queue(name).receivable(account.moment)[:10]:
                    account.take(0, batch)
        account.pass_(seconds=1)


def test_a_storm(sessions: Sessions) -> None:
    families, calls = by_profile(default=(12, 150), deep=(150, 3068), explore=(40, 600))
    dice = random.Random(11)  # noqa: S311 - a storm, and no secret
    with living(sessions) as account:
        named = [f"family-{number}" for number in range(families)]
        storm = Storm(account, named, [f"service-{number}" for number in range(families // 2)], dice)
        for family in named:
            account.registers(family, dice.choice(sorted(DOCUMENTS)))
        for number, service in enumerate(storm.services):
            account.deploys(service, named[number], "LATEST")
        account.sweep()
        while account.waiting:
            storm.second()
        changes, subjects = (account.aws.sqs.queue(name) for name in ("changes", "subjects.fifo"))
        before, begun = (len(changes.sent), len(subjects.sent)), account.moment
        storm.run(calls)
        own = len(changes.sent) - before[0] - storm.events
        sent, took = len(subjects.sent) - before[1], account.moment - begun
        print(f"\n{calls} calls, {storm.events} events: {own} changes, {sent} subjects, quiet after {took}")  # noqa: T201 - the numbers of docs/performance.md
        standing, _, unknown = account.evaluated_from_scratch(named)
        found = account.standing()
        stays = (found.keys() - standing.keys()) & unknown
        assert {key: each for key, each in found.items() if key not in stays} == standing
        assert standing
    assert own <= storm.events / 5, "few messages of Outrider's own wait in the queue of changes"
    assert sent <= 4 * storm.events, "a small multiple of the changes"
    assert took < timedelta(minutes=20)
