"""Security Hub CSPM: import findings, and read which of them are suppressed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from aws.batches import batches
from aws.calls import calling, is_not_enabled
from aws.sessions import Sessions
from domain.places import Place

_BATCH = 100  # findings that one call accepts or returns
_VALUES = 20  # values that a filter accepts
_FEW = 100  # findings that are queried by Id; for more, querying everything suppressed takes fewer calls
_BYTES = 5_500_000  # of the 6 MB that a call accepts; the rest is for its envelope

_OURS = {"Value": "outrider/", "Comparison": "PREFIX"}  # the product name of findings, as in reports.asff

# Codes of FailedFindings after which the same import may succeed later.
_TRANSIENT = frozenset(
    {"InternalError", "InternalException", "ThrottlingException", "LimitExceeded", "ConcurrentUpdateError"}
)


@dataclass(frozen=True, slots=True)
class ImportFailed:
    """One finding that Security Hub rejected: its Id and the error code."""

    id: str
    code: str
    transient: bool

    @property
    def not_enabled(self) -> bool:
        """Whether Security Hub is not enabled, so that nothing can be imported."""
        return is_not_enabled(self.code)

    @property
    def for_good(self) -> bool:
        """Whether its content is rejected: the same import would be rejected again."""
        return not self.transient and not self.not_enabled


@dataclass(frozen=True, slots=True)
class SecurityHub:
    """Security Hub in all places that are watched."""

    sessions: Sessions

    def import_(self, place: Place, findings: Sequence[Mapping[str, Any]]) -> list[ImportFailed]:
        """Import findings in their own account and region; return those that were rejected.

        Raises CallFailed if the whole call failed.
        """
        failed = []
        for batch in batches(findings, _BATCH, _BYTES, _weight):
            with calling("securityhub:BatchImportFindings", str(place)):
                found = self.sessions.client("securityhub", place).batch_import_findings(Findings=batch)
            failed += [
                ImportFailed(item["Id"], item["ErrorCode"], transient=item["ErrorCode"] in _TRANSIENT)
                for item in found.get("FailedFindings", [])
            ]
        return failed

    def suppressed(self, place: Place, ids: Sequence[str]) -> set[str]:
        """Return which of these findings the customer set to SUPPRESSED. Raises CallFailed if that cannot be read."""
        if len(ids) > _FEW:
            here = {"AwsAccountId": _equal(place.account), "Region": _equal(place.region)}
            return self._suppressed(place, here | {"GeneratorId": [_OURS]}) & set(ids)
        found = set[str]()
        for some in batched(ids, _VALUES, strict=False):
            found |= self._suppressed(place, {"Id": _equal(*some)})
        return found

    def _suppressed(self, place: Place, filters: Mapping[str, Any]) -> set[str]:
        asked: dict[str, Any] = {"Filters": {**filters, "WorkflowStatus": _equal("SUPPRESSED")}, "MaxResults": _BATCH}
        found = set[str]()
        while True:
            with calling("securityhub:GetFindings", str(place)):
                answer = self.sessions.client("securityhub", place).get_findings(**asked)
            found |= {finding["Id"] for finding in answer["Findings"]}
            if not answer.get("NextToken"):
                return found
            asked["NextToken"] = answer["NextToken"]


def _equal(*values: str) -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": "EQUALS"} for value in values]


def _weight(finding: Mapping[str, Any]) -> int:
    """Return the size as botocore sends it: in ASCII, with six bytes for any other character."""
    return len(json.dumps(finding)) + 2
