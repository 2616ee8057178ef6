"""Many families share a role: what a look at it costs where another found the same, and when each counts."""

import json
from typing import Any

import pytest

from aws.ledger import History
from domain.subject import Subject, SubjectId
from tests.operations.world import (
    ACCOUNT,
    GONE,
    PLACE,
    REGION,
    TASK,
    World,
    definition,
    policy,
    registered,
    role_arn,
    role_changed,
    service_changed,
    trusting,
)

ROLE = SubjectId(PLACE, Subject.ROLE, role_arn("web-task"))


def version(world: World) -> int:
    return world.ledger.history(ROLE).version


def again(family: str = "web", **members: Any) -> str:
    return json.dumps({"kind": "family", "account": ACCOUNT, "region": REGION, "family": family} | members)


def shared_by(world: World, *families: str) -> None:
    for family in families:
        world.sees(registered(world.register(definition(family))))


def test_a_look_that_finds_what_another_found_lately_is_not_written_again(world: World) -> None:
    shared_by(world, "web", "api")
    world.sees(again())
    assert version(world) == 1
    world.pass_(minutes=6)
    world.sees(again())
    assert version(world) == 2


def test_a_look_at_another_state_is_written_though_it_changes_no_finding(world: World) -> None:
    shared_by(world, "web")
    world.allow("web-task", *TASK, "s3:GetObject")
    world.sees(again())
    assert version(world) == 2


def test_a_look_by_another_standard_is_written(world: World) -> None:
    shared_by(world, "web")
    world.sees(again(), inspector=world.inspector(standard="version: 1\ncollector: {cpu: 512}\n"))
    assert version(world) == 2


def test_a_look_because_it_changed_is_written_though_it_is_as_it_was(world: World) -> None:
    """It may have been something else in between, and a slower worker may have read that."""
    shared_by(world, "web")
    world.sees(role_changed("web-task"))
    assert version(world) == 2
    world.sees(again(changed=[f"{ACCOUNT}/us-east-1/role/web-task"]))
    assert version(world) == 3


def test_of_all_who_are_looked_at_because_it_changed_the_first_to_do_so_speaks_for_the_others(world: World) -> None:
    shared_by(world, "web", "api", "cron")
    changed = world.now()
    world.pass_(seconds=10)
    world.sees(json.dumps(json.loads(role_changed("web-task")) | {"time": changed.isoformat()}))
    assert version(world) == 2
    world.sees(
        *(
            again(family, changed=[f"{ACCOUNT}/us-east-1/role/web-task"], time=changed.isoformat())
            for family in ("web", "api", "cron")
        )
    )
    assert version(world) == 2


def test_who_read_what_stands_is_not_overtaken_and_reads_nothing_again(world: World) -> None:
    shared_by(world, "web")
    world.trust("web-task", "ec2.amazonaws.com")
    message = registered(world.register(definition("api")))
    other = registered(world.register(definition("cron")))
    world.calls.clear()
    world.meanwhile["DescribeLogGroups"] = lambda: world.sees(other)  # the roles were read
    world.sees(message)
    assert world.calls["GetRole"] == 2 + 2, "each worker read each role once"
    [alert] = world.alerts
    assert (alert["rule"], alert["transition"]) == ("identity.trust", "opened")
    assert [user.family for user in world.rows(ROLE)["identity.trust"].users.known] == ["api", "cron", "web"]


def test_who_read_something_else_is_overtaken(world: World) -> None:
    shared_by(world, "web")
    world.trust("web-task", "ec2.amazonaws.com")

    def mended() -> None:
        world.trust("web-task")
        world.sees(role_changed("web-task"))

    world.meanwhile["DescribeLogGroups"] = mended
    shared_by(world, "api")
    assert (world.open(ROLE), world.alerts) == (set(), [])


def test_what_is_still_to_be_told_is_told_by_a_look_that_is_not_written(world: World) -> None:
    world.trust("web-task", "ec2.amazonaws.com")
    world.fail("Publish")
    world.look(registered(world.register()))
    world.troubles.clear()
    before = version(world)
    world.sees(again())
    assert (world.told(), version(world)) == ([("opened", "identity.trust")], before)


@pytest.mark.parametrize("families", [3, 23])
def test_who_is_listed_already_is_not_read_again(world: World, families: int) -> None:
    names = [f"web-{number:02}" for number in range(families)]
    world.trust("web-task", "ec2.amazonaws.com")
    shared_by(world, *names)
    users = world.rows(ROLE)["identity.trust"].users
    assert ([user.family for user in users.known], users.more) == (names[:20], families - len(users.known))
    before = version(world)
    world.calls.clear()
    world.sees(again(names[0]))
    # The family, parameter, roles, who leans on the one that drifts; the last that is listed, where the list is full.
    assert world.calls["Query"] == 5 + (families > 20)
    assert version(world) == before


