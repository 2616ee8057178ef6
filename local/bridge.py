"""The events about API calls that AWS sends to EventBridge and ministack does not.

CloudTrail's "AWS API Call via CloudTrail" for ECS and for the IAM calls that change a role or policy, Parameter Store's
"Parameter Store Change", Security Hub's own events. requestParameters holds environment values, as CloudTrail's does:
the event rule's InputTransformer must remove them, and tests can see here that it does.
"""

import json
import re
import time
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree as ET

from local.internals import Ministack
from local.security_hub import Event

# EventBridge's limit on an event; CloudTrail drops larger ones.
MAX_EVENT_BYTES = 256 * 1024
# Above this CloudTrail omits a field, with a note.
MAX_FIELD_BYTES = 100 * 1024

IAM_CHANGES = frozenset(
    {
        "AttachRolePolicy",
        "CreatePolicy",
        "CreatePolicyVersion",
        "CreateRole",
        "DeletePolicy",
        "DeletePolicyVersion",
        "DeleteRole",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "SetDefaultPolicyVersion",
        "TagRole",
        "UntagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
    }
)
_READS = re.compile(r"^(Describe|List|Get|Discover|Submit|Poll)")
_ECS_TIMES = re.compile(r"At$")
_PARAMETER_OPERATIONS = frozenset({"PutParameter", "DeleteParameter", "DeleteParameters", "LabelParameterVersion"})


@dataclass(frozen=True, slots=True)
class Call:
    """One API call as it was received; `operation` as in `ecs:UpdateService`."""

    service: str
    operation: str
    headers: Mapping[str, str]
    body: bytes
    access_key: str
    request_id: str

    @property
    def name(self) -> str:
        return self.operation.partition(":")[2]

    def json(self) -> dict[str, Any]:
        try:
            request = json.loads(self.body or b"{}")
        except json.JSONDecodeError:
            return {}
        return request if isinstance(request, dict) else {}


class Bridge:
    """Publishes on the default bus of the request's account and region."""

    def __init__(self, ministack: Ministack) -> None:
        self._ms = ministack
        self._published: deque[dict[str, Any]] = deque(maxlen=2000)

    def published(self) -> list[dict[str, Any]]:
        """The events published so far, oldest first: {"source", "detail-type", "resources", "detail"}."""
        return list(self._published)

    def publish(self, source: str, detail_type: str, resources: Iterable[str], detail: Mapping[str, Any]) -> None:
        """Put one event on the default bus, which only AWS itself may do."""
        text = json.dumps(detail)
        if len(text.encode()) > MAX_EVENT_BYTES:
            return
        self._published.append(
            {"source": source, "detail-type": detail_type, "resources": list(resources), "detail": json.loads(text)}
        )
        entry = {"Source": source, "DetailType": detail_type, "Resources": list(resources), "Detail": text}
        self._ms.eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    def publish_hub_events(self, events: Iterable[Event]) -> None:
        for event in events:
            self.publish("aws.securityhub", event.detail_type, event.resources, event.detail)

    # --- before and after a call ------------------------------------------------------------------------------------

    def before(self, call: Call) -> dict[str, Any]:
        """What the call will remove and its event needs: a deleted parameter's type."""
        if call.service != "ssm" or call.name not in _PARAMETER_OPERATIONS:
            return {}
        request = call.json()
        names = request.get("Names") or [request.get("Name", "")]
        return {name: dict(self._ms.ssm._parameters.get(name) or {}) for name in names}

    def publishes(self, call: Call) -> bool:
        """Return whether AWS publishes events about such calls."""
        return (
            (call.service == "ecs" and not _READS.match(call.name))
            or (call.service == "iam" and call.name in IAM_CHANGES)
            or (call.service == "ssm" and call.name in _PARAMETER_OPERATIONS)
        )

    def after(self, call: Call, before: Mapping[str, Any], status: int, body: bytes) -> None:
        """Publish what AWS would publish about this call and its response."""
        if not self.publishes(call):
            return
        if call.service == "ecs":
            self._ecs(call, status, body)
        elif call.service == "iam":
            self._iam(call, status, body)
        elif status == HTTPStatus.OK:
            self._parameters(call, before, body)

    def _ecs(self, call: Call, status: int, body: bytes) -> None:
        answer = _json(body)
        detail = self._record(call, "ecs.amazonaws.com", self._ms.responses.get_region(), call.json())
        if status == HTTPStatus.OK:
            elements = _with_cloudtrail_times(answer)
            if isinstance(elements.get("service"), dict):
                elements["service"].pop("tags", None)
            detail["responseElements"] = elements
        else:
            detail |= _failure(str(answer.get("__type", "")), str(answer.get("message") or answer.get("Message", "")))
        self._cloudtrail("aws.ecs", detail)

    def _iam(self, call: Call, status: int, body: bytes) -> None:
        answer = _xml(body)
        with self._ms.responses.request_scope(self._ms.responses.get_account_id(), "us-east-1"):  # IAM is global
            detail = self._record(call, "iam.amazonaws.com", "us-east-1", _query_parameters(call.body))
            if status == HTTPStatus.OK:
                result = next((value for key, value in answer.items() if key.endswith("Result")), None)
                detail["responseElements"] = result or None
            else:
                error = answer.get("error") or {}
                detail |= _failure(str(error.get("code", "")), str(error.get("message", "")))
            self._cloudtrail("aws.iam", detail)

    def _parameters(self, call: Call, before: Mapping[str, Any], body: bytes) -> None:
        request, answer = call.json(), _json(body)
        match call.name:
            case "PutParameter":
                operation = "Update" if before.get(request["Name"]) else "Create"
                names = [request["Name"]]
            case "LabelParameterVersion":
                operation, names = "LabelParameterVersion", [request["Name"]]
            case "DeleteParameters":
                operation, names = "Delete", list(answer.get("DeletedParameters", ()))
            case _:
                operation, names = "Delete", [request["Name"]]
        for name in names:
            held = self._ms.ssm._parameters.get(name) or before.get(name) or {}
            detail = {"operation": operation, "name": held.get("Name", name), "type": held.get("Type", "String")}
            if held.get("Description"):
                detail["description"] = held["Description"]
            arn = held.get("ARN") or self._ms.ssm._param_arn(name)
            self.publish("aws.ssm", "Parameter Store Change", [arn], detail)

    # --- CloudTrail's record ----------------------------------------------------------------------------------------

    def _record(self, call: Call, source: str, region: str, parameters: dict[str, Any]) -> dict[str, Any]:
        account = self._ms.responses.get_account_id()
        return {
            "eventVersion": "1.11",
            "userIdentity": self._identity(call.access_key, account),
            "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "eventSource": source,
            "eventName": call.name,
            "awsRegion": region,
            "sourceIPAddress": "127.0.0.1",
            "userAgent": call.headers.get("user-agent", ""),
            "requestParameters": parameters or None,
            "responseElements": None,
            "requestID": call.request_id,
            "eventID": str(uuid.uuid4()),
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
        }

    def _cloudtrail(self, source: str, detail: dict[str, Any]) -> None:
        for name in ("requestParameters", "responseElements"):
            size = len(json.dumps(detail[name]).encode())
            if size > MAX_FIELD_BYTES:
                detail[name] = {"omitted": True, "originalSize": size, "reason": f"{name} too large"}
        self.publish(source, "AWS API Call via CloudTrail", [], detail)

    def _identity(self, access_key: str, account: str) -> dict[str, Any]:
        """The caller as CloudTrail names it: a root key, an IAM user, an assumed role."""
        known = self._ms.iam_evaluator.resolve_caller_identity(access_key) or {}
        arn = str(known.get("userArn") or f"arn:aws:iam::{account}:root")
        identity: dict[str, Any] = {
            "type": "Root",
            "principalId": str(known.get("userId") or account),
            "arn": arn,
            "accountId": account,
            "accessKeyId": access_key,
        }
        if ":assumed-role/" in arn:
            role = arn.split("/")[1]
            held = self._ms.iam._roles.get(role) or {}
            role_id = str(held.get("RoleId", "AROALOCAL"))
            identity["type"] = "AssumedRole"
            identity["principalId"] = f"{role_id}:{arn.rsplit('/', 1)[-1]}"
            identity["sessionContext"] = {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": role_id,
                    "arn": held.get("Arn", f"arn:aws:iam::{account}:role/{role}"),
                    "accountId": account,
                    "userName": role,
                },
                "attributes": {
                    "creationDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                    "mfaAuthenticated": "false",
                },
            }
        elif ":user/" in arn:
            identity["type"] = "IAMUser"
            identity["userName"] = arn.rsplit("/", 1)[-1]
        return identity


