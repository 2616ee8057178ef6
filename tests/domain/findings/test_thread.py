"""A thread: which alerts it shows, whatever their order."""

import itertools

from domain.findings.thread import Thread
from domain.remediation.rollout import Stage
from tests.reports import samples, threads


def test_what_the_familys_outcome_says_of_a_service_is_not_said_again() -> None:
    """Whether the family's correction or that of the skipped service ends first depends on the queues."""
    verified, skipped = samples.rollout("shop/web", Stage.VERIFIED), samples.rollout("shop/blue", Stage.SKIPPED)
    family = samples.outcome("deployed", registered=8, rollouts=(verified, skipped))
    service = samples.outcome("refused", service="shop/blue")
    assert family.skipped == ("shop/blue",)
    for first, second in itertools.permutations((family, service)):
        thread = Thread().after([*threads.opened(), first]).after([second])
        assert list(thread.outcomes) == ["web"]
        assert not thread.needs_person
    other = samples.outcome("refused", service="shop/green")
    assert "shop/green" in Thread().after([*threads.opened(), family, other]).outcomes
