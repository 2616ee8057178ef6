"""Corrections played until nothing is left to do: messages, resumptions, deployments that end, time that passes."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

import pytest

from aws.calls import CallFailed
from aws.channels import Queue
from aws.ledger import Ledger
from aws.sessions import Sessions
from domain.findings.users import Running
from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState
from domain.rule import Rule
from domain.standard import Mode, Standard, StandardInvalid
from domain.subject import SubjectId
from operations.planning import Planner
from operations.remediation.outcome import Outcome
from operations.remediation.remediator import Remediator
from operations.remediation.resuming import Resumer
from operations.standards import Edition, Standards
from operations.wiring.dispatch import make_dispatcher
from operations.wiring.inspect import make_inspector
from operations.wiring.remediate import make_remediator
from rules import CATALOGUE
from settings import Settings
from tests.aws_fake import sqs
from tests.aws_fake.aws import Aws
from tests.aws_fake.calls import Calls, Crash
from tests.aws_fake.sqs import REMEMBERED
from tests.operations.delivery import Inspection, deliver, remediating
from tests.operations.world import (
    ACCOUNT,
    APPROVE_ID,
    FLOATING,
    INSPECT_ID,
    PLACE,
    REGION,
    REPOSITORY,
    ROLE,
    RULES,
    STANDARD,
    SWITCH,
    TABLE,
    Json,
    definition,
    furnish,
    registered,
)

QUEUES = ("changes", "subjects.fifo", "remediations.fifo")
_DELIVERIES = 5  # then SQS puts a message on its dead-letter queue
_STEPS = 200
SETTINGS = Settings(
    table=TABLE,
    alerts_topic=f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts",
    operations_topic=f"arn:aws:sns:{REGION}:{ACCOUNT}:operations",
    changes_queue=f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/changes",
    subjects_queue=f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/subjects.fifo",
    remediations_queue=f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/remediations.fifo",
    standard=f"ssm:{STANDARD}",
    switch=SWITCH,
    role=ROLE,
    account=ACCOUNT,
    inspect_id=INSPECT_ID,
    approve_id=APPROVE_ID,
)
FAMILY = SubjectId.parse(f"{PLACE}/family/web")
DRIFTED = definition(collector=FLOATING)
HASTY = "remediation: {settling_minutes: 0}\n"
REGISTER = "version: 1\nmode: register\n" + HASTY
DEPLOY = "version: 1\nmode: deploy\n" + HASTY
REPORT = "version: 1\n"


def request(kind: str = "correct", **members: Any) -> str:
    body = {"kind": kind, "account": ACCOUNT, "region": REGION, "family": "web"}
    return json.dumps(body | ({"revision": 1} if kind == "correct" else {}) | members)


def account(standard: str) -> Aws:
    """An AWS with a standard."""
    aws = Aws()
    furnish(aws.answer)
    aws.ssm.put(STANDARD, standard)
    return aws


# --- Outrider, run until it is quiet ----------------------------------------------------------------------------------


@cache
def _edition(text: str) -> Edition:
    return Edition(Standard.parse(text, "It"), hashlib.sha256(text.encode()).hexdigest()[:16])


@dataclass(frozen=True)
class Step:
    """The moment before one message: after how many calls, and all that AWS held."""

    calls: int
    aws: Aws = field(repr=False)


@dataclass
class Run:
    """One scenario on one AWS, from a moment that is its own copy."""

    scenario: "Scenario"
    sessions: Sessions
    line: Calls
    stuck: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    """What came of each message that remediate took."""

    @property
    def aws(self) -> Aws:
        return self.line.aws

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.sessions, TABLE)

    @property
    def alerts(self) -> list[Json]:
        """What was published so far."""
        return [json.loads(body) for body in self.aws.sns.topic("alerts").published]

    def items(self) -> list[Json]:
        """All that the ledger holds."""
        return list(self.aws.dynamodb.table(TABLE).items())

    def begin(self) -> None:
        """From here on others do what the scenario says."""
        self.line.meanwhile |= {call: partial(act, self.aws) for call, act in self.scenario.meanwhile.items()}

    def _standards(self) -> Standards:
        """As of a function that has just begun; it is parsed once for all runs, and asked for in each."""
        standards = Standards(self.sessions, f"ssm:{STANDARD}", CATALOGUE, self.ledger.standards)
        with suppress(StandardInvalid):
            standards._held = _edition(self.aws.ssm.parameters[STANDARD]["Value"])
        return standards

    def remediator(self) -> Remediator:
        made = make_remediator(SETTINGS, self.sessions)
        cap, repositories = self.scenario.cap, self.scenario.repositories
        return replace(
            made,
            parts=replace(
                made.parts,
                planner=Planner(self.scenario.rules, cap),
                image_repositories=repositories,
                standards=self._standards(),
                now=self.aws.clock.tick,
            ),
        )

    def inspection(self) -> Inspection:
        given, tick = SETTINGS.model_copy(update={"mode": self.scenario.cap}), self.aws.clock.tick
        made = make_inspector(given, self.sessions, self.scenario.rules, tick)
        inspector = replace(made, standards=self._standards())
        return Inspection(self.aws.sqs, make_dispatcher(given, self.sessions, tick), inspector)

    def until_quiet(self, most: int = _STEPS) -> list[Step]:
        """In so many steps; gives the moments before each, where calls are watched."""
        steps = list[Step]()
        for _ in range(most):
            steps += [Step(len(self.line.made), self.aws.copy())] if self.line.watches else []
            if not self.step():
                return steps
        return pytest.fail(f"It never came to rest: {self.items()}")

    def step(self) -> bool:
        """One message, or else what happens while all is quiet; False where nothing does."""
        for queue in QUEUES if self.scenario.inspects else QUEUES[-1:]:
            held = self.aws.sqs.queue(queue)
            if messages := held.receivable(self.aws.clock.now()):
                self._until_done(held, messages[0])
                return True
        return self.scenario.plays(self.aws) or self._resumed() or self._later()

    def _until_done(self, queue: sqs.Queue, message: sqs.Message) -> None:
        """Deliver a message until it is done, a few times at most; then it would be on the dead-letter queue."""
        for _ in range(_DELIVERIES):
            if queue.name == "remediations.fifo":
                deliver(self.aws.sqs, queue, [message], remediating(self.remediator(), self.outcomes))
            else:
                self.inspection().take([message])
            if message not in queue.waiting:
                return
            self.aws.clock.pass_(minutes=6)  # the visibility timeout of the template
        queue.waiting.remove(message)
        self.stuck.append(message.body)

    def inspected(self, body: str) -> bool:
        [outcome] = self.inspection().inspect(body)
        return not outcome.failures

    def dues(self) -> list[tuple[str, str, datetime]]:
        """Attempts that have not ended: family, key, and when each is resumed."""
        with self.line.uncounted():
            return [(family.name, key, due) for family, key, due in self.ledger.attempts.dues()]

    def _resumed(self) -> bool:
        """What is due next comes due; whether there was any."""
        dues = [due for _, _, due in self.dues()]
        if not dues:
            return False
        clock = self.aws.clock
        clock.moment += max(min(dues) - clock.now() + timedelta(seconds=1), REMEMBERED + timedelta(seconds=1))
        # The schedule comes each minute, whatever came of the last.
        resumer = Resumer(self.ledger, Queue(self.sessions, SETTINGS.remediations_queue), clock.tick)
        for _ in range(_DELIVERIES):
            if _went(resumer):
                return True
            clock.pass_(minutes=1)
        self.stuck.append("resumption")
        return True

    def _later(self) -> bool:
        """What was sent to be received later comes due; whether there was any."""
        due = self.aws.sqs.next_due("changes", "subjects.fifo") if self.scenario.inspects else None
        if due is not None:
            self.aws.clock.moment = max(self.aws.clock.moment, due)
        return due is not None

    # --- what came of it ---------------------------------------------------------------------------------------------

    def end(self) -> dict[str, Any]:
        """All that must be the same, whatever went wrong on the way; times are not."""
        aws = self.aws
        published = dict[str, str]()  # as the slack function tells: of each id the first body, and none is ever another
        for alert in self.alerts:
            body = json.dumps({k: v for k, v in alert.items() if k not in _TIMES}, sort_keys=True)
            assert published.setdefault(alert["id"], body) == body, f"{alert['id']} says two things"
        with self.line.answering(), self.line.uncounted():
            found, dues = self.ledger.history(FAMILY), self.dues()
            held = [self.ledger.history(subject) for subject in self.ledger.subjects.everywhere()]
        exactly, active = self.scenario.exactly, aws.definitions.active()
        return {
            "stuck": self.stuck,
            "active": {
                number: {k: v for k, v in aws.definitions.families["web"][number - 1].items() if k != "registeredAt"}
                for number in active
            },
            "tags": {number: aws.definitions.tags[arn_of(number)] for number in active},
            "runs": {
                title: (each["taskDefinition"], each.get("platformVersion"), len(each["deployments"]))
                for title, each in aws.services.services.items()
            },
            "updates": sorted(json.dumps(each, sort_keys=True) for each in aws.services.updates),
            "published": published
            if exactly
            else bool(published) == (len(aws.definitions.families["web"]) > active[-1]),
            "attempts": {each.key: _kept(each) if exactly else (each.state.value,) for each in found.attempts},
            "quarantine": found.quarantine and found.quarantine.reasons,
            "ours": found.own_revisions & set(active),
            "due": dues,
            "unpublished": [each for each in held if each.record.pending],
            "findings": {id_: each["Compliance"]["Status"] for id_, each in aws.hub.findings.items()},
        }


_TIMES = frozenset({"since", "occurred"})


def _went(resumer: Resumer) -> bool:
    try:
        resumer.resume()
    except (CallFailed, Crash):
        return False
    return True


def arn_of(number: int) -> str:
    return Revision(PLACE, "web", number).arn


def _kept(attempt: Attempt) -> tuple[Any, ...]:
    services = tuple((each.service, each.stage.value, each.reasons) for each in attempt.rollouts)
    made = (attempt.state.value, attempt.registered, attempt.guard, attempt.reasons, attempt.pending)
    return (*made, services, attempt.rules, attempt.undone, attempt.released, attempt.approved, attempt.deploys)


# --- what leads up to it ----------------------------------------------------------------------------------------------


def deployments(aws: Aws, ends: Callable[[str, str], str] = lambda _title, _revision: "well") -> bool:
    """Each deployment in progress comes to its end: well, dead (its collectors are) or badly; whether there was any."""
    services, any_ = aws.services, False
    for title, service in services.services.items():
        if service["deployments"][0]["rolloutState"] == "IN_PROGRESS":
            any_ = True
            match ends(title, service["taskDefinition"].rpartition("/")[2]):
                case "badly":
                    services.fail(title)
                case how:
                    services.complete(title, dead="adot-collector" if how == "dead" else "")
    return any_


@dataclass(frozen=True)
class Scenario:
    """`begin` leads up to it and leaves messages on the queues; `plays` is what happens while all is quiet."""

    state: AttemptState | None
    begin: Callable[["Run"], None]
    standard: str = DEPLOY
    plays: Callable[[Aws], bool] = deployments
    cap: Mode = Mode.DEPLOY
    repositories: tuple[str, ...] = (REPOSITORY,)
    meanwhile: Mapping[str, Callable[[Aws], object]] = field(default_factory=dict)
    inspects: bool = False
    rules: Sequence[Rule] = RULES
    updates: int = 0
    published: tuple[str, ...] = ()
    exactly: bool = True
    """Whether the same alerts are published. A superseded attempt publishes one only if it had registered."""


def ask(run: Run, *bodies: str, queue: str = "remediations.fifo") -> None:
    run.aws.sqs.put(queue, *bodies)


def fleet(run: Run, *titles: str, drifted: Mapping[str, Any] = DRIFTED, **members: Any) -> None:
    """Services that run the drifted web:1, as the ledger knows them."""
    run.aws.definitions.register(drifted)
    for title in titles:
        serve(run, title, **members)


def serve(run: Run, title: str, number: int = 1, **members: Any) -> None:
    """A service that runs a revision of web, as the ledger knows it."""
    run.aws.services.add(title, arn_of(number), **members)
    run.ledger.subjects.runs(FAMILY, title, Running(fargate=True, revision=number, tasks=2))


def asked(*titles: str) -> Callable[[Run], None]:
    def begin(run: Run) -> None:
        fleet(run, *titles)
        ask(run, request())

    return begin


def proposed_digest(run: Run) -> str:
    """A plan that inspect has shown; its digest."""
    fleet(run, "shop/web")
    assert run.inspected(registered(arn_of(1)))
    run.aws.sqs.purge("changes")
    proposed = run.ledger.history(FAMILY).proposed
    assert proposed is not None
    return proposed.digest


def deploying(
    sessions: Sessions,
    begin: Callable[[Run], None] | None = None,
    plays: Callable[[Aws], bool] = deployments,
    standard: str = DEPLOY,
) -> Run:
    """shop/web runs the drifted web:1, and it is asked for; nothing was delivered yet."""
    run = Run(Scenario(None, asked(), standard, plays=plays), sessions, Calls(account(standard)))
    with run.line.answering():
        (begin or asked("shop/web"))(run)
    return run


def quiet(run: Run) -> Run:
    with run.line.answering():
        run.until_quiet()
    return run


def steps(run: Run, count: int) -> Run:
    with run.line.answering():
        for _ in range(count):
            run.step()
    return run