def _failure(code: str, message: str) -> dict[str, Any]:
    return {
        "errorCode": code.rsplit("#", 1)[-1] or "InternalFailure",
        "errorMessage": message,
        "responseElements": None,
    }


def _json(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body or b"{}")
    except json.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _with_cloudtrail_times(value: Any, name: str = "") -> Any:
    """Epoch seconds as CloudTrail writes the times inside responseElements: "Apr 27, 2026, 2:18:03 AM"."""
    if isinstance(value, dict):
        return {key: _with_cloudtrail_times(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_cloudtrail_times(item, name) for item in value]
    if _ECS_TIMES.search(name) and isinstance(value, (int, float)):
        when = datetime.fromtimestamp(value, UTC)
        return f"{when:%b} {when.day}, {when.year}, {when.hour % 12 or 12}:{when:%M:%S} {when:%p}"
    return value


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _query_parameters(body: bytes) -> dict[str, Any]:
    """A query-protocol request as CloudTrail shows it: lowerCamel, `Tags.member.1.Key` as a list of objects."""
    parameters: dict[str, Any] = {}
    for key, value in parse_qsl(body.decode(errors="replace"), keep_blank_values=True):
        if key in ("Action", "Version"):
            continue
        parts = key.split(".member.")
        if len(parts) == 1:
            parameters[_lower(key)] = value
            continue
        index, _, inner = parts[1].partition(".")
        items: list[Any] = parameters.setdefault(_lower(parts[0]), [])
        position = int(index) - 1
        while len(items) <= position:
            items.append({})
        if inner:
            items[position][_lower(inner)] = value
        else:
            items[position] = value
    return parameters


def _xml(body: bytes) -> dict[str, Any]:
    # Our own process wrote it, so no hostile entity can be in it.
    try:
        root = ET.fromstring(body or b"<none/>")  # noqa: S314 - see above
    except ET.ParseError:
        return {}
    value = _element(root)
    return value if isinstance(value, dict) else {}


def _element(node: ET.Element) -> Any:
    children = list(node)
    if not children:
        text = node.text or ""
        return unquote(text) if text.startswith("%7B") else text
    names = [child.tag.rpartition("}")[2] for child in children]
    if set(names) == {"member"}:
        return [_element(child) for child in children]
    return {_lower(name): _element(child) for name, child in zip(names, children, strict=True)}
