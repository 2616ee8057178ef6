"""A Security Hub CSPM that follows AWS's documentation, as far as a finding provider can notice.

It is independent of ministack and HTTP servers: a request goes in with the caller's account and region, a response and
the events that it causes come out. It rejects by name what it does not support, and never ignores a filter.

Sources: the Security Hub CSPM user guide (BatchImportFindings, BatchUpdateFindings, ASFF required attributes,
EventBridge event types). An import whose UpdatedAt does not grow is ignored and counted as a success, as the guide
says.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from local.asff import (
    CUSTOMERS_OWN,
    NORMALIZED,
    PROVIDERS_VIEW,
    UPDATABLE,
    Json,
    at,
    faults_of,
    recurs,
    show_providers_view,
    stamp,
    time_of,
)
from local.hub_filters import FilterInvalid, check, passes

MAX_FINDINGS = 100
MAX_FINDING_BYTES = 240 * 1024
MAX_CALL_BYTES = 6 * 1024 * 1024
MAX_ACTION_NAME = 20
MAX_PICKED = 20  # findings that the console sends by a custom action at a time
MAX_PAGE = 100

# What is supported, and where botocore sends it.
OPERATIONS: Mapping[str, tuple[str, str]] = {
    "EnableSecurityHub": ("POST", "/accounts"),
    "DisableSecurityHub": ("DELETE", "/accounts"),
    "DescribeHub": ("GET", "/accounts"),
    "BatchImportFindings": ("POST", "/findings/import"),
    "GetFindings": ("POST", "/findings"),
    "BatchUpdateFindings": ("PATCH", "/findings/batchupdate"),
    "CreateActionTarget": ("POST", "/actionTargets"),
    "DescribeActionTargets": ("POST", "/actionTargets/get"),
    "DeleteActionTarget": ("DELETE", "/actionTargets/{ActionTargetArn+}"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """What Security Hub puts on the account's default bus; the source is aws.securityhub."""

    detail_type: str
    resources: tuple[str, ...]
    detail: Json


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `error` is the exception's name where the call failed."""

    status: int
    body: Json
    error: str = ""
    events: tuple[Event, ...] = ()


class UnusableClick(Exception):
    """Something that is not possible in the console. The message says why."""


class _Refused(Exception):
    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error = status, error


def _invalid(message: str) -> _Refused:
    return _Refused(400, "InvalidInputException", message)


@dataclass(slots=True)
class _Held:
    """A finding as it is now, and which of its fields a customer has set by BatchUpdateFindings."""

    finding: Json
    by_customer: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Hub:
    enabled: bool
    subscribed_at: datetime
    deleted_at: datetime  # when it last deleted what is old
    findings: dict[tuple[str, str], _Held] = field(default_factory=dict)
    action_targets: dict[str, Json] = field(default_factory=dict)


_EACH = timedelta(minutes=1)  # what is old is deleted


def _kept(held: _Held) -> timedelta:
    """How long after its last update Security Hub keeps a finding."""
    return timedelta(days=30 if held.finding["RecordState"] == "ARCHIVED" else 90)


type _Place = tuple[str, str]  # account, region


