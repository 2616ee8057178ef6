"""Alerts of threads: one message for what belongs together, none lost, and none shown twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.findings.alert import Alert
from domain.findings.thread import Head
from domain.severity import Severity
from operations.notification.notifier import (
    Recorded,
    Sent,
    SentBefore,
    Waiting,
)
from tests.operations.notifying import LIFE, MOST, WAIT, Died, Machine, alerts, kinds
from tests.reports import samples, threads


def test_what_one_change_brings_about_is_one_message(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    assert here.notify(*some[:2]) == {alert.id: Waiting(WAIT) for alert in some[:2]}
    here.clock += 20
    assert here.notify(*some[2:]) == {alert.id: Waiting(WAIT - 20) for alert in some[2:]}
    assert here.posts == []
    here.clock += 40
    assert kinds(here.notify(*some[:2])) == {Sent}
    assert kinds(here.notify(*some[2:])) == {SentBefore}
    assert here.headers == ["🟠 Drift: web"]


def test_a_story_by_webhook_has_a_first_and_a_last_message(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened(), threads.rolling())
    assert kinds(here.later(threads.deployed(), *threads.closed(threads.opened()))) == {Sent}
    assert here.headers == ["🟠 Drift: web", "✅ Resolved: web"]


def test_what_is_over_before_its_first_message_has_only_one(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened(), threads.rolling(), threads.deployed(), *threads.closed(threads.opened()))
    assert here.headers == ["✅ Resolved: web"]


def test_a_step_that_outrider_takes_is_shown_by_the_next_message(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened())
    assert kinds(here.later(threads.rolling())) == {Recorded}
    some = threads.closed(threads.opened())
    assert kinds(here.later(*some[1:])) == {Recorded}
    assert len(here.posts) == 1
    here.later(threads.deployed(), some[0])
    assert here.headers[1:] == ["✅ Resolved: web"]
    assert any("web:8 runs on shop/web" in part for part in here.posts[1].message.parts)
    assert any("5 findings are closed" in part for part in here.posts[1].message.parts)


def test_a_correction_that_leaves_a_drift_says_so_when_its_closings_had_time(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened(), threads.rolling())
    some = [threads.deployed(), *threads.closed(threads.opened()[1:], threads.opened()[0].rule)]
    assert kinds(here.later(*some)) == {Waiting, Recorded}
    here.clock += 4 * WAIT
    assert here.notify(some[0]) == {some[0].id: Sent(threads.KEY)}
    assert here.headers[1:] == ["🟡 Partly corrected: web"]


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
def test_a_correction_that_failed_waits_for_nothing(machine: Callable[[], Machine], severity: Severity) -> None:
    here = machine()
    here.notify(*threads.opened())
    failed = samples.of_corrections()["failed"].model_copy(update={"severity": severity})
    assert kinds(here.notify(failed)) == {Sent}
    assert [header[2:] for header in here.headers] == ["Correction failed: web"]
    here.clock += WAIT
    assert kinds(here.notify(*threads.opened())) == {SentBefore}


def test_a_service_that_is_being_updated_and_what_outriders_own_call_shows_raise_no_alarm(
    machine: Callable[[], Machine],
) -> None:
    here = machine()
    here.later(*threads.opened()[:-1], threads.rolling())
    behind = threads.opened()[-1]
    own = samples.finding_alert("sidecar.present", "web", samples.WEB, threads.SERVICE).model_copy(update={"own": True})
    assert kinds(here.later(behind, own)) == {Recorded}
    here.later(samples.of_corrections()["failed"])
    assert here.headers == ["🟠 Drift: web", "🟠 Correction failed: web"]
    assert sum("service `shop/web`" in part for part in here.posts[1].message.parts) == 1


def test_what_a_correction_brings_up_is_shown_with_its_outcome(machine: Callable[[], Machine]) -> None:
    """Outrider's own revision may show a drift that the earlier one hid: people read of it once it is deployed."""
    here = machine()
    here.later(*threads.opened()[:-1], threads.rolling())
    own = samples.finding_alert("sidecar.present", "web", samples.WEB, threads.SERVICE).model_copy(update={"own": True})
    here.later(own)
    here.later(threads.deployed(), *threads.closed(threads.opened()[:-1], "sidecar.present"), seconds=5 * WAIT)
    assert [header[2:] for header in here.headers] == ["Drift: web", "Partly corrected: web"]


