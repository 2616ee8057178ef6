"""DynamoDB as the ledger uses it, in memory: a life of hundreds of events is too long for moto's.

What is asked of it beyond that, it refuses to understand; on a real one the ledger is tested in tests/local.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

type Json = dict[str, Any]
type Item = dict[str, Json]

_TERM = re.compile(
    r"attribute_not_exists\((?P<absent>[#\w]+)\)"
    r"|begins_with\((?P<long>[#\w]+), (?P<start>:\w+)\)"
    r"|(?P<left>[#\w]+) (?P<sign>[=<]) (?P<right>:\w+)"
)
_SET = re.compile(r"(?P<name>#\w+) = (?:(?P<kept>if_not_exists)\((?P=name), )?(?P<value>:\w+)\)?")


@dataclass
class Tables:
    """Items by table, partition and sort key."""

    items: dict[str, dict[str, dict[str, Item]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(dict)))

    def answer(self, operation: str, asked: Json) -> Json:
        """What the service answers to one call, as botocore gives it."""
        match operation:
            case "CreateTable":
                return {}
            case "GetItem":
                found = self._find(asked["TableName"], asked["Key"])
                return {"Item": _copy(found)} if found else {}
            case "Query":
                return {"Items": [_copy(item) for item in self._matching(asked, "KeyConditionExpression")]}
            case "Scan":
                return {"Items": [_copy(item) for item in self._matching(asked, "FilterExpression")]}
            case "TransactWriteItems":
                writes = [(kind, each) for item in asked["TransactItems"] for kind, each in item.items()]
                self._takes([each for _, each in writes])
                for kind, each in writes:
                    self._write(kind, each)
            case "PutItem" | "DeleteItem" | "UpdateItem":
                if not self._may(asked):
                    raise _refused("ConditionalCheckFailedException", operation)
                self._write(operation.removesuffix("Item"), asked)
            case _:
                raise NotImplementedError(operation)
        return {}

    def _takes(self, writes: list[Json]) -> None:
        """DynamoDB takes 100 items in a transaction, each once, and all of them or none."""
        keys = {(each["TableName"], _key(each)["pk"]["S"], _key(each)["sk"]["S"]) for each in writes}
        if len(writes) > 100 or len(keys) < len(writes):
            raise _refused("ValidationException", "TransactWriteItems")
        if not all(self._may(each) for each in writes):
            raise _refused("TransactionCanceledException", "TransactWriteItems")

    def _find(self, table: str, key: Item) -> Item | None:
        return self.items[table][key["pk"]["S"]].get(key["sk"]["S"])

    def _matching(self, asked: Json, member: str) -> Iterable[Item]:
        holds = _condition(asked, member)
        every = (item for _, rows in sorted(self.items[asked["TableName"]].items()) for _, item in sorted(rows.items()))
        return filter(holds, every)

    def _may(self, asked: Json) -> bool:
        if "ConditionExpression" not in asked:
            return True
        return _condition(asked, "ConditionExpression")(self._find(asked["TableName"], _key(asked)) or {})

    def _write(self, kind: str, asked: Json) -> None:
        key = _key(asked)
        rows = self.items[asked["TableName"]][key["pk"]["S"]]
        match kind:
            case "Put":
                rows[key["sk"]["S"]] = _copy(asked["Item"])
            case "Delete":
                rows.pop(key["sk"]["S"], None)
            case "ConditionCheck":
                pass
            case "Update":
                _update(asked, rows.setdefault(key["sk"]["S"], _copy(key)))
            case _:
                raise NotImplementedError(kind)


def _update(asked: Json, item: Item) -> None:
    word, _, rest = asked["UpdateExpression"].partition(" ")
    if word == "REMOVE":
        item.pop(_name(asked, rest), None)
        return
    for part in re.split(r", (?=#)", rest):
        found = _SET.fullmatch(part)
        if word != "SET" or found is None:
            raise NotImplementedError(asked["UpdateExpression"])
        name = _name(asked, found["name"])
        if not found["kept"] or name not in item:
            item[name] = dict(asked["ExpressionAttributeValues"][found["value"]])


def _key(asked: Json) -> Item:
    key: Item = asked.get("Key") or asked["Item"]
    return key


def _copy(item: Mapping[str, Json]) -> Item:
    return {name: dict(value) for name, value in item.items()}


def _name(asked: Json, name: str) -> str:
    return str(asked.get("ExpressionAttributeNames", {}).get(name, name))


def _condition(asked: Json, member: str) -> Callable[[Item], bool]:
    """Terms joined by AND and OR; AND binds closer."""
    ways = [[_term(asked, term) for term in way.split(" AND ")] for way in asked[member].split(" OR ")]
    return lambda item: any(all(term(item) for term in way) for way in ways)


def _term(asked: Json, text: str) -> Callable[[Item], bool]:
    found = _TERM.fullmatch(text)
    if found is None:
        raise NotImplementedError(text)
    values = asked.get("ExpressionAttributeValues", {})
    if found["absent"]:
        return lambda item: _name(asked, found["absent"]) not in item
    if found["long"]:
        start = values[found["start"]]["S"]
        return lambda item: item.get(_name(asked, found["long"]), {}).get("S", "").startswith(start)
    name, wanted = _name(asked, found["left"]), values[found["right"]]
    if found["sign"] == "=":
        return lambda item: item.get(name) == wanted
    return lambda item: name in item and float(item[name]["N"]) < float(wanted["N"])


def _refused(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, operation)
