"""The AWS Security Finding Format as the Security Hub CSPM user guide documents it: what a finding must hold."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

type Json = dict[str, Any]  # ASFF as it is on the wire; checked by faults_of, not by a type

MAX_RESOURCES = 32
MAX_PRODUCT_FIELDS = 50

REQUIRED = (
    "SchemaVersion",
    "Id",
    "ProductArn",
    "GeneratorId",
    "AwsAccountId",
    "CreatedAt",
    "UpdatedAt",
    "Title",
    "Description",
    "Resources",
)
LENGTHS: Mapping[tuple[str, ...], int] = {
    ("Id",): 512,
    ("GeneratorId",): 512,
    ("Title",): 256,
    ("Description",): 1024,
    ("Remediation", "Recommendation", "Text"): 512,
    ("Note", "Text"): 512,
}
ENUMS: Mapping[tuple[str, ...], frozenset[str]] = {
    ("RecordState",): frozenset({"ACTIVE", "ARCHIVED"}),
    ("Compliance", "Status"): frozenset({"PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"}),
    ("Workflow", "Status"): frozenset({"NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"}),
    ("Severity", "Label"): frozenset({"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"}),
    ("FindingProviderFields", "Severity", "Label"): frozenset({"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"}),
}
TIMES = ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt")
NAMESPACES = frozenset(
    {
        "Software and Configuration Checks",
        "TTPs",
        "Effects",
        "Unusual Behaviors",
        "Sensitive Data Identifications",
    }
)
NORMALIZED = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}

# A provider's import never changes these once the finding exists.
CUSTOMERS_OWN = ("Note", "UserDefinedFields", "VerificationState", "Workflow")
# What a provider sets in FindingProviderFields is shown at the top level until a customer sets something else.
PROVIDERS_VIEW = ("Severity", "Types", "Confidence", "Criticality", "RelatedFindings")
UPDATABLE = (*CUSTOMERS_OWN, *PROVIDERS_VIEW)


def faults_of(finding: Json) -> Iterable[str]:
    """How a finding violates ASFF, in the order of the tables above."""
    for name in REQUIRED:
        if not finding.get(name):
            yield f"data should have required property '{name}'"
    provider = finding.get("FindingProviderFields") or {}
    severity = provider.get("Severity") or finding.get("Severity") or {}
    if "Label" not in severity and "Normalized" not in severity:
        yield "data.Severity should have required property 'Label'"
    types = provider.get("Types") or finding.get("Types")
    if not types:
        yield "data should have required property 'Types'"
    for kind in types or ():
        if not re.fullmatch(rf"({'|'.join(sorted(NAMESPACES))})(/[^/]+){{0,2}}", kind):
            yield f"data.Types should be namespace/category/classifier of the taxonomy, {kind!r} is not"
    yield from _beyond_bounds(finding)


def _beyond_bounds(finding: Json) -> Iterable[str]:
    if finding.get("SchemaVersion") not in (None, "2018-10-08"):
        yield "data.SchemaVersion should be equal to constant 2018-10-08"
    for path, most in LENGTHS.items():
        value = at(finding, path)
        if isinstance(value, str) and len(value) > most:
            yield f"data.{'.'.join(path)} should NOT be longer than {most} characters"
    for path, allowed in ENUMS.items():
        value = at(finding, path)
        if value is not None and value not in allowed:
            yield f"data.{'.'.join(path)} should be equal to one of the allowed values"
    for name in TIMES:
        if finding.get(name) and time_of(finding[name]) is NEVER:
            yield f"data.{name} should match format date-time"
    yield from _crowded(finding)


def _crowded(finding: Json) -> Iterable[str]:
    resources = finding.get("Resources") or ()
    if len(resources) > MAX_RESOURCES:
        yield f"data.Resources should NOT have more than {MAX_RESOURCES} items"
    if any(not r.get("Type") or not r.get("Id") for r in resources):
        yield "data.Resources should have required properties 'Type' and 'Id'"
    if len(finding.get("ProductFields") or ()) > MAX_PRODUCT_FIELDS:
        yield f"data.ProductFields should NOT have more than {MAX_PRODUCT_FIELDS} properties"


def show_providers_view(finding: Json) -> None:
    """Show FindingProviderFields at the top level, and fill them from there where the provider set none."""
    provider: Json = finding.setdefault("FindingProviderFields", {})
    for name in PROVIDERS_VIEW:
        value = provider.get(name, finding.get(name))
        if value is None:
            continue
        provider[name] = value
        finding[name] = value
    severity = dict(finding["Severity"])
    if "Label" not in severity:
        known = reversed(NORMALIZED.items())
        severity["Label"] = next(label for label, least in known if severity["Normalized"] >= least)
    severity.setdefault("Normalized", NORMALIZED[severity["Label"]])
    finding["Severity"] = severity


def recurs(before: Json, now: Json) -> bool:
    """Whether an import resets a customer's NOTIFIED or RESOLVED to NEW."""
    was, is_ = at(before, ("Compliance", "Status")), at(now, ("Compliance", "Status"))
    return (before.get("RecordState"), now.get("RecordState")) == ("ARCHIVED", "ACTIVE") or (
        was == "PASSED" and is_ in ("FAILED", "WARNING", "NOT_AVAILABLE")
    )


def at(node: Any, path: tuple[str, ...]) -> Any:
    """The member at a path; None where there is none."""
    for name in path:
        if not isinstance(node, dict):
            return None
        node = node.get(name)
    return node


NEVER = datetime.min.replace(tzinfo=UTC)


def time_of(text: Any) -> datetime:
    """An ISO 8601 time with a zone; NEVER for anything else."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return NEVER
    return time if time.tzinfo is not None else NEVER


def stamp(time: datetime) -> str:
    """A time as Security Hub writes it."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
