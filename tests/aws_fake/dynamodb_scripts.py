"""Scripts of calls of DynamoDB."""

from collections.abc import Iterator
from typing import Any

from tests.aws_fake.scripting import Client, Json, text, tried

TABLE = "table"


def _table(client: Any) -> None:
    client.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )


def one_item(aws: Client) -> Iterator[Any]:
    dynamodb = aws("dynamodb")
    _table(dynamodb)
    key = text(pk="a", sk="1")
    absent = {"ConditionExpression": "attribute_not_exists(pk)"}

    def update(change: str, condition: str = "", **values: Any) -> Json:
        names = {f"#{name}": name for name in ("n", "s", "v") if f"#{name}" in change + condition}
        given: Json = {"ExpressionAttributeNames": names} if names else {}
        given |= {"ExpressionAttributeValues": {f":{name}": value for name, value in values.items()}} if values else {}
        given |= {"ConditionExpression": condition} if condition else {}
        given |= {"UpdateExpression": change, "ReturnValues": "ALL_NEW"}
        return tried(dynamodb.update_item, TableName=TABLE, Key=key, **given)

    yield tried(dynamodb.put_item, TableName=TABLE, Item=key | text(v="x"), **absent)
    yield tried(dynamodb.put_item, TableName=TABLE, Item=key | text(v="y"), **absent)
    yield update("SET #n = :one", one={"N": "1"})
    yield update("SET #n = #n + :two, #v = if_not_exists(#v, :z)", two={"N": "2"}, z={"S": "z"})
    yield update("SET #n = if_not_exists(#n, :one) - :one", one={"N": "1"})
    yield update("ADD #n :five, #s :set", five={"N": "5"}, set={"SS": ["b", "a"]})
    yield update(
        "ADD #s :set", "contains(#s, :a) AND size(#s) < :three", set={"SS": ["c"]}, a={"S": "a"}, three={"N": "3"}
    )
    yield update("ADD #s :set", "size(#s) < :three", set={"SS": ["d"]}, three={"N": "3"})
    yield update("DELETE #s :set", set={"SS": ["a", "c"]})
    yield update("REMOVE #v SET #n = :n", "#v = :x AND NOT #n = :n", n={"N": "9"}, x={"S": "x"})
    yield update("SET #n = :n", "#v = :x OR attribute_not_exists(#v) AND #n > :n", n={"N": "8"}, x={"S": "x"})
    yield update("SET #n = :n", "(#v = :x OR attribute_not_exists(#v)) AND #n > :n", n={"N": "8"}, x={"S": "x"})
    yield update("SET #n = :n", "#n <> :n", n={"N": "8"})
    yield update("SET #n = :n", "#v <> :n", n={"N": "8"})
    yield update("SET #n = :s", "attribute_exists(sk)", s={"S": "text"})
    yield update("SET sk = :n", n={"S": "8"})
    yield tried(dynamodb.get_item, TableName=TABLE, Key=key, ConsistentRead=True)
    yield tried(dynamodb.get_item, TableName=TABLE, Key=key, ProjectionExpression="pk, n")
    yield tried(dynamodb.get_item, TableName=TABLE, Key=text(pk="a", sk="none"))
    yield tried(dynamodb.get_item, TableName="none", Key=key)
    yield tried(dynamodb.get_item, TableName=TABLE, Key=text(pk="a"))
    yield tried(dynamodb.put_item, TableName=TABLE, Item=text(pk="a"))
    yield tried(dynamodb.put_item, TableName=TABLE, Item=text(pk="a", sk="large", v="x" * 410_000))
    yield tried(dynamodb.delete_item, TableName=TABLE, Key=key, ReturnValues="ALL_OLD")
    yield tried(dynamodb.delete_item, TableName=TABLE, Key=key, ReturnValues="ALL_OLD")
    yield tried(dynamodb.delete_item, TableName=TABLE, Key=key, ConditionExpression="attribute_exists(pk)")
    # An update makes the item that it does not find; a missing attribute is less than nothing and different from all.
    yield update("SET #v = :v", "attribute_not_exists(pk) OR #n < :n", v={"S": "v"}, n={"N": "1"})
    yield update("SET #v = :v", "attribute_not_exists(pk) OR #n < :n", v={"S": "v"}, n={"N": "1"})


