"""What the fake AWS has beyond moto: a clock, copies, faults, counts, and loud refusals."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError, ReadTimeoutError

from aws.sessions import Sessions
from domain.members import Members
from domain.places import Place
from tests.aws_fake.aws import ACCOUNT, REGION, Aws
from tests.aws_fake.calls import Call, Calls, Crash, Fault, Trouble
from tests.aws_fake.service import Unsupported
from tests.operations.world import PLACE, TABLE, furnish

SQS = "https://sqs.eu-west-1.amazonaws.com/123456789012/"


@pytest.fixture
def line() -> Iterator[Calls]:
    aws = Aws()
    furnish(aws.answer)
    made = Calls(aws)
    with made.answering():
        yield made


def item(sk: str = "1", **members: str) -> dict[str, Any]:
    return {name: {"S": value} for name, value in {"pk": "a", "sk": sk, **members}.items()}


def received(client: Any, queue: str) -> list[str]:
    found = client.receive_message(QueueUrl=SQS + queue, MaxNumberOfMessages=10).get("Messages", [])
    return [message["Body"] for message in found]


# --- the clock --------------------------------------------------------------------------------------------------------


def test_messages_are_delayed_hidden_and_remembered_by_the_one_clock(sessions: Sessions, line: Calls) -> None:
    client, clock = sessions.client("sqs", PLACE), line.aws.clock
    client.send_message(QueueUrl=f"{SQS}changes", MessageBody="later", DelaySeconds=60)
    given = {"QueueUrl": f"{SQS}remediations.fifo", "MessageGroupId": "web", "MessageDeduplicationId": "one"}
    ids = [client.send_message(MessageBody=body, **given)["MessageId"] for body in ("first", "again")]
    assert ids[0] == ids[1]
    assert (received(client, "changes"), received(client, "remediations.fifo")) == ([], ["first"])
    clock.pass_(seconds=31)
    assert (received(client, "changes"), received(client, "remediations.fifo")) == ([], ["first"])
    clock.pass_(seconds=31)
    assert received(client, "changes") == ["later"]
    clock.pass_(minutes=4)
    client.send_message(MessageBody="after five minutes", **given)
    assert received(client, "remediations.fifo") == ["first", "after five minutes"]


# --- copies -----------------------------------------------------------------------------------------------------------


def test_a_copy_is_an_aws_of_its_own(sessions: Sessions, line: Calls) -> None:
    sessions.client("dynamodb", PLACE).put_item(TableName=TABLE, Item=item())
    copy = line.aws.copy()
    line.aws.clock.pass_(hours=1)
    line.aws.ssm.put("/standard", "version: 1")
    sessions.client("dynamodb", PLACE).delete_item(TableName=TABLE, Key=item())
    assert [*copy.dynamodb.table(TABLE).items()] == [item()]
    assert copy.clock.now() < line.aws.clock.now()
    assert copy.sqs.clock is copy.clock
    assert "/standard" not in copy.ssm.parameters


def test_nobody_changes_what_is_held_by_what_was_given_or_answered(sessions: Sessions, line: Calls) -> None:
    client, given = sessions.client("dynamodb", PLACE), item()
    client.put_item(TableName=TABLE, Item=given)
    given["v"] = {"S": "x"}
    client.get_item(TableName=TABLE, Key=item())["Item"]["pk"]["S"] = "b"
    assert [*line.aws.dynamodb.table(TABLE).items()] == [item()]


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "raises", "wrote"),
    [
        (Fault.BEFORE, ClientError, False),
        (Fault.THROTTLED, ClientError, False),
        (Fault.DENIED, ClientError, False),
        (Fault.UNREACHABLE, ConnectTimeoutError, False),
        (Fault.CRASH_BEFORE, Crash, False),
        (Fault.AFTER, ReadTimeoutError, True),
        (Fault.CRASH_AFTER, Crash, True),
    ],
)
def test_a_fault_strikes_one_call_before_or_after_it_takes_effect(
    sessions: Sessions, line: Calls, fault: Fault, raises: type[BaseException], *, wrote: bool
) -> None:
    client = sessions.client("dynamodb", PLACE)
    line.faults[1] = fault
    client.put_item(TableName=TABLE, Item=item("0"))
    with pytest.raises(raises):
        client.put_item(TableName=TABLE, Item=item("1"))
    client.put_item(TableName=TABLE, Item=item("2"))
    assert len(list(line.aws.dynamodb.table(TABLE).items())) == 2 + wrote


def test_calls_are_counted_and_fail_by_operation_and_others_act_between_them(sessions: Sessions, line: Calls) -> None:
    client = sessions.client("dynamodb", PLACE)
    line.watches = True
    line.troubles["PutItem"] = Trouble("AccessDeniedException", times=1, after=1)
    line.meanwhile["GetItem"] = lambda: line.aws.ssm.put("/a", "1")
    line.interludes[3] = lambda: client.put_item(TableName=TABLE, Item=item("between"))
    client.put_item(TableName=TABLE, Item=item("0"))
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client.put_item(TableName=TABLE, Item=item("1"))
    client.get_item(TableName=TABLE, Key=item("0"))
    with line.uncounted():
        client.get_item(TableName=TABLE, Key=item("0"))
    assert client.get_item(TableName=TABLE, Key=item("between"))["Item"]
    assert line.made == [Call("PutItem", wrote=True), Call("PutItem"), Call("GetItem"), Call("GetItem")]
    assert line.counts == {"PutItem": 2, "GetItem": 2}
    assert "/a" in line.aws.ssm.parameters


def test_a_write_costs_a_unit_for_each_kilobyte_and_twice_that_in_a_transaction(
    sessions: Sessions, line: Calls
) -> None:
    client, dynamodb = sessions.client("dynamodb", PLACE), line.aws.dynamodb
    client.put_item(TableName=TABLE, Item=item("1", v="x" * 2000))
    assert dynamodb.write_units == 2
    client.delete_item(TableName=TABLE, Key=item("1"))
    assert dynamodb.write_units == 4, "by the item that was there"
    client.transact_write_items(TransactItems=[{"Put": {"TableName": TABLE, "Item": item("2")}}])
    assert dynamodb.write_units == 6


# --- what it refuses --------------------------------------------------------------------------------------------------


def test_what_the_fake_does_not_know_it_refuses_and_no_code_under_test_catches_that(
    sessions: Sessions, line: Calls
) -> None:
    del line
    dynamodb, ecs = (sessions.client(service, PLACE) for service in ("dynamodb", "ecs"))
    with pytest.raises(Unsupported, match="dynamodb UpdateTable"):
        dynamodb.update_table(TableName=TABLE)
    with pytest.raises(Unsupported, match="ReturnConsumedCapacity of PutItem"):
        dynamodb.put_item(TableName=TABLE, Item=item(), ReturnConsumedCapacity="TOTAL")
    with pytest.raises(Unsupported, match="expression"):
        dynamodb.scan(TableName=TABLE, FilterExpression="a[1] = b")
    with pytest.raises(Unsupported, match="ecs ListAttributes"):
        ecs.list_attributes(targetType="container-instance")
    assert not issubclass(Unsupported, Exception)


def test_what_botocore_would_not_send_is_not_answered(sessions: Sessions, line: Calls) -> None:
    with pytest.raises(ParamValidationError):
        sessions.client("dynamodb", PLACE).put_item(TableName=TABLE, Item={"pk": "a"})
    assert line.made == []


@pytest.mark.parametrize(
    "given",
    [
        {"ConditionExpression": "#a = :b", "ExpressionAttributeNames": {"#a": "a"}},
        {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeNames": {"#a": "a"}},
        {"ConditionExpression": "attribute_exists(pk) AND"},
        {"ConditionExpression": "(attribute_exists(pk)"},
    ],
    ids=["undefined", "unused", "unfinished", "unbalanced"],
)
def test_an_expression_that_dynamodb_refuses_is_refused(sessions: Sessions, line: Calls, given: dict[str, Any]) -> None:
    del line
    with pytest.raises(ClientError, match="ValidationException"):
        sessions.client("dynamodb", PLACE).put_item(TableName=TABLE, Item=item(), **given)


# --- pages, places ----------------------------------------------------------------------------------------------------


def test_a_page_of_a_query_holds_a_megabyte(sessions: Sessions, line: Calls) -> None:
    client = sessions.client("dynamodb", PLACE)
    for number in range(6):
        client.put_item(TableName=TABLE, Item=item(f"{number}", v="x" * 300_000))
    pages = client.get_paginator("query").paginate(
        TableName=TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "a"}}
    )
    assert [len(page["Items"]) for page in pages] == [3, 3]
    pages = client.get_paginator("scan").paginate(TableName=TABLE)
    assert [len(page["Items"]) for page in pages] == [3, 3]
    assert line.counts["Query"] == line.counts["Scan"] == 2


def test_accounts_and_regions_are_apart_and_iam_is_of_all_regions(line: Calls) -> None:
    sessions, there = Sessions(Members(ACCOUNT, "outrider-member")), "210987654321"
    here, far, member = Place(ACCOUNT, REGION), Place(ACCOUNT, "us-east-1"), Place(there, REGION)
    for place in (here, far, member):
        sessions.client("ssm", place).put_parameter(Name="/place", Value=str(place), Type="String")
    for place in (here, far, member):
        assert sessions.client("ssm", place).get_parameter(Name="/place")["Parameter"]["Value"] == str(place)
        assert sessions.client("sts", place).get_caller_identity()["Account"] == place.account
    assert sessions.client("iam", far).get_role(RoleName="web-task")["Role"]["RoleName"] == "web-task"
    assert sessions.client("iam", member).list_roles()["Roles"] == []
    assert line.aws.region(there).ssm.parameters.keys() == {"/place"}
