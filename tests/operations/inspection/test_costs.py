"""What evaluations cost in calls to AWS and in DynamoDB's write units. The ceilings are in docs/performance.md."""

import re
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from domain.rule import Rule
from rules import CATALOGUE
from tests.aws_fake.iam import Policy
from tests.operations.world import (
    ACCOUNT,
    BROKEN,
    EXECUTION,
    FLOATING,
    PARAMETER,
    REGION,
    TASK,
    Json,
    World,
    definition,
    parameter_changed,
    policy,
    registered,
    role_arn,
    service_changed,
    trusting,
)

PAGE = Path(__file__).parents[3] / "docs" / "performance.md"
OF_AWS = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
IAM = re.compile(r"(Get|List\w*)Role|GetPolicy|List\w*Polic|GetAccountAuthorizationDetails")
OF_FACTS = re.compile(IAM.pattern + r"|(Get|Describe)Parameters|DescribeLogGroups")
READS = re.compile(r"(Describe|Get(?!Item$)|List)\w+")
MOST_READS = 3


@dataclass(frozen=True)
class Cost:
    """Calls, those to IAM among them, and write units."""

    calls: int
    iam: int
    write_units: int


# By the first column of the page's table.
CEILINGS = {
    "ten families are registered, each with roles of its own": Cost(130, 24, 160),
    "the same again, as a sweep sends them": Cost(60, 24, 0),
    "a parameter that ten families read breaks": Cost(80, 24, 60),
    "a service is scaled": Cost(8, 0, 1),
}


def cost(world: World, *bodies: str) -> Cost:
    """What a batch costs, with all evaluations that it leads to."""
    inspection, table = world.inspector(rules=CATALOGUE), world.aws.dynamodb
    world.calls.clear()
    before = table.write_units
    assert not [each.failures for each in inspection.inspect(*bodies) if each.failures]
    iam = sum(number for operation, number in world.calls.items() if IAM.match(operation))
    return Cost(sum(world.calls.values()), iam, table.write_units - before)


def families(world: World) -> Sequence[str]:
    """Ten of them that drift. Each role has a policy of its own and one of AWS's."""
    iam = world.client("iam")
    world.aws.iam.policies[OF_AWS] = Policy(OF_AWS, "v1", {"v1": {"Version": "2012-10-17", "Statement": []}})
    messages = []
    for number in range(10):
        roles = {"executionRoleArn": EXECUTION, "taskRoleArn": TASK}
        for member, actions in roles.items():
            name = f"{member.removesuffix('RoleArn')}-{number}"
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
            iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=policy(*actions))
            iam.attach_role_policy(RoleName=name, PolicyArn=OF_AWS)
        named: dict[str, Any] = {member: role_arn(f"{member.removesuffix('RoleArn')}-{number}") for member in roles}
        messages.append(registered(world.register(definition(f"web-{number}", collector=FLOATING, **named))))
    return messages


def within(name: str, found: Cost) -> bool:
    return all(mine <= most for mine, most in zip(astuple(found), astuple(CEILINGS[name]), strict=True))


def test_families_that_are_registered(world: World) -> None:
    found = cost(world, *families(world))
    assert within("ten families are registered, each with roles of its own", found), found
    assert len(world.alerts) >= 10


def test_families_that_are_swept_and_are_as_they_were_are_not_written(world: World) -> None:
    messages = families(world)
    cost(world, *messages)
    sent = f'"kind": "family", "account": "{ACCOUNT}", "region": "{REGION}", "revision": 0'
    again = [f'{{{sent}, "family": "web-{n}"}}' for n in range(10)]
    found = cost(world, *again)
    assert within("the same again, as a sweep sends them", found), found


def test_a_parameter_that_many_read(world: World) -> None:
    cost(world, *families(world))
    world.client("ssm").put_parameter(Name=PARAMETER, Value=BROKEN, Type="String", Overwrite=True)
    found = cost(world, parameter_changed())
    assert within("a parameter that ten families read breaks", found), found


def test_a_service_that_is_scaled(world: World) -> None:
    arn = world.run(world.register())
    cost(world, service_changed(arn, "CreateService"))
    world.client("ecs").update_service(cluster="shop", service="web", desiredCount=7)
    found = cost(world, service_changed(arn))
    assert within("a service is scaled", found), found


def reads(world: World, *bodies: str, rules: Sequence[Rule] = CATALOGUE) -> list[str]:
    """What evaluations read from AWS, in order; each with its request."""
    found = list[str]()

    def noted(operation: str, given: Json, answer: Callable[[], Json]) -> Json:
        if READS.fullmatch(operation):
            found.append(f"{operation} {given}")
        return answer()

    world.line.around = noted
    world.sees(*bodies, inspector=world.inspector(rules=rules))
    world.line.around = None
    return found


def apart_from_facts(found: Sequence[str]) -> int:
    return sum(OF_FACTS.match(each) is None for each in found)


def test_what_a_known_a_new_and_a_changed_family_read(world: World) -> None:
    new = registered(world.register(definition(collector=FLOATING)))
    of_new = reads(world, new)
    assert 0 < apart_from_facts(of_new) <= MOST_READS
    assert reads(world, new) == []
    changed = registered(world.register(definition(collector=FLOATING, cpu="2048", memory="4096")))
    of_changed = reads(world, changed)
    assert 0 < apart_from_facts(of_changed) <= MOST_READS
    for found in (of_new, of_changed):
        assert len(found) == len(set(found)), "something was read twice"


def test_what_is_read_does_not_grow_with_the_rules(world: World) -> None:
    """Of all rules that need the parameter and the roles, one needs as many reads as all."""
    needing = [rule for rule in CATALOGUE if rule.id in {"identity.execution-role", "identity.task-role"}]
    few = reads(world, registered(world.register(definition("few"))), rules=needing)
    every = reads(world, registered(world.register(definition("all"))))
    assert {each for each in every if OF_FACTS.match(each)} == {each for each in few if OF_FACTS.match(each)}
    assert apart_from_facts(every) == apart_from_facts(few)


def test_the_page_has_the_ceilings() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"at most {MOST_READS} calls in addition to facts" in page
    for name, most in CEILINGS.items():
        assert f"| {name} | {most.calls} | {most.iam} | {most.write_units} |" in page
