"""A small AWS in memory, the whole of which can be copied: a thousand runs from the same moment, a fault at any call.

It answers what the use cases call, as botocore would have it. What it does not know it refuses loudly.
"""

import copy
import json
import pickle
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.operations.services import HANDLED, Services
from tests.operations.world import (
    ACCOUNT,
    CONFIG,
    EXECUTION,
    PARAMETER,
    REGION,
    STANDARD,
    SWITCH,
    TASK,
    policy,
    role_arn,
    trusting,
)

type Json = dict[str, Any]
type Item = dict[str, Any]

_REMEMBERED = timedelta(minutes=5)  # for so long a FIFO queue knows a deduplication id
_DESCRIBED = {"compatibilities": ["EC2", "FARGATE"], "registeredBy": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci"}


class Crash(BaseException):
    """The function ends here."""


class Fault(StrEnum):
    """What happens at a call."""

    BEFORE = "an error before it"
    AFTER = "an error after it took effect"
    THROTTLED = "a throttle"
    CRASH_BEFORE = "a crash before it"
    CRASH_AFTER = "a crash after it"

    @property
    def after(self) -> bool:
        return self in {Fault.AFTER, Fault.CRASH_AFTER}


@dataclass(frozen=True)
class Call:
    """One call that was made. `wrote` tells whether it changed anything."""

    operation: str
    wrote: bool


@dataclass
class Memory:
    """All that AWS holds. `fault` happens at the call of that number, once."""

    standard: str
    table: dict[tuple[str, str], Item] = field(default_factory=dict)
    families: defaultdict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    tags: dict[str, list[Json]] = field(default_factory=dict)
    services: Services = field(default_factory=lambda: Services(ACCOUNT, REGION))
    parameters: dict[str, str] = field(default_factory=lambda: {PARAMETER: CONFIG, SWITCH: "on"})
    roles: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"web-execution": EXECUTION, "web-task": TASK})
    findings: dict[str, Json] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    queues: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    remembered: dict[str, datetime] = field(default_factory=dict)
    published: list[Json] = field(default_factory=list)
    passed: timedelta = timedelta(0)
    ticks: int = 0

    def now(self) -> datetime:
        """A moment later at each look."""
        self.ticks += 1
        return datetime(2026, 11, 23, 12, 0, tzinfo=UTC) + self.passed + timedelta(milliseconds=self.ticks)

    # --- what the world does -----------------------------------------------------------------------------------------

    def register(self, document: Mapping[str, Any]) -> str:
        """Gives the revision's ARN."""
        made: Json = copy.deepcopy(dict(document))
        family, tags = made["family"], made.pop("tags", [])
        number = len(self.families[family]) + 1
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:{number}"
        described = {"taskDefinitionArn": arn, "revision": number, "status": "ACTIVE", "registeredAt": self.now()}
        self.families[family].append(made | described | _DESCRIBED)
        self.tags[arn] = tags
        return arn

    def active(self, family: str = "web") -> list[int]:
        return [each["revision"] for each in self.families[family] if each["status"] == "ACTIVE"]

    def take(self, queue: str) -> list[str]:
        """The messages of a queue, which is empty then."""
        found, self.queues[queue] = self.queues[queue], []
        return found

    # --- the calls ---------------------------------------------------------------------------------------------------

    def answer(self, operation: str, given: Json) -> Any:
        if operation in HANDLED:
            return self.services.answer(operation, given, self.now())
        method = getattr(self, "_" + re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower(), None)
        assert method is not None, f"The AWS of these tests does not know {operation}: teach it."
        return method(**given)

    # ECS, beside what Services answers.

    def _describe_task_definition(self, taskDefinition: str, include: object = ()) -> Json:  # noqa: ARG002, N803 - AWS's names
        family, _, number = taskDefinition.rpartition("/")[2].partition(":")
        revisions = self.families.get(family, [])
        if not number:
            revisions = [each for each in revisions if each["status"] == "ACTIVE"]
            found = revisions[-1] if revisions else None
        else:
            found = revisions[int(number) - 1] if int(number) <= len(revisions) else None
        if found is None:
            raise _error("ClientException", "DescribeTaskDefinition")
        return {"taskDefinition": found, "tags": self.tags[found["taskDefinitionArn"]]}

    def _register_task_definition(self, **document: Any) -> Json:
        arn = self.register(document)
        return {"taskDefinition": {"taskDefinitionArn": arn}}

    def _deregister_task_definition(self, taskDefinition: str) -> Json:  # noqa: N803 - AWS's name
        family, _, number = taskDefinition.rpartition("/")[2].partition(":")
        self.families[family][int(number) - 1]["status"] = "INACTIVE"
        return {}

    def _list_task_definitions(self, familyPrefix: str, sort: str, maxResults: int) -> Json:  # noqa: ARG002, N803 - AWS's names
        arns = [each["taskDefinitionArn"] for each in self.families[familyPrefix] if each["status"] == "ACTIVE"]
        return {"taskDefinitionArns": arns[::-1]}

    # What definitions lean on, the standard and the switch.

    def _get_parameters(self, Names: list[str], WithDecryption: bool) -> Json:  # noqa: ARG002, FBT001, N803 - AWS's names
        known = (name for name in Names if name in self.parameters)
        found = [{"Name": name, "Type": "String", "Value": self.parameters[name]} for name in known]
        return {"Parameters": found}

    def _get_parameter(self, Name: str, WithDecryption: bool) -> Json:  # noqa: ARG002, FBT001, N803 - AWS's names
        value = self.standard if Name == STANDARD else self.parameters.get(Name)
        if value is None:
            raise _error("ParameterNotFound", "GetParameter")
        return {"Parameter": {"Value": value}}

    def _get_role(self, RoleName: str) -> Json:  # noqa: N803 - AWS's name
        if RoleName not in self.roles:
            raise _error("NoSuchEntity", "GetRole")
        trust = json.loads(trusting("ecs-tasks.amazonaws.com"))
        return {"Role": {"Arn": role_arn(RoleName), "AssumeRolePolicyDocument": trust}}

    def _list_role_policies(self, RoleName: str) -> Json:  # noqa: ARG002, N803 - AWS's name
        return {"PolicyNames": ["work"]}

    def _get_role_policy(self, RoleName: str, PolicyName: str) -> Json:  # noqa: ARG002, N803 - AWS's names
        return {"PolicyDocument": json.loads(policy(*self.roles[RoleName]))}

    def _list_attached_role_policies(self, RoleName: str) -> Json:  # noqa: ARG002, N803 - AWS's name
        return {"AttachedPolicies": []}

    def _describe_log_groups(self, logGroupNamePrefix: str, **_: Any) -> Json:  # noqa: N803 - AWS's name
        return {"logGroups": [{"logGroupName": logGroupNamePrefix}]}

    # Security Hub.

    def _get_findings(self, Filters: Json, MaxResults: int) -> Json:  # noqa: ARG002, N803 - AWS's names
        asked = {each["Value"] for each in Filters["Id"]}
        return {"Findings": [{"Id": id_} for id_ in sorted(asked & self.silent)]}

    def _batch_import_findings(self, Findings: list[Json]) -> Json:  # noqa: N803 - AWS's name
        self.findings |= {finding["Id"]: finding for finding in Findings}
        return {"FailedFindings": []}

    # Topics and queues, by the last part of their names.

    def _publish(self, TopicArn: str, Message: str, **_: Any) -> Json:  # noqa: N803 - AWS's names
        if TopicArn.endswith(":alerts"):
            self.published.append(json.loads(Message))
        return {}

    def _send_message(self, QueueUrl: str, MessageBody: str, **given: Any) -> Json:  # noqa: N803 - AWS's names
        known = given.get("MessageDeduplicationId")
        if known is None or self.remembered.get(known, self.now()) <= self.now():
            self.queues[QueueUrl.rpartition("/")[2]].append(MessageBody)
            if known is not None:
                self.remembered[known] = self.now() + _REMEMBERED
        return {}

    def _send_message_batch(self, QueueUrl: str, Entries: list[Json]) -> Json:  # noqa: N803 - AWS's names
        for entry in Entries:
            self._send_message(QueueUrl, entry["MessageBody"])
        return {}

    # DynamoDB.

    def _query(self, ExpressionAttributeValues: Json, **_: Any) -> Json:  # noqa: N803 - AWS's name
        partition = ExpressionAttributeValues[":pk"]["S"]
        return {"Items": [item for (pk, _), item in sorted(self.table.items()) if pk == partition]}

    def _get_item(self, Key: Item, **_: Any) -> Json:  # noqa: N803 - AWS's name
        item = self.table.get(_key(Key))
        return {"Item": item} if item is not None else {}

    def _put_item(self, Item: Item, **given: Any) -> Json:  # noqa: N803 - AWS's name
        self._checked(_key(Item), given, "PutItem")
        self.table[_key(Item)] = copy.deepcopy(Item)
        return {}

    def _delete_item(self, Key: Item, **given: Any) -> Json:  # noqa: N803 - AWS's name
        self._checked(_key(Key), given, "DeleteItem")
        self.table.pop(_key(Key), None)
        return {}

    def _update_item(self, Key: Item, UpdateExpression: str, **given: Any) -> Json:  # noqa: N803 - AWS's names
        self._checked(_key(Key), given, "UpdateItem")
        item = self.table.setdefault(_key(Key), copy.deepcopy(Key))
        names, values = given.get("ExpressionAttributeNames", {}), given.get("ExpressionAttributeValues", {})
        for verb, body in re.findall(r"(ADD|SET|REMOVE) (.+?)(?= ADD | SET | REMOVE |$)", UpdateExpression):
            for part in re.split(r",(?![^(]*\))", body):
                if (kept := re.fullmatch(r"\s*(\S+) = if_not_exists\(\1, (:\w+)\)\s*", part)) is not None:
                    item.setdefault(names.get(kept[1], kept[1]), copy.deepcopy(values[kept[2]]))
                    continue
                name, *value = part.replace("=", " ").split()
                member = names.get(name, name)
                match verb:
                    case "ADD":
                        held = item.get(member, {"SS": []})["SS"]
                        item[member] = {"SS": sorted({*held, *values[value[0]]["SS"]})}
                    case "SET":
                        item[member] = copy.deepcopy(values[value[0]])
                    case _:
                        item.pop(member, None)
        return {}

    def _transact_write_items(self, TransactItems: list[Json], **_: Any) -> Json:  # noqa: N803 - AWS's name
        try:
            for each in TransactItems:
                [(verb, given)] = each.items()
                self._checked(_key(given["Item"] if verb == "Put" else given["Key"]), given, verb)
        except ClientError:
            raise _error("TransactionCanceledException", "TransactWriteItems") from None
        for each in TransactItems:
            [(verb, given)] = each.items()
            bare = {name: value for name, value in given.items() if not name.startswith("Condition")}
            match verb:
                case "Put":
                    self._put_item(**bare)
                case "Delete":
                    self._delete_item(**bare)
                case "ConditionCheck":
                    pass
                case _:
                    self._update_item(**bare)
        return {}

    def _checked(self, key: tuple[str, str], given: Mapping[str, Any], operation: str) -> None:
        condition = given.get("ConditionExpression")
        if condition and not _holds(condition, self.table.get(key, {}), given):
            raise _error("ConditionalCheckFailedException", operation)


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _holds(condition: str, item: Item, given: Mapping[str, Any]) -> bool:
    """A condition of DynamoDB, as far as these are used: terms by AND and OR, without brackets."""
    names, values = given.get("ExpressionAttributeNames") or {}, given.get("ExpressionAttributeValues") or {}

    def value(text: str) -> Any:
        held = values[text] if text.startswith(":") else item.get(names.get(text, text))
        return None if held is None else next(float(v) if k == "N" else v for k, v in held.items())

    def term(text: str) -> bool:
        if found := re.fullmatch(r"attribute_(not_)?exists\((\S+)\)", text):
            return (value(found[2]) is None) == bool(found[1])
        if found := re.fullmatch(r"contains\((\S+), (\S+)\)", text):
            return bool(value(found[2]) in (value(found[1]) or []))
        if found := re.fullmatch(r"size\((\S+)\) < (\S+)", text):
            return bool(len(value(found[1]) or []) < value(found[2]))
        found = re.fullmatch(r"(\S+) (=|<|<=|<>) (\S+)", text)
        assert found, f"The DynamoDB of these tests does not know {text!r}: teach it."
        one, other = value(found[1]), value(found[3])
        if one is None:
            return found[2] == "<>"
        return bool({"=": one == other, "<>": one != other, "<": one < other, "<=": one <= other}[found[2]])

    assert "(" not in re.sub(r"\w+\([^()]*\)", "", condition), f"Brackets in {condition!r}: teach them."
    return any(all(term(each) for each in some.split(" AND ")) for some in condition.split(" OR "))


