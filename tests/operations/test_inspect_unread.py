"""Facts, states and ledger rows that cannot be read: nothing is opened, closed or lost."""

import pytest

from domain.standard import Mode
from tests.operations.inspecting import CONFIGURATION, REGISTER, drifted_family, set_configuration
from tests.operations.world import (
    BROKEN,
    CANARY,
    CLOSED,
    CONFIG,
    FLOATING,
    OPEN,
    PARAMETER,
    World,
    definition,
    parameter_changed,
    registered,
    role_arn,
    role_changed,
)

READS = {
    "GetParameters": f"ssm:GetParameters on {PARAMETER}",
    "GetRole": "iam:GetRole on web-",
    "ListRolePolicies": "iam:ListRolePolicies on web-",
    "GetRolePolicy": "iam:GetRolePolicy on web-",
    "ListAttachedRolePolicies": "iam:ListAttachedRolePolicies on web-",
}


@pytest.mark.parametrize("operation", READS)
def test_a_fact_that_may_not_be_read_makes_unknown_and_a_notice_and_closes_nothing(
    world: World, operation: str
) -> None:
    message = drifted_family(world)
    world.sees(message)
    before = world.hub.states()
    assert set(before.values()) == {OPEN}
    set_configuration(world, CONFIG)
    world.trust("web-execution")
    world.fail(operation)
    [outcome, *_] = world.look(parameter_changed(), role_changed("web-execution"))
    assert not outcome.failures
    assert any(READS[operation] in reason for verdict in outcome.unknown for reason in verdict.reasons)
    rules = {
        name for name, state in world.hub.states().items()
        if state == CLOSED and ("parameter" in name) == (operation == "GetParameters")
    }  # fmt: skip
    assert rules == set(), "what depends on it stays open"
    assert len(set(world.notices)) == len(world.notices) > 0
    assert all(READS[operation] in notice for notice in world.notices)
    assert f"{CANARY}" not in repr((world.look(message), world.notices, outcome))


@pytest.mark.parametrize("operation", READS)
def test_a_fact_that_may_not_be_read_opens_nothing(world: World, operation: str) -> None:
    world.fail(operation)
    [outcome] = world.look(registered(world.register()))
    assert not outcome.failures
    assert outcome.verdicts["Unknown"] > 0
    assert world.hub.findings == {}


@pytest.mark.parametrize("operation", ["DescribeTaskDefinition", "Query", "PutItem", "BatchWriteItem", "GetItem"])
@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "ConnectTimeoutError"])
def test_without_the_present_state_or_the_ledger_the_message_is_retried(
    world: World, operation: str, code: str
) -> None:
    world.sees(registered(world.register(definition("leaning"))))
    message = registered(world.register(definition(collector=FLOATING)))
    world.fail(operation, code)
    [outcome] = world.look(parameter_changed() if operation == "GetItem" else message)
    assert outcome.failures
    assert f":{operation} on " in outcome.failures[0]
    assert outcome.failures[0].endswith(f" failed: {code}")
    assert CANARY not in outcome.failures[0]
    assert world.alerts == []


# Which of the calls of each kind that `drifted_family` brings about is throttled: the first, those amid, the last.
THROTTLED = {
    "Query": (0, 1, 3),
    "PutItem": (1, 2, 3, 5),  # the first keeps the good standard, for which no message is retried
    "BatchWriteItem": (0, 1),
    "GetRole": (0, 1),
    "PublishBatch": (0, 1),
} | dict.fromkeys(
    ("DescribeTaskDefinition", "GetParameters", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies",
     "DescribeLogGroups", "SendMessageBatch", "GetParameter"), (0,),
)  # fmt: skip


@pytest.mark.parametrize(("operation", "after"), [(op, at) for op, ats in THROTTLED.items() for at in ats])
def test_one_throttled_call_anywhere_and_the_message_again_end_as_if_nothing_had_happened(
    world: World, operation: str, after: int
) -> None:
    message = drifted_family(world)
    world.fail(operation, "ThrottlingException", times=1, after=after)
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    [first] = world.look(message, inspector=inspector)
    struck = world.troubles[operation].calls > after
    if not struck:
        world.look(message, inspector=inspector)
    world.sees(message, inspector=inspector)
    if struck:
        assert first.failures
        assert first.failures[0].endswith("failed: ThrottlingException")
    assert world.hub.states() == {
        "family/web/sidecar.image-pinned": OPEN,
        f"parameter/{PARAMETER}/config.well-formed": OPEN,
        f"role/{role_arn('web-execution')}/identity.trust": OPEN,
    }
    assert sorted({alert["rule"] for alert in world.alerts}) == [
        "config.well-formed", "identity.trust", "sidecar.image-pinned",
    ]  # fmt: skip
    assert len({alert["id"] for alert in world.alerts}) == 3
    assert [(r["family"], r["revision"]) for r in world.requests] == [("web", 1)]


def test_a_fact_that_was_throttled_is_evaluated_when_the_message_is_retried(world: World) -> None:
    set_configuration(world, BROKEN)
    message = registered(world.register())
    world.fail("GetParameters", "ThrottlingException", times=1)
    [outcome] = world.look(message)
    assert outcome.failures == [f"ssm:GetParameters on {PARAMETER} failed: ThrottlingException"]
    world.sees(message)
    assert world.open(CONFIGURATION) == {"config.well-formed"}


def test_one_family_that_cannot_be_read_does_not_keep_the_others_from_being_evaluated(world: World) -> None:
    for name in ("api", "web"):
        world.sees(registered(world.register(definition(name))))
    world.allow("web-task", "logs:CreateLogStream")
    world.fail("GetItem", "ThrottlingException", times=1, after=1)  # the first is made by dispatch
    [outcome] = world.look(role_changed("web-task"))
    assert outcome.failures
    assert (world.open("api"), world.open("web")) == (set(), {"identity.task-role"})
