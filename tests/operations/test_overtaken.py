"""Whatever overtakes a look, at whichever of its calls, the end is as a first look would have it."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import settings

from aws.sessions import Sessions
from tests.aws_fake.calls import Fault
from tests.operations.month import OTHER_PARAMETER, Account, Interruption, living
from tests.operations.world import BROKEN, CONFIG, PARAMETER, TASK

type Act = Callable[[Account], Sequence[str]]

# Each call is tried where one looks for more; else one in four, and each race begins at another.
EVERY = 4 if settings.get_current_profile_name() == "steady" else 1


@pytest.fixture
def account(sessions: Sessions) -> Iterator[Account]:
    with living(sessions) as made:
        yield made


def look(account: Account, *bodies: str, worker: int = 0) -> None:
    account.take(worker, account.send(*bodies))
    settle(account)


def settle(account: Account) -> None:
    """Until no message comes again."""
    for _ in range(20):
        if not account.queue:
            return
        batch = account.queue[:10]
        account.aws.clock.moment = max(account.moment, *(message.visible for message in batch))
        account.take(1, batch)
    raise AssertionError("messages come again and again")


def as_afresh(account: Account) -> None:
    standing, in_the_hub, _ = account.judged_afresh()
    assert (account.standing(), account.in_the_hub()) == (standing, in_the_hub)


def role(account: Account, *actions: str) -> list[str]:
    return account.allows("web-task", *actions)


# What the first worker hears of, and what happens, and is looked at by the second, under its eyes.
RACES: dict[str, tuple[Act, Act, Act]] = {
    "a role is mended": (
        lambda a: [*a.registers("web", "right"), *a.registers("api", "right")],
        lambda a: role(a, *TASK[:2]),
        lambda a: role(a, *TASK),
    ),
    "a role is mended, and nobody else hears of it": (
        lambda a: [*a.registers("web", "right"), *a.registers("api", "right")],
        lambda a: role(a, *TASK[:2]) + a.registers("cron", "right"),
        lambda a: [*a.registers("api", "right"), *role(a, *TASK), *a.registers("web", "right")],
    ),
    "a parameter is broken": (
        lambda a: [*a.registers("web", "right"), *a.registers("api", "a floating tag")],
        lambda a: a.writes(PARAMETER, CONFIG),
        lambda a: a.writes(PARAMETER, BROKEN),
    ),
    "a service goes on to the next revision": (
        lambda a: a.registers("web", "a floating tag") + a.deploys("front", "web", "LATEST"),
        lambda a: a.registers("web", "right, with other roles") + a.deploys("front", "web", "LATEST"),
        lambda a: a.registers("web", "a floating tag") + a.deploys("front", "web", "1.3.0"),
    ),
    "a service goes on to another family": (
        lambda a: a.registers("web", "a floating tag") + a.registers("api", "no collector"),
        lambda a: a.deploys("front", "web", "1.3.0"),
        lambda a: a.deploys("front", "api", "LATEST"),
    ),
    "a service is deleted": (
        lambda a: a.registers("web", "a floating tag") + a.deploys("front", "web", "LATEST"),
        lambda a: a.deploys("front", "web", "1.3.0"),
        lambda a: a.deletes("front"),
    ),
    "a service comes while its family is looked at": (
        lambda a: a.registers("web", "right"),
        lambda a: a.registers("web", "a floating tag"),
        lambda a: a.deploys("front", "web", "LATEST"),
    ),
    "the newest revision is deregistered": (
        lambda a: a.registers("web", "right"),
        lambda a: a.registers("web", "right, with another parameter"),
        lambda a: a.writes(OTHER_PARAMETER, BROKEN) + a.deregisters(1),
    ),
}


@pytest.mark.parametrize("race", RACES)
def test_another_worker_may_overtake_at_any_call(sessions: Sessions, race: str) -> None:
    first, then, meanwhile = RACES[race]
    reached = 0
    for at in range(sorted(RACES).index(race) % EVERY, 80, EVERY):
        with living(sessions) as account:
            look(account, *first(account))
            done = list[int]()

            def overtake(account: Account = account, done: list[int] = done) -> None:
                done.append(1)
                bodies = meanwhile(account)
                account.interruptions = []
                for body in bodies:
                    account.take(1, account.send(body))

            account.interruptions = [Interruption(at, act=overtake)]
            account.take(0, account.send(*then(account)))
            if not done:
                break
            reached += 1
            settle(account)
            as_afresh(account)
    assert reached > 2


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.CRASH_BEFORE, Fault.CRASH_AFTER])
def test_a_service_that_moves_on_after_a_look_that_failed_is_struck_off_what_it_ran(
    sessions: Sessions, fault: Fault
) -> None:
    for at in range(sorted(Fault).index(fault) % EVERY, 80, EVERY):
        with living(sessions) as account:
            look(account, *account.registers("web", "a floating tag"), *account.registers("api", "right"))
            look(account, *account.deploys("front", "api", "LATEST"))
            bodies = account.deploys("front", "web", "LATEST")
            account.interruptions = [Interruption(at, fault)]
            account.take(0, account.send(*bodies))
            account.interruptions = []
            if not account.queue:
                break
            account.deploys("front", "api", "LATEST")
            settle(account)
            as_afresh(account)


def test_a_service_that_runs_a_deregistered_revision_keeps_its_finding(account: Account) -> None:
    look(account, *account.registers("web", "right"), *account.deploys("front", "web", "1.3.0"))
    gone = account.deregisters(0)
    look(account, *gone, *account.deploys_again("front"))
    assert {rule for _, rule in account.standing()} == {"service.platform-version"}
    as_afresh(account)


def test_a_revision_that_the_sweep_saw_and_that_was_deregistered_since_is_not_judged(account: Account) -> None:
    look(account, *account.registers("web", "right"), *account.registers("web", "a floating tag"))
    account.sweep()
    swept = list(account.queue)
    account.queue.clear()
    look(account, *account.deregisters(1))
    assert account.standing() == {}
    account.queue.extend(swept)
    settle(account)
    assert account.standing() == {}


def test_what_a_customer_resolved_is_new_again_though_its_closing_did_not_reach_the_hub_in_time(
    account: Account,
) -> None:
    look(account, *account.registers("web", "a floating tag"))
    (finding,) = account.in_the_hub()
    account.hub.customer_sets(finding, "RESOLVED")
    closing = account.registers("web", "right")
    account.hub.enabled = False
    account.take(0, account.send(*closing))
    account.hub.enabled = True
    look(account, *account.registers("web", "a floating tag"))
    assert [i["RecordState"] for i in account.hub.imports] == ["ACTIVE", "ARCHIVED", "ACTIVE"]
    assert account.hub.workflow(finding) == "NEW"
    told = [alert["transition"] for alert in account.published.values()]
    assert told == ["opened", "closed", "reopened"]
