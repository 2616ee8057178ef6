"""What is read of SSM, Secrets Manager, S3, IAM, CloudWatch Logs and ECS, and what is said where it cannot be."""

import json
from typing import Any

import pytest

from aws.calls import CallFailed
from aws.ecs import Ecs, registrable_members
from aws.log_groups import LogGroups
from aws.parameters import Parameters, read_document, read_secret
from aws.role_list import RoleList
from aws.roles import PolicyDocuments, Roles
from aws.sessions import Sessions
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Absent, FactKind, Known, LogGroup, MissingReason, Unavailable
from domain.members import Members
from domain.places import Place, Revision
from domain.standard import StandardInvalid
from domain.workload import ParameterReference, Workload
from operations.facts import FactReader
from operations.standards import Standards
from rules import CATALOGUE
from tests.operations.world import (
    ACCOUNT,
    CANARY,
    CONFIG,
    PARAMETER,
    PLACE,
    REGION,
    World,
    definition,
    policy,
    role_arn,
    trusting,
)

# --- parameters, secrets, documents -----------------------------------------------------------------------------------


def test_a_parameter_is_known_with_its_text_and_key(world: World) -> None:
    ssm = world.client("ssm")
    ssm.put_parameter(Name="/secure", Value=CANARY, Type="SecureString", KeyId="alias/mine")
    plain, secure = (
        Parameters(world.sessions).fact(ParameterReference(PLACE, name)) for name in (PARAMETER, "/secure")
    )
    assert isinstance(plain, Known)
    assert (plain.value.text, plain.value.type, plain.value.key_id) == (CONFIG, "String", None)
    assert isinstance(secure, Known)
    assert (secure.value.text, secure.value.type, secure.value.key_id) == (CANARY, "SecureString", "alias/mine")
    assert CANARY not in repr(secure)


def test_a_parameter_that_is_not_there_is_absent_and_one_that_may_not_be_read_is_not(world: World) -> None:
    parameters, reference = Parameters(world.sessions), ParameterReference(PLACE, PARAMETER)
    assert parameters.fact(ParameterReference(PLACE, "/none")) == Absent()
    world.fail("GetParameters")
    assert parameters.fact(reference) == Unavailable("AccessDeniedException", "ssm:GetParameters", PARAMETER)
    world.fail("GetParameters", "ThrottlingException")
    throttled = Unavailable("ThrottlingException", "ssm:GetParameters", PARAMETER, transient=True)
    assert parameters.fact(reference) == throttled
    assert throttled.reason == f"ssm:GetParameters on {PARAMETER} failed: ThrottlingException"


def test_a_parameter_of_another_account_is_not_looked_for_here_by_its_name(world: World) -> None:
    there = f"arn:aws:ssm:{REGION}:210987654321:parameter{PARAMETER}"
    secrets = [{"name": "AOT_CONFIG_CONTENT", "valueFrom": there}]
    workload = Workload(PLACE, TaskDefinition(definition(collector={"secrets": secrets})))
    reader = FactReader(
        Parameters(world.sessions), Roles(world.sessions), LogGroups(world.sessions), Ecs(world.sessions)
    )
    found = reader.with_facts(workload, frozenset({FactKind.CONFIGURATION}))
    assert found.facts.parameter == Unavailable(MissingReason.OTHER_ACCOUNT, resource=PARAMETER)


def test_documents_and_secrets_are_read_from_where_they_may_be(world: World) -> None:
    s3 = world.sessions.own("s3")
    s3.create_bucket(Bucket="standards", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="standards", Key="a/standard.yaml", Body="version: 1 # ü".encode())
    world.client("secretsmanager").create_secret(Name="webhook", SecretString=CANARY)
    assert read_document(world.sessions, f"ssm:{PARAMETER}") == CONFIG
    assert read_document(world.sessions, "s3://standards/a/standard.yaml") == "version: 1 # ü"
    assert read_secret(world.sessions, "secretsmanager:webhook") == CANARY
    for read, location in ((read_document, "secretsmanager:webhook"), (read_secret, "s3://a/b"), (read_secret, CANARY)):
        with pytest.raises(ValueError, match="location is ssm:NAME or") as caught:
            read(world.sessions, location)
        assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("ssm:/none", "ssm:GetParameter on /none failed: ParameterNotFound"),
        ("s3://nowhere/key", "s3:GetObject on nowhere/key failed: NoSuchBucket"),
    ],
)
def test_a_missing_standard_is_reported_with_its_call(world: World, location: str, said: str) -> None:
    with pytest.raises(CallFailed) as caught:
        Standards(world.sessions, location, CATALOGUE).current()
    assert str(caught.value) == said


