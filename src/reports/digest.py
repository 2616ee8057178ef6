"""Digests: many findings, or many threads, in one alert."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from domain.coverage import Proof, Seen
from domain.findings.address import NOWHERE, Address
from domain.findings.alert import Alert, AlertLine, AlertSection
from domain.findings.finding import Finding, FindingState
from domain.findings.thread import Thread
from domain.places import Place, Revision
from domain.severity import Severity
from domain.standard import Exemption, Standard
from domain.status import Status
from domain.subject import Subject, SubjectId
from reports.alerts import finding_link, report_link
from reports.coverage import proof, uncovered
from reports.status import elsewhere, exemptions_of, places_of, section, sections_of, swept, unseen_of, unwatched
from reports.words import RESOLVED, findings_are, shown_name

_RULES = 10
_OLDEST, _CLOSED, _EXEMPTIONS, _OF_THREADS = 5, 10, 10, 25
_SOON = timedelta(days=14)
_UNREAD = "The standard could not be read, so exemptions that expire soon are not listed."


def digest_of(
    findings: Iterable[Finding],
    places: Sequence[Place],
    seen: Seen,
    *,
    swept: datetime,
    occurred: datetime,
) -> Alert:
    """Return open findings, counted by severity and by rule; the worst gives the digest's severity.

    `swept` is the time of the sweep. What it has not `seen` is named, and nothing is called complete then.
    """
    found, complete = list(findings), seen.complete
    title = "Everything was evaluated" if complete else "Not everything was evaluated"
    one = places[0] if len(places) == 1 else None
    name = str(one) if one is not None else f"{len(places)} accounts and regions"
    return Alert(
        id=f"{one or 'organization'}/digest/{swept.isoformat()}",  # the same if a sweep is retried after it published
        kind="digest",
        transition="digest",
        account=one.account if one is not None else "several accounts",
        region=one.region if one is not None else "several regions",
        subject="account",
        name=name,
        resource="",
        title=f"{title}: {findings_are(len(found), 'open')}",
        severity=_worst(finding.severity for finding in found),
        reasons=(*_unseen(seen), *_counts((finding.severity, finding.rule) for finding in found)),
        next_step=_after_a_sweep(some=bool(found), rest=not complete),
        since=min((finding.created for finding in found), default=occurred),
        occurred=occurred,
        links=report_link(seen.report),
    )


def daily_of(status: Status, closed: Sequence[Finding], standard: Standard | None, *, at: datetime) -> Alert | None:
    """Return what is open, what waits or needs a person, what closed in the day before `at`, and what soon expires.

    `standard` is None if it could not be read. Return None if there is nothing to report: if everything was seen, too.
    """
    still, green = status.findings, status.seen.complete
    expiring = _expiring(standard.all_exemptions, at.date()) if standard else []
    if green and not (still or closed or expiring or status.standing):
        return None
    counts = [findings_are(len(still), "open")]
    counts += [f"{len(closed)} closed since yesterday"] if closed else []
    plans = len(status.standing.plans)
    counts += [f"{plans} plan{'s wait' if plans > 1 else ' waits'} for approval"] if plans else []
    counts += [] if green else ["not everything was evaluated"]
    digest = _Digest("daily", status.home, at, str(status.home), links=report_link(status.seen.report))
    return digest.alert(
        title=", ".join(counts),
        findings=still,
        reasons=(
            *_counts((finding.severity, finding.rule) for finding in still),
            *((f"{len(status.suppressed)} suppressed",) if status.suppressed else ()),
            *((unwatched(status),) if status.unwatched else ()),
            *((swept(status.swept),) if status.swept else ()),
            *((proof(status.seen),) if status.seen.proof is not Proof.INTACT else ()),
            *(() if standard else (_UNREAD,)),
        ),
        sections=(
            unseen_of(status.seen),
            places_of(status),
            *sections_of(status),
            _section("The oldest", sorted(still, key=lambda each: each.created), _OLDEST, status.home),
            _section("Closed since yesterday", sorted(closed, key=lambda each: each.updated), _CLOSED, status.home),
            exemptions_of(expiring, "Exemptions that expire within two weeks", _EXEMPTIONS),
        ),
        next_step=_next_step(still=bool(still), expiring=bool(expiring), unseen=not green),
    )


def weekly_of(findings: Iterable[Finding], address: Address, home: Place, seen: Seen, *, at: datetime) -> Alert:
    """Return the open findings of one team in all accounts, for the week that ended `at`."""
    found = sorted(findings, key=lambda each: (-each.severity.rank, each.created))
    title = findings_are(len(found), "open")
    digest = _Digest("weekly", home, at, address.team, address, report_link(seen.report))
    return digest.alert(
        title=title if seen.complete else f"{title}, not everything was evaluated",
        findings=found,
        reasons=(*_counts((finding.severity, finding.rule) for finding in found), *_unseen(seen)),
        sections=(places_of(Status(home, tuple(found))), _section("The most severe", found, _OF_THREADS, home)),
        next_step=_next_step(still=True, expiring=False, unseen=not seen.complete),
    )


@dataclass(frozen=True, slots=True)
class _Digest:
    """A digest that is sent on a schedule, about everything that is watched."""

    kind: str
    home: Place
    at: datetime
    name: str
    address: Address = NOWHERE
    links: Mapping[str, str] = field(default_factory=dict)

    def alert(
        self,
        *,
        title: str,
        findings: Sequence[Finding],
        reasons: tuple[str, ...],
        sections: tuple[AlertSection, ...],
        next_step: str,
    ) -> Alert:
        """Return its alert, whose id is the same in a retry."""
        team = f"{self.address.team}/" if self.address.team else ""
        return Alert(
            id=f"{self.home}/{self.kind}/{team}{self.at.isoformat()}",
            kind="digest",
            transition=self.kind,
            account=self.home.account,
            region=self.home.region,
            subject="account",
            name=self.name,
            resource="",
            title=title,
            severity=_worst(finding.severity for finding in findings),
            reasons=reasons,
            sections=tuple(section for section in sections if section.lines),
            next_step=next_step,
            team=self.address.team,
            route=self.address.route,
            channel=self.address.channel,
            since=min((finding.created for finding in findings), default=self.at),
            occurred=self.at,
            links=self.links,
        )


def burst_of(threads: Mapping[str, Thread], *, id_: str, most: int, occurred: datetime) -> Alert:
    """Return one digest of the threads beyond the `most` whose messages are sent one by one."""
    drifted = [alert for thread in threads.values() for alert in thread.open]
    every = [alert for thread in threads.values() for alert in (*thread.findings.values(), *thread.outcomes.values())]
    accounts, regions = ({getattr(alert, part) for alert in every} for part in ("account", "region"))
    sections = (
        _of_threads("Drift", [(key, each) for key, each in threads.items() if not (each.over or each.needs_person)]),
        _of_threads("Not corrected", [(key, each) for key, each in threads.items() if each.needs_person]),
        _of_threads(RESOLVED, [(key, each) for key, each in threads.items() if each.over and not each.needs_person]),
    )
    return Alert(
        id=id_,
        kind="digest",
        transition="burst",
        account=accounts.pop() if len(accounts) == 1 else "several accounts",
        region=regions.pop() if len(regions) == 1 else "several regions",
        subject="account",
        name=f"{len(threads)} messages",
        resource="",
        title=f"More came at once than the {most} messages that are sent one by one",
        severity=_worst(thread.severity for thread in threads.values()),
        reasons=_counts((alert.severity, alert.rule) for alert in drifted),
        sections=tuple(section for section in sections if section.lines),
        next_step="Start with the most severe. Security Hub lists each finding under the product Outrider, with the"
        " next step. Many at once often have one cause: a shared parameter or role, or one deployment."
        if drifted
        else "",
        since=min((alert.since for alert in every), default=occurred),
        occurred=occurred,
    )


def _worst(severities: Iterable[Severity]) -> Severity:
    return max(severities, default=Severity.INFORMATIONAL)


def _counts(findings: Iterable[tuple[Severity, str]]) -> tuple[str, ...]:
    """Return lines with severities, the highest first, then the rules with the most findings."""
    found = list(findings)
    by_severity = Counter(severity for severity, _ in found)
    by_rule = Counter(rule for _, rule in found)
    lines = [f"{count} {severity.value}" for severity, count in sorted(by_severity.items(), reverse=True)]
    lines += [f"{rule}: {count}" for rule, count in by_rule.most_common(_RULES)]
    if len(by_rule) > _RULES:
        lines.append(f"and {len(by_rule) - _RULES} more rules")
    return tuple(lines)


def _unseen(seen: Seen) -> tuple[str, ...]:
    """Return why the coverage is not known, or what the last sweep could not cover."""
    if seen.proof is Proof.INTACT and seen.certificate is not None:
        return uncovered(seen.certificate)
    return (proof(seen),)


def _section(title: str, findings: Sequence[Finding], most: int, home: Place) -> AlertSection:
    return section(title, [_line(finding, home) for finding in findings], most)


def _line(finding: Finding, home: Place) -> AlertLine:
    subject = finding.subject
    where = elsewhere(subject.place, home)
    what = f"{_named(subject.kind.value, subject.name, finding.resource)}{where}: {finding.rule}"
    still = finding.state is FindingState.OPEN
    return AlertLine(
        text=f"{what}, since {finding.created:%Y-%m-%d}" if still else what,
        link=finding_link(finding).get("finding", ""),
        severity=finding.severity if still else None,
        done=not still,
    )


def _of_threads(title: str, threads: Sequence[tuple[str, Thread]]) -> AlertSection:
    """Return a line for each thread, the most severe first."""
    ordered = sorted(threads, key=lambda each: (-each[1].severity.rank, each[0]))
    return section(f"{title}: {len(ordered)}", [_of_thread(*each) for each in ordered], _OF_THREADS)


def _of_thread(key: str, thread: Thread) -> AlertLine:
    """`family web: 3 findings`, `family web: web:7 was not corrected`."""
    subject, outcome, done = SubjectId.parse(key), thread.outcome, thread.over and not thread.needs_person
    shown = thread.resolved if done else thread.open
    said = f"{len(shown)} findings" if len(shown) != 1 else shown[0].rule
    if outcome is not None and (thread.needs_person or not shown):
        said = outcome.title
    links = [alert.links for alert in (*shown, *([outcome] if outcome is not None else []))]
    return AlertLine(
        text=f"{subject.kind.value} {shown_name(subject.kind, subject.name)}: {said}",
        link=next((each.get("finding") or each.get("resource", "") for each in links), ""),
        severity=None if done else thread.severity,
        done=done,
    )


def _named(kind: str, name: str, resource: str) -> str:
    """`family web, revision 7`."""
    revision = Revision.parse(resource)
    number = f", revision {revision.number}" if revision and kind == Subject.FAMILY else ""
    return f"{kind} {shown_name(kind, name)}{number}"


def _expiring(exemptions: Iterable[Exemption], today: date) -> list[Exemption]:
    """Return exemptions that expire within two weeks, the first to expire first."""
    soon = [each for each in exemptions if each.expires and today <= each.expires <= today + _SOON]
    return sorted(soon, key=lambda each: (each.expires or today, each.rules))


def _after_a_sweep(*, some: bool, rest: bool) -> str:
    worst = (
        "Start with the most severe. Security Hub lists them under the product Outrider, each with the next step."
        " From now on there is one alert for each change."
        if some
        else ""
    )
    return f"{worst}{' `outrider coverage` shows what is missing.' if rest else ''}".strip()


def _next_step(*, still: bool, expiring: bool, unseen: bool) -> str:
    worst = "Start with the most severe. Security Hub lists each with the next step." if still else ""
    renew = (
        "When an exemption expires, its findings open again: correct the drift, or renew the exemption in the standard."
        if expiring
        else ""
    )
    rest = "`outrider coverage` shows what is missing." if unseen else ""
    return " ".join(filter(None, [worst, renew, rest]))
