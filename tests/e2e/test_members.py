"""Member accounts: events, findings and corrections by the roles of member.yaml, each account apart."""

from functools import partial
from typing import Any

import pytest

from local import fleet
from local.emulator import ACCOUNT
from tests.e2e.members import findings, in_account, keep_notices, notices
from tests.e2e.stage import MEMBER, SILENT, Stage, drifted


@pytest.fixture(scope="module")
def members(stage: Stage) -> Stage:
    """Two members. Somebody deleted the roles of one."""
    for account in (MEMBER, SILENT):
        fleet.create_dependencies(partial(stage.cloud.client, account=account))
        stage.cloud.join(account, stage.outputs, Corrections="register")
    iam = stage.cloud.client("iam", account=SILENT)
    for role in ("outrider-read", "outrider-remediate"):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=policy)
        iam.delete_role(RoleName=role)
    stage.quiet()
    return stage


def test_a_drift_in_a_member_is_found_and_corrected_there_by_the_roles_of_its_own(members: Stage) -> None:
    stage, ecs = members, members.cloud.client("ecs", account=MEMBER)
    ecs.register_task_definition(**in_account(drifted("member-web"), MEMBER))
    stage.until(lambda: findings(stage, MEMBER, "member-web"), "No finding came.")
    prefix = f"outrider/{MEMBER}/us-east-1/family/member-web/"
    assert all(id_.startswith(prefix) for id_ in findings(stage, MEMBER, "member-web"))

    def newest() -> Any:
        return ecs.describe_task_definition(taskDefinition="member-web")["taskDefinition"]

    stage.until(lambda: newest()["revision"] == 2, "It was not corrected.")
    stage.quiet()
    assert set(findings(stage, MEMBER, "member-web").values()) == {("PASSED", "ARCHIVED")}
    assert findings(stage, ACCOUNT, "member-web") == {}
    assert not stage.client("ecs").list_task_definitions(familyPrefix="member-web")["taskDefinitionArns"]


def test_a_member_without_roles_is_one_notice_and_the_others_are_not_affected(members: Stage) -> None:
    stage = members
    keep_notices(stage)
    for family in ("silent-one", "silent-two"):
        ecs = stage.cloud.client("ecs", account=SILENT)
        ecs.register_task_definition(**in_account(drifted(family), SILENT))
    ecs = stage.cloud.client("ecs", account=MEMBER)
    ecs.register_task_definition(**in_account(drifted("member-api"), MEMBER))
    stage.until(lambda: findings(stage, MEMBER, "member-api"), "No finding came.")
    stage.quiet()
    [notice] = [each for each in notices(stage) if SILENT in each]
    assert f"sts:AssumeRole on arn:aws:iam::{SILENT}:role/outrider-read failed: AccessDenied" in notice
    assert findings(stage, SILENT, "silent-one") == findings(stage, SILENT, "silent-two") == {}
