"""Messages that are repeated, late or reordered, and what the next one publishes of what an earlier one could not."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain.standard import Mode
from domain.subject import Subject, SubjectId
from tests.operations.delivery import Outcome
from tests.operations.inspecting import (
    REGISTER,
    drifted_family,
)
from tests.operations.world import (
    FLOATING,
    PLACE,
    World,
    definition,
    parameter_changed,
    registered,
    role_changed,
    service_changed,
    without_collector,
)


def _fleet(world: World) -> list[str]:
    """Messages of a small fleet: two families that drift each in their way, a good one, a service."""
    world.allow("web-task", "logs:CreateLogStream")
    floating = world.register(definition("floating", collector=FLOATING))
    bare = world.register(without_collector("bare"))
    good = world.register(definition("good"))
    return [
        registered(floating),
        registered(bare),
        registered(good),
        service_changed(world.run(good, platform="1.3.0"), "CreateService"),
        parameter_changed(),
        role_changed("web-task"),
    ]


def _ends(world: World) -> Any:
    """The state at the end: findings by their content, alerts by id, requests."""
    return (
        {
            id_: (f["Compliance"], f["RecordState"], f["Severity"]["Label"], f["Description"])
            for id_, f in world.hub.findings.items()
        },
        {alert["id"] for alert in world.alerts},
        sorted(json.dumps(request, sort_keys=True) for request in world.requests),
    )


# --- repeated, late, reordered ----------------------------------------------------------------------------------------


def test_events_repeated_and_reversed_end_in_the_same_findings_alerts_and_requests(world: World) -> None:
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    messages = _fleet(world)
    for message in messages:
        world.sees(message, inspector=inspector)
    ends = _ends(world)
    published = len(world.alerts)
    assert published == len(ends[1]) > 0, "each transition was published once"
    assert len(ends[2]) == len({json.loads(r)["family"] for r in ends[2]}) > 0, "one request for a revision"

    world.sees(*reversed(messages), *messages, inspector=world.inspector(Mode.REGISTER, REGISTER))
    assert (_ends(world), len(world.alerts)) == (ends, published)


def test_events_that_come_in_reverse_order_and_in_one_batch_end_as_those_that_came_in_order(world: World) -> None:
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    messages = _fleet(world)
    world.sees(*messages, *messages, inspector=inspector)
    findings, _, requests = _ends(world)
    published = {(alert["name"], alert["rule"]) for alert in world.alerts}
    # Forget it all, and receive the events in the other order.
    dynamodb = world.client("dynamodb")
    for item in dynamodb.scan(TableName="ledger")["Items"]:
        dynamodb.delete_item(TableName="ledger", Key={"pk": item["pk"], "sk": item["sk"]})
    world.hub.findings.clear()
    world.alerts.clear()
    for message in reversed(messages):
        world.sees(message, inspector=inspector)
    assert (_ends(world)[0], _ends(world)[2]) == (findings, requests)
    # A family whose event comes before that of its service opens LOW and is raised; else it opens as it is.
    assert {(alert["name"], alert["rule"]) for alert in world.alerts} == published


def test_an_older_revision_that_ecs_still_gives_is_not_evaluated(world: World) -> None:
    """ECS may answer with an older revision for a moment."""
    old = world.register(definition(collector=FLOATING))
    world.sees(registered(world.register()))

    def behind(operation: str, given: dict[str, Any], act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if operation == "DescribeTaskDefinition" and given["taskDefinition"] == "web":
            given["taskDefinition"] = old
        return act()

    world.line.around = behind
    message = registered(old.replace(":1", ":3"), time="2026-11-23T11:00:00Z")
    world.sees(message, inspector=world.inspector(standard="version: 1\n"))
    assert world.hub.findings == {}
    assert world.ledger.history(SubjectId(PLACE, Subject.FAMILY, "web")).order == 2


def test_of_two_that_evaluate_at_once_the_one_that_wrote_later_is_retried(world: World) -> None:
    message = registered(world.register(definition(collector=FLOATING)))

    def other() -> None:
        newer = registered(world.register())
        world.inspector().dispatcher.dispatch({"newer": newer})
        for sent in list(world.inspector().queue.waiting):
            world.inspector().inspector.inspect({"other": sent.body})

    world.meanwhile["DescribeLogGroups"] = other
    [outcome] = world.look(message)
    assert "was written by another worker" in outcome.failures[0]
    assert world.rows() == {}, "the newer revision drifts nowhere"
    world.sees(message)
    assert world.rows() == {}
    assert world.ledger.history(SubjectId(PLACE, Subject.FAMILY, "web")).order == 2
    assert world.alerts == []


def test_of_two_that_open_the_same_finding_one_publishes(world: World) -> None:
    message = registered(world.register(definition(collector=FLOATING)))

    def other() -> None:
        for sent in list(world.inspector().queue.waiting):
            world.inspector().inspector.inspect({"other": sent.body})

    world.meanwhile["DescribeLogGroups"] = other
    world.look(message)
    world.sees(message)
    assert len({alert["id"] for alert in world.alerts}) == 1
    assert world.rows()["sidecar.image-pinned"].version == 1


# --- what was not published is published ------------------------------------------------------------------------------


# That of the record after it is published comes after the writes of the notices, the revision and the record.
@pytest.mark.parametrize(("operation", "after"), [("PublishBatch", 0), ("PublishBatch", 1), ("PutItem", 2)])
def test_what_could_not_be_published_is_published_when_the_message_is_retried(
    world: World, operation: str, after: int
) -> None:
    message = drifted_family(world)
    world.fail(operation, times=1, after=after)
    [outcome] = world.look(message)
    assert outcome.failures
    assert ("sns:Publish on alerts" if operation == "PublishBatch" else "dynamodb:PutItem on ") in outcome.failures[0]
    world.sees(message)
    published = sorted({(alert["id"], alert["rule"]) for alert in world.alerts})
    assert [rule for _, rule in sorted(published, key=lambda pair: pair[1])] == [
        "config.well-formed", "identity.trust", "sidecar.image-pinned",
    ]  # fmt: skip
    count = len(world.alerts)
    world.sees(message)
    assert len(world.alerts) == count, "and not again after that"


def test_the_next_evaluation_publishes_what_another_message_could_not(world: World) -> None:
    world.fail("PublishBatch", times=1)
    world.look(registered(world.register(definition(collector=FLOATING))))
    world.sees(registered(world.register()))
    assert world.transitions() == [("opened", "sidecar.image-pinned"), ("closed", "sidecar.image-pinned")]


def test_what_could_not_be_published_about_a_finding_is_published_later_in_its_order(world: World) -> None:
    families = [f"web-{number}" for number in range(4)]
    world.fail("PublishBatch")
    for family in families:
        for collector in (FLOATING, None, FLOATING):
            message = registered(world.register(definition(family, collector=collector)))
            world.look(message)
    world.troubles.clear()
    for family in families:
        world.sees(registered(world.register(definition(family))))
    for family in families:
        published = [alert["transition"] for alert in world.alerts if alert["name"] == family]
        assert published == ["opened", "closed", "reopened", "closed"]


@pytest.mark.parametrize("whole", [False, True], ids=["each finding is refused", "the call is refused"])
def test_a_hub_that_is_not_enabled_brings_the_message_back_and_is_noticed_once(world: World, *, whole: bool) -> None:
    message, other = (registered(world.register(definition(name, collector=FLOATING))) for name in ("web", "api"))
    world.hub.enabled = False
    if whole:
        world.fail("BatchImportFindings", "InvalidAccessException")
    for _ in range(2):
        ids = {f"outrider/{PLACE}/family/{family}/sidecar.image-pinned": "InvalidAccess" for family in ("web", "api")}
        expected = {str(PLACE): "InvalidAccessException"} if whole else ids
        for outcome in world.look(message, other):
            failed = {f"securityhub:BatchImportFindings on {on} failed: {code}" for on, code in expected.items()}
            assert set(outcome.failures) == failed
    assert world.alerts == []
    [notice] = world.notices
    assert "Security Hub is not enabled in 123456789012/eu-west-1" in notice
    world.hub.enabled = True
    world.troubles.clear()
    world.sees(message, other)
    assert world.transitions() == [("opened", "sidecar.image-pinned")] * 2


def test_of_findings_that_were_imported_together_only_the_failed_one_is_retried(world: World) -> None:
    messages = [registered(world.register(definition(name, collector=FLOATING))) for name in ("web", "api", "cron")]
    failed = f"outrider/{PLACE}/family/api/sidecar.image-pinned"
    world.hub.failing[failed] = "InternalError"
    outcomes = world.look(*messages)
    assert outcomes[0].failures == [f"securityhub:BatchImportFindings on {failed} failed: InternalError"]
    done = outcomes[0].done
    assert [each.subject.name for each in done if each.subject.kind is Subject.FAMILY] == ["web", "cron"]
    assert {alert["name"] for alert in world.alerts} == {"web", "cron"}
    world.sees(messages[1])
    assert {alert["name"] for alert in world.alerts} == {"web", "cron", "api"}
    assert len(world.alerts) == 3


def refused(world: World, *messages: str, code: str = "InvalidInput") -> list[Outcome]:
    """Look, where Security Hub refuses a finding for what it holds."""
    finding = f"outrider/{PLACE}/family/web/sidecar.image-pinned"
    world.hub.failing[finding] = code
    return world.look(*messages)


def test_a_finding_that_is_refused_permanently_silences_neither_its_alert_nor_its_siblings(world: World) -> None:
    drifted = registered(world.register(definition(collector=FLOATING | {"essential": True})))
    other = registered(world.register(definition("api", collector=FLOATING)))
    for _ in range(3):
        for outcome in refused(world, drifted, other):
            assert not outcome.failures
    assert sorted((alert["name"], alert["rule"]) for alert in world.alerts) == [
        ("api", "sidecar.image-pinned"), ("web", "sidecar.image-pinned"), ("web", "sidecar.not-essential"),
    ]  # fmt: skip
    [notice] = world.notices
    assert f"outrider/{PLACE}/family/web/sidecar.image-pinned: InvalidInput" in notice
    assert world.hub.open() == {"family/web/sidecar.not-essential", "family/api/sidecar.image-pinned"}
    world.hub.failing.clear()
    world.sees(drifted)
    assert "family/web/sidecar.image-pinned" in world.hub.open(), "it was tried again"
    assert len(world.alerts) == 3


def test_a_finding_whose_every_import_is_refused_is_published_all_its_life(world: World) -> None:
    for collector in (FLOATING, None, FLOATING):
        [outcome] = refused(world, registered(world.register(definition(collector=collector))))
        world.hub.failing.clear()
        assert not outcome.failures
    assert world.transitions() == [(change, "sidecar.image-pinned") for change in ("opened", "closed", "reopened")]


def test_where_it_is_not_known_what_is_suppressed_only_that_is_not_published(world: World) -> None:
    arn = world.register(definition(collector=FLOATING))
    world.sees(registered(arn))
    world.trust("web-task", "ec2.amazonaws.com")
    message = registered(world.register())
    world.fail("GetFindings", "ThrottlingException")
    [outcome] = world.look(message)
    assert outcome.failures == ["securityhub:GetFindings on 123456789012/eu-west-1 failed: ThrottlingException"]
    assert world.transitions()[1:] == [("opened", "identity.trust")], "a new one cannot be suppressed"
    world.troubles.clear()
    world.sees(message)
    assert world.transitions()[2:] == [("closed", "sidecar.image-pinned")]
