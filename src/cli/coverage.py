"""`outrider coverage`: what the last sweep covered, and what it could not."""

from argparse import Namespace
from dataclasses import dataclass

from aws.ledger import LastCertificate, Ledger
from aws.objects import Bucket
from aws.sessions import Sessions
from cli.confirmation import printed, sentences
from cli.deployed import deployed
from cli.exits import FAILING, WELL
from cli.failures import RequestFailed, failures_as_sentences
from cli.options import StackOptions, taken
from cli.output.coverage import CoverageEntry, CoverageOutput, GapEntry, OwnersEntry
from cli.output.writing import rendered
from cli.progress import Line
from domain.coverage import Certificate
from reports.coverage import text


@dataclass(frozen=True, slots=True)
class _Found:
    certificate: Certificate
    last: LastCertificate

    @property
    def intact(self) -> bool:
        return self.certificate.digest == self.last.digest


def coverage(given: Namespace) -> int:
    """Print the certificate of the last sweep; return the exit code."""
    where = taken(StackOptions, given)
    with sentences(where), failures_as_sentences():
        found = _read(where)
    if given.format == "json":
        print(rendered(_output(found)))
    else:
        lines = [*text(found.certificate)]
        if not found.intact:
            lines.append("It is not the certificate that the sweep stored: its digest in the ledger is another.")
        printed(Line(line) for line in lines)
    return WELL if found.certificate.complete and found.intact else FAILING


def _read(where: StackOptions) -> _Found:
    name, aws = where.stack, Sessions(region=where.named_region[1] or None, profile=where.profile or None)
    outputs = deployed(aws, name, "CertificatesBucket", "LedgerTable").outputs
    table, bucket = outputs["LedgerTable"], outputs["CertificatesBucket"]
    last = Ledger(aws, table).runs.last()
    if last is None:
        raise RequestFailed("There is no certificate yet: no sweep has ended.")
    stored = Bucket(aws, bucket).get(last.key)
    if stored is None:
        raise RequestFailed(f"The certificate {last.key} is not in the bucket {bucket} any more.")
    try:
        return _Found(Certificate.model_validate_json(stored), last)
    except ValueError:
        raise RequestFailed(f"{last.key} in the bucket {bucket} is no certificate.") from None


def _output(found: _Found) -> CoverageOutput:
    certificate = found.certificate
    return CoverageOutput(
        version=1,
        complete=certificate.complete,
        intact=found.intact,
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
                row.began.isoformat() if row.began is not None else None,
                {each.value: number for each, number in row.counts.items()},
                tuple(GapEntry(gap.coverage.value, gap.call, gap.code, gap.subjects) for gap in row.gaps),
            )
            for row in certificate.rows
        ),
        owners=tuple(
            OwnersEntry(each.account, each.region, each.exemptions, each.refused) for each in certificate.owners
        ),
    )
