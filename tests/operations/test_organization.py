"""An organisation is swept with faults: the findings are those of the truth, and the certificate equals it.

Time is virtual. Calls fail, accounts deny everything, one is slow, a region is disabled, two sweeps are asked for at
once, and the function is killed in the middle. `--hypothesis-profile=deep` has the full size.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.coverage import Certificate, Coverage
from domain.members import Members
from domain.places import Place
from domain.subject import Subject
from domain.sweeping import SweepRequest
from operations.standards import Standards
from operations.sweep.beginning import ORGANIZATION, Watched
from operations.sweep.certifying import Waiting
from operations.wiring.dispatch import make_dispatcher
from operations.wiring.inspect import make_inspector
from settings import Settings
from tests.aws_fake.aws import ACCOUNT, REGION, Aws, Region
from tests.aws_fake.calls import Calls, Crash, failure
from tests.operations.delivery import Inspection, deliver
from tests.operations.machine import Machine
from tests.operations.playing import SETTINGS
from tests.operations.sweeping import Channels, Sweeping
from tests.operations.world import (
    CONFIG,
    EXECUTION,
    FLOATING,
    PARAMETER,
    RULES,
    TABLE,
    TASK,
    Json,
    definition,
    furnish,
    policy,
    role_arn,
    trusting,
)
from tests.profiles import by_profile

REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2")
ROLE = "outrider-read"
PINNED = "sidecar.image-pinned"
KILLED_AFTER = (40, 150, 300)  # calls of the function sweep
_INVOCATION = 600.0  # seconds


@dataclass
class Size:
    """How many accounts, and services in each account and region."""

    accounts: int
    services: int


@dataclass
class Truth:
    """What exists in a place: families that run a floating image, and those that do not."""

    drifted: set[str] = field(default_factory=set)
    clean: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    """Deregistered and deleted since the sweep before, without any event."""


@dataclass
class Organisation:
    """Its accounts, what exists in them, and how calls there fail."""

    line: Calls
    sessions: Sessions
    size: Size
    dice: Random = field(default_factory=lambda: Random(13))  # noqa: S311 - the same each time
    truth: dict[Place, Truth] = field(default_factory=lambda: defaultdict(Truth))
    denying: set[str] = field(default_factory=set)
    slow: str = ""
    disabled: Place | None = None
    share: float = 0
    attempts: int = 1
    calls_of_sweep: int | None = None
    """Counted while the function sweep runs."""
    kills: list[int] = field(default_factory=list)
    killed: int = 0

    @property
    def aws(self) -> Aws:
        return self.line.aws

    @property
    def accounts(self) -> list[str]:
        return [ACCOUNT, *(f"{number:012}" for number in range(200_000_000_001, 200_000_000_000 + self.size.accounts))]

    def found(self) -> None:
        """Make all accounts, with what their services depend on."""
        furnish(self.aws.answer)
        made = self.aws.sqs.create_queue({"QueueName": "dead.fifo", "Attributes": {"FifoQueue": "true"}})
        dead = {"deadLetterTargetArn": self.aws.sqs.queue(made["QueueUrl"]).arn, "maxReceiveCount": 5}
        self.aws.sqs.queue("subjects.fifo").attributes["RedrivePolicy"] = json.dumps(dead)
        self.aws.organization.accounts = dict.fromkeys(self.accounts, "ACTIVE") | {"299999999999": "SUSPENDED"}
        for account in self.accounts:
            for region in REGIONS:
                self._furnish(self.aws.region(account, region), account, first=region == REGIONS[0])
                for number in range(self.size.services):
                    self.put(Place(account, region), f"app-{number:03}", drifted=number % 4 == 0)
                self.aws.region(account, region).definitions.register(
                    {"family": "on-ec2", "requiresCompatibilities": ["EC2"], "containerDefinitions": []}
                )

    def _furnish(self, region: Region, account: str, *, first: bool) -> None:
        if region is not self.aws.region():
            region.ssm.put(PARAMETER, CONFIG)
            region.logs.groups["/ecs/web"] = None
        if first and account != ACCOUNT:
            for role, actions in (("web-execution", EXECUTION), ("web-task", TASK)):
                region.iam.add(role, trusting("ecs-tasks.amazonaws.com"), policy(*actions))

    def put(self, place: Place, family: str, *, drifted: bool) -> None:
        """Register a revision, and have its service run it."""
        region, truth = self.aws.region(place.account, place.region), self.truth[place]
        roles = {
            f"{kind}RoleArn": role_arn(f"web-{kind}").replace(ACCOUNT, place.account) for kind in ("execution", "task")
        }
        document = definition(family, collector=FLOATING if drifted else None, **roles)
        arn = region.definitions.register(document)
        region.services.add(f"shop/{family}", arn, launchType="FARGATE", platformVersion="LATEST", desiredCount=0)
        truth.drifted.discard(family)
        truth.clean.discard(family)
        (truth.drifted if drifted else truth.clean).add(family)

    def delete(self, place: Place, family: str) -> None:
        region, truth = self.aws.region(place.account, place.region), self.truth[place]
        del region.services.services[f"shop/{family}"]
        region.definitions.families[family] = []
        truth.drifted.discard(family)
        truth.clean.discard(family)
        truth.gone.add(family)

    def changes_unheard(self) -> None:
        """In each place one is corrected, one drifts, and one of each kind is deleted; no event tells."""
        for place, truth in self.truth.items():
            corrected, deleted = sorted(truth.drifted)[:2]
            drifts, removed = sorted(truth.clean)[:2]
            self.put(place, corrected, drifted=False)
            self.put(place, drifts, drifted=True)
            self.delete(place, deleted)
            self.delete(place, removed)

    # --- how calls fail -----------------------------------------------------------------------------------------------

    def timed(self, operation: str, given: Json, act: Callable[[], Json]) -> Json:
        """Each call takes its time, and may fail as often as botocore would try it."""
        account, region = self.line.where
        self.aws.clock.pass_(seconds=20 if account == self.slow else 0.02)
        if self.calls_of_sweep is not None:
            self.calls_of_sweep += 1
            if self.kills and self.calls_of_sweep >= self.kills[0]:
                self.kills.pop(0)
                self.killed += 1
                raise Crash
        asked = given.get("RoleArn", "").split(":")[4:5] if operation == "AssumeRole" else [account]
        if self.denying & set(asked):
            raise failure("AccessDenied", operation)
        if self.disabled == Place(account, region):
            raise failure("UnrecognizedClientException", operation)
        if all(self.dice.random() < self.share for _ in range(self.attempts)):
            raise failure("ThrottlingException", operation)
        return act()

    # --- what must come of it -----------------------------------------------------------------------------------------

    def open(self, place: Place) -> set[str]:
        return self.aws.region(place.account, place.region).hub.open()

    def wanted(self, place: Place) -> set[str]:
        return {f"family/{family}/{PINNED}" for family in self.truth[place].drifted}

    def is_unseen(self, place: Place) -> bool:
        return place.account in self.denying or place == self.disabled

    def truly(self, unseen: set[Place]) -> dict[tuple[Place, Subject], dict[Coverage, int]]:
        """What a certificate must say: by place and kind."""
        found = dict[tuple[Place, Subject], dict[Coverage, int]]()
        for place, truth in self.truth.items():
            exists, known = len(truth.drifted | truth.clean), self.size.services
            if place in unseen:
                found[place, Subject.FAMILY] = {Coverage.DENIED: known + 1}
                found[place, Subject.SERVICE] = {Coverage.DENIED: known}
                continue
            seen = {Coverage.EVALUATED: exists, Coverage.GONE: len(truth.gone)}
            found[place, Subject.FAMILY] = seen | {Coverage.OUT_OF_SCOPE: 1}
            found[place, Subject.SERVICE] = seen
            found[place, Subject.PARAMETER] = {Coverage.EVALUATED: 1}
            found[place, Subject.ROLE] = {Coverage.EVALUATED: 2}
        return found

    def causes(self, unseen: set[Place]) -> set[tuple[str, str, str]]:
        """The call and the code that a certificate must name for each place that could not be seen."""
        found = set[tuple[str, str, str]]()
        for place in unseen:
            if place == self.disabled:
                found.add((str(place), "ecs:ListClusters", "UnrecognizedClientException"))
            else:
                found.add((str(place), "sts:AssumeRole", "AccessDenied"))
        return found

    @staticmethod
    def certified(function: "Function") -> Certificate:
        return function.certificates[-1]


class Killed(Exception):
    """What the state machine sees of a function that was killed."""


@dataclass
class Function:
    """The function sweep as the state machine invokes it, and the evaluations while it waits."""

    organisation: Organisation
    sweeping: Sweeping
    inspection: Inspection
    certificates: list[Certificate] = field(default_factory=list)
    second: Json | None = None
    steps: Counter[str] = field(default_factory=Counter)

    def machine(self) -> Machine:
        buckets = self.organisation.aws.region().s3.buckets
        return Machine(self.invoke, lambda bucket, key: buckets[bucket][key].decode(), self.wait)

    def waits_for_a_second(self) -> None:
        """At the next step for a place, another execution is started."""
        self.second = None

    def invoke(self, event: Json) -> Any:
        organisation = self.organisation
        organisation.calls_of_sweep = organisation.calls_of_sweep or 0
        # botocore tries four times; a place less often, so that the machine has to try again.
        organisation.attempts = 2 if event["step"] == "place" else 4
        self.steps[event["step"]] += 1
        before = organisation.aws.clock.now()
        left = lambda: _INVOCATION - (organisation.aws.clock.now() - before).total_seconds()  # noqa: E731 - as Lambda's
        try:
            return self._step(event, left)
        except Crash:
            raise Killed from None

    def _step(self, event: Json, left: Callable[[], float]) -> Any:
        sweeping, run = self.sweeping, event["run"]
        match event["step"]:
            case "begin":
                begun = sweeping.beginner.begin(run, SweepRequest(**event["request"]))
                waiting = {"left": -1, "since": self.organisation.aws.clock.now().isoformat()}
                return {
                    "started": begun.started, "bucket": begun.bucket, "places": begun.places, "wait": begun.wait,
                    "waiting": waiting,
                }  # fmt: skip
            case "place":
                if self.second is None:  # another schedule, or a person, comes in between
                    self.second = {}
                    self.second = self.machine().run("second")
                return {"more": sweeping.place_sweeper.sweep(run, Place(**event["place"]), left)}
            case "wait":
                since = datetime.fromisoformat(event["since"])
                found = sweeping.certifier.waiting(run, Waiting(event["left"], since))
                assert self.steps["wait"] < 500, found
                return {
                    "left": found.left,
                    "since": found.since.isoformat(),
                    "wait": found.wait,
                    "done": not found.wait,
                }
            case _:
                certified = sweeping.certifier.certify(run)
                self.certificates.append(certified.certificate)
                return {"again": certified.again, "run": f"{run}.2"}

    def wait(self, seconds: float) -> None:
        """Everything that can be received is, once."""
        organisation, sqs = self.organisation, self.organisation.aws.sqs
        organisation.aws.clock.pass_(seconds=seconds)
        counted, organisation.calls_of_sweep, organisation.attempts = organisation.calls_of_sweep, None, 4
        changes = sqs.queue("changes")
        for messages in _batches(changes.receivable(organisation.aws.clock.now())):
            deliver(sqs, changes, messages, self.inspection.dispatched)
        self.inspection.evaluate()
        organisation.calls_of_sweep = counted


def _batches(messages: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(messages), 10):
        yield messages[start : start + 10]


@pytest.fixture
def organisation(sessions: Sessions) -> Iterator[Organisation]:
    assert sessions.region == REGION  # its environment is this one's too
    size = by_profile(default=Size(6, 8), deep=Size(200, 34), explore=Size(20, 12))
    line = Calls(Aws(), checks=False)
    with line.answering():
        made = Organisation(line, Sessions(Members(ACCOUNT, ROLE), now=line.aws.clock.now), size)
        made.found()
        yield made


def made_function(organisation: Organisation, members: frozenset[str] = frozenset()) -> Function:
    given: Settings = SETTINGS.model_copy(update={"standard": "", "member_role": ROLE})
    sessions, clock = organisation.sessions, organisation.aws.clock
    inspection = Inspection(
        organisation.aws.sqs,
        make_dispatcher(given, sessions, clock.now),
        make_inspector(given, sessions, RULES, clock.now),
    )
    channels = Channels(given.changes_queue, given.subjects_queue, given.alerts_topic, given.operations_topic)
    watched = Watched(Place(ACCOUNT, REGION), (ORGANIZATION,), REGIONS, members)
    standards = Standards(sessions, "", RULES)
    sweeping = Sweeping(sessions, channels, standards, clock.now, table=TABLE, watched=watched)
    return Function(organisation, sweeping, inspection)


def test_an_organisation_is_swept_with_faults_to_the_findings_and_the_certificate_of_the_truth(
    organisation: Organisation,
) -> None:
    function = made_function(organisation)
    organisation.line.around = organisation.timed
    function.second = {}  # nobody asks twice for the first
    function.machine().run("first")
    assert organisation.certified(function).complete
    stale = {place: organisation.open(place) for place in organisation.truth}
    assert stale == {place: organisation.wanted(place) for place in organisation.truth}

    organisation.changes_unheard()
    others = organisation.accounts[1:]
    organisation.denying = set(others[:3])
    organisation.slow = others[3]
    organisation.disabled = Place(others[4], REGIONS[1])
    organisation.share = 0.05
    organisation.kills = [*KILLED_AFTER]
    organisation.sessions._accounts.clear()
    function.waits_for_a_second()
    organisation.calls_of_sweep = 0
    machine = function.machine()
    machine.run("daily")

    assert not machine.failed  # every place was listed in the end
    assert organisation.killed == len(KILLED_AFTER)
    assert function.second is not None
    assert function.second["begun"]["started"] is False
    unseen = {place for place in organisation.truth if organisation.is_unseen(place)}
    assert len(unseen) == 10
    for place in organisation.truth:
        wanted = stale[place] if place in unseen else organisation.wanted(place)
        assert organisation.open(place) == wanted, place
    certificate = organisation.certified(function)
    assert counted(certificate) == organisation.truly(unseen)
    assert {(str(row.place), gap.call, gap.code) for row, gap in certificate.gaps} == organisation.causes(unseen)
    assert certificate.before == function.certificates[-2].digest


def counted(certificate: Certificate) -> dict[tuple[Place, Subject], dict[Coverage, int]]:
    return {(row.place, row.kind): dict(row.counts) for row in certificate.rows}


def test_a_sweep_of_the_organisation_covers_the_members_that_are_listed(sessions: Sessions) -> None:
    """A pilot: the events of one account are taken, and the organisation is read for layers by unit."""
    assert sessions.region == REGION
    line = Calls(Aws(), checks=False)
    with line.answering():
        [pilot] = members = frozenset({"200000000001"})
        watching = Sessions(Members(ACCOUNT, ROLE, accounts=members), now=line.aws.clock.now)
        organisation = Organisation(line, watching, Size(3, 2))
        organisation.found()
        function = made_function(organisation, members)
        function.second = {}
        function.machine().run("first")
        certificate = organisation.certified(function)
    assert certificate.complete
    assert {row.place.account for row in certificate.rows} == {ACCOUNT, pilot}
