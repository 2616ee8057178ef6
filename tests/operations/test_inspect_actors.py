"""Who is named for a drift: the one who made the change that caused it, or nobody."""

from tests.operations.inspecting import judging_services, set_configuration
from tests.operations.world import (
    ACCOUNT,
    BROKEN,
    CONFIG,
    FLOATING,
    PARAMETER,
    TASK,
    World,
    but,
    definition,
    parameter_changed,
    policy,
    registered,
    role_changed,
    service_changed,
    tasks_run,
)

ADA = "admin/ada"
HEARD = "2026-11-22T09:00:00Z"


def by_ada(message: str) -> str:
    identity = {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/ada"}
    return but(message, time=HEARD, identity=identity, agent="aws-cli/2")


def named(world: World, rule: str) -> tuple[str, bool]:
    """Whom the last alert of a rule names, and whether it tells the time of ada's call; the finding names the same."""
    alert = [alert for alert in world.alerts if alert["rule"] == rule][-1]
    finding = world.hub.findings[alert["finding"]]
    assert finding["ProductFields"].get("outrider/actor", "") == alert["actor"]
    assert bool(alert["actor"]) == bool(alert["tool"])
    return alert["actor"], alert["occurred"] == HEARD


NOBODY = ("", False)


def test_a_registration_tells_who_wrote_the_revision_that_is_judged(world: World) -> None:
    world.sees(by_ada(registered(world.register(definition(collector=FLOATING)))))
    assert named(world, "sidecar.image-pinned") == (ADA, True)
    older, newer = world.register(), world.register(definition(collector={"essential": True}))
    world.sees(by_ada(registered(older)), registered(newer))
    ci = ("deployer/ci", False)
    assert named(world, "sidecar.image-pinned") == ci, "it was closed by what ci registered after ada"
    assert named(world, "sidecar.not-essential") == ci


def test_who_registers_is_not_named_for_a_role_that_somebody_else_broke(world: World) -> None:
    world.sees(registered(world.register()))
    world.trust("web-task", "ec2.amazonaws.com")
    world.allow("web-task", "logs:CreateLogStream")  # outside us-east-1 there is no event about either
    world.sees(by_ada(registered(world.register())))
    assert named(world, "identity.trust") == named(world, "identity.task-role") == NOBODY


def test_who_begins_a_family_whose_role_lacks_rights_is_named(world: World) -> None:
    world.allow("web-task", "logs:CreateLogStream")
    world.sees(by_ada(registered(world.register())))
    assert named(world, "identity.task-role") == (ADA, True)


def test_a_call_on_a_role_tells_who_changed_that_role_and_what_is_read_there(world: World) -> None:
    world.sees(registered(world.register()))
    world.trust("web-task", "ec2.amazonaws.com")
    world.allow("web-task", "logs:CreateLogStream")
    world.sees(by_ada(role_changed("web-task")))
    assert named(world, "identity.task-role") == (ADA, True)
    assert named(world, "identity.trust") == NOBODY, "that is another call's doing"
    world.trust("web-task")
    world.allow("web-task", *TASK)
    world.sees(by_ada(role_changed("web-execution")))
    assert named(world, "identity.trust") == named(world, "identity.task-role") == NOBODY, "it was another role"


def test_who_changes_whom_a_role_trusts_is_named_for_that(world: World) -> None:
    world.sees(registered(world.register()))
    world.trust("web-task", "ec2.amazonaws.com")
    world.allow("web-task", "logs:CreateLogStream")
    world.sees(by_ada(role_changed("web-task", event="UpdateAssumeRolePolicy")))
    assert (named(world, "identity.trust"), named(world, "identity.task-role")) == ((ADA, True), NOBODY)


def test_who_tags_a_role_or_scales_a_service_is_named_for_nothing(world: World) -> None:
    world.sees(registered(world.register()))
    world.trust("web-task", "ec2.amazonaws.com")
    world.sees(by_ada(role_changed("web-task", event="TagRole")))
    assert named(world, "identity.trust") == NOBODY
    service = world.run(world.register())
    world.sees(service_changed(service, "CreateService"))
    world.client("ecs").update_service(cluster="shop", service="web", platformVersion="1.3.0")
    world.sees(by_ada(service_changed(service)))  # her call was for another count of tasks, hours ago
    assert named(world, "service.platform-version") == NOBODY


def test_a_new_version_of_a_policy_tells_who_changed_the_rights_of_its_roles_and_no_more(world: World) -> None:
    iam = world.client("iam")
    arn = iam.create_policy(PolicyName="telemetry", PolicyDocument=policy(*TASK))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="web-task", PolicyArn=arn)
    iam.delete_role_policy(RoleName="web-task", PolicyName="work")
    world.sees(registered(world.register()))
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("logs:CreateLogStream"), SetAsDefault=True)
    world.allow("web-execution", "logs:CreateLogStream")
    world.trust("web-task", "ec2.amazonaws.com")
    world.sees(by_ada(role_changed(policy=arn)))
    assert named(world, "identity.task-role") == (ADA, True)
    assert named(world, "identity.execution-role") == named(world, "identity.trust") == NOBODY


def test_the_event_of_a_parameter_tells_when_it_was_changed(world: World) -> None:
    world.sees(registered(world.register()))
    set_configuration(world, BROKEN)
    world.sees(but(parameter_changed(), time=HEARD))
    assert named(world, "config.well-formed") == ("", True)
    world.client("ssm").put_parameter(Name=PARAMETER, Value=CONFIG, Type="String", Overwrite=True)
    world.sees(by_ada(role_changed("web-task")))
    assert named(world, "config.well-formed") == NOBODY


def test_a_call_on_a_service_tells_who_set_what_the_service_says(world: World) -> None:
    inspector = judging_services(world)
    old = world.register(definition(collector=FLOATING))
    world.sees(registered(old), inspector=inspector)
    world.sees(by_ada(service_changed(world.run(old, platform="1.3.0"), "CreateService")), inspector=inspector)
    assert named(world, "service.platform-version") == (ADA, True)
    assert named(world, "sidecar.image-pinned") == NOBODY, "it is raised by the service and was written by another"
    world.sees(registered(world.register()), inspector=inspector)
    world.sees(by_ada(service_changed("shop/web")), inspector=inspector)
    assert named(world, "service.revision") == NOBODY, "what is newest changed, and not the service"


def test_who_creates_a_service_on_an_old_revision_is_named(world: World) -> None:
    inspector = judging_services(world)
    old = world.register(definition(collector=FLOATING))
    world.sees(registered(world.register()), inspector=inspector)
    world.sees(by_ada(service_changed(world.run(old), "CreateService")), inspector=inspector)
    assert named(world, "service.revision") == (ADA, True)


def test_who_starts_tasks_is_named_for_their_platform_version_alone(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.sees(by_ada(tasks_run("web:1", "1.3.0")))
    assert named(world, "task.platform-version") == (ADA, True)
    assert ("raised", "sidecar.image-pinned") in world.told()
    assert named(world, "sidecar.image-pinned") == NOBODY
