"""A digest: what is open in a place, in one alert."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from domain.alert import Alert
from domain.finding import Finding
from domain.places import Place
from domain.rule import Severity

_RULES = 10


def digest_of(findings: Iterable[Finding], place: Place, *, title: str, occurred: datetime) -> Alert:
    """Open findings counted by severity and by rule; the worst gives the digest's severity."""
    found = list(findings)
    by_severity = Counter(finding.severity for finding in found)
    by_rule = Counter(finding.rule for finding in found)
    lines = [f"{count} {severity.value}" for severity, count in sorted(by_severity.items(), reverse=True)]
    lines += [f"{rule}: {count}" for rule, count in by_rule.most_common(_RULES)]
    if len(by_rule) > _RULES:
        lines.append(f"and {len(by_rule) - _RULES} rules more")
    return Alert(
        id=f"{place}/digest/{occurred.isoformat()}",
        kind="digest",
        transition="digest",
        account=place.account,
        region=place.region,
        subject="account",
        name=str(place),
        resource="",
        title=f"{title}: {len(found)} findings are open" if len(found) != 1 else f"{title}: 1 finding is open",
        severity=max(by_severity, default=Severity.INFORMATIONAL),
        reasons=tuple(lines),
        next_step="Begin with the worst. Security Hub lists them under the product Outrider, each with what to do about"
        " it. From now on each change is told by itself."
        if found
        else "",
        since=min((finding.created for finding in found), default=occurred),
        occurred=occurred,
    )
