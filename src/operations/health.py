"""Health: whether a deployed stack can work. The command line shows it; the sweep opens findings about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from aws.calls import CallFailed
from aws.channels import Topic
from aws.ledger import Ledger
from aws.security_hub import SecurityHub
from aws.sessions import Sessions
from aws.stack_health import Measured, Resource, StackHealth
from aws.stacks import Stack, Stacks
from domain.facts import NOT_READ, Absent, Fact, Known, Unavailable
from domain.health.checks import region_of_iam, rows
from domain.health.facts import Channel, Slack, StackFacts, StoredStandard, SweepRun, Token, Waiting
from domain.health.own_findings import OwnFinding, next_findings
from domain.health.row import Check, Row
from domain.iam import Policy
from domain.places import Place
from domain.standard import Mode, StandardInvalid
from domain.standard.checking import Ruled
from operations.standards import Standards
from reports.health import finding_of, notice_of

_DLQ, _FUNCTION, _ROLE = "Dlq", "Function", "Role"
_NO_STANDARD = frozenset({"NoSuchBucket", "NoSuchKey", "ParameterNotFound"})


@dataclass(frozen=True, slots=True)
class Examined:
    """What was read of a stack, and the row of each check."""

    facts: StackFacts
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Doctor:
    """The use case. `token` tries the token of the bot at a location, for callers that may read it."""

    sessions: Sessions
    place: Place
    rules: Sequence[Ruled]
    token: Callable[[str], Fact[Token]] = lambda _: Absent()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def examine(self, name: str, stack: Stack) -> Examined:
        """Read the stack and judge it. A call that fails makes its own check unknown, and no other."""
        facts = self._facts(name, stack)
        return Examined(facts, rows(facts))

    def _facts(self, name: str, stack: Stack) -> StackFacts:
        reading, outputs, parameters = StackHealth(self.sessions, self.place), stack.outputs, stack.parameters
        listed, now = reading.resources(name), self.now()
        urls = [each.id for each in _of(listed, "AWS::SQS::Queue") if not each.name.endswith(_DLQ)]
        measured = reading.measured(f"Outrider/{name}", urls, now)
        ledger = Ledger(self.sessions, outputs.get("LedgerTable", ""))
        switch = outputs.get("CorrectionsSwitch", f"/outrider/corrections/{name}")
        corrects = parameters.get("RemediationMode") != Mode.REPORT
        home, location = region_of_iam(self.place), parameters.get("StandardLocation", "")
        trails = reading.trails(self.place.region)
        return StackFacts(
            place=self.place,
            stack=name,
            at=now,
            resources={each.name: each.id for each in listed.value} if isinstance(listed, Known) else {},
            trails=trails,
            trails_of_iam=trails if home == self.place.region else reading.trails(home),
            hub=reading.hub(),
            rules=_each(listed, "AWS::Events::Rule", lambda each: reading.enabled(each.id)),
            queues=self._queues(reading, listed, measured, dead=False),
            dlqs=self._queues(reading, listed, measured, dead=True),
            corrects=corrects,
            passes_roles=bool(parameters.get("PassableRoles")),
            switch_name=switch,
            switch=reading.value(switch) if corrects else NOT_READ,
            standard_location=location,
            standard=self._standard(location, ledger),
            roles=_roles(listed, reading.trust),
            alerts=reading.subscriptions(outputs.get("AlertsTopic", "")),
            slack=self._slack(reading, stack),
            operations=reading.subscriptions(outputs.get("OperationsTopic", "")),
            sweep=_row(lambda: ledger.health.run(self.place)),
            unread=measured.unread,
            lag=measured.lag,
        )

    @staticmethod
    def _queues(
        reading: StackHealth, listed: Fact[tuple[Resource, ...]], measured: Measured, *, dead: bool
    ) -> Fact[Mapping[str, Fact[Waiting]]]:
        return _each(
            listed,
            "AWS::SQS::Queue",
            lambda each: reading.waiting(each.id, measured.ages.get(each.id, Absent())),
            lambda each: each.name.endswith(_DLQ) is dead,
        )

    def _standard(self, location: str, ledger: Ledger) -> Fact[StoredStandard]:
        if not location:
            return NOT_READ
        swept = _row(lambda: ledger.health.basis(self.place))
        digest: Fact[str] = Known(swept.value.standard) if isinstance(swept, Known) else swept
        try:
            return Known(StoredStandard("", Standards(self.sessions, location, self.rules).current().digest, digest))
        except StandardInvalid as invalid:
            return Known(StoredStandard(str(invalid), "", digest))
        except CallFailed as failed:
            return Absent() if failed.code in _NO_STANDARD else failed.fact

    def _slack(self, reading: StackHealth, stack: Stack) -> Slack | None:
        """Return the channel that the stack uses: Amazon Q before a bot, a bot before a webhook."""
        parameters = stack.parameters
        bot, webhook = parameters.get("SlackBotLocation", ""), parameters.get("SlackWebhookLocation", "")
        if parameters.get("AmazonQ") == "on":
            topic = stack.outputs.get("ChatTopic", "")
            return Slack(Channel.AMAZON_Q, topic, reading.subscriptions(topic), NOT_READ, Absent())
        if bot:
            return Slack(Channel.BOT, bot, NOT_READ, reading.secret(bot), self.token(bot))
        if webhook:
            return Slack(Channel.WEBHOOK, webhook, NOT_READ, reading.secret(webhook), Absent())
        return None


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The sweep's own use of the checks: a finding for each check that fails, and one notice for what changed."""

    doctor: Doctor
    ledger: Ledger
    hub: SecurityHub
    operations: Topic

    def began(self) -> None:
        """Record that a sweep begins."""
        self.ledger.health.record(self.doctor.place, SweepRun(self.doctor.now(), None))

    def ended(self) -> None:
        """Record that everything that the sweep sent was evaluated, and its certificate stored."""
        now, place = self.doctor.now(), self.doctor.place
        run = self.ledger.health.run(place) or SweepRun(now, None)
        self.ledger.health.record(place, replace(run, ended=now))

    def check(self, name: str) -> tuple[Row, ...]:
        """Import the findings, notify operations, and record both. Raises CallFailed: the next sweep does it again.

        Return the rows; none if there is no stack of that name.
        """
        place, stack = self.doctor.place, Stacks(self.doctor.sessions).stack(name)
        if stack is None:
            return ()
        examined = self.doctor.examine(name, stack)
        held = self.ledger.health.findings(place)
        findings = next_findings(held, examined.rows, examined.facts.at)
        if findings != held:  # before anything is published, so that a repetition has the same CreatedAt
            self.ledger.health.keep(place, findings)
            self.ledger.health.keep(place, self._published(findings, examined))
        return examined.rows

    def _published(self, findings: Sequence[OwnFinding], examined: Examined) -> tuple[OwnFinding, ...]:
        """Import the findings that Security Hub does not have, and notify operations of those that changed."""
        facts, by_check = examined.facts, {row.check: row for row in examined.rows}
        made = {each.check: finding_of(each, by_check[each.check], facts) for each in findings if not each.imported}
        imported = self._import(facts.place, made)
        if changed := [(each, by_check[each.check]) for each in findings if not each.notified]:
            notice = notice_of(changed, facts)
            self.operations.publish(notice.text, subject=notice.title)
        return tuple(
            replace(each, imported=each.imported or each.check in imported, notified=True) for each in findings
        )

    def _import(self, place: Place, made: Mapping[Check, Mapping[str, Any]]) -> set[Check]:
        """Return which were imported. Without Security Hub none is; the next sweep tries again."""
        if not made:
            return set()
        try:
            failed = self.hub.import_(place, list(made.values()))
        except CallFailed as error:
            if error.not_enabled:
                return set()
            raise
        return {check for check, finding in made.items() if finding["Id"] not in failed}


