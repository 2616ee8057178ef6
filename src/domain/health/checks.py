"""One pure function for each check: from what was read of a stack to a row."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from domain.facts import Absent, Fact, Known, Unavailable
from domain.health.facts import (
    ECS_EVENTS,
    IAM_EVENTS,
    Channel,
    Slack,
    StackFacts,
    StoredStandard,
    Subscriptions,
    Trail,
)
from domain.health.row import Check, Code, Row, State
from domain.iam import Decision, Policy, trust_context, trusts
from domain.places import Place
from domain.remediation.switch import SwitchState

HOME_OF_IAM = {"aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
"""The region that IAM's events arrive in, by partition; elsewhere us-east-1."""
LONGEST_WAIT = 900
"""Seconds; the alarms of the queues have the same."""
LONGEST_LAG = 900
_SWEEP_EVERY = timedelta(days=2)  # as the alarm SweepMissingAlarm
_SWEEP_RUNS = timedelta(hours=6)  # a large organisation, whose evaluations take hours
_LAMBDA = "lambda.amazonaws.com"


def region_of_iam(place: Place) -> str:
    """Return the region in which CloudTrail delivers IAM's events."""
    return HOME_OF_IAM.get(place.partition, "us-east-1")


def rows(facts: StackFacts) -> tuple[Row, ...]:
    """Return the row of each check."""
    return tuple(check(facts) for check in _CHECKS)


# --- what events need -------------------------------------------------------------------------------------------------


def trail(facts: StackFacts) -> Row:
    """Whether a trail logs the write calls to ECS in the stack's region: without one no such event arrives."""
    return _trail(Check.TRAIL, facts.trails, ECS_EVENTS, facts.place.region, State.FAILING)


def trail_of_iam(facts: StackFacts) -> Row:
    """Whether a trail logs changes of roles in IAM's region; a stack elsewhere finds them by its sweep only."""
    region = region_of_iam(facts.place)
    without = State.FAILING if facts.place.region == region else State.WARNING
    return _trail(Check.TRAIL_OF_IAM, facts.trails_of_iam, IAM_EVENTS, region, without)


def _trail(check: Check, found: Fact[tuple[Fact[Trail], ...]], source: str, region: str, without: State) -> Row:
    if isinstance(found, Unavailable):
        return _unknown(check, found)
    trails = found.value if isinstance(found, Known) else ()
    known = [each.value for each in trails if isinstance(each, Known)]
    selecting = [each for each in known if source in each.sources]
    logging = tuple(each.arn for each in selecting if each.logging)
    unread = [each for each in trails if isinstance(each, Unavailable)]
    if logging:
        return Row(check, State.OK, Code.TRAIL_LOGS, logging, detail=region)
    if unread:
        return _unknown(check, unread[0])
    if selecting:
        return Row(check, without, Code.TRAIL_STOPPED, tuple(each.arn for each in selecting), detail=region)
    code = Code.TRAIL_WITHOUT_WRITES if known else Code.NO_TRAIL
    return Row(check, without, code, tuple(each.arn for each in known), detail=region)


def security_hub(facts: StackFacts) -> Row:
    """Whether findings can be imported."""
    match facts.hub:
        case Known():
            return Row(Check.SECURITY_HUB, State.OK, Code.HUB_ENABLED, detail=facts.place.region)
        case Absent():
            return Row(Check.SECURITY_HUB, State.FAILING, Code.HUB_NOT_ENABLED, detail=facts.place.region)
        case Unavailable() as unread:
            return _unknown(Check.SECURITY_HUB, unread)


def event_rules(facts: StackFacts) -> Row:
    """Whether all event rules of the stack are enabled."""
    check = Check.EVENT_RULES
    return _each(check, facts.rules, Code.RULE_MISSING) or _of_all(
        check, facts.rules, lambda enabled: not enabled, (State.FAILING, Code.RULE_DISABLED), Code.RULES_ENABLED
    )


# --- what messages need -----------------------------------------------------------------------------------------------


def queues(facts: StackFacts) -> Row:
    """Whether no message waits for longer than the alarms of the queues allow."""
    check = Check.QUEUES
    if (row := _each(check, facts.queues, Code.QUEUE_MISSING)) is not None:
        return row
    found = {name: each for name, each in _known(facts.queues).items() if each.messages}
    ages = {name: each.seconds for name, each in found.items()}
    old = {name: age.value for name, age in ages.items() if isinstance(age, Known) and age.value > LONGEST_WAIT}
    if old:
        names = tuple(name for name in found if name in old)
        return Row(check, State.FAILING, Code.MESSAGES_OLD, names, round(max(old.values())))
    unread = [age for age in ages.values() if isinstance(age, Unavailable)]
    if unread:
        return _unknown(check, unread[0])
    if found:
        return Row(check, State.OK, Code.MESSAGES_WAIT, tuple(found), sum(each.messages for each in found.values()))
    return Row(check, State.OK, Code.QUEUES_EMPTY)


