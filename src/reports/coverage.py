"""A certificate of coverage as people read it: the gaps in a phrase each, a page in Markdown, a notice."""

from collections import Counter
from collections.abc import Iterator, Sequence

from domain.coverage import Certificate, Coverage, CoverageRow, Gap, Proof, Seen, Uncovered
from domain.subject import Subject
from domain.sweeping import Scope
from reports.text import minute
from reports.words import Notice

PLURALS = {
    Subject.FAMILY: "families",
    Subject.SERVICE: "services",
    Subject.PARAMETER: "parameters",
    Subject.ROLE: "roles",
}
_GAPS = 20
_NEXT = {
    Coverage.DENIED: "Check that the role exists there and allows the call, and that the region is enabled.",
    Coverage.THROTTLED: "The next sweep reads it again. If it stays, other callers use up AWS's limit there.",
    Coverage.NEVER_REACHED: "The log of the sweep, and the DLQs, say why. Then start another sweep.",
}


def summary(certificate: Certificate) -> str:
    """Return a sentence: whether everything was covered, and how much was not."""
    totals, places = certificate.totals, len({row.place for row in certificate.rows})
    where = "1 account and region" if places == 1 else f"{places} accounts and regions"
    counts = ", ".join(f"{totals[each]} {each.value}" for each in Coverage if totals[each])
    state = "complete" if certificate.complete else "not complete"
    return f"The coverage of {where}{_limited(certificate.scope)} is {state}: {counts or 'nothing was found'}."


def uncovered(certificate: Certificate) -> tuple[str, ...]:
    """Return a phrase for each kind of gap: `3 families denied in 2 accounts and regions`."""
    found = Counter[tuple[Coverage, Subject]]()
    places = dict[tuple[Coverage, Subject], set[str]]()
    for row, gap in certificate.gaps:
        found[gap.coverage, row.kind] += gap.subjects
        places.setdefault((gap.coverage, row.kind), set()).add(str(row.place))
    return tuple(
        f"{_number(found[key], kind)} {coverage.value} in {_places(places[key])}"
        for key in sorted(places)
        for coverage, kind in (key,)
    )


def unseen(each: Uncovered) -> str:
    """Return what is not covered in an account and region, why, and since when."""
    by_reason = dict[tuple[Coverage, str, str], list[tuple[Subject, int]]]()
    for row in each.rows:
        for gap in row.gaps:
            by_reason.setdefault((gap.coverage, gap.call, gap.code), []).append((row.kind, gap.subjects))
    gaps = [
        f"{_numbers(kinds)} {coverage.value}{f' ({_reason(call, code)})' if code else ''}"
        for (coverage, call, code), kinds in by_reason.items()
    ]
    since = f", since {minute(each.since)}" if each.since is not None else ""
    return f"{each.place}: {'; '.join(gaps)}{since}"


def proof(seen: Seen) -> str:
    """Return whether the last sweep covered everything, in a sentence; empty if it did."""
    match seen.proof:
        case Proof.INTACT:
            return "" if seen.certificate is None or seen.complete else "The last sweep could not cover everything."
        case Proof.CHANGED:
            return f"The certificate {seen.why} is not the one that the sweep stored, so the coverage is not known."
        case Proof.MISSING:
            return f"The certificate {seen.why} is not there any more, so the coverage is not known."
        case Proof.NONE:
            return "No sweep has ended yet, so the coverage is not known."
        case Proof.OLD:
            ended = f" {minute(seen.certificate.ended)}" if seen.certificate is not None else ""
            return f"The last sweep ended{ended}: what changed since then was seen only if an event came."
        case Proof.UNREAD:
            return f"The coverage is not known: {seen.why}."


def text(certificate: Certificate) -> Iterator[str]:
    """Yield the lines that `outrider coverage` prints."""
    yield summary(certificate)
    yield f"The sweep began {minute(certificate.began)} and ended {minute(certificate.ended)}."
    yield f"Standard {certificate.standard or 'not usable'}, release {certificate.release}, run {certificate.run}."
    yield f"Digest {certificate.digest}, after {certificate.before or 'none'}."
    for each in certificate.owners:
        refused = f"; {each.refused} problems with others, which do not count" if each.refused else ""
        yield f"Exemptions by owners in {each.account}/{each.region}: {each.exemptions}{refused}."
    if certificate.gaps:
        yield ""
        yield "Not covered:"
    for row, gap in certificate.gaps:
        yield f"  {row.place}: {_gap(row, gap)}"


def page(certificate: Certificate) -> str:
    """Return the certificate as a page in Markdown, for people who read it in the bucket."""
    columns = [each for each in Coverage if certificate.totals[each]] or [Coverage.EVALUATED]
    lines = ["# Certificate of coverage", "", *_paragraphs(certificate), ""]
    lines += [f"| account | region | kind | {' | '.join(each.value for each in columns)} |"]
    lines += [f"| --- | --- | --- | {' | '.join('---:' for _ in columns)} |"]
    for row in certificate.rows:
        numbers = " | ".join(str(row.counts.get(each, 0)) for each in columns)
        lines.append(f"| {row.account} | {row.region} | {PLURALS[row.kind]} | {numbers} |")
    if certificate.gaps:
        lines += ["", "## Not covered", ""]
        lines += [f"- {row.place}: {_gap(row, gap)}" for row, gap in certificate.gaps]
    return "\n".join(lines) + "\n"


def notice_of(certificate: Certificate) -> Notice:
    """Return what operations is notified of when the gaps change."""
    if certificate.complete:
        return Notice("Outrider: the coverage is complete again", summary(certificate))
    gaps = certificate.gaps
    lines = [f"{row.place}: {_gap(row, gap)}" for row, gap in gaps[:_GAPS]]
    lines += [f"And {len(gaps) - _GAPS} more: `outrider coverage` lists all."] if len(gaps) > _GAPS else []
    steps = [_NEXT[each] for each in dict.fromkeys(gap.coverage for _, gap in gaps)]
    text_ = "\n".join([summary(certificate), "No finding was closed by what was not read.", *lines, *steps])
    return Notice("Outrider: the sweep could not cover everything", text_)


def _paragraphs(certificate: Certificate) -> list[str]:
    lines = [line for line in text(certificate) if line][:4]
    return [part for line in lines for part in (line, "")][:-1]


def _gap(row: CoverageRow, gap: Gap) -> str:
    why = f", {_reason(gap.call, gap.code)}" if gap.code else ""
    return f"{_number(gap.subjects, row.kind)} {gap.coverage.value}{why}"


def _numbers(kinds: Sequence[tuple[Subject, int]]) -> str:
    """`3 families and 1 service`; `an unknown number of families and services`."""
    known = [_number(number, kind) for kind, number in kinds if number]
    unknown = [PLURALS[kind] for kind, number in kinds if not number]
    return " and ".join([*known, *([f"an unknown number of {' and '.join(unknown)}"] if unknown else [])])


def _reason(call: str, code: str) -> str:
    return f"{call}: {code}" if call else code


def _number(number: int, kind: Subject) -> str:
    if not number:
        return f"an unknown number of {PLURALS[kind]}"
    return f"1 {kind.value}" if number == 1 else f"{number} {PLURALS[kind]}"


def _places(places: set[str]) -> str:
    return next(iter(places)) if len(places) == 1 else f"{len(places)} accounts and regions"


def _limited(scope: Scope) -> str:
    given = (("account", scope.account), ("region", scope.region), ("cluster", scope.cluster), ("family", scope.family))
    named = ", ".join(f"{name} {value}" for name, value in given if value)
    return f" ({named})" if named else ""
