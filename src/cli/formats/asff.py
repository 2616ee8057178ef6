"""Findings for Security Hub's BatchImportFindings, one for each drifted rule of a task definition.

Their ids are not those of the findings of a deployed Outrider, which are about what is registered.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cli.fingerprints import subject_of
from cli.formats.content import Content, fix_words, found_in, listed, place_of
from cli.output.evaluation import VerdictEntry
from cli.output.names import Outcome
from cli.paths import report_path
from cli.results import Result
from cli.terminal import line, say
from domain.drift import Drift
from domain.findings.finding import Finding, FindingState, shortened
from domain.places import Place
from domain.subject import Subject, SubjectId
from reports.asff import asff
from reports.text import cut
from rules import BY_ID
from settings import PAGES

_RECOMMENDATION = 512
"""Characters."""


def pieces(content: Content) -> Iterator[str]:
    """Yield the list of findings; a definition whose account or region is not known has none, which is said."""
    return listed(_findings(content))


def _findings(content: Content) -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    for result in content.results:
        place = place_of(result, content.options)
        if not place.account or not place.region:
            if any(found_in(result)):
                name = f"{report_path(result.entry.file)}: {result.entry.name}"
                say(f"{name} has no finding, because its account or region is not known. Give --account and --region.")
            continue
        for verdict in result.entry.verdicts:
            if verdict.verdict is Outcome.DRIFTED:
                yield _finding(result, verdict, place, now)


def _finding(result: Result, verdict: VerdictEntry, place: Place, now: datetime) -> dict[str, Any]:
    family, file = line(subject_of(result.entry)), report_path(result.entry.file)
    drifts = tuple(
        Drift(each.code, each.where, line(each.why), each.found, each.wanted, each.severity) for each in verdict.drifts
    )
    finding = Finding(
        subject=SubjectId(place, Subject.FAMILY, family),
        rule=verdict.rule,
        state=FindingState.OPEN,
        severity=verdict.severity,
        drifts=drifts,
        resource=line(result.entry.resource) or "(no family)",
        created=now,
        updated=now,
    )
    at = next((each.location for each in verdict.drifts if each.location), None)
    facts = {"file": line(file), "line": str(at.line) if at else ""}
    rule = BY_ID[verdict.rule]
    made = asff(finding, rule, docs=PAGES, facts=facts)
    # What runs it, and what closes a finding, only a deployed Outrider knows.
    made["Resources"][0]["Details"]["Other"].pop("use", None)
    advice = fix_words(verdict.fix, result.source) or rule.by_hand or rule.title
    made["Remediation"]["Recommendation"]["Text"] = cut(" ".join(advice.split()), _RECOMMENDATION)
    return {
        **made,
        "Id": shortened(f"outrider-check/{verdict.drifts[0].fingerprint}"),
        "GeneratorId": f"outrider-check/{verdict.rule}",
    }