def test_a_standard_that_is_no_text_is_an_invalid_one(world: World) -> None:
    s3 = world.sessions.own("s3")
    s3.create_bucket(Bucket="standards", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="standards", Key="x", Body=b"\xff\xfe\x00" + CANARY.encode())
    with pytest.raises(StandardInvalid, match="is not text in UTF-8") as caught:
        Standards(world.sessions, "s3://standards/x", CATALOGUE).current()
    assert caught.value.__suppress_context__


def test_a_standard_is_held_for_minutes_and_then_read_again(world: World) -> None:
    ssm, now = world.client("ssm"), [0.0]
    ssm.put_parameter(Name="/s", Value="version: 1\nname: one\n", Type="String")
    standards = Standards(world.sessions, "ssm:/s", CATALOGUE, clock=lambda: now[0])
    first = standards.current()
    ssm.put_parameter(Name="/s", Value="version: 1\nname: two\n", Type="String", Overwrite=True)
    now[0] = 179.0
    assert standards.current() is first
    now[0] = 181.0
    second = standards.current()
    assert (second.standard.name, second.digest == first.digest) == ("two", False)
    assert first.digest == Standards(world.sessions, "", CATALOGUE).current().digest or len(first.digest) == 16


# --- roles and log groups ---------------------------------------------------------------------------------------------


def test_a_role_is_known_with_all_that_its_policies_say(world: World) -> None:
    iam = world.client("iam")
    attached, boundary = (
        iam.create_policy(PolicyName=name, PolicyDocument=policy("xray:*"))["Policy"]["Arn"] for name in ("a", "b")
    )
    iam.attach_role_policy(RoleName="web-task", PolicyArn=attached)
    iam.put_role_permissions_boundary(RoleName="web-task", PermissionsBoundary=boundary)
    iam.tag_role(RoleName="web-task", Tags=[{"Key": "team", "Value": "shop"}])
    found = Roles(world.sessions).fact(PLACE, role_arn("web-task"))
    assert isinstance(found, Known)
    assert [each.source for each in found.value.policies] == ["work", attached]
    assert found.value.boundary is not None
    assert found.value.tags == {"team": "shop"}
    assert sorted(Roles(world.sessions).with_policy(PLACE, attached)) == ["web-task"]


def test_a_managed_policy_is_read_once_for_a_batch_and_its_versions_once_for_a_function(world: World) -> None:
    iam, documents = world.client("iam"), PolicyDocuments()
    attached = iam.create_policy(PolicyName="more", PolicyDocument=policy("s3:GetObject"))["Policy"]["Arn"]
    for role in ("web-task", "web-execution"):
        iam.attach_role_policy(RoleName=role, PolicyArn=attached)

    def calls() -> tuple[int, int]:
        """What one batch costs."""
        world.calls.clear()
        roles = Roles(world.sessions, documents)
        assert all(isinstance(roles.fact(PLACE, role_arn(role)), Known) for role in ("web-task", "web-execution"))
        return world.calls["GetPolicy"], world.calls["GetPolicyVersion"]

    assert [calls(), calls()] == [(1, 1), (1, 0)]
    iam.create_policy_version(PolicyArn=attached, PolicyDocument=policy("s3:*"), SetAsDefault=True)
    assert calls() == (1, 1)


def test_a_role_that_is_not_there_is_absent_and_one_elsewhere_unavailable(world: World) -> None:
    roles = Roles(world.sessions)
    assert roles.fact(PLACE, role_arn("none")) == Absent()
    elsewhere = roles.fact(PLACE, "arn:aws:iam::210987654321:role/web")
    assert elsewhere == Unavailable(MissingReason.OTHER_ACCOUNT, resource="web")


@pytest.mark.parametrize("operation", ["GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies"])
def test_a_role_of_which_a_part_cannot_be_read_is_not_known_in_part(world: World, operation: str) -> None:
    world.fail(operation)
    found = Roles(world.sessions).fact(PLACE, role_arn("web-task"))
    assert isinstance(found, Unavailable)
    assert found.reason.startswith(f"iam:{operation} on web-task")