def test_a_family_that_leaves_a_full_list_makes_room_for_the_next(world: World) -> None:
    names = [f"web-{number:02}" for number in range(22)]
    world.trust("web-task", "ec2.amazonaws.com")
    shared_by(world, *names)
    world.sees(registered(world.register(definition(names[3], taskRoleArn=role_arn("web-execution")))))
    users = world.rows(ROLE)["identity.trust"].users
    assert ([user.family for user in users.known], users.more) == ([n for n in names if n != names[3]][:20], 1)


def test_what_a_slower_look_says_of_a_role_that_the_family_has_left_meanwhile_is_not_written(world: World) -> None:
    """It would stand for ever: no look of the family comes to that role any more."""
    world.trust("web-task", "ec2.amazonaws.com")
    world.register(definition())
    other, done = definition(taskRoleArn=role_arn("web-execution")), list[str]()

    def goes_on() -> None:
        """Another worker hears of the next revision, between the first one's reading and writing."""
        with world.peace():
            message = registered(world.register(other))
            world.sees(message)
            done.append(message)

    world.sees(again())
    world.allow("web-task", *TASK)
    world.meanwhile["GetRole"] = goes_on
    world.sees(again(revision=0))
    assert done
    assert world.open(ROLE) == set()
    assert world.hub.states()[f"role/{ROLE.name}/identity.trust"] == GONE


OLD = SubjectId(PLACE, Subject.ROLE, role_arn("old-task"))


def left_behind(world: World, *families: str) -> str:
    """A role that a running revision of web takes, its newest one no longer, and the newest of these families."""
    world.client("iam").create_role(RoleName="old-task", AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
    world.allow("old-task", *TASK)
    first = world.register(definition(taskRoleArn=OLD.name))
    world.sees(service_changed(world.run(first), "CreateService"))
    for family in families:
        world.sees(registered(world.register(definition(family, taskRoleArn=OLD.name))))
    return registered(world.register(definition()))


def test_what_only_an_earlier_revision_takes_costs_nothing_while_nothing_changes(world: World) -> None:
    world.sees(left_behind(world))
    world.sees(again())
    before = world.ledger.history(OLD).version
    for _ in range(3):
        world.calls.clear()
        world.sees(again())
    assert world.ledger.history(OLD).version == before
    counted = [world.calls[name] for name in ("TransactWriteItems", "PutItem", "DescribeTaskDefinition")]
    assert counted == [1, 0, 0], "its own look is written, and nothing else"


def test_a_standard_that_makes_less_of_a_drift_is_heard_whichever_family_is_looked_at_first(world: World) -> None:
    """One that has left the role, and reads nothing of it, does not say by which standard it was judged."""
    message = left_behind(world, "api")
    world.trust("old-task", "ec2.amazonaws.com")
    world.sees(message, role_changed("old-task"))
    assert world.rows(OLD)["identity.trust"].severity.value == "CRITICAL"
    world.pass_(hours=1)
    lower = world.inspector(standard="version: 1\nrules: [{rules: identity.trust, severity: MEDIUM}]\n")
    world.sees(again("web"), inspector=lower)
    world.sees(again("api"), inspector=lower)
    assert world.rows(OLD)["identity.trust"].severity.value == "MEDIUM"


def test_of_a_roles_change_services_hear_that_run_an_earlier_revision_and_once(world: World) -> None:
    world.sees(left_behind(world))
    world.sees(service_changed(world.run(world.revisions()[0].arn, "newest"), "CreateService"))
    world.heard.clear()
    before = len(world.sent_back)
    world.fail("GetRole", "ThrottlingException", times=40)
    message = again(changed=[f"{ACCOUNT}/us-east-1/role/old-task"], time="2026-11-23T12:00:05Z")
    for _ in range(3):
        world.look(message)
    assert world.sent_back[before:] == [], "it comes again as a whole"
    world.troubles.clear()
    world.sees(message)
    assert [body["service"] for body in world.sent_back[before:]] == ["shop/web"]


def test_each_family_is_told_only_what_of_its_own_has_changed(world: World) -> None:
    """A boundary that a thousand roles carry: their names would not fit into a message."""
    iam = world.client("iam")
    arn = iam.create_policy(PolicyName="boundary", PolicyDocument=policy(*TASK))["Policy"]["Arn"]
    for number in range(12):
        name = f"role-{number}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        role = SubjectId(PLACE, Subject.ROLE, role_arn(name))
        world.ledger.dependents.put(role, History(SubjectId(PLACE, Subject.FAMILY, f"family-{number}")))
    world.sees(role_changed(policy=arn))
    told = {body["family"]: body["changed"] for body in world.sent_back}
    assert told == {f"family-{n}": [f"{ACCOUNT}/us-east-1/role/role-{n}"] for n in range(12)}
