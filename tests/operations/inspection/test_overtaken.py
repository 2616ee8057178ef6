"""Whatever happens during an evaluation, before whichever call, the end is as a first evaluation would have it."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from aws.sessions import Sessions
from tests.aws_fake.calls import Fault
from tests.operations.month import Account, living
from tests.operations.people import OTHER_PARAMETER
from tests.operations.world import BROKEN, CONFIG, PARAMETER, TASK
from tests.profiles import by_profile

type Act = Callable[[Account], Sequence[str]]

# Each call is tried where one looks for more; else one in four, and each race begins at another.
EVERY = by_profile(default=4, deep=1, explore=1)


@pytest.fixture
def account(sessions: Sessions) -> Iterator[Account]:
    with living(sessions) as made:
        yield made


def evaluate(account: Account, *bodies: str) -> None:
    account.send(*bodies)
    settle(account)


def settle(account: Account, worker: int = 0) -> None:
    """Until no message is left."""
    for _ in range(60):
        if not account.waiting:
            return
        account.aws.clock.moment = max(account.moment, min(message.visible for message in account.waiting))
        account.take(worker, *account.picked([0] * 10))
    raise AssertionError("messages are retried again and again")


def take_all(account: Account, worker: int) -> None:
    """All that is not in the hands of another worker."""
    while due := account.due():
        account.take(worker, due[:10])


def is_as_from_scratch(account: Account) -> None:
    standing, in_the_hub, _ = account.evaluated_from_scratch()
    assert (account.standing(), account.in_the_hub()) == (standing, in_the_hub)


def role(account: Account, *actions: str) -> list[str]:
    return account.allows("web-task", *actions)


# What was evaluated before, what the first worker evaluates, and what happens and is taken by the second meanwhile.
RACES: dict[str, tuple[Act, Act, Act]] = {
    "a role is fixed": (
        lambda a: [*a.registers("web", "right"), *a.registers("api", "right")],
        lambda a: role(a, *TASK[:2]),
        lambda a: role(a, *TASK),
    ),
    "a role is fixed, as a family comes": (
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
    "a service comes while its family is evaluated": (
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
def test_anything_may_happen_before_any_call(sessions: Sessions, race: str) -> None:
    first, then, meanwhile = RACES[race]
    reached = 0
    for at in range(sorted(RACES).index(race) % EVERY, 200, EVERY):
        with living(sessions) as account:
            evaluate(account, *first(account))
            done = list[int]()

            def overtake(account: Account = account, done: list[int] = done) -> None:
                done.append(1)
                account.send(*meanwhile(account))
                take_all(account, 1)

            bodies = then(account)
            account.line.interludes[len(account.line.made) + at] = overtake
            evaluate(account, *bodies)
            if not done:
                break
            reached += 1
            is_as_from_scratch(account)
    assert reached > 2


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.CRASH_BEFORE, Fault.CRASH_AFTER])
def test_a_service_that_moves_on_after_an_evaluation_that_failed_leaves_no_row_at_what_it_ran(
    sessions: Sessions, fault: Fault
) -> None:
    for at in range(sorted(Fault).index(fault) % EVERY, 200, EVERY):
        with living(sessions) as account:
            evaluate(account, *account.registers("web", "a floating tag"), *account.registers("api", "right"))
            evaluate(account, *account.deploys("front", "api", "LATEST"))
            account.send(*account.deploys("front", "web", "LATEST"))
            before = len(account.line.made)
            account.line.faults[before + at] = fault
            account.take(0, account.due())
            account.take(0, account.due())
            if len(account.line.made) <= before + at:
                break
            account.send(*account.deploys("front", "api", "LATEST"))
            settle(account)
            is_as_from_scratch(account)


def test_a_service_that_runs_a_deregistered_revision_keeps_its_finding(account: Account) -> None:
    evaluate(account, *account.registers("web", "right"), *account.deploys("front", "web", "1.3.0"))
    gone = account.deregisters(0)
    evaluate(account, *gone, *account.deploys_again("front"))
    assert {rule for _, rule in account.standing()} == {"service.platform-version"}
    is_as_from_scratch(account)


def test_a_revision_that_the_sweep_listed_and_that_was_deregistered_since_is_not_evaluated(account: Account) -> None:
    evaluate(account, *account.registers("web", "right"), *account.registers("web", "a floating tag"))
    account.sweep()
    swept = list(account.changes)
    account.changes.clear()
    evaluate(account, *account.deregisters(1))
    assert account.standing() == {}
    account.changes.extend(swept)
    settle(account)
    assert account.standing() == {}


def test_what_a_customer_resolved_is_new_again_though_its_closing_did_not_reach_the_hub_in_time(
    account: Account,
) -> None:
    evaluate(account, *account.registers("web", "a floating tag"))
    (finding,) = account.in_the_hub()
    account.hub.customer_sets(finding, "RESOLVED")
    closing = account.registers("web", "right")
    account.hub.enabled = False
    account.send(*closing)
    account.take(0, account.due())
    account.take(0, account.due())
    account.hub.enabled = True
    evaluate(account, *account.registers("web", "a floating tag"))
    assert [i["RecordState"] for i in account.hub.imports] == ["ACTIVE", "ARCHIVED", "ACTIVE"]
    assert account.hub.workflow(finding) == "NEW"
    published = [alert["transition"] for alert in account.published.values()]
    assert published == ["opened", "closed", "reopened"]