def _error(code: str, operation: str) -> ClientError:
    error: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(error, operation)


@dataclass
class Recorder:
    """In the place of every call that botocore makes: it counts, and lets one go wrong.

    `meanwhile` is what others do when a call of ours arrives for the first time.
    """

    memory: Memory
    number: int = -1
    fault: Fault | None = None
    meanwhile: dict[str, Callable[[Memory], object]] = field(default_factory=dict)
    interlude: Callable[[], object] | None = None
    """What happens before the call of that number, in the place of a fault; its own calls are not counted."""
    refused: dict[str, str] = field(default_factory=dict)
    """Operations that are refused for good, by the code that says so."""
    doubled: set[str] = field(default_factory=set)
    """Operations that take effect twice, once, as where an answer is lost and botocore sends the request again."""
    calls: list[Call] = field(default_factory=list)
    watches: bool = False

    def call(self, client: BaseClient, operation: str, given: Json) -> Any:
        del client
        self.calls.append(Call(operation, wrote=False))
        number = len(self.calls) - 1
        self._others(operation, number)
        if operation in self.refused:
            raise _error(self.refused[operation], operation)
        if operation in self.doubled:
            self.doubled.remove(operation)
            self.memory.answer(operation, given)
        fault = self.fault if number == self.number else None
        match fault:
            case Fault.BEFORE:
                raise _error("InternalError", operation)
            case Fault.THROTTLED:
                raise _error("ThrottlingException", operation)
            case Fault.CRASH_BEFORE:
                raise Crash
            case _:
                pass
        before = self._written() if self.watches else b""
        answer = self.memory.answer(operation, given)
        if self.watches:
            self.calls[number] = Call(operation, wrote=before != self._written())
        match fault:
            case Fault.AFTER:
                raise ReadTimeoutError(endpoint_url="https://aws.example")
            case Fault.CRASH_AFTER:
                raise Crash
            case _:
                return answer

    def _others(self, operation: str, number: int) -> None:
        """What others do just before a call."""
        if (doing := self.meanwhile.pop(operation, None)) is not None:
            doing(self.memory)
        if self.interlude is not None and number == self.number:
            interlude, self.interlude, calls, self.calls = self.interlude, None, self.calls, []
            interlude()
            self.calls = calls

    def _written(self) -> bytes:
        memory = self.memory
        parts = (memory.table, dict(memory.families), memory.services.services, dict(memory.queues))
        return pickle.dumps((*parts, memory.published, memory.findings))

    @contextmanager
    def answering(self) -> Iterator[None]:
        def call(client: BaseClient, operation: str, given: Json) -> Any:
            return self.call(client, operation, given)

        with patch.object(BaseClient, "_make_api_call", call):
            yield
