"""Digests: many findings, or many alerts, in one alert."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from domain.findings.alert import Alert, AlertLine, AlertSection
from domain.findings.finding import Finding, FindingState
from domain.places import Place, Revision, role_name
from domain.severity import Severity
from domain.standard import Exemption, Standard
from domain.status import Status
from domain.subject import Subject
from reports.alerts import console_links, finding_link
from reports.status import exemptions_of, section, sections_of, swept
from reports.words import DONE, word_of

_RULES = 10
_OLDEST, _CLOSED, _EXEMPTIONS, _OF_TRANSITION = 5, 10, 10, 25
_SOON = timedelta(days=14)
_UNREAD = "The standard could not be read, so exemptions that expire soon are not listed."
_OPENING = frozenset({"opened", "raised", "reopened"})


def digest_of(findings: Iterable[Finding], place: Place, *, swept: datetime, waiting: int, occurred: datetime) -> Alert:
    """Return open findings, counted by severity and by rule; the worst gives the digest's severity.

    `swept` is the time of the sweep, `waiting` how many of its messages are not evaluated yet.
    """
    found = list(findings)
    title = "The evaluation is not complete yet" if waiting else "Everything was evaluated"
    unseen = ("1 message waits" if waiting == 1 else f"{waiting} messages wait",) if waiting else ()
    return Alert(
        id=f"{place}/digest/{swept.isoformat()}",  # the same if a sweep is retried after it published
        kind="digest",
        transition="digest",
        account=place.account,
        region=place.region,
        subject="account",
        name=str(place),
        resource="",
        title=f"{title}: {_are_open(len(found))}",
        severity=_worst(finding.severity for finding in found),
        reasons=(*unseen, *_counts((finding.severity, finding.rule) for finding in found)),
        next_step=_after_a_sweep(some=bool(found), rest=bool(waiting)),
        since=min((finding.created for finding in found), default=occurred),
        occurred=occurred,
    )


def daily_of(status: Status, closed: Sequence[Finding], standard: Standard | None, *, at: datetime) -> Alert | None:
    """Return what is open, what waits or needs a person, what closed in the day before `at`, and what soon expires.

    `standard` is None if it could not be read. Return None if there is nothing to report.
    """
    place, still = status.place, status.findings
    expiring = _expiring(standard.exemptions, at.date()) if standard else []
    if not still and not closed and not expiring and not status.standing:
        return None
    counts = [_are_open(len(still))]
    counts += [f"{len(closed)} closed since yesterday"] if closed else []
    plans = len(status.standing.plans)
    counts += [f"{plans} plan{'s wait' if plans > 1 else ' waits'} for approval"] if plans else []
    return Alert(
        id=f"{place}/daily/{at.isoformat()}",
        kind="digest",
        transition="daily",
        account=place.account,
        region=place.region,
        subject="account",
        name=str(place),
        resource="",
        title=", ".join(counts),
        severity=_worst(finding.severity for finding in still),
        reasons=(
            *_counts((finding.severity, finding.rule) for finding in still),
            *((f"{len(status.suppressed)} suppressed",) if status.suppressed else ()),
            *((swept(status.swept),) if status.swept else ()),
            *(() if standard else (_UNREAD,)),
        ),
        sections=tuple(
            section
            for section in (
                *sections_of(status.standing, place, status.stack),
                _section("The oldest", sorted(still, key=lambda each: each.created), _OLDEST),
                _section("Closed since yesterday", sorted(closed, key=lambda each: each.updated), _CLOSED),
                exemptions_of(expiring, "Exemptions that expire within two weeks", _EXEMPTIONS),
            )
            if section.lines
        ),
        next_step=_next_step(still=bool(still), expiring=bool(expiring)),
        since=min((finding.created for finding in still), default=at),
        occurred=at,
    )


def burst_of(alerts: Sequence[Alert], *, id_: str, most: int, occurred: datetime) -> Alert:
    """Return one digest of a batch's alerts beyond the `most` that are sent one by one."""
    drifted = [alert for alert in alerts if alert.transition in _OPENING]
    ordered = sorted(alerts, key=lambda each: (each.transition not in _OPENING, each.kind, each.transition))
    accounts, regions = ({getattr(alert, part) for alert in alerts} for part in ("account", "region"))
    return Alert(
        id=id_,
        kind="digest",
        transition="burst",
        account=accounts.pop() if len(accounts) == 1 else "several accounts",
        region=regions.pop() if len(regions) == 1 else "several regions",
        subject="account",
        name="1 alert" if len(alerts) == 1 else f"{len(alerts)} alerts",
        resource="",
        title=f"More alerts came at once than the {most} that are sent one by one",
        severity=_worst(alert.severity for alert in alerts if alert.transition != "closed"),
        reasons=_counts((alert.severity, alert.rule) for alert in drifted),
        sections=tuple(
            _of_transition(transition, list(some))
            for transition, some in groupby(ordered, lambda each: each.transition)
        ),
        next_step="Start with the most severe. Security Hub lists each under the product Outrider, with the next"
        " step. Many alerts at once often have one cause: a shared parameter or role, or one deployment."
        if drifted
        else "",
        since=min((alert.since for alert in alerts), default=occurred),
        occurred=occurred,
    )


def _are_open(count: int) -> str:
    return "1 finding is open" if count == 1 else f"{count} findings are open"


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


def _section(title: str, findings: Sequence[Finding], most: int) -> AlertSection:
    return section(title, [_line(finding) for finding in findings], most)


def _line(finding: Finding) -> AlertLine:
    subject = finding.subject
    what = f"{_named(subject.kind.value, subject.name, finding.resource)}: {finding.rule}"
    still = finding.state is FindingState.OPEN
    return AlertLine(
        text=f"{what}, since {finding.created:%Y-%m-%d}" if still else what,
        link=finding_link(finding).get("finding", ""),
        severity=finding.severity if still else None,
        done=not still,
    )


def _of_transition(transition: str, alerts: Sequence[Alert]) -> AlertSection:
    worst_first = sorted(alerts, key=lambda each: (-each.severity.rank, each.name, each.rule))
    lines = []
    for alert in worst_first[:_OF_TRANSITION]:
        what = _named(alert.subject, alert.name, alert.resource)
        done = transition in DONE
        lines.append(
            AlertLine(
                text=f"{what}: {alert.rule or alert.title}",
                link=alert.links.get("finding") or console_links(alert.resource).get("resource", ""),
                severity=None if done else alert.severity,
                done=done,
            )
        )
    title = f"{word_of(transition)}: {len(alerts)}"
    return AlertSection(title=title, lines=tuple(lines), omitted=max(len(alerts) - _OF_TRANSITION, 0))


def _named(kind: str, name: str, resource: str) -> str:
    """`family web, revision 7`."""
    revision = Revision.parse(resource)
    number = f", revision {revision.number}" if revision and kind == Subject.FAMILY else ""
    return f"{kind} {role_name(name) if kind == Subject.ROLE else name}{number}"


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
    return f"{worst}{' The daily digest lists the others.' if rest else ''}".strip()


def _next_step(*, still: bool, expiring: bool) -> str:
    worst = "Start with the most severe. Security Hub lists each with the next step." if still else ""
    renew = (
        "When an exemption expires, its findings open again: correct the drift, or renew the exemption in the standard."
        if expiring
        else ""
    )
    return f"{worst} {renew}".strip()
