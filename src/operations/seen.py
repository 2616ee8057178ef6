"""What the last sweep of everything covered, as its certificate says."""

from aws.calls import CallFailed
from aws.ledger import Ledger
from aws.objects import Bucket
from domain.coverage import Certificate, Proof, Seen, StoredReport


def read_seen(ledger: Ledger, bucket: Bucket) -> Seen:
    """Read the certificate, and compare it with the digest in the ledger. Raises CallFailed."""
    last = ledger.runs.last()
    if last is None:
        return Seen(Proof.NONE)
    stored = bucket.get(last.key)
    report = StoredReport(bucket.home, bucket.name, last.report) if last.report else None
    if stored is None:
        return Seen(Proof.MISSING, why=last.key, report=report)
    try:
        certificate = Certificate.model_validate_json(stored)
    except ValueError:
        return Seen(Proof.CHANGED, why=last.key, report=report)
    proof = Proof.INTACT if certificate.digest == last.digest else Proof.CHANGED
    return Seen(proof, certificate, last.key, report)


def seen_if_readable(ledger: Ledger, bucket: Bucket) -> Seen:
    """Return it; if a call fails, why."""
    try:
        return read_seen(ledger, bucket)
    except CallFailed as failed:
        return Seen(Proof.UNREAD, why=str(failed))
