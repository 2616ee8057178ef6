"""Corrections played from a moment on until all is quiet: messages, visits, deployments that end, time that passes."""

import hashlib
import json
import math
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from aws.calls import CallFailed
from aws.channels import Queue
from aws.ledger import Ledger, LedgerConflict
from aws.sessions import Sessions
from domain.findings.users import Running
from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState
from domain.rule import Rule
from domain.standard import Mode, Standard
from domain.subject import Subject, SubjectId
from operations.inspection.inspector import Failed, Inspector
from operations.planning import Planner
from operations.remediation.outcome import NotRead, Outcome
from operations.remediation.remediator import Remediator
from operations.remediation.resuming import Resumer
from operations.standards import Edition, Standards
from operations.wiring.inspect import make_inspector
from operations.wiring.remediate import make_remediator
from settings import Settings
from tests.operations.memory import Crash, Memory, Recorder
from tests.operations.world import (
    ACCOUNT,
    FLOATING,
    PLACE,
    REGION,
    REPOSITORY,
    RULES,
    STANDARD,
    SWITCH,
    TABLE,
    definition,
    registered,
)

_DELIVERIES = 5  # then SQS puts a message on its dead-letter queue
_STEPS = 200
_REMEMBERED = timedelta(minutes=5, seconds=1)  # for so long the queue drops what it had before
SETTINGS = Settings(
    table=TABLE,
    alerts_topic=f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts",
    operations_topic=f"arn:aws:sns:{REGION}:{ACCOUNT}:operations",
    changes_queue=f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/changes",
    remediations_queue=f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/remediations.fifo",
    standard=f"ssm:{STANDARD}",
    switch=SWITCH,
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


# --- Outrider, run until it is quiet ----------------------------------------------------------------------------------


@cache
def _edition(text: str) -> Edition:
    return Edition(Standard.parse(text, "It"), hashlib.sha256(text.encode()).hexdigest()[:16])


@dataclass(frozen=True)
class Step:
    """The moment before one message: after how many calls, and all that AWS held."""

    calls: int
    memory: bytes = field(repr=False)


@dataclass
class Run:
    """One scenario on one AWS, from a moment that is its own copy."""

    scenario: "Scenario"
    sessions: Sessions
    recorder: Recorder
    stuck: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    """What came of each message that remediate took."""

    @property
    def memory(self) -> Memory:
        return self.recorder.memory

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.sessions, TABLE)

    def _standards(self) -> Standards:
        """As of a function that has just begun; it is parsed once for all runs, and asked for in each."""
        standards = Standards(self.sessions, f"ssm:{STANDARD}")
        standards._held = (-math.inf, _edition(self.memory.standard))
        return standards

    def remediator(self) -> Remediator:
        made = make_remediator(SETTINGS, self.sessions)
        cap, repositories = self.scenario.cap, self.scenario.repositories
        return Remediator(
            replace(
                made.parts,
                planner=Planner(self.scenario.rules, cap),
                image_repositories=repositories,
                standards=self._standards(),
                now=self.memory.now,
            )
        )

    def inspector(self) -> Inspector:
        made = make_inspector(SETTINGS, self.sessions)
        cap = self.scenario.cap
        return replace(
            made, planner=Planner(self.scenario.rules, cap), standards=self._standards(), now=self.memory.now
        )

    def until_quiet(self, most: int = _STEPS) -> list[Step]:
        """In so many steps; gives the moments before each, where the recorder watches."""
        steps = list[Step]()
        for _ in range(most):
            steps += [Step(len(self.recorder.calls), pickle.dumps(self.memory))] if self.recorder.watches else []
            if not self.step():
                return steps
        return pytest.fail(f"It never came to rest: {self.memory.table}")

    def step(self) -> bool:
        """One message, or else what happens while all is quiet; False where nothing does."""
        queues = self.memory.queues
        if self.scenario.inspects and queues["changes"]:
            self._again_and_again(self.inspected, queues["changes"].pop(0))
        elif queues["remediations.fifo"]:
            self._again_and_again(self.remediated, queues["remediations.fifo"].pop(0))
        else:
            return self.scenario.plays(self.memory) or self._visit()
        return True

    def _again_and_again(self, do: Callable[[str], bool], body: str) -> None:
        for _ in range(_DELIVERIES):
            try:
                if do(body):
                    return
            except Crash:
                pass
            self.memory.passed += timedelta(minutes=1)
        self.stuck.append(body)

    def remediated(self, body: str) -> bool:
        try:
            self.outcomes.append(self.remediator().remediate(body))
        except (CallFailed, LedgerConflict, NotRead):
            return False
        return True

    def inspected(self, body: str) -> bool:
        [outcome] = self.inspector().inspect({"message": body}).values()
        return not isinstance(outcome, Failed)

    def _visit(self) -> bool:
        """What is due next comes due; whether there was any."""
        due = [datetime.fromisoformat(item["due"]["S"]) for item in self._rows("due/")]
        if not due:
            return False
        self.memory.passed += max(min(due) - self.memory.now() + timedelta(seconds=1), _REMEMBERED)
        # The schedule comes each minute, whatever came of the last.
        visitor = Resumer(self.ledger, Queue(self.sessions, SETTINGS.remediations_queue), self.memory.now)
        self._again_and_again(lambda _: _went(visitor), "visit")
        return True

    def _rows(self, begin: str) -> list[Mapping[str, Any]]:
        return [item for (pk, _), item in self.memory.table.items() if pk.startswith(begin)]

    # --- what came of it ---------------------------------------------------------------------------------------------

    def end(self) -> dict[str, Any]:
        """All that must be the same, whatever went wrong on the way; times are not."""
        memory = self.memory
        told = dict[str, str]()  # as the slack function tells: of each id the first body, and none is ever another
        for alert in memory.published:
            body = json.dumps({k: v for k, v in alert.items() if k not in _TIMES}, sort_keys=True)
            assert told.setdefault(alert["id"], body) == body, f"{alert['id']} says two things"
        with Recorder(memory).answering():
            found = self.ledger.history(FAMILY)
        exactly = self.scenario.exactly
        return {
            "stuck": self.stuck,
            "active": {
                number: {k: v for k, v in memory.families["web"][number - 1].items() if k != "registeredAt"}
                for number in memory.active()
            },
            "tags": {number: memory.tags[arn_of(number)] for number in memory.active()},
            "runs": {
                title: (each["taskDefinition"], each["platformVersion"], len(each["deployments"]))
                for title, each in memory.services.services.items()
            },
            "updates": sorted(json.dumps(each, sort_keys=True) for each in memory.services.updates),
            "told": told if exactly else bool(told) == (len(memory.families["web"]) > memory.active()[-1]),
            "attempts": {each.key: _kept(each) if exactly else (each.state.value,) for each in found.attempts},
            "quarantine": found.quarantine and found.quarantine.reasons,
            "ours": found.ours & set(memory.active()),
            "due": self._rows("due/"),
            "untold": [item for item in memory.table.values() if "pending" in item or "request" in item],
            "findings": {id_: each["Compliance"]["Status"] for id_, each in memory.findings.items()},
        }


