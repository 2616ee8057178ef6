"""Later: services that are evaluated again after a delay, by at most one message each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from aws.channels import Message
from aws.ledger import History
from domain.places import Place
from domain.standard import Standard
from domain.triggers.trigger import ServiceTrigger
from operations.inspection.job import Job

_LONGEST_DELAY = timedelta(seconds=900)  # of SQS
_RECORDED = timedelta(minutes=2)  # until then an evaluation that began now has ended
_CLOCKS = timedelta(seconds=2)  # the clocks of two functions may differ by so much


@dataclass(frozen=True, slots=True)
class Later:
    """Messages to the queue `changes`, and when each service must be evaluated, whether or not by one of these.

    A `due` of None leaves what is recorded.
    """

    messages: Sequence[Message] = ()
    due: Mapping[str, datetime] | None = None


NOTHING_LATER = Later()


def services_later(history: History, standard: Standard, now: datetime) -> Later:
    """Have a family's services evaluated later, because its newest revision changed.

    The delay gives a pipeline the time to deploy what it registered. A service that a message is still under way for
    needs no other: its evaluation finds the later time in the family's record, and waits for that.
    """
    wait = min(timedelta(minutes=standard.services.settling_minutes), _LONGEST_DELAY)
    under_way = {title for title, at in history.record.due.items() if at > now + _RECORDED}
    place, titles = history.subject.place, history.services.keys()
    messages = [_registered(place, title, wait) for title in titles if title not in under_way]
    return Later(messages, dict.fromkeys(titles, now + wait))


def since_registered(job: Job, family: History, now: datetime) -> list[Message]:
    """Return a message to evaluate a service again, if its family's newest revision changed while this one waited."""
    title = job.subject.name
    due = family.record.due.get(title, now)
    if due <= now or not any(isinstance(trigger, ServiceTrigger) and trigger.registered for trigger in job.triggers):
        return []
    return [_registered(job.subject.place, title, due - now)]


def settled_later(job: Job, settled: datetime, now: datetime) -> Later:
    """Have a service evaluated once its tasks have settled.

    While a message for it is under way, only the time is recorded: the evaluation that the message starts waits for it.
    """
    title, place = job.subject.name, job.subject.place
    due = job.history.record.due.get(title, now)
    if due > now + _CLOCKS and last_settled(job) is None:
        return Later((), {title: max(due, settled)})
    trigger = ServiceTrigger(account=place.account, region=place.region, service=title, settled=settled)
    return Later([Message(trigger.message, delay=_seconds(settled - now))], {title: settled})


def last_settled(job: Job) -> datetime | None:
    """Return when the tasks have settled that the evaluation was delayed for; None if it was not delayed for any."""
    triggers = (trigger for trigger in job.triggers if isinstance(trigger, ServiceTrigger))
    waited = [trigger.settled for trigger in triggers if trigger.settled is not None]
    return max([*waited, job.history.record.due.get(job.subject.name, waited[0])]) if waited else None


def _registered(place: Place, title: str, wait: timedelta) -> Message:
    trigger = ServiceTrigger(account=place.account, region=place.region, service=title, registered=True)
    return Message(trigger.message, delay=_seconds(wait))


def _seconds(wait: timedelta) -> int:
    return ceil(min(wait, _LONGEST_DELAY).total_seconds())