def dlqs(facts: StackFacts) -> Row:
    """Whether every DLQ is empty."""
    check = Check.DLQS
    if (row := _each(check, facts.dlqs, Code.QUEUE_MISSING)) is not None:
        return row
    found = {name: each for name, each in _known(facts.dlqs).items() if each.messages}
    if found:
        number = sum(each.messages for each in found.values())
        return Row(check, State.FAILING, Code.DLQ_NOT_EMPTY, tuple(found), number)
    return Row(check, State.OK, Code.DLQS_EMPTY)


def roles(facts: StackFacts) -> Row:
    """Whether Lambda may assume the role of each function."""
    context = trust_context(facts.place.account, facts.place.region, facts.place.partition)

    def refused(policy: Policy) -> bool:
        return trusts(policy, _LAMBDA, context).decision is Decision.DENIED

    check = Check.ROLES
    return _each(check, facts.roles, Code.ROLE_MISSING) or _of_all(
        check, facts.roles, refused, (State.FAILING, Code.ROLE_NOT_ASSUMABLE), Code.ROLES_ASSUMABLE
    )


# --- what people set --------------------------------------------------------------------------------------------------


def switch(facts: StackFacts) -> Row:
    """Whether the kill switch and the stack allow corrections, if the stack may correct at all."""
    check, name = Check.SWITCH, (facts.switch_name,)
    if not facts.corrects:
        return Row(check, State.OK, Code.REPORT_ONLY)
    match facts.switch:
        case Known(value) if SwitchState.of(value).on and not facts.passes_roles:
            return Row(check, State.WARNING, Code.NO_PASSABLE_ROLES, name)
        case Known(value) if SwitchState.of(value).on:
            return Row(check, State.OK, Code.SWITCH_ON, name)
        case Known():
            return Row(check, State.WARNING, Code.SWITCH_OFF, name)
        case Absent():
            return Row(check, State.WARNING, Code.SWITCH_ABSENT, name)
        case Unavailable() as unread:
            return _unknown(check, unread)


def standard(facts: StackFacts) -> Row:
    """Whether the stored standard is valid, and the one that everything was evaluated by."""
    check, location = Check.STANDARD, (facts.standard_location,)
    if not facts.standard_location:
        return Row(check, State.OK, Code.STANDARD_PACKAGED)
    match facts.standard:
        case Known(StoredStandard(problem=problem)) if problem:
            return Row(check, State.FAILING, Code.STANDARD_INVALID, location, detail=problem)
        case Known(StoredStandard(swept=Unavailable() as unread)) | (Unavailable() as unread):
            return _unknown(check, unread)
        case Known(StoredStandard(swept=Known(swept), digest=digest)) if swept != digest:
            return Row(check, State.WARNING, Code.STANDARD_NOT_SWEPT, location, detail=digest)
        case Known(found):
            return Row(check, State.OK, Code.STANDARD_CURRENT, location, detail=found.digest)
        case Absent():
            return Row(check, State.FAILING, Code.STANDARD_ABSENT, location)


# --- who is notified --------------------------------------------------------------------------------------------------


def slack(facts: StackFacts) -> Row:
    """Whether alerts reach Slack; nothing is posted. Without a channel, whether anything else receives them."""
    check = Check.SLACK
    if facts.slack is None:
        return _subscribed(check, facts.alerts, ok=Code.NO_SLACK, without=State.WARNING)
    if facts.slack.channel is Channel.AMAZON_Q:
        return _subscribed(check, facts.slack.subscriptions, ok=Code.SLACK_READY, without=State.FAILING)
    alerts = _subscribed(check, facts.alerts, ok=Code.SLACK_READY, without=State.FAILING)
    return alerts if alerts.state is not State.OK else _secret(facts.slack)


def _secret(found: Slack) -> Row:
    check, name = Check.SLACK, (found.location,)
    match found.secret, found.token:
        case Absent(), _:
            return Row(check, State.FAILING, Code.SECRET_ABSENT, name, detail=found.channel)
        case _, Known(token) if token.error:
            return Row(check, State.FAILING, Code.TOKEN_REFUSED, name, detail=token.error)
        case _, Known():
            return Row(check, State.OK, Code.TOKEN_ACCEPTED, name, detail=found.channel)
        case Unavailable() as unread, _:
            return _unknown(check, unread)
        case _:
            return Row(check, State.OK, Code.SLACK_READY, name, detail=found.channel)


