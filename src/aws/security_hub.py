"""Security Hub CSPM: findings in, and what became of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws.calls import calling
from aws.sessions import Sessions
from domain.places import Place

_BATCH = 100  # findings a call
_VALUES = 20  # that a filter takes
_BYTES = 5_500_000  # of the 6 MB that a call may have; the rest is for what wraps it

# What FailedFindings call a failure that the same import may survive later.
_TRANSIENT = frozenset(
    {"InternalError", "InternalException", "ThrottlingException", "LimitExceeded", "ConcurrentUpdateError"}
)


@dataclass(frozen=True, slots=True)
class ImportFailed:
    """One finding that Security Hub did not take: its Id and the code that it gave."""

    id: str
    code: str
    transient: bool


@dataclass(frozen=True, slots=True)
class SecurityHub:
    """The hubs of all places that are watched."""

    sessions: Sessions

    def import_(self, place: Place, findings: Sequence[Mapping[str, Any]]) -> list[ImportFailed]:
        """Import into the hub of the findings' own account and region; what it refused comes back.

        CallFailed where the whole call failed.
        """
        failed = []
        for batch in _batches(findings):
            with calling("securityhub:BatchImportFindings", str(place)):
                found = self.sessions.client("securityhub", place).batch_import_findings(Findings=batch)
            failed += [
                ImportFailed(item["Id"], item["ErrorCode"], transient=item["ErrorCode"] in _TRANSIENT)
                for item in found.get("FailedFindings", [])
            ]
        return failed

    def suppressed(self, place: Place, ids: Sequence[str]) -> set[str]:
        """Those of these findings that the customer has set to SUPPRESSED. CallFailed where it cannot be asked."""
        found = set[str]()
        for start in range(0, len(ids), _VALUES):
            asked = [{"Value": id_, "Comparison": "EQUALS"} for id_ in ids[start : start + _VALUES]]
            filters = {"Id": asked, "WorkflowStatus": [{"Value": "SUPPRESSED", "Comparison": "EQUALS"}]}
            with calling("securityhub:GetFindings", str(place)):
                answer = self.sessions.client("securityhub", place).get_findings(Filters=filters, MaxResults=100)
            found |= {finding["Id"] for finding in answer["Findings"]}
        return found


def _batches(findings: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    batch, size = list[Mapping[str, Any]](), 0
    for finding in findings:
        weight = len(json.dumps(finding)) + 2  # as botocore sends it: in ASCII, six bytes for what is beyond
        if batch and (len(batch) == _BATCH or size + weight > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(finding)
        size += weight
    if batch:
        yield batch