def test_a_drift_that_is_raised_before_the_first_message_is_a_drift(machine: Callable[[], Machine]) -> None:
    """Its service was created within the wait. Of one that people know, or that is older, they read that it rose."""
    opened = threads.opened()[0]
    raised = opened.model_copy(update={"id": "raised", "sequence": opened.sequence + 1, "transition": "raised"})
    here = machine()
    here.later(opened, raised)
    assert here.headers == ["🟡 Drift: web"]
    here.later(raised.model_copy(update={"id": "once more", "sequence": opened.sequence + 2}))
    assert here.headers[1:] == ["🟡 Drift, now more severe: web"]
    older = machine()
    older.later(raised.model_copy(update={"since": opened.occurred - timedelta(days=1)}))
    assert older.headers == ["🟡 Drift, now more severe: web"]


def test_what_opens_after_the_end_begins_again(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened())
    here.later(*threads.closed(threads.opened()))
    again = threads.opened()[0].model_copy(update={"id": "again", "sequence": 10, "transition": "reopened"})
    here.later(again)
    assert here.headers[2:] == ["🟡 Drift again: web"]


def test_the_queue_may_change_the_order_of_a_findings_transitions(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.closed(threads.opened()[:1]))
    assert here.later(threads.opened()[0]) == {threads.opened()[0].id: SentBefore()}
    assert here.headers == []  # people never read that it was open


def test_an_opening_that_still_waits_when_its_closing_is_recorded_is_not_shown(machine: Callable[[], Machine]) -> None:
    here, opened = machine(), threads.opened()[0]
    (closed,) = threads.closed([opened])
    here.notify(closed)
    here.clock += WAIT / 2
    here.notify(opened)
    here.clock += WAIT / 2
    assert kinds(here.notify(closed)) == {Recorded}
    here.clock += WAIT / 2
    assert kinds(here.notify(opened)) == {SentBefore}
    assert here.headers == []


