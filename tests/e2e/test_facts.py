"""Configurations and roles are evaluated when they change, whatever family uses them."""

from local import fleet
from tests.e2e.stage import Stage, right


def test_a_configuration_that_breaks_is_found_and_closes_when_fixed(stage: Stage) -> None:
    def put(value: str, *, overwrite: bool = True) -> None:
        stage.client("ssm").put_parameter(Name="/tables/collector", Type="String", Value=value, Overwrite=overwrite)

    put(fleet.COLLECTOR_CONFIG, overwrite=False)
    for family in ("tables-one", "tables-two"):
        application, collector = right(family)["containerDefinitions"]
        collector |= {"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/tables/collector"}]}
        stage.register(right(family, containerDefinitions=[application, collector]))
    stage.quiet()
    assert stage.history("/tables/collector") == []

    put(fleet.BROKEN_CONFIG)
    stage.until(lambda: "config.well-formed" in stage.open("/tables/collector"), "No finding came.")
    stage.quiet()
    put(fleet.COLLECTOR_CONFIG)
    stage.until(lambda: not stage.open("/tables/collector"), "The finding did not close.")
    stage.quiet()

    # One finding for all that use it, and one message for each of its transitions.
    published = stage.alert_lines("/tables/collector")
    assert set(published.values()) == {1}
    assert {title.partition(":")[0] for title in published} == {"Drift", "Closed"}
    assert stage.findings("/tables/collector")["config.well-formed"] == ("PASSED", "ARCHIVED")


def test_a_role_that_allows_too_little_is_found_and_closes_when_fixed(stage: Stage) -> None:
    actions = next(role.actions for role in fleet.ROLES if role.name == "shop-task")
    iam, trust = stage.client("iam"), stage.client("iam").get_role(RoleName="shop-task")["Role"]
    document = str(trust["AssumeRolePolicyDocument"]).replace("'", '"')
    iam.create_role(RoleName="narrow-task", AssumeRolePolicyDocument=document)
    fleet.allow(iam, "narrow-task", actions)
    stage.register(right("narrow", taskRoleArn="arn:aws:iam::123456789012:role/narrow-task"))
    stage.quiet()
    assert stage.history("narrow") == []

    fleet.allow(iam, "narrow-task", [action for action in actions if not action.startswith("xray:")])
    stage.until(lambda: stage.open("narrow") == {"identity.task-role"}, "No finding came.")
    fleet.allow(iam, "narrow-task", actions)
    stage.until(lambda: not stage.open("narrow"), "The finding did not close.")
    stage.quiet()
    assert stage.findings("narrow") == {"identity.task-role": ("PASSED", "ARCHIVED")}
    assert set(stage.alert_lines("narrow").values()) == {1}