# --- shared parts -----------------------------------------------------------------------------------------------------


def _of(listed: Fact[tuple[Resource, ...]], kind: str) -> Sequence[Resource]:
    return [each for each in listed.value if each.type == kind] if isinstance(listed, Known) else ()


def _each[T](
    listed: Fact[tuple[Resource, ...]],
    kind: str,
    read: Callable[[Resource], Fact[T]],
    wanted: Callable[[Resource], bool] = lambda _: True,
) -> Fact[Mapping[str, Fact[T]]]:
    """Return what was read of each resource of a type, by its name."""
    if isinstance(listed, Unavailable):
        return listed
    return Known({each.name: read(each) for each in _of(listed, kind) if wanted(each)})


def _roles(listed: Fact[tuple[Resource, ...]], read: Callable[[str], Fact[Policy]]) -> Fact[Mapping[str, Fact[Policy]]]:
    """Return the trust policies of the functions' roles: `InspectRole` is that of `InspectFunction`."""
    functions = {each.name.removesuffix(_FUNCTION) for each in _of(listed, "AWS::Lambda::Function")}
    return _each(
        listed, "AWS::IAM::Role", lambda each: read(each.id), lambda each: each.name.removesuffix(_ROLE) in functions
    )


def _row[T](read: Callable[[], T | None]) -> Fact[T]:
    try:
        found = read()
    except CallFailed as failed:
        return failed.fact
    return Absent() if found is None else Known(found)
