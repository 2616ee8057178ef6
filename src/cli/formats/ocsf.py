"""OCSF 1.5 Compliance Findings (class 2003), one for each drift: https://schema.ocsf.io/1.5.0/classes/compliance_finding.

Written as plain JSON; a library for it would be slow to load and need more of the definition than is known.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cli.formats.content import Content, Found, found_in, listed, place_of
from cli.options import ReportOptions
from cli.terminal import line
from settings import RELEASE

_VERSION = "1.5.0"
_CLASS, _CREATE, _NEW, _FAIL, _AWS_ACCOUNT = 2003, 1, 1, 3, 10


def pieces(content: Content) -> Iterator[str]:
    """Yield the list of findings."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    return listed(_finding(found, content.options, now) for result in content.results for found in found_in(result))


def _finding(found: Found, options: ReportOptions, now: int) -> dict[str, Any]:
    rule, place, drift = found.rule, place_of(found.result, options), found.drift
    account = {"uid": place.account, "name": place.account, "type_id": _AWS_ACCOUNT, "type": "AWS Account"}
    return {
        "activity_id": _CREATE,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": _CLASS // 1000,
        "class_name": "Compliance Finding",
        "class_uid": _CLASS,
        "type_name": "Compliance Finding: Create",
        "type_uid": _CLASS * 100 + _CREATE,
        "time": now,
        "message": found.message,
        "severity": drift.severity.value.capitalize(),
        "severity_id": drift.severity.rank + 1,
        "status": "New",
        "status_id": _NEW,
        "status_code": "FAIL",
        "metadata": {
            "version": _VERSION,
            "profiles": ["cloud"],
            "event_code": drift.code,
            "product": {"name": "Outrider", "uid": "outrider", "vendor_name": "Outrider", "version": RELEASE},
        },
        "cloud": {"provider": "AWS"}
        | ({"region": place.region} if place.region else {})
        | ({"account": account} if place.account else {}),
        "finding_info": {
            "uid": drift.fingerprint,
            "title": rule.title,
            "desc": found.message,
            "created_time": now,
            "src_url": found.page,
            "types": ["Software and Configuration Checks"],
            "analytic": {"name": rule.id, "uid": rule.id, "type": "Rule", "type_id": 1},
        },
        "compliance": {
            "control": rule.id,
            "standards": ["Outrider"],
            "requirements": [rule.title],
            "status": "Fail",
            "status_id": _FAIL,
        },
        "remediation": {
            "desc": " ".join((rule.remedy or rule.by_hand or rule.title).split()),
            "references": [found.page, rule.reference],
        },
        "resources": [
            {
                "type": "AWS::ECS::TaskDefinition",
                "uid": _arn(found) or line(found.entry.name),
                "name": line(found.entry.name),
                "cloud_partition": place.partition,
                "data": {"file": found.path, "line": found.line, "where": line(drift.where)},
            }
            | ({"region": place.region} if place.region else {})
        ],
    }


def _arn(found: Found) -> str:
    return line(found.entry.resource) if found.entry.resource.startswith("arn:") else ""
