"""Security Hub CSPM: import findings, and read which of them are suppressed."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from aws.batches import batches
from aws.calls import CallFailed, calling
from aws.errors import meaning_of
from aws.sessions import Sessions
from domain.places import Place

_BATCH = 100  # findings that one call accepts or returns
_VALUES = 20  # values that a filter accepts; for more findings, to query everything suppressed takes fewer calls
_BYTES = 5_500_000  # of the 6 MB that a call accepts; the rest is for its envelope

_IMPORT = "securityhub:BatchImportFindings"
_SUPPRESSED: dict[str, Any] = {"WorkflowStatus": [{"Value": "SUPPRESSED", "Comparison": "EQUALS"}]}
_OURS = {"Value": "outrider/", "Comparison": "PREFIX"}  # the product name of findings, as in reports.asff


@dataclass(frozen=True, slots=True)
class SecurityHub:
    """Security Hub in all places that are watched."""

    sessions: Sessions

    def import_(self, place: Place, findings: Sequence[Mapping[str, Any]]) -> dict[str, CallFailed]:
        """Import findings in their own account and region; return the failures by the finding's Id.

        Raises CallFailed if the whole call failed.
        """
        failed = dict[str, CallFailed]()
        for batch in batches(findings, _BATCH, _BYTES, _weight):
            with calling("securityhub:BatchImportFindings", str(place)):
                found = self.sessions.client("securityhub", place).batch_import_findings(Findings=batch)
            for id_, code in ((item["Id"], item["ErrorCode"]) for item in found.get("FailedFindings", [])):
                failed[id_] = CallFailed(_IMPORT, id_, code, meaning_of(_IMPORT, code))
        return failed

    def suppressed(self, place: Place, ids: Sequence[str], remembered: Collection[str] = ()) -> set[str]:
        """Return which of these findings the customer set to SUPPRESSED. Raises CallFailed if that cannot be read.

        Security Hub deletes a finding 30 days after it was archived, and its suppression with it. So those that are
        `remembered` as suppressed still are, unless Security Hub has the finding and shows another status.
        """
        found = self.all_suppressed(place) & set(ids) if len(ids) > _VALUES else self._by_id(place, ids, _SUPPRESSED)
        lost = sorted(set(ids) & set(remembered) - found)
        return found | (set(lost) - self._by_id(place, lost, {}))

    def all_suppressed(self, place: Place) -> set[str]:
        """Return all of Outrider's findings that the customer set to SUPPRESSED, as Security Hub has them."""
        return self._found(place, _of(place) | {"GeneratorId": [_OURS]} | _SUPPRESSED)

    def _by_id(self, place: Place, ids: Sequence[str], filters: dict[str, Any]) -> set[str]:
        found = set[str]()
        for some in batched(ids, _VALUES, strict=False):
            found |= self._found(place, _of(place) | {"Id": _equal(*some)} | filters)
        return found

    def _found(self, place: Place, filters: Mapping[str, Any]) -> set[str]:
        asked: dict[str, Any] = {"Filters": filters, "MaxResults": _BATCH}
        found = set[str]()
        while True:
            with calling("securityhub:GetFindings", str(place)):
                answer = self.sessions.client("securityhub", place).get_findings(**asked)
            found |= {finding["Id"] for finding in answer["Findings"]}
            if not answer.get("NextToken"):
                return found
            asked["NextToken"] = answer["NextToken"]


def _of(place: Place) -> dict[str, Any]:
    """Return the filters for one account and region: an administrator's Security Hub has its members' findings too."""
    return {"AwsAccountId": _equal(place.account), "Region": _equal(place.region)}


def _equal(*values: str) -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": "EQUALS"} for value in values]


def _weight(finding: Mapping[str, Any]) -> int:
    """Return the size as botocore sends it: in ASCII, with six bytes for any other character."""
    return len(json.dumps(finding)) + 2
