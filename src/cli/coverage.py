"""`outrider coverage`: what the last sweep covered, and what it could not."""

from argparse import Namespace

from aws.ledger import Ledger
from aws.objects import Bucket
from cli.confirmation import printed, sentences
from cli.deployed import connected, deployed
from cli.exits import FAILING, WELL
from cli.failures import RequestFailed, failures_as_sentences
from cli.options import StackOptions, taken
from cli.output.coverage import CoverageEntry, CoverageOutput, GapEntry, OwnersEntry
from cli.output.writing import iso, rendered
from cli.progress import Line
from cli.replacing import written
from cli.terminal import say
from domain.coverage import Certificate, Proof, Seen
from operations.seen import read_seen
from reports.coverage import text


def coverage(given: Namespace) -> int:
    """Print the certificate of the last sweep; return the exit code."""
    where = taken(StackOptions, given)
    with sentences(where), failures_as_sentences():
        seen, certificate = _read(where, given.report)
    if given.format == "json":
        print(rendered(_output(certificate, seen)))
    else:
        lines = [*text(certificate)]
        if seen.proof is not Proof.INTACT:
            lines.append("It is not the certificate that the sweep stored: its digest in the ledger is another.")
        printed(Line(line) for line in lines)
        if given.report:
            say(f"The report is in {given.report}.")
    return WELL if seen.complete else FAILING


def _read(where: StackOptions, report: str) -> tuple[Seen, Certificate]:
    aws = connected(where)
    outputs = deployed(aws, where.stack, "CertificatesBucket", "LedgerTable").outputs
    bucket = outputs["CertificatesBucket"]
    objects = Bucket(aws, bucket)
    seen = read_seen(Ledger(aws, outputs["LedgerTable"]), objects)
    if seen.proof is Proof.NONE:
        raise RequestFailed("There is no certificate yet: no sweep has ended.")
    if seen.proof is Proof.MISSING:
        raise RequestFailed(f"The certificate {seen.why} is not in the bucket {bucket} any more.")
    if seen.certificate is None:
        raise RequestFailed(f"{seen.why} in the bucket {bucket} is no certificate.")
    if report:
        page = objects.get(seen.report.key) if seen.report is not None else None
        if page is None:
            raise RequestFailed("The last sweep has no report, or it is not there any more.")
        written(report, page)
    return seen, seen.certificate


def _output(certificate: Certificate, seen: Seen) -> CoverageOutput:
    return CoverageOutput(
        version=1,
        complete=certificate.complete,
        intact=seen.proof is Proof.INTACT,
        run=certificate.run,
        began=certificate.began.isoformat(),
        ended=certificate.ended.isoformat(),
        release=certificate.release,
        standard=certificate.standard,
        digest=certificate.digest,
        before=certificate.before,
        results=tuple(
            CoverageEntry(
                row.account,
                row.region,
                row.kind.value,
                iso(row.began),
                iso(row.since),
                {each.value: number for each, number in row.counts.items()},
                tuple(GapEntry(gap.coverage.value, gap.call, gap.code, gap.subjects) for gap in row.gaps),
            )
            for row in certificate.rows
        ),
        owners=tuple(
            OwnersEntry(each.account, each.region, each.exemptions, each.refused) for each in certificate.owners
        ),
    )