def test_a_role_of_the_list_is_the_role_that_is_read_by_itself(world: World) -> None:
    iam, listed = world.client("iam"), Roles(world.sessions, all=RoleList(world.sessions, {}))
    trust, arns = trusting("ecs-tasks.amazonaws.com"), [role_arn(f"r{number}") for number in range(6)]
    managed, boundary = (
        iam.create_policy(PolicyName=name, PolicyDocument=policy("xray:*"))["Policy"]["Arn"] for name in ("a", "b")
    )
    for name in (arn.rpartition("/")[2] for arn in arns):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)
        iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=policy("s3:GetObject"))
        iam.attach_role_policy(RoleName=name, PolicyArn=managed)
        iam.tag_role(RoleName=name, Tags=[{"Key": "team", "Value": name}])
    found = [repr(listed.fact(PLACE, arn)) for arn in arns]
    assert world.calls["GetAccountAuthorizationDetails"] == 1
    assert found == [repr(Roles(world.sessions).fact(PLACE, arn)) for arn in arns]


def test_a_log_group_is_found_by_its_whole_name(world: World) -> None:
    logs = LogGroups(world.sessions)
    world.client("logs").create_log_group(logGroupName="/ecs/api-two")
    assert logs.fact(PLACE, "/ecs/web") == Known(LogGroup("/ecs/web"))
    assert logs.fact(PLACE, "/ecs/api") == Absent()


# --- ECS --------------------------------------------------------------------------------------------------------------


def test_a_task_definition_holds_its_tags_and_is_json_through_and_through(world: World) -> None:
    arn = world.register()
    found = Ecs(world.sessions).task_definition(PLACE, arn)
    assert found is not None
    assert found.tags == {"team": "shop"}
    assert json.loads(json.dumps(found.json)) == found.json
    assert Ecs(world.sessions).task_definition(PLACE, "none") is None
    assert Ecs(world.sessions).task_definition(PLACE, "web:99") is None


def test_what_can_be_registered_is_what_botocore_says() -> None:
    members = registrable_members()
    assert {"family", "containerDefinitions", "tags", "runtimePlatform", "volumes", "ephemeralStorage"} <= members
    assert not {"taskDefinitionArn", "revision", "status", "registeredAt", "compatibilities"} & members


def test_a_description_registers_again_as_it_was(world: World) -> None:
    world.register(definition(volumes=[{"name": "data"}], runtimePlatform={"operatingSystemFamily": "LINUX"}))
    ecs = Ecs(world.sessions)
    found = ecs.task_definition(PLACE, "web")
    assert found is not None
    registered = ecs.register(PLACE, found.only(registrable_members()))
    again = ecs.task_definition(PLACE, registered.arn or "")  # moto's answer to a registration has no tags
    assert again is not None
    assert (again.tags, again.containers) == (found.tags, found.containers)
    assert registered.arn == Revision(PLACE, "web", 2).arn


def test_a_service_that_is_not_there_is_none_and_one_that_may_not_be_read_is_not(world: World) -> None:
    ecs = Ecs(world.sessions)
    assert ecs.service(PLACE, "none/web") is None
    world.run(world.register())
    assert ecs.service(PLACE, "shop/none") is None
    found = ecs.service(PLACE, "shop/web")
    assert found is not None
    assert (found.title, found.fargate) == ("shop/web", True)
    world.fail("DescribeServices")
    with pytest.raises(CallFailed, match=r"ecs:DescribeServices on shop/web failed: AccessDeniedException"):
        ecs.service(PLACE, "shop/web")


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_a_client_is_made_once_for_a_service_and_place(world: World) -> None:
    sessions, other = world.sessions, Place(ACCOUNT, "us-east-1")
    assert sessions.client("ecs", PLACE) is sessions.client("ecs", PLACE)
    assert sessions.client("ecs", other) is not sessions.client("ecs", PLACE)
    assert sessions.client("ecs", other).meta.region_name == "us-east-1"


def test_another_account_is_read_by_the_role_there(world: World) -> None:
    sessions = Sessions(Members(ACCOUNT, "outrider-member"))
    assert sessions.account == ACCOUNT
    assert sessions.client("sts", PLACE).get_caller_identity()["Account"] == ACCOUNT
    world.calls.clear()
    there: Any = sessions.client("sts", Place("210987654321", REGION)).get_caller_identity()
    assert there["Arn"] == "arn:aws:sts::210987654321:assumed-role/outrider-member/outrider"
    sessions.client("ecs", Place("210987654321", REGION))
    assert world.calls["AssumeRole"] == 1


def test_a_role_that_may_not_be_assumed_is_named(world: World) -> None:
    world.fail("AssumeRole", "AccessDenied")
    role = "arn:aws:iam::210987654321:role/outrider-member"
    with pytest.raises(CallFailed, match=f"sts:AssumeRole on {role} failed: AccessDenied"):
        Sessions(Members(ACCOUNT, "outrider-member")).client("ecs", Place("210987654321", REGION))