_TIMES = frozenset({"since", "occurred"})


def _went(visitor: Resumer) -> bool:
    try:
        visitor.resume(PLACE)
    except CallFailed:
        return False
    return True


def arn_of(number: int) -> str:
    return Revision(PLACE, "web", number).arn


def _kept(attempt: Attempt) -> tuple[Any, ...]:
    services = tuple((each.service, each.stage.value, each.reasons) for each in attempt.rollouts)
    made = (attempt.state.value, attempt.registered, attempt.guard, attempt.reasons, attempt.pending)
    return (*made, services, attempt.rules, attempt.undone, attempt.released, attempt.approved, attempt.deploys)


# --- what leads up to it ----------------------------------------------------------------------------------------------


def deployments(memory: Memory, ends: Callable[[str, str], str] = lambda _title, _revision: "well") -> bool:
    """Each deployment in progress comes to its end: well, dead (its collectors are) or badly; whether there was any."""
    services, any_ = memory.services, False
    for title, service in services.services.items():
        if service["deployments"][0]["rolloutState"] == "IN_PROGRESS":
            any_ = True
            match ends(title, service["taskDefinition"].rpartition("/")[2]):
                case "badly":
                    services.fail(title, memory.now())
                case how:
                    services.complete(title, memory.now(), dead="adot-collector" if how == "dead" else "")
    return any_


@dataclass(frozen=True)
class Scenario:
    """`begin` leads up to it and leaves messages on the queues; `plays` is what happens while all is quiet."""

    state: AttemptState | None
    begin: Callable[["Run"], None]
    standard: str = DEPLOY
    plays: Callable[[Memory], bool] = deployments
    cap: Mode = Mode.DEPLOY
    repositories: tuple[str, ...] = (REPOSITORY,)
    meanwhile: Mapping[str, Callable[[Memory], object]] = field(default_factory=dict)
    inspects: bool = False
    rules: Sequence[Rule] = RULES
    updates: int = 0
    told: tuple[str, ...] = ()
    exactly: bool = True
    """Whether the same words are told. One that was overtaken tells of it only where it had registered already."""


def ask(run: Run, *bodies: str, queue: str = "remediations.fifo") -> None:
    run.memory.queues[queue] += bodies


def fleet(run: Run, *titles: str, drifted: Mapping[str, Any] = DRIFTED, **members: Any) -> None:
    """Services that run the drifted web:1, as the ledger knows them."""
    run.memory.register(drifted)
    for title in titles:
        serve(run, title, **members)


def serve(run: Run, title: str, number: int = 1, **members: Any) -> None:
    """A service that runs a revision of web, as the ledger knows it."""
    run.memory.services.add(title, arn_of(number), run.memory.now(), **members)
    on = run.ledger.history(SubjectId(PLACE, Subject.SERVICE, title))
    runs = {FAMILY: Running(fargate=True, revision=number, tasks=2)}
    run.ledger.subjects.record(on, [], order=0, read_at=run.memory.now(), standard="", leans=[FAMILY.key], runs=runs)


def asked(*titles: str) -> Callable[[Run], None]:
    def begin(run: Run) -> None:
        fleet(run, *titles)
        ask(run, request())

    return begin


def offered(run: Run) -> str:
    """A plan that inspect has shown; its digest."""
    fleet(run, "shop/web")
    assert run.inspected(registered(arn_of(1)))
    run.memory.take("changes")
    offer = run.ledger.history(FAMILY).offer
    assert offer is not None
    return offer.digest


def deploying(
    sessions: Sessions,
    begin: Callable[[Run], None] | None = None,
    plays: Callable[[Memory], bool] = deployments,
    standard: str = DEPLOY,
) -> Run:
    """shop/web runs the drifted web:1, and it is asked for; nothing was delivered yet."""
    run = Run(Scenario(None, asked(), standard, plays=plays), sessions, Recorder(Memory(standard)))
    with run.recorder.answering():
        (begin or asked("shop/web"))(run)
    return run


def quiet(run: Run) -> Run:
    with run.recorder.answering():
        run.until_quiet()
    return run


def steps(run: Run, count: int) -> Run:
    with run.recorder.answering():
        for _ in range(count):
            run.step()
    return run