def transactions(aws: Client) -> Iterator[Any]:
    dynamodb = aws("dynamodb")
    _table(dynamodb)

    def put(sk: str, **condition: Any) -> Json:
        return {"Put": {"TableName": TABLE, "Item": text(pk="a", sk=sk)} | condition}

    def check(sk: str, condition: str) -> Json:
        return {"ConditionCheck": {"TableName": TABLE, "Key": text(pk="a", sk=sk), "ConditionExpression": condition}}

    def write(*items: Json) -> Json:
        return tried(dynamodb.transact_write_items, TransactItems=list(items))

    absent = {"ConditionExpression": "attribute_not_exists(pk)"}
    yield write(put("1", **absent), put("2"), check("3", "attribute_not_exists(pk)"))
    yield write(put("4"), put("1", **absent), check("3", "attribute_exists(pk)"))
    yield write(put("5"), put("5"))
    yield write({"Delete": {"TableName": TABLE, "Key": text(pk="a", sk="2")}}, {"Update": {
        "TableName": TABLE, "Key": text(pk="a", sk="1"), "UpdateExpression": "SET #v = :v",
        "ExpressionAttributeNames": {"#v": "v"}, "ExpressionAttributeValues": {":v": {"S": "x"}},
    }})  # fmt: skip
    yield write(*(put(f"{number:03}") for number in range(100)))
    yield tried(dynamodb.query, **_all("a"))
    requests = [{"PutRequest": {"Item": text(pk="b", sk=f"{n}")}} for n in range(3)]
    requests += [{"DeleteRequest": {"Key": text(pk="a", sk="1")}}]
    yield tried(dynamodb.batch_write_item, RequestItems={TABLE: requests})
    yield tried(dynamodb.batch_write_item, RequestItems={TABLE: [requests[0], requests[0]]})
    keys = [text(pk="b", sk=sk) for sk in ("0", "2", "none")]
    found = tried(dynamodb.batch_get_item, RequestItems={TABLE: {"Keys": keys, "ConsistentRead": True}})
    yield sorted(item["sk"]["S"] for item in found["Responses"][TABLE])
    yield tried(dynamodb.batch_get_item, RequestItems={TABLE: {"Keys": [keys[0], keys[0]]}})


def _all(pk: str) -> Json:
    return {"TableName": TABLE, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": pk}}}


def queries_and_scans(aws: Client) -> Iterator[Any]:
    dynamodb = aws("dynamodb")
    _table(dynamodb)
    for number in range(6):
        item = text(pk=f"p{number % 2}", sk=f"{'abc'[number % 3]}/{number}") | {"n": {"N": str(number)}}
        item |= {"tags": {"SS": ["even" if number % 2 == 0 else "odd"]}} | (
            {"late": {"BOOL": True}} if number > 3 else {}
        )
        dynamodb.put_item(TableName=TABLE, Item=item)

    def query(condition: str, values: Json, **given: Any) -> Json:
        values = {":pk": {"S": "p0"}} | values
        return tried(
            dynamodb.query, TableName=TABLE, KeyConditionExpression=condition, ExpressionAttributeValues=values, **given
        )

    yield query("pk = :pk", {})
    yield query("pk = :pk", {}, ScanIndexForward=False)
    yield query("pk = :pk AND begins_with(sk, :a)", {":a": {"S": "a/"}})
    yield query(
        "#p = :pk AND sk BETWEEN :a AND :b",
        {":a": {"S": "a"}, ":b": {"S": "b/9"}},
        ExpressionAttributeNames={"#p": "pk"},
    )
    yield query("pk = :pk AND sk >= :a", {":a": {"S": "b/"}})
    yield query("pk = :pk", {":two": {"N": "2"}}, FilterExpression="n >= :two")
    yield query("pk = :pk", {}, Select="COUNT")
    yield query("pk = :pk", {}, ProjectionExpression="sk")
    yield query("sk = :pk", {})
    yield query("pk = :pk", {":unused": {"S": "x"}})
    first = query("pk = :pk", {}, Limit=2)
    yield first
    yield query("pk = :pk", {}, Limit=2, ExclusiveStartKey=first["LastEvaluatedKey"])

    def scan(condition: str, **values: Any) -> list[str]:
        """Which items, as nothing says in which order."""
        found = dynamodb.scan(
            TableName=TABLE,
            FilterExpression=condition,
            **({"ExpressionAttributeValues": {f":{name}": value for name, value in values.items()}} if values else {}),
        )
        return sorted(item["sk"]["S"] for item in found["Items"])

    yield scan("begins_with(sk, :a) OR n = :five", a={"S": "a/"}, five={"N": "5"})
    yield scan("n IN (:one, :five)", one={"N": "1"}, five={"N": "5"})
    yield scan("contains(tags, :odd) AND NOT n < :two", odd={"S": "odd"}, two={"N": "2"})
    yield scan("(n = :one OR n = :five) AND begins_with(pk, :p)", one={"N": "1"}, five={"N": "5"}, p={"S": "p1"})
    yield scan("contains(sk, :slash) AND attribute_exists(late)", slash={"S": "/4"})
    yield scan("attribute_type(late, :bool) AND size(sk) = :three", bool={"S": "BOOL"}, three={"N": "3"})
