"""Roles of a batch come from the list of all roles where that costs less."""

import pytest

from aws import role_list
from aws.role_list import RoleList
from aws.roles import Roles
from domain.facts import Known
from tests.operations.world import PLACE, World, policy, role_arn, trusting


def some_roles(world: World, number: int) -> list[str]:
    """Roles with an inline and a managed policy, a boundary and a tag; their ARNs."""
    iam = world.client("iam")
    managed, boundary = (
        iam.create_policy(PolicyName=name, PolicyDocument=policy("xray:*"))["Policy"]["Arn"] for name in ("a", "b")
    )
    names = [f"r{n:02}" for n in range(number)]
    for name in names:
        trust = trusting("ecs-tasks.amazonaws.com")
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)
        iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=policy(f"s3:Get{name}"))
        iam.attach_role_policy(RoleName=name, PolicyArn=managed)
        iam.tag_role(RoleName=name, Tags=[{"Key": "team", "Value": name}])
    world.calls.clear()
    return [role_arn(name) for name in names]


def shown(roles: Roles, arn: str) -> tuple[str, list[bool]]:
    """A role as it is read, and which roles' own action its inline policy allows."""
    fact = roles.fact(PLACE, arn)
    policies = fact.value.policies[:1] if isinstance(fact, Known) else ()
    actions = (f"s3:getr{n:02}" for n in range(20))
    return repr(fact), [each.statements[0].actions.match(action) for action in actions for each in policies]


def calls_for_roles(world: World, arns: list[str], lengths: dict[str, float]) -> tuple[int, int]:
    """How many roles one batch reads by themselves, and how many pages of the list."""
    world.calls.clear()
    roles = Roles(world.sessions, all=RoleList(world.sessions, lengths))
    found = [shown(roles, arn) for arn in arns]
    pages = world.calls["GetAccountAuthorizationDetails"]
    singly = world.calls["GetRole"]
    assert found == [shown(Roles(world.sessions), arn) for arn in arns]  # the same, whichever way they are read
    return singly, pages


def test_a_batch_that_needs_many_roles_lists_all_instead_of_reading_each(world: World) -> None:
    arns, lengths = some_roles(world, 20), dict[str, float]()
    assert calls_for_roles(world, arns[:5], lengths) == (5, 0)
    assert calls_for_roles(world, arns, lengths) == (5, 1)
    assert calls_for_roles(world, [*arns, role_arn("none")], lengths) == (6, 1)


def test_an_account_with_very_many_roles_is_not_listed_for_a_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page more for every five roles, and none where it is known that there are more pages than that."""
    arns, lengths = some_roles(world, 20), dict[str, float]()
    monkeypatch.setattr(role_list, "_PAGE", 1)
    assert calls_for_roles(world, arns[::-1], lengths) == (17, 3)
    assert calls_for_roles(world, arns[::-1], lengths) == (20, 0)


def test_where_the_list_is_denied_each_role_is_read_and_nothing_else_is_missing(world: World) -> None:
    arns, lengths = some_roles(world, 12), dict[str, float]()
    world.fail("GetAccountAuthorizationDetails", "AccessDenied")
    assert calls_for_roles(world, arns, lengths) == (12, 1)
    assert calls_for_roles(world, arns, lengths) == (12, 0)  # and it is not asked for again
    world.fail("GetAccountAuthorizationDetails", "Throttling", times=1)
    throttled = dict[str, float]()
    assert calls_for_roles(world, arns, throttled) == (12, 1)
    assert calls_for_roles(world, arns, throttled) == (5, 1)
