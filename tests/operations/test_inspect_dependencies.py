"""What a change of a parameter or role brings about for the families that depend on it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aws.ledger.dependents import put_dependent
from domain.findings.dependents import NO_VERDICTS
from domain.subject import Subject, SubjectId
from tests.operations.inspecting import (
    CONFIGURATION,
    EC2,
    set_configuration,
)
from tests.operations.world import (
    ACCOUNT,
    BROKEN,
    CLOSED,
    CONFIG,
    GONE,
    OPEN,
    PARAMETER,
    PLACE,
    TASK,
    World,
    definition,
    own,
    parameter_changed,
    policy,
    registered,
    role_arn,
    role_changed,
    trusting,
)

ROLE = SubjectId(PLACE, Subject.ROLE, role_arn("web-task"))


def test_a_parameter_change_evaluates_its_dependents_again_without_describing_them(world: World) -> None:
    other = [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/fargate/other"}]
    world.client("ssm").put_parameter(Name="/fargate/other", Value=CONFIG, Type="String")
    for document in (definition("web"), definition("api"), definition("cron", collector={"secrets": other})):
        world.sees(registered(world.register(document)))
    set_configuration(world, BROKEN)
    world.calls.clear()
    [outcome] = world.look(parameter_changed())
    assert not outcome.failures
    assert sorted(each.subject.name for each in outcome.done) == [PARAMETER, "api", "web"]
    assert world.calls["DescribeTaskDefinition"] == 0
    assert world.hub.states() == {f"parameter/{PARAMETER}/config.well-formed": OPEN}
    set_configuration(world, CONFIG)
    world.sees(parameter_changed())
    assert world.hub.states() == {f"parameter/{PARAMETER}/config.well-formed": CLOSED}
    assert world.transitions() == [("opened", "config.well-formed"), ("closed", "config.well-formed")]


def test_each_family_that_depends_on_a_parameter_is_evaluated_by_a_message_of_its_own(world: World) -> None:
    for number in range(11):
        world.sees(registered(world.register(definition(f"web-{number:02}"))))
    before = len(world.subjects)
    set_configuration(world, BROKEN)
    world.sees(parameter_changed())
    families = sorted(body["subject"] for body in world.subjects[before:] if "/family/" in body["subject"])
    assert families == [f"{PLACE}/family/web-{number:02}" for number in range(11)]
    assert world.open(CONFIGURATION) == {"config.well-formed"}


BY_ADA = {"time": "2026-11-23T11:00:00Z", "identity": {"arn": f"arn:aws:iam::{ACCOUNT}:user/ada"}, "agent": "aws-cli/2"}


@pytest.mark.parametrize("quiet", [False, True])
def test_who_changed_a_role_that_many_use_is_published_with_the_result(world: World, quiet: bool) -> None:  # noqa: FBT001 - a case
    for number in range(11):
        world.sees(registered(world.register(definition(f"web-{number:02}"))))
    world.trust("web-task", "ec2.amazonaws.com")
    event = "UpdateAssumeRolePolicy"
    [outcome] = world.look(own("role", region="us-east-1", event=event, role="web-task", quiet=quiet, **BY_ADA))
    assert world.open(ROLE) == {"identity.trust"}
    assert {each.called_at for each in outcome.done} == {datetime(2026, 11, 23, 11, tzinfo=UTC)}
    published = [(alert["rule"], alert["actor"], alert["tool"], alert["occurred"]) for alert in world.alerts]
    assert published == ([] if quiet else [("identity.trust", "ada", "the AWS CLI", BY_ADA["time"])])


def depends(world: World, family: SubjectId, on: SubjectId) -> None:
    world.ledger.table.write_all("", [put_dependent(on, family, NO_VERDICTS)])


def test_what_thousands_depend_on_is_sent_on_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.inspection.dispatching._PAGE", 20)
    iam = world.client("iam")
    policy_arn = iam.create_policy(PolicyName="telemetry", PolicyDocument=policy(*TASK))["Policy"]["Arn"]
    families = [SubjectId(PLACE, Subject.FAMILY, f"web-{number:02}") for number in range(55)]
    for number, role in enumerate(("web-task", "web-execution")):
        iam.attach_role_policy(RoleName=role, PolicyArn=policy_arn)
        for family in families[number::2]:
            depends(world, family, replace(ROLE, name=role_arn(role)))
    world.calls.clear()
    message = own("role", region="us-east-1", event="PutRolePolicy", policy=policy_arn, quiet=True, **BY_ADA)
    sizes, dispatcher = list[int](), world.inspector().dispatcher
    for page in range(3):
        dispatcher.dispatch({f"page-{page}": message})
        sizes.append(len(world.subjects))
        message = json.dumps(world.sent_back[-1])
    assert sizes == [20, 40, 55]
    assert len(world.sent_back) == 2
    assert [body["subject"] for body in world.subjects] == [family.key for family in families]
    triggers = [body["trigger"] for body in world.subjects]
    assert all((each["quiet"], each["identity"]) == (True, BY_ADA["identity"]) for each in triggers)
    assert (world.calls["SendMessage"], world.calls["SendMessageBatch"]) == (0, 3 + 3 + 2)


def test_each_family_is_given_only_what_of_its_own_has_changed(world: World) -> None:
    """A boundary that a thousand roles carry: their names would not fit into a message."""
    iam = world.client("iam")
    arn = iam.create_policy(PolicyName="boundary", PolicyDocument=policy(*TASK))["Policy"]["Arn"]
    roles = [SubjectId(PLACE, Subject.ROLE, role_arn(f"role-{number}")) for number in range(12)]
    for number, role in enumerate(roles):
        iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
        iam.attach_role_policy(RoleName=f"role-{number}", PolicyArn=arn)
        depends(world, SubjectId(PLACE, Subject.FAMILY, f"family-{number}"), role)
    world.inspector().dispatcher.dispatch({"changed": role_changed(policy=arn)})
    given = {body["subject"].rpartition("/")[2]: body["trigger"]["changed"] for body in world.subjects}
    assert given == {f"family-{number}": [role.key] for number, role in enumerate(roles)}


def test_a_parameter_on_which_nobody_depends_is_ignored(world: World) -> None:
    [outcome] = world.look(parameter_changed("/something/else"))
    assert (outcome.ignored, outcome.evaluated) == ("no family depends on it", [])


def test_a_family_that_uses_another_parameter_now_is_not_evaluated_for_the_old_one(world: World) -> None:
    world.sees(registered(world.register()))
    plain = [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/fargate/other"}]
    world.sees(registered(world.register(definition(collector={"secrets": plain}))))
    [outcome] = world.look(parameter_changed())
    assert not outcome.failures
    assert outcome.ignored == "no family depends on it"


def test_a_role_that_changed_is_evaluated_by_what_its_dependents_need(world: World) -> None:
    world.sees(registered(world.register()))
    world.allow("web-task", "logs:CreateLogStream")
    world.sees(role_changed("web-task"))
    assert world.hub.states() == {"family/web/identity.task-role": OPEN}
    world.allow("web-task", *TASK)
    world.trust("web-task", "ec2.amazonaws.com")
    world.sees(role_changed("web-task"))
    role = f"role/{role_arn('web-task')}/identity.trust"
    assert world.hub.states() == {"family/web/identity.task-role": CLOSED, role: OPEN}


def test_a_managed_policy_that_changed_leads_to_the_roles_that_it_is_attached_to(world: World) -> None:
    iam = world.client("iam")
    arn = iam.create_policy(PolicyName="telemetry", PolicyDocument=policy(*TASK))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="web-task", PolicyArn=arn)
    iam.delete_role_policy(RoleName="web-task", PolicyName="work")
    world.sees(registered(world.register()))
    assert world.open() == set()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("logs:CreateLogStream"), SetAsDefault=True)
    world.sees(role_changed(policy=arn))
    assert world.open() == {"identity.task-role"}
    assert world.calls["DescribeTaskDefinition"] == 1


def test_a_policy_that_is_gone_leads_nowhere(world: World) -> None:
    [outcome] = world.look(role_changed(policy=f"arn:aws:iam::{ACCOUNT}:policy/gone"))
    assert not outcome.failures
    assert outcome.evaluated == []


EXEMPT = "version: 1\nexemptions:\n  - {rules: identity.trust, where: {family: exempt}, reason: being replaced}\n"


@pytest.mark.parametrize("other", [EC2, definition("exempt")], ids=["out of scope", "exempt"])
def test_the_finding_of_one_family_about_a_role_stays_open_where_another_has_none(
    world: World, other: dict[str, Any]
) -> None:
    inspector = world.inspector(standard=EXEMPT)
    world.trust("web-task", "ec2.amazonaws.com")
    mine = registered(world.register())
    world.sees(mine, inspector=inspector)
    assert world.open(ROLE) == {"identity.trust"}
    world.sees(registered(world.register(other)), mine, inspector=inspector)
    assert world.open(ROLE) == {"identity.trust"}
    assert world.transitions() == [("opened", "identity.trust")]


@pytest.mark.parametrize("leaves", ["role", "life"])
def test_that_a_finding_is_gone_is_published_later_though_nobody_uses_its_subject_any_more(
    world: World, leaves: str
) -> None:
    """Else Security Hub would keep it for as long as it can: nothing evaluates what nobody uses."""
    world.trust("web-task", "ec2.amazonaws.com")
    arn = world.register()
    world.sees(registered(arn))
    gone = f"role/{role_arn('web-task')}/identity.trust"
    assert world.hub.states()[gone] == OPEN
    if leaves == "life":
        message = registered(world.deregister(arn), "DeregisterTaskDefinition")
    else:
        message = registered(world.register(definition(taskRoleArn=role_arn("web-execution"))))
    world.hub.enabled = False
    assert world.look(message)[0].failures
    world.hub.enabled = True
    world.sees(message)
    assert world.hub.states()[gone] == GONE
    assert not world.ledger.history(ROLE).record.pending


@pytest.mark.parametrize("leaves", ["role", "scope", "life"])
def test_the_finding_of_a_role_is_gone_when_nobody_uses_it_any_more(world: World, leaves: str) -> None:
    world.trust("web-task", "ec2.amazonaws.com")
    arn = world.register()
    world.sees(registered(arn), registered(world.register(definition("other"))))
    for family, left in (("web", {"identity.trust"}), ("other", set[str]())):
        if leaves == "life":
            message = registered(world.deregister(arn.replace("/web:", f"/{family}:")), "DeregisterTaskDefinition")
        elif leaves == "role":
            message = registered(world.register(definition(family, taskRoleArn=role_arn("web-execution"))))
        else:
            message = registered(world.register(EC2 | {"family": family}))
        world.sees(message)
        assert world.open(ROLE) == left
    assert world.hub.states()[f"role/{role_arn('web-task')}/identity.trust"] == GONE


@pytest.mark.parametrize(
    "first", [f"arn:aws:iam::{ACCOUNT}:role/old/web-task", "arn:aws:iam::999999999999:role/web-task"]
)
def test_a_change_of_a_role_is_evaluated_though_the_family_used_another_of_its_name_before(
    world: World, first: str
) -> None:
    for document in (definition(taskRoleArn=first), definition()):
        world.sees(registered(world.register(document)))
    world.trust("web-task", "ec2.amazonaws.com")
    world.sees(role_changed("web-task"))
    assert world.open(ROLE) == {"identity.trust"}


def test_the_finding_of_a_role_that_moved_to_another_path_is_gone(world: World) -> None:
    """IAM tells the same name for both, and by the new one the families may drift too."""
    old = SubjectId(PLACE, Subject.ROLE, role_arn("old/web-task"))
    world.trust("web-task", "ec2.amazonaws.com")
    for family in ("web", "api"):
        world.sees(registered(world.register(definition(family, taskRoleArn=old.name))))
    assert world.open(old) == {"identity.trust"}
    for family, left in (("web", {"identity.trust"}), ("api", set[str]())):
        world.sees(registered(world.register(definition(family))))
        assert (world.open(old), world.open(ROLE)) == (left, {"identity.trust"})


@pytest.mark.parametrize("after", range(6))
def test_a_family_that_changed_while_its_evaluation_failed_depends_only_on_what_it_reads_now(
    world: World, after: int
) -> None:
    world.sees(registered(world.register()))
    others = [f"/fargate/{name}" for name in ("second", "third")]
    for name in others:
        world.client("ssm").put_parameter(Name=name, Value=CONFIG, Type="String")
    second, third = (
        definition(collector={"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": name}]}) for name in others
    )
    message = registered(world.register(second))
    world.fail("PutItem" if after % 2 else "BatchWriteItem", "ThrottlingException", times=1, after=after // 2)
    world.look(message)
    world.troubles.clear()
    world.sees(registered(world.register(third)))
    world.sees(*(parameter_changed(name) for name in others))  # a crash may leave a row, until what it is of changes
    leaning = [bool(world.ledger.dependents.of(replace(CONFIGURATION, name=n))) for n in (PARAMETER, *others)]
    assert leaning == [False, False, True]


def test_what_changes_during_the_first_evaluation_of_a_family_is_not_missed(world: World) -> None:
    def breaks() -> None:
        set_configuration(world, BROKEN)
        world.look(parameter_changed())

    message = registered(world.register())
    world.meanwhile["DescribeLogGroups"] = breaks  # its parameter was read
    world.sees(message)
    assert world.open(CONFIGURATION) == {"config.well-formed"}