def operations(facts: StackFacts) -> Row:
    """Whether anybody receives the alarms and notices about Outrider itself."""
    return _subscribed(Check.OPERATIONS, facts.operations, ok=Code.SUBSCRIBED, without=State.WARNING)


def _subscribed(check: Check, found: Fact[Subscriptions], *, ok: Code, without: State) -> Row:
    match found:
        case Known(each) if each.confirmed:
            return Row(check, State.OK, ok, (each.topic,), each.confirmed)
        case Known(each) if each.pending:
            return Row(check, State.FAILING, Code.SUBSCRIPTION_PENDING, (each.topic,), each.pending)
        case Known(each):
            return Row(check, without, Code.NOT_SUBSCRIBED, (each.topic,))
        case Absent():
            return Row(check, State.FAILING, Code.NOT_SUBSCRIBED)
        case Unavailable() as unread:
            return _unknown(check, unread)


# --- how it went ------------------------------------------------------------------------------------------------------


def sweep(facts: StackFacts) -> Row:
    """Whether the last sweep ended, and when."""
    check = Check.SWEEP
    match facts.sweep:
        case Known(run) if run.ended is None:
            late = facts.at - run.began > _SWEEP_RUNS
            state, code = (State.FAILING, Code.SWEEP_NOT_ENDED) if late else (State.OK, Code.SWEEP_RUNS)
            return Row(check, state, code, at=run.began)
        case Known(run):
            late = facts.at - (run.ended or run.began) > _SWEEP_EVERY
            state, code = (State.FAILING, Code.SWEEP_OLD) if late else (State.OK, Code.SWEEP_ENDED)
            return Row(check, state, code, at=run.ended)
        case Absent():
            return Row(check, State.WARNING, Code.NO_SWEEP)
        case Unavailable() as unread:
            return _unknown(check, unread)


def unread_facts(facts: StackFacts) -> Row:
    """Whether the functions could read what the rules need: a denied call leaves verdicts unknown."""
    check = Check.UNREAD_FACTS
    match facts.unread:
        case Known(calls) if calls:
            return Row(check, State.WARNING, Code.FACTS_UNREAD, tuple(sorted(filter(None, calls))), sum(calls.values()))
        case Known() | Absent():
            return Row(check, State.OK, Code.FACTS_READ)
        case Unavailable() as unread:
            return _unknown(check, unread)


def event_lag(facts: StackFacts) -> Row:
    """How late events arrive; CloudTrail's delivery takes seconds to minutes."""
    check = Check.EVENT_LAG
    match facts.lag:
        case Known(seconds):
            late = seconds > LONGEST_LAG
            state, code = (State.WARNING, Code.LAG_LONG) if late else (State.OK, Code.LAG_SHORT)
            return Row(check, state, code, number=round(seconds))
        case Absent():
            return Row(check, State.OK, Code.NO_EVENTS)
        case Unavailable() as unread:
            return _unknown(check, unread)


# --- shared parts -----------------------------------------------------------------------------------------------------


def _unknown(check: Check, unread: Unavailable) -> Row:
    return Row(check, State.UNKNOWN, Code.UNREADABLE, because=unread)


def _known[T](found: Fact[Mapping[str, Fact[T]]]) -> dict[str, T]:
    each = found.value if isinstance(found, Known) else {}
    return {name: fact.value for name, fact in each.items() if isinstance(fact, Known)}


def _each[T](check: Check, found: Fact[Mapping[str, Fact[T]]], missing: Code) -> Row | None:
    """Return a row if the stack has none of them, if one does not exist, or if one could not be read."""
    match found:
        case Unavailable() as unread:
            return _unknown(check, unread)
        case Absent():
            return Row(check, State.FAILING, missing)
        case Known(facts):
            if gone := tuple(name for name, fact in facts.items() if isinstance(fact, Absent)):
                return Row(check, State.FAILING, missing, gone)
            unread_ones = [fact for fact in facts.values() if isinstance(fact, Unavailable)]
            return _unknown(check, unread_ones[0]) if unread_ones else None


def _of_all[T](
    check: Check, found: Fact[Mapping[str, Fact[T]]], bad: Callable[[T], bool], otherwise: tuple[State, Code], ok: Code
) -> Row:
    """Return a row with the names of those that are bad."""
    names = tuple(name for name, value in _known(found).items() if bad(value))
    if names:
        state, code = otherwise
        return Row(check, state, code, names)
    return Row(check, State.OK, ok, number=len(_known(found)))


_CHECKS: tuple[Callable[[StackFacts], Row], ...] = (
    trail, trail_of_iam, security_hub, event_rules, queues, dlqs, switch, standard, roles, slack, operations, sweep,
    unread_facts, event_lag,
)  # fmt: skip