def test_what_somebody_else_corrects_before_its_first_message_has_none(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    assert kinds(here.later(*some, *threads.closed(some))) == {Recorded}
    assert here.headers == []


def test_a_closing_that_comes_after_the_last_message_is_not_sent_again(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    here.later(*some)
    late, *closed = threads.closed(some)
    here.later(threads.deployed(), *closed)
    assert kinds(here.later(late)) == {Recorded}
    assert [header[2:] for header in here.headers] == ["Drift: web", "Resolved: web"]


def test_a_correction_that_ended_is_not_under_way_again(machine: Callable[[], Machine]) -> None:
    """The alert that a service is being updated is received late. What opens then is no step of that correction."""
    here, some = machine(), threads.opened()
    here.later(*some, threads.deployed(), *threads.closed(some), seconds=5 * WAIT)
    assert kinds(here.later(threads.rolling())) == {SentBefore}
    again = {"id": "again", "sequence": 10, "transition": "reopened", "occurred": samples.THEN + timedelta(hours=1)}
    here.later(some[-1].model_copy(update=again))
    assert [header[2:] for header in here.headers] == ["Resolved: web", "Drift again: service shop/web"]


def test_what_is_exempt_or_no_longer_evaluated_is_not_shown_as_open(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    here.later(*some)
    worse = {"id": "worse", "sequence": 3, "transition": "raised", "open": (some[1].rule,)}
    here.later(some[1].model_copy(update=worse | {"occurred": samples.THEN + timedelta(hours=1)}))
    said = "\n".join(here.posts[1].message.parts)
    shown, _, over = said.partition("✅")
    assert some[1].rule in shown
    others = {alert.rule for alert in some} - {some[1].rule, "service.platform-version"}
    assert not any(rule in shown for rule in others)
    assert all(rule in over for rule in others)


def test_the_first_closing_shows_what_else_is_closed_and_no_other_is_sent(
    machine: Callable[[], Machine],
) -> None:
    here, some = machine(), [alert for alert in threads.opened() if alert.subject == "family"]
    here.follows = True
    here.later(*some)
    first, *others = threads.closed(some)
    here.later(first)
    assert kinds(here.later(*others)) == {Recorded}
    assert [post.message.header[2:] for post in here.posts] == ["Drift: web", "Resolved: web"]
    assert all(alert.rule in "\n".join(here.posts[-1].message.parts) for alert in some)


def test_what_was_open_on_a_service_that_is_deleted_does_not_keep_a_thread_open(
    machine: Callable[[], Machine],
) -> None:
    """No alert says so: the finding is gone. The closings of the family list what runs it."""
    here, some = machine(), threads.opened()
    here.later(*some)
    here.later(*(alert.model_copy(update={"users": ()}) for alert in threads.closed(some[:-1])))
    assert [header[2:] for header in here.headers] == ["Drift: web", "Resolved: web"]


def ended(transition: str, *some: Alert) -> list[Alert]:
    """The same findings, which became exempt or gone."""
    since = samples.THEN + timedelta(hours=1)
    update = {"transition": transition, "sequence": 9, "occurred": since, "drifts": (), "changes": (), "open": ()}
    return [each.model_copy(update=update | {"id": f"{transition} {each.id}"}) for each in some]


@pytest.mark.parametrize(("transition", "state"), [("exempted", "exempt"), ("gone", "gone")])
def test_a_bot_changes_the_message_of_what_became_exempt_or_is_gone_and_sends_none(
    machine: Callable[[], Machine], transition: str, state: str
) -> None:
    here, some = machine(), threads.opened()
    here.follows = True
    here.later(*some)
    here.later(*ended(transition, *some[:2]))
    here.later(*ended(transition, *some[2:]))
    first, fewer, last = here.posts
    head = Head(channel="C0", ts="1.0")
    assert [(post.head, post.silent, post.reply) for post in (fewer, last)] == [(head, True, None)] * 2
    assert [post.message.header[2:] for post in here.posts] == ["Drift: web", "Drift: web", "Resolved: web"]
    assert f"2 findings are {state}" in "\n".join(fewer.message.parts)
    assert some[0].rule not in "\n".join(fewer.message.parts).partition(f"findings are {state}")[0]
    assert f"{len(some)} findings are {state}" in "\n".join(last.message.parts)
    assert "corrected" not in "\n".join(last.message.parts)
    assert first.head is None


def test_a_webhook_sends_nothing_about_it_and_the_next_message_shows_it(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    here.later(*some)
    assert kinds(here.later(*ended("exempted", *some[:2]))) == {Recorded}
    here.later(*threads.closed(some[2:]))
    _, last = here.posts
    said = "\n".join(last.message.parts)
    assert "2 findings are exempt" in said
    assert f"{len(some) - 2} findings are closed" in said


@pytest.mark.parametrize("last", ["exempted", "gone"])
def test_people_read_of_closings_whose_last_open_finding_becomes_exempt_or_is_gone(
    machine: Callable[[], Machine], last: str
) -> None:
    here, some = machine(), threads.opened()
    here.later(*some)
    assert kinds(here.later(*threads.closed(some[1:], some[0].rule))) == {Recorded}
    assert kinds(here.later(*ended(last, some[0]))) == {Sent}
    assert [header[2:] for header in here.headers] == ["Drift: web", "Resolved: web"]


def test_people_read_of_a_closing_that_is_received_after_what_became_exempt_with_it(
    machine: Callable[[], Machine],
) -> None:
    here, some = machine(), threads.opened()[:2]
    here.later(*some)
    here.later(*ended("exempted", some[0]))
    here.later(*threads.closed(some[1:]))
    assert [header[2:] for header in here.headers] == ["Drift: web", "Resolved: web"]


def test_what_closed_during_a_correction_that_is_dropped_is_resolved(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    here.later(*some, threads.rolling())
    here.later(*threads.closed(some))
    dropped = samples.superseded().model_copy(update={"occurred": samples.THEN + timedelta(hours=1)})
    here.later(dropped)
    assert [header[2:] for header in here.headers] == ["Drift: web", "Resolved: web"]


@pytest.mark.parametrize("service", [True, False])
def test_what_waits_for_a_corrections_outcome_is_an_alarm_where_the_correction_is_dropped(
    machine: Callable[[], Machine], *, service: bool
) -> None:
    here, some = machine(), threads.opened()
    here.later(*some[:-1], threads.rolling())
    own = samples.finding_alert("sidecar.present", "web", samples.WEB, threads.SERVICE).model_copy(update={"own": True})
    own = some[-1] if service else own
    assert kinds(here.later(own)) == {Recorded}
    dropped = samples.superseded().model_copy(update={"occurred": samples.THEN + timedelta(hours=1)})
    assert kinds(here.later(dropped)) == {Sent}
    assert [header[2:] for header in here.headers] == ["Drift: web", "Drift: web"]
    assert own.rule in "\n".join(here.posts[-1].message.parts)
    assert kinds(here.later(dropped.model_copy(update={"id": "again", "sequence": 2}))) == {Recorded}


def test_what_is_still_being_corrected_is_no_alarm_where_another_correction_is_dropped(
    machine: Callable[[], Machine],
) -> None:
    here, some = machine(), threads.opened()
    here.later(*some[:-1], threads.rolling())
    here.later(some[-1])
    other = samples.superseded().model_copy(update={"name": "shop/other", "subject": "service", "id": "other"})
    assert kinds(here.later(other)) == {Recorded}
    assert [header[2:] for header in here.headers] == ["Drift: web"]


def test_what_closes_after_a_function_died_that_may_have_sent_its_first_message_is_resolved(
    machine: Callable[[], Machine],
) -> None:
    here, some = machine(), threads.opened()

    def die() -> None:
        raise Died

    here.notify(*some)
    here.clock += WAIT
    here.at[here.steps + 3] = die  # it has read and claimed the thread, and sent
    with pytest.raises(Died):
        here.notify(*some)
    here.clock += 2 * LIFE
    here.later(*threads.closed(some))
    assert [header[2:] for header in here.headers] == ["Drift: web", "Resolved: web"]


def test_very_many_that_become_exempt_at_once_are_no_digest(machine: Callable[[], Machine]) -> None:
    here, some = machine(), alerts(2 * MOST)
    here.follows = True
    for each in some:
        here.later(each)
    here.later(*ended("exempted", *some))
    changed = here.posts[len(some) :]
    assert len(changed) == len(some)
    assert all(post.silent for post in changed)


def test_what_becomes_exempt_before_anybody_read_of_it_is_in_no_message(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    here.follows = True
    here.notify(*some)
    here.later(*some, *ended("exempted", *some))
    assert here.posts == []


def test_a_bot_edits_its_message_and_replies(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.follows = True
    here.later(*threads.opened())
    for each in (threads.rolling(), threads.deployed()):
        here.later(each, seconds=5 * WAIT)
    here.later(*threads.closed(threads.opened()))
    worse = threads.opened()[0].model_copy(update={"id": "worse", "sequence": 10})
    here.later(worse)
    first, rolling, deployed, last, anew = here.posts
    assert (first.head, first.reply) == (None, None)
    assert all(post.head == Head(channel="C0", ts="1.0") for post in (rolling, deployed, last))
    assert [post.loud for post in here.posts] == [False, False, True, False, False]
    assert [post.message.header[2:] for post in (rolling, last)] == ["Drift: web", "Resolved: web"]
    assert (anew.head, anew.reply) == (None, None)


def test_what_is_only_low_waits_for_the_end_of_the_quiet_hours(machine: Callable[[], Machine]) -> None:
    here = machine()
    until = here.now() + timedelta(hours=9)
    low, medium = (
        each.model_copy(update={"severity": severity, "not_before": not_before})
        for each, severity, not_before in zip(
            threads.opened(), (Severity.LOW, Severity.MEDIUM), (until, None), strict=False
        )
    )
    other = low.model_copy(update={"id": "other", "thread": f"{samples.PLACE}/family/other"})
    assert kinds(here.later(low, other)) == {Waiting}
    assert here.notify(other)[other.id] == Waiting(9 * 3600 - WAIT)
    here.later(medium)
    assert here.headers == ["🟡 Drift: web"]
    here.clock = until.timestamp()
    assert kinds(here.notify(low, other)) == {Sent, SentBefore}


def test_a_bot_posts_to_the_channel_of_the_most_severe_finding(machine: Callable[[], Machine]) -> None:
    here = machine()
    first, second = threads.opened()[:2]
    assert second.severity > first.severity
    here.later(first.model_copy(update={"channel": "C1"}), second.model_copy(update={"channel": "C2"}))
    assert [post.channel for post in here.posts] == ["C2"]


def test_what_is_over_before_its_first_message_goes_where_its_alerts_go(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    here.follows = True
    all_of_it = [*some, threads.rolling(), threads.deployed(), *threads.closed(some)]
    here.later(*(alert.model_copy(update={"channel": "C2"}) for alert in all_of_it))
    assert [(post.channel, post.message.header) for post in here.posts] == [("C2", "✅ Resolved: web")]


def test_what_a_person_corrected_after_a_failure_is_resolved(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened(), samples.of_corrections()["failed"])
    here.later(*threads.closed(threads.opened()))
    assert here.headers == ["🟠 Correction failed: web", "✅ Resolved: web"]