class SecurityHub:
    """The hubs of all accounts and regions."""

    def __init__(self, *, enabled: bool = True, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`enabled`: whether the hub of an account is on when the account is first used."""
        self._enabled = enabled
        self._clock = clock
        self._hubs: dict[_Place, _Hub] = {}

    def answer(self, method: str, path: str, body: bytes, place: _Place) -> Answer:
        """Answer one REST call; `place` is the caller's account and region."""
        try:
            request = json.loads(body or b"{}")
            return self._route(method, path.rstrip("/"), request, len(body), place)
        except json.JSONDecodeError:
            refused = _invalid("The request body is not JSON.")
        except FilterInvalid as invalid:
            refused = _invalid(str(invalid))
        except _Refused as error:
            refused = error
        return Answer(
            refused.status, {"Message": str(refused), "Code": refused.error.removesuffix("Exception")}, refused.error
        )

    def custom_action(self, place: _Place, action_arn: str, ids: Sequence[str]) -> list[Event]:
        """The events that Security Hub sends when a person picks a custom action in the console: one for each finding.

        KeyError where there is no such action or finding; UnusableClick for more findings than the console lets pick.
        """
        if len(ids) > MAX_PICKED:
            raise UnusableClick(f"A custom action takes at most {MAX_PICKED} findings; {len(ids)} were picked.")
        hub = self._hub(place)
        target = hub.action_targets[action_arn]
        findings = {id_: held.finding for (id_, _), held in hub.findings.items()}
        named = {"actionName": target["Name"], "actionDescription": target["Description"]}
        return [
            Event("Security Hub Findings - Custom Action", (action_arn,), {**named, "findings": [findings[id_]]})
            for id_ in ids
        ]

    def _route(self, method: str, path: str, request: Json, size: int, place: _Place) -> Answer:
        if method == "DELETE" and path.startswith("/actionTargets/"):
            return self._delete_action_target(unquote(path.removeprefix("/actionTargets/")), place)
        routes: Mapping[str, Callable[[], Answer]] = {
            "EnableSecurityHub": lambda: self._enable(place),
            "DisableSecurityHub": lambda: self._disable(place),
            "DescribeHub": lambda: self._describe(place),
            "BatchImportFindings": lambda: self._import(request, size, place),
            "GetFindings": lambda: self._get(request, place),
            "BatchUpdateFindings": lambda: self._update(request, place),
            "CreateActionTarget": lambda: self._create_action_target(request, place),
            "DescribeActionTargets": lambda: self._describe_action_targets(request, place),
        }
        for operation, route in routes.items():
            if OPERATIONS[operation] == (method, path):
                return route()
        raise _invalid(f"The local Security Hub does not support {method} {path}.")

    def _enable(self, place: _Place) -> Answer:
        hub = self._hub(place)
        if hub.enabled:
            raise _Refused(409, "ResourceConflictException", "Account is already subscribed to Security Hub")
        hub.enabled = True
        return Answer(200, {})

    def _disable(self, place: _Place) -> Answer:
        self._subscribed(place).enabled = False
        return Answer(200, {})

    def _describe(self, place: _Place) -> Answer:
        since = self._subscribed(place).subscribed_at
        hub_arn = f"arn:aws:securityhub:{place[1]}:{place[0]}:hub/default"
        return Answer(200, {"HubArn": hub_arn, "SubscribedAt": stamp(since), "AutoEnableControls": False})

    def _hub(self, place: _Place) -> _Hub:
        """The hub of a place, without what Security Hub has deleted by now."""
        now = self._clock()
        hub = self._hubs.setdefault(place, _Hub(self._enabled, now, now))
        if now - hub.deleted_at < _EACH:
            return hub
        hub.deleted_at = now
        old = [key for key, held in hub.findings.items() if now - time_of(held.finding["UpdatedAt"]) > _kept(held)]
        for key in old:
            del hub.findings[key]
        return hub

    def _subscribed(self, place: _Place) -> _Hub:
        hub = self._hub(place)
        if not hub.enabled:
            raise _Refused(401, "InvalidAccessException", f"Account {place[0]} is not subscribed to AWS Security Hub")
        return hub

    # --- BatchImportFindings ----------------------------------------------------------------------------------------

    def _import(self, request: Json, size: int, place: _Place) -> Answer:
        findings = request.get("Findings")
        if not isinstance(findings, list) or not 1 <= len(findings) <= MAX_FINDINGS:
            raise _invalid(f"Findings must hold between 1 and {MAX_FINDINGS} findings.")
        if size > MAX_CALL_BYTES:
            raise _invalid("The request is larger than 6 MB.")
        account, region = place
        for finding in findings:
            product = str(finding.get("ProductArn", ""))
            if finding.get("AwsAccountId") != account or f":{account}:product/{account}/default" not in product:
                # The account is wrong, and AWS reports a missing permission.
                raise _Refused(
                    403,
                    "AccessDeniedException",
                    f"User is not authorized to perform: securityhub:BatchImportFindings on resource: {product}",
                )
        hub = self._hub(place)
        failed: list[Json] = []
        events: list[Event] = []
        for finding in findings:
            trouble = self._trouble(hub, finding, region)
            if trouble is not None:
                code, message = trouble
                failed.append({"Id": str(finding.get("Id", "")), "ErrorCode": code, "ErrorMessage": message})
                continue
            held = self._accept(hub, finding, region)
            if held is not None:
                events.append(_imported(held.finding))
        body = {
            "SuccessCount": len(findings) - len(failed),
            "FailedCount": len(failed),
            "FailedFindings": failed,
        }
        return Answer(200, body, events=tuple(events))

    @staticmethod
    def _trouble(hub: _Hub, finding: Json, region: str) -> tuple[str, str] | None:
        if not hub.enabled:
            return "InvalidAccess", f"Account {finding['AwsAccountId']} is not subscribed to AWS Security Hub"
        if len(json.dumps(finding, separators=(",", ":")).encode()) > MAX_FINDING_BYTES:
            return "InvalidInput", "Finding is larger than 240 KB."
        faults = list(faults_of(finding))
        if finding["ProductArn"].split(":")[3:4] != [region]:
            faults.append(f"data.ProductArn should be of region {region}")
        if faults:
            return "InvalidInput", f"Finding does not adhere to Amazon Finding Format. {'; '.join(faults)}"
        return None

    def _accept(self, hub: _Hub, finding: Json, region: str) -> _Held | None:
        """The finding as it is now; None where an older UpdatedAt changes nothing."""
        key = (finding["Id"], finding["ProductArn"])
        before = hub.findings.get(key)
        if before is not None and time_of(finding["UpdatedAt"]) <= time_of(before.finding["UpdatedAt"]):
            return None
        new = json.loads(json.dumps(finding))
        new.setdefault("RecordState", "ACTIVE")
        new["Region"] = region
        new["ProductName"], new["CompanyName"] = "Default", "Personal"
        new["ProcessedAt"] = stamp(self._clock())
        new["ProductFields"] = {
            **new.get("ProductFields", {}),
            "aws/securityhub/FindingId": f"{finding['ProductArn']}/{finding['Id']}",
            "aws/securityhub/ProductName": "Default",
            "aws/securityhub/CompanyName": "Personal",
        }
        show_providers_view(new)
        held = _Held(new)
        if before is None:
            new["Workflow"] = {"Status": "NEW", **new.get("Workflow", {})}
        else:
            held.by_customer = before.by_customer
            for name in CUSTOMERS_OWN:
                new.pop(name, None)
                if name in before.finding:
                    new[name] = before.finding[name]
            for name in held.by_customer.intersection(PROVIDERS_VIEW):
                new[name] = before.finding[name]
            if new["Workflow"].get("Status") in ("NOTIFIED", "RESOLVED") and recurs(before.finding, new):
                new["Workflow"] = {"Status": "NEW"}
        new["WorkflowState"] = "NEW"
        hub.findings[key] = held
        return held

    # --- GetFindings ------------------------------------------------------------------------------------------------

    def _get(self, request: Json, place: _Place) -> Answer:
        hub = self._subscribed(place)
        filters: Mapping[str, list[Json]] = request.get("Filters") or {}
        check(filters)
        size = request.get("MaxResults", MAX_PAGE)
        if not 1 <= size <= MAX_PAGE:
            raise _invalid(f"MaxResults must be between 1 and {MAX_PAGE}.")
        found = [held.finding for held in hub.findings.values() if passes(held.finding, filters)]
        for criterion in reversed(request.get("SortCriteria") or []):
            path = tuple(str(criterion.get("Field", "UpdatedAt")).split("."))
            found.sort(key=lambda f: str(at(f, path)), reverse=criterion.get("SortOrder") == "desc")
        token = str(request.get("NextToken") or "page-0")
        if not re.fullmatch(r"page-\d+", token):
            raise _invalid("NextToken is not one that was returned.")
        start = int(token.removeprefix("page-"))
        body: Json = {"Findings": found[start : start + size]}
        if start + size < len(found):
            body["NextToken"] = f"page-{start + size}"
        return Answer(200, body)

    # --- BatchUpdateFindings ----------------------------------------------------------------------------------------

    def _update(self, request: Json, place: _Place) -> Answer:
        hub = self._subscribed(place)
        identifiers = request.get("FindingIdentifiers") or []
        if not 1 <= len(identifiers) <= MAX_FINDINGS:
            raise _invalid(f"FindingIdentifiers must hold between 1 and {MAX_FINDINGS} identifiers.")
        changes = {name: request[name] for name in UPDATABLE if name in request}
        if "Note" in changes:
            changes["Note"] = {**changes["Note"], "UpdatedAt": stamp(self._clock())}
        if "Severity" in changes and "Label" in changes["Severity"]:
            label = changes["Severity"]["Label"]
            changes["Severity"] = {"Normalized": NORMALIZED[label], **changes["Severity"]}
        done: list[Json] = []
        missed: list[Json] = []
        events: list[Event] = []
        for identifier in identifiers:
            held = hub.findings.get((identifier["Id"], identifier["ProductArn"]))
            if held is None:
                missed.append(
                    {
                        "FindingIdentifier": identifier,
                        "ErrorCode": "FindingNotFound",
                        "ErrorMessage": "Finding Not Found",
                    }
                )
                continue
            held.finding.update(changes)  # UpdatedAt belongs to the provider and stays
            held.by_customer.update(changes)
            done.append(identifier)
            events.append(_imported(held.finding))
        return Answer(200, {"ProcessedFindings": done, "UnprocessedFindings": missed}, events=tuple(events))

    def _create_action_target(self, request: Json, place: _Place) -> Answer:
        hub = self._subscribed(place)
        name, id_ = str(request.get("Name", "")), str(request.get("Id", ""))
        if not 1 <= len(name) <= MAX_ACTION_NAME:
            raise _invalid(f"Name must have 1 to {MAX_ACTION_NAME} characters; {name!r} has {len(name)}.")
        if not re.fullmatch(r"[A-Za-z0-9]{1,20}", id_):
            raise _invalid(f"Id must be 1 to 20 letters and digits; {id_!r} is not.")
        arn = f"arn:aws:securityhub:{place[1]}:{place[0]}:action/custom/{id_}"
        if arn in hub.action_targets:
            raise _Refused(409, "ResourceConflictException", f"Action target {arn} already exists.")
        hub.action_targets[arn] = {
            "ActionTargetArn": arn,
            "Name": name,
            "Description": str(request.get("Description", "")),
        }
        return Answer(200, {"ActionTargetArn": arn})

    def _describe_action_targets(self, request: Json, place: _Place) -> Answer:
        targets = self._subscribed(place).action_targets
        wanted = request.get("ActionTargetArns") or list(targets)
        for arn in wanted:
            if arn not in targets:
                raise _Refused(404, "ResourceNotFoundException", f"Action target {arn} does not exist.")
        return Answer(200, {"ActionTargets": [targets[arn] for arn in wanted]})

    def _delete_action_target(self, arn: str, place: _Place) -> Answer:
        if self._subscribed(place).action_targets.pop(arn, None) is None:
            raise _Refused(404, "ResourceNotFoundException", f"Action target {arn} does not exist.")
        return Answer(200, {"ActionTargetArn": arn})


def _imported(finding: Json) -> Event:
    arn = f"{finding['ProductArn']}/{finding['Id']}"
    return Event("Security Hub Findings - Imported", (arn,), {"findings": [json.loads(json.dumps(finding))]})
