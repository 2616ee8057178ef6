"""DynamoDB: tables, items, conditions, transactions, pages, and the write units that all of it costs."""

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.aws_fake import expressions
from tests.aws_fake.expressions import Given, Item, Value
from tests.aws_fake.service import Json, Refused, Service, Unsupported, supports

MAX_ITEM = 400 * 1024
MAX_PAGE = 1024 * 1024
MAX_TRANSACTION = 100
MAX_BATCH_WRITE = 25
MAX_BATCH_GET = 100
_UNIT = 1024

_WRITE = ("TableName", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues")
_RETURNS = ("ReturnValues", "ReturnValuesOnConditionCheckFailure")
_READ = (
    "TableName", "FilterExpression", "ExpressionAttributeNames", "ExpressionAttributeValues", "ConsistentRead", "Limit",
    "ExclusiveStartKey", "ProjectionExpression",
)  # fmt: skip


@dataclass
class Table:
    """Items by partition key and sort key."""

    name: str
    keys: tuple[str, ...]
    partitions: dict[Any, dict[Any, Item]] = field(default_factory=dict)

    def key(self, item: Item) -> tuple[Any, Any]:
        """An item's keys. Refused where one is missing."""
        for name in self.keys:
            if name not in item:
                raise _invalid(f"Missing the key {name} in the item")
        first, *second = (_scalar(item[name]) for name in self.keys)
        return first, second[0] if second else ""

    def only_key(self, key: Item) -> tuple[Any, Any]:
        if set(key) != set(self.keys):
            raise _invalid("The provided key element does not match the schema")
        return self.key(key)

    def find(self, key: tuple[Any, Any]) -> Item | None:
        return self.partitions.get(key[0], {}).get(key[1])

    def put(self, key: tuple[Any, Any], item: Item | None) -> None:
        partition = self.partitions.setdefault(key[0], {})
        if item is None:
            partition.pop(key[1], None)
        else:
            partition[key[1]] = item
        if not partition:
            del self.partitions[key[0]]

    def items(self) -> Iterator[Item]:
        """All items, in the order of a scan, which is that of no key."""
        for partition in sorted(self.partitions, key=lambda key: (zlib.crc32(repr(key).encode()), repr(key))):
            yield from self.partition(partition)

    def partition(self, key: Any) -> Iterator[Item]:
        return (item for _, item in sorted(self.partitions.get(key, {}).items()))


@dataclass
class DynamoDb(Service):
    """The tables of a place. `write_units` is what all writes have cost so far."""

    tables: dict[str, Table] = field(default_factory=dict)
    write_units: int = 0
    page_bytes: int = MAX_PAGE

    def table(self, name: str) -> Table:
        if name not in self.tables:
            raise Refused("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
        return self.tables[name]

    # --- tables -------------------------------------------------------------------------------------------------------

    @supports("TableName", "AttributeDefinitions", "KeySchema", "BillingMode")
    def create_table(self, given: Json) -> Json:
        if given["TableName"] in self.tables:
            raise Refused("ResourceInUseException", f"Table already exists: {given['TableName']}")
        keys = tuple(each["AttributeName"] for each in given["KeySchema"])
        self.tables[given["TableName"]] = Table(given["TableName"], keys)
        return {"TableDescription": {"TableName": given["TableName"], "TableStatus": "ACTIVE"}}

    @supports("TableName")
    def delete_table(self, given: Json) -> Json:
        self.table(given["TableName"])
        del self.tables[given["TableName"]]
        return {"TableDescription": {"TableName": given["TableName"], "TableStatus": "DELETING"}}

    # --- one item -----------------------------------------------------------------------------------------------------

    @supports("TableName", "Key", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames")
    def get_item(self, given: Json) -> Json:
        table, read = self.table(given["TableName"]), _given(given)
        found = table.find(table.only_key(given["Key"]))
        shown = _projected(given, read)
        read.refuse_unused()
        return {} if found is None else {"Item": shown(found)}

    @supports(*_WRITE, *_RETURNS, "Item")
    def put_item(self, given: Json) -> Json:
        return self._one("Put", given)

    @supports(*_WRITE, *_RETURNS, "Key", "UpdateExpression")
    def update_item(self, given: Json) -> Json:
        return self._one("Update", given)

    @supports(*_WRITE, *_RETURNS, "Key")
    def delete_item(self, given: Json) -> Json:
        return self._one("Delete", given)

    def _one(self, verb: str, given: Json) -> Json:
        write = _Write.of(self, verb, given)
        if not write.allowed:
            held: Json = {"Item": write.before} if given.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else {}
            raise Refused("ConditionalCheckFailedException", "The conditional request failed", **held)
        self._commit(write, 1)
        match given.get("ReturnValues", "NONE"):
            case "NONE":
                return {}
            case "ALL_OLD":
                return {"Attributes": write.before} if write.before else {}
            case "ALL_NEW" if verb == "Update":
                return {"Attributes": write.after}
            case other:
                raise Unsupported(f"ReturnValues {other} of {verb}Item")

    def _commit(self, write: "_Write", each: int) -> None:
        self.write_units += each * write.units
        if write.verb != "ConditionCheck":
            write.table.put(write.key, write.after)

    # --- many items ---------------------------------------------------------------------------------------------------

    @supports("TransactItems", "ClientRequestToken")
    def transact_write_items(self, given: Json) -> Json:
        if not 1 <= len(given["TransactItems"]) <= MAX_TRANSACTION:
            raise _invalid(f"Member must have length less than or equal to {MAX_TRANSACTION}")
        writes = [_Write.of(self, verb, each) for item in given["TransactItems"] for verb, each in item.items()]
        if len({(write.table.name, write.key) for write in writes}) < len(writes):
            raise _invalid("Transaction request cannot include multiple operations on one item")
        if not all(write.allowed for write in writes):
            reasons = [{"Code": "None" if write.allowed else "ConditionalCheckFailed"} for write in writes]
            codes = ", ".join(reason["Code"] for reason in reasons)
            message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
            raise Refused("TransactionCanceledException", message, CancellationReasons=reasons)
        for write in writes:
            self._commit(write, 2)
        return {}

    @supports("RequestItems")
    def batch_write_item(self, given: Json) -> Json:
        asked = [(table, *each.popitem()) for table, some in given["RequestItems"].items() for each in some]
        if not 1 <= len(asked) <= MAX_BATCH_WRITE:
            raise _invalid(f"Member must have length less than or equal to {MAX_BATCH_WRITE}")
        writes = [
            _Write.of(self, verb.removesuffix("Request"), {"TableName": table} | each) for table, verb, each in asked
        ]
        if len({(write.table.name, write.key) for write in writes}) < len(writes):
            raise _invalid("Provided list of item keys contains duplicates")
        for write in writes:
            self._commit(write, 1)
        return {"UnprocessedItems": {}}

    @supports("RequestItems")
    def batch_get_item(self, given: Json) -> Json:
        found: dict[str, list[Item]] = {}
        for name, asked in given["RequestItems"].items():
            if unknown := asked.keys() - {"Keys", "ConsistentRead"}:
                raise Unsupported(f"{unknown} of BatchGetItem")
            table = self.table(name)
            keys = [table.only_key(key) for key in asked["Keys"]]
            if len(keys) > MAX_BATCH_GET or len(set(keys)) < len(keys):
                raise _invalid("Provided list of item keys is too long or contains duplicates")
            found[name] = [item for item in map(table.find, keys) if item is not None]
        return {"Responses": found, "UnprocessedKeys": {}}

    @supports(*_READ, "KeyConditionExpression", "ScanIndexForward", "Select")
    def query(self, given: Json) -> Json:
        table, read = self.table(given["TableName"]), _given(given)
        wanted = read.expression(given["KeyConditionExpression"], expressions.condition)
        partition = expressions.equals(wanted, table.keys[0], read)
        if partition is None:
            raise _invalid(f"Query condition missed key schema element: {table.keys[0]}")
        items = [each for each in table.partition(_scalar(partition)) if expressions.holds(wanted, each, read)]
        return self._page(table, items if given.get("ScanIndexForward", True) else items[::-1], given, read)

    @supports(*_READ, "Select")
    def scan(self, given: Json) -> Json:
        table = self.table(given["TableName"])
        return self._page(table, list(table.items()), given, _given(given))

    def _page(self, table: Table, items: list[Item], given: Json, read: Given) -> Json:
        """Up to `Limit` items or a megabyte of them, filtered afterwards, as DynamoDB does."""
        start = given.get("ExclusiveStartKey")
        if start is not None:
            after = [number for number, item in enumerate(items) if table.key(item) == table.only_key(start)]
            items = items[after[0] + 1 :] if after else _beyond(table, items, start)
        seen, size, last = list[Item](), 0, None
        for item in items:
            size += _size(item)
            if seen and size > self.page_bytes:
                last = seen[-1]
                break
            seen.append(item)
            if len(seen) == given.get("Limit"):
                last = item
                break
        shown = _projected(given, read)
        text = given.get("FilterExpression")
        if text is not None:
            node = read.expression(text, expressions.condition)
            seen = [item for item in seen if expressions.holds(node, item, read)]
        read.refuse_unused()
        answer: Json = {"Count": len(seen)} if given.get("Select") == "COUNT" else {"Items": list(map(shown, seen))}
        answer |= {"Count": len(seen)}
        return answer | ({"LastEvaluatedKey": {name: last[name] for name in table.keys}} if last else {})


@dataclass(frozen=True)
class _Write:
    """One write before it is made: whether its condition holds, and what it leaves."""

    verb: str
    table: Table
    key: tuple[Any, Any]
    before: Item | None
    after: Item | None
    allowed: bool

    @property
    def units(self) -> int:
        """One for each kilobyte of the larger of the two."""
        return max(1, *(math.ceil(_size(item) / _UNIT) for item in (self.before or {}, self.after or {})))

    @classmethod
    def of(cls, dynamodb: DynamoDb, verb: str, given: Json) -> "_Write":
        table, read = dynamodb.table(given["TableName"]), _given(given)
        key = table.key(given["Item"]) if verb == "Put" else table.only_key(given["Key"])
        before = table.find(key)
        condition = given.get("ConditionExpression")
        allowed = condition is None or expressions.holds(
            read.expression(condition, expressions.condition), before or {}, read
        )
        match verb:
            case "Put":
                after = given["Item"]
            case "Delete":
                after = None
            case "ConditionCheck":
                after = before
            case "Update":
                changes = read.expression(given["UpdateExpression"], expressions.update)
                if any(read.name(path) in table.keys for _, path, _ in changes):
                    raise _invalid("Cannot update attribute of the key. This attribute is part of the key")
                after = expressions.updated(changes, before or given["Key"], read) if allowed else before
            case _:
                raise Unsupported(f"{verb} of an item")
        read.refuse_unused()
        if after is not None and _size(after) > MAX_ITEM:
            raise _invalid("Item size has exceeded the maximum allowed size")
        return cls(verb, table, key, before, after, allowed)


def _given(given: Json) -> Given:
    return Given(given.get("ExpressionAttributeNames") or {}, given.get("ExpressionAttributeValues") or {})


def _projected(given: Json, read: Given) -> Any:
    text = given.get("ProjectionExpression")
    if text is None:
        return lambda item: item
    names = {read.name(read.expression(path.strip(), str)) for path in text.split(",")}
    return lambda item: {name: value for name, value in item.items() if name in names}


def _beyond(table: Table, items: list[Item], start: Item) -> list[Item]:
    """What comes after a key whose item is gone, where all of it is in one partition."""
    partition, sort = table.only_key(start)
    if any(table.key(item)[0] != partition for item in items):
        raise Unsupported("a scan that goes on after an item that is gone")
    return [item for item in items if table.key(item)[1] > sort]


def _scalar(value: Value) -> Any:
    [(kind, held)] = value.items()
    if held in {"", b""}:
        raise _invalid("One or more parameter values are not valid: a key is empty")
    return Decimal(held) if kind == "N" else held


def _size(item: Mapping[str, Value]) -> int:
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Value) -> int:
    [(kind, held)] = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            return len(held) // 2 + 2
        case "B":
            return len(held)
        case "SS" | "NS" | "BS":
            return _total(len(each.encode() if isinstance(each, str) else each) for each in held)
        case "L":
            return 3 + _total(1 + _value_size(each) for each in held)
        case "M":
            return 3 + len(held) + _size(held)
        case _:
            return 1


def _total(sizes: Iterable[int]) -> int:
    return sum(sizes)


def _invalid(message: str) -> Refused:
    return Refused("ValidationException", message)
