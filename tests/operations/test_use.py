"""What a finding is worth where its revision runs, and where nothing runs it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.findings.users import Running
from domain.places import Place
from domain.subject import Subject, SubjectId
from rules import CATALOGUE
from tests.operations.world import (
    ACCOUNT,
    BROKEN,
    CONFIG,
    FLOATING,
    GONE,
    PARAMETER,
    PLACE,
    REGION,
    World,
    but,
    definition,
    deleted,
    parameter_changed,
    registered,
    role_arn,
    service_changed,
    tasks_run,
    without_collector,
)

WEB = SubjectId(PLACE, Subject.FAMILY, "web")
PINNED = "sidecar.image-pinned"
GRAVE = {"image": FLOATING["image"]}
OLD = {"image": FLOATING["image"].replace("latest", "main")}


def severity(world: World, rule: str = PINNED) -> str:
    return world.rows()[rule].severity.value


def users(world: World, rule: str = PINNED) -> list[tuple[str, int, int]]:
    return [(user.title, user.revision, user.tasks) for user in world.rows()[rule].users.known]


def deploys(world: World, arn: str, tasks: int | None = None) -> str:
    """The service web is updated; gives the message."""
    given: dict[str, Any] = {"taskDefinition": arn} | ({} if tasks is None else {"desiredCount": tasks})
    found = world.client("ecs").update_service(cluster="shop", service="web", **given)
    return service_changed(found["service"]["serviceArn"])


def again(family: str = "web", **members: Any) -> str:
    return json.dumps({"kind": "family", "account": ACCOUNT, "region": REGION, "family": family} | members)


def test_what_is_registered_and_not_run_is_low_until_a_service_runs_it(world: World) -> None:
    arn = world.register(without_collector())
    world.sees(registered(arn))
    assert (severity(world, "sidecar.present"), users(world, "sidecar.present")) == ("LOW", [])
    world.sees(service_changed(world.run(arn), "CreateService"))
    assert (severity(world, "sidecar.present"), users(world, "sidecar.present")) == ("HIGH", [("shop/web", 1, 0)])
    assert world.transitions() == [("opened", "sidecar.present"), ("raised", "sidecar.present")]
    assert [finding["Severity"]["Label"] for finding in world.hub.imports] == ["LOW", "HIGH"]


def test_when_nothing_runs_it_any_more_it_falls_and_nothing_is_published(world: World) -> None:
    arn = world.register(without_collector())
    service = world.run(arn)
    world.sees(service_changed(service, "CreateService"))
    world.client("ecs").delete_service(cluster="shop", service="web", force=True)
    world.sees(service_changed(service, "DeleteService"))
    assert (severity(world, "sidecar.present"), users(world, "sidecar.present")) == ("LOW", [])
    assert world.transitions() == [("opened", "sidecar.present")]
    assert world.hub.findings[f"outrider/{PLACE}/family/web/sidecar.present"]["Severity"]["Label"] == "LOW"


def test_a_service_that_moves_to_the_drifted_revision_raises_its_finding(world: World) -> None:
    good = world.register()
    world.sees(service_changed(world.run(good), "CreateService"))
    bad = world.register(definition(collector=GRAVE))
    world.sees(registered(bad))
    assert (severity(world), users(world)) == ("LOW", [("shop/web", 1, 0)])
    world.sees(deploys(world, bad))
    assert (severity(world), users(world)) == ("MEDIUM", [("shop/web", 2, 0)])
    assert world.transitions() == [("opened", PINNED), ("raised", PINNED)]


def test_what_runs_and_drifts_keeps_its_severity_while_the_next_drifted_revision_waits(world: World) -> None:
    """Else each deployment of a family that drifts would lower its finding, raise it, and send an alert."""
    world.sees(service_changed(world.run(world.register(definition(collector=OLD))), "CreateService"))
    for _ in range(2):
        arn = world.register(definition(collector=GRAVE))
        world.sees(registered(arn))
        assert severity(world) == "MEDIUM"
        world.sees(deploys(world, arn))
    assert world.transitions() == [("opened", PINNED)]


def test_a_drift_that_only_the_waiting_revision_has_is_low_next_to_one_that_runs(world: World) -> None:
    world.sees(service_changed(world.run(world.register(definition(collector=OLD))), "CreateService"))
    world.sees(registered(world.register(definition(collector=GRAVE | {"essential": True}))))
    assert (severity(world), severity(world, "sidecar.not-essential")) == ("MEDIUM", "LOW")


def test_a_revision_that_runs_counts_though_it_was_deregistered(world: World) -> None:
    old = world.register(definition(collector=OLD))
    world.sees(service_changed(world.run(old), "CreateService"))
    new = registered(world.register(definition(collector=GRAVE)))
    world.sees(registered(world.deregister(old), "DeregisterTaskDefinition"), new)
    world.ledger.revisions.forget(world.revisions()[0])
    world.sees(again())
    assert severity(world) == "MEDIUM"


def test_where_what_runs_cannot_be_judged_the_severity_stays(world: World) -> None:
    world.sees(service_changed(world.run(world.register(definition(collector=GRAVE))), "CreateService"))
    world.ledger.subjects.runs(WEB, "shop/web", Running(fargate=True, revision=99, tasks=1))
    world.sees(again())
    assert (severity(world), world.transitions()) == ("MEDIUM", [("opened", PINNED)])


def test_what_runs_again_does_not_fall_though_the_service_was_not_looked_at_yet(world: World) -> None:
    """Else it would fall, and be raised and published again, when events come in another order than things happened."""
    world.sees(service_changed(world.run(world.register()), "CreateService"))
    bad = world.register(definition(collector=GRAVE))
    world.sees(registered(bad))
    world.sees(deploys(world, bad))
    world.ledger.subjects.runs(WEB, "shop/web", Running(fargate=True, revision=1))  # as before the last deployment
    world.sees(again())
    assert (severity(world), users(world)) == ("MEDIUM", [("shop/web", 2, 0)])
    world.sees(deploys(world, bad))
    assert (severity(world), world.transitions()) == ("MEDIUM", [("opened", PINNED), ("raised", PINNED)])


def test_another_count_of_tasks_is_recorded_and_evaluates_nothing(world: World) -> None:
    arn = world.register(definition(collector=GRAVE))
    world.sees(service_changed(world.run(arn), "CreateService"))
    imports = len(world.hub.imports)
    message = deploys(world, arn, tasks=7)
    world.calls.clear()
    [outcome] = world.look(message)
    assert not outcome.failures
    ecs = {"DescribeServices", "DescribeTaskDefinition", "ListTasks", "DescribeTasks", "ListServices"}
    assert {name: count for name, count in world.calls.items() if name in ecs} == {"DescribeServices": 1}
    assert len(world.hub.imports) == imports
    assert world.ledger.history(WEB).services["shop/web"].tasks == 7
    world.calls.clear()
    world.sees(message)
    assert world.calls["PutItem"] == 0, "and only once"


def test_the_services_of_a_family_are_read_ten_at_a_time(world: World) -> None:
    """A family may have a service for each customer."""
    arn = world.register(definition(collector=GRAVE))
    for number in range(12):
        world.sees(service_changed(world.run(arn, name=f"of-customer-{number}"), "CreateService"))
    complies = registered(world.register())
    world.calls.clear()
    world.sees(complies)
    assert world.calls["DescribeServices"] == 2
    assert severity(world) == "MEDIUM", "they run the revision before"


def test_another_service_on_the_same_revision_is_listed_and_nothing_is_published(world: World) -> None:
    arn = world.register(definition(collector=GRAVE))
    world.sees(service_changed(world.run(arn), "CreateService"))
    world.sees(service_changed(world.run(arn, name="worker"), "CreateService"))
    assert users(world) == [("shop/web", 1, 0), ("shop/worker", 1, 0)]
    assert world.transitions() == [("opened", PINNED)]


def test_a_service_that_moves_from_fargate_to_ec2_takes_its_family_out_of_scope(world: World) -> None:
    document = without_collector()
    del document["requiresCompatibilities"]
    arn = world.register(document)
    world.sees(service_changed(world.run(arn), "CreateService"))
    assert world.open() == {"sidecar.present"}
    world.client("ecs").delete_service(cluster="shop", service="web", force=True)
    world.sees(service_changed(world.run(arn, launch="EC2")))
    assert world.open() == set()


def test_a_family_that_could_not_be_evaluated_is_evaluated_when_the_services_message_is_retried(world: World) -> None:
    good = world.register()
    world.sees(service_changed(world.run(good), "CreateService"))
    bad = world.register(definition(collector=GRAVE))
    world.sees(registered(bad))
    message = deploys(world, bad)
    world.fail("BatchWriteItem", "ThrottlingException", times=1)
    world.look(message)
    assert severity(world) == "LOW"
    world.sees(message)
    assert severity(world) == "MEDIUM"


@pytest.mark.parametrize(("days", "left"), [(1, "MEDIUM"), (29, "MEDIUM"), (31, "LOW")])
def test_tasks_that_no_service_started_count_as_use_for_thirty_days(world: World, days: int, left: str) -> None:
    world.sees(registered(world.register(definition(collector=GRAVE))))
    world.sees(again(tasks={"batch": [1, 3]}))
    assert (severity(world), users(world)) == ("MEDIUM", [("batch", 1, 3)])
    world.pass_(days=days)
    world.sees(again())
    assert severity(world) == left
    assert world.transitions() == [("opened", PINNED), ("raised", PINNED)]


# --- tasks that no service started ------------------------------------------------------------------------------------


def test_tasks_that_are_run_on_an_old_platform_version_are_a_finding_of_their_family(world: World) -> None:
    world.sees(registered(world.register(definition(collector=GRAVE))))
    world.sees(tasks_run("web:1", "1.3.0"))
    assert world.open() == {"task.platform-version", PINNED}
    assert (severity(world, "task.platform-version"), severity(world)) == ("HIGH", "MEDIUM")
    assert users(world, "task.platform-version") == [("batch", 1, 1)]
    [alert] = [alert for alert in world.alerts if alert["rule"] == "task.platform-version"]
    assert (alert["transition"], alert["actor"]) == ("opened", "ada")


def test_it_closes_when_they_are_seen_on_a_newer_one_or_thirty_days_after(world: World) -> None:
    world.sees(registered(world.register()), tasks_run("web", "1.3.0"), again(tasks={"other": [1, 2, "1.4.0"]}))
    assert world.open() == {"task.platform-version"}
    world.sees(again(tasks={"batch": [1, 2, "1.4.0"]}))
    assert world.open() == set()
    world.sees(tasks_run("web", "1.3.0", time="2026-11-23T13:00:00Z"))
    assert world.open() == {"task.platform-version"}
    world.pass_(days=31)
    world.sees(again())
    assert world.transitions() == [
        (change, "task.platform-version") for change in ("opened", "closed", "reopened", "closed")
    ]  # fmt: skip


def test_a_late_event_of_tasks_does_not_undo_what_was_seen_since(world: World) -> None:
    world.sees(registered(world.register()), again(tasks={"batch": [1, 2, "1.4.0"]}))
    world.sees(tasks_run("web", "1.3.0", time="2026-11-23T11:00:00Z"))
    assert world.open() == set()


def test_a_sweep_that_is_taken_late_does_not_undo_what_was_started_since(world: World) -> None:
    """It reports what was there when it asked. That is no time of a change: no alert and no metric uses it."""
    world.sees(registered(world.register()))
    listed = world.now()
    world.pass_(minutes=3)
    world.sees(tasks_run("web", "1.3.0", time=world.now().isoformat()))
    [done] = world.look(again(tasks={"batch": [1, 2, "1.4.0"], "other": [1, 1, "1.4.0"]}, listed=listed.isoformat()))
    assert world.open() == {"task.platform-version"}
    assert not done.failures
    assert {each.called_at for each in done.done} == {None}
    seen = world.ledger.history(WEB).seen
    assert (seen["batch"].platform, seen["other"].at) == ("1.3.0", listed)


def test_a_deleted_revision_whose_deregistration_was_missed_is_gone(world: World) -> None:
    arn = world.register(definition(collector=GRAVE))
    world.sees(registered(arn), registered(world.register(definition("other", collector=GRAVE))))
    world.deregister(arn)
    world.sees(deleted("web:1", arn))
    assert (world.open(), world.open("other")) == (set(), {PINNED})
    assert world.hub.states()[f"family/web/{PINNED}"] == GONE


# --- parameters and roles ---------------------------------------------------------------------------------------------

ROLE = SubjectId(PLACE, Subject.ROLE, role_arn("web-task"))


def leaning(world: World) -> list[tuple[str, str]]:
    return [(user.family, user.title) for user in world.rows(ROLE)["identity.trust"].users.known]


def test_the_finding_of_a_role_lists_the_families_that_use_it_as_they_come_and_go(world: World) -> None:
    world.trust("web-task", "ec2.amazonaws.com")
    web, api = (world.register(definition(name)) for name in ("web", "api"))
    world.sees(registered(web))
    assert leaning(world) == [("web", "")]
    world.sees(registered(api))
    assert leaning(world) == [("api", ""), ("web", "")]
    world.sees(service_changed(world.run(web), "CreateService"))
    assert leaning(world) == [("api", ""), ("web", "shop/web")]
    other = world.register(definition("web", taskRoleArn=role_arn("web-execution")))
    world.sees(registered(other))
    assert leaning(world) == [("api", ""), ("web", "shop/web")], "its service still takes the role"
    world.sees(deploys(world, other))
    assert leaning(world) == [("api", "")]
    assert world.transitions().count(("opened", "identity.trust")) == 1
    assert {change for change, rule in world.transitions() if rule == "identity.trust"} == {"opened"}
    [imported] = [f for id_, f in world.hub.findings.items() if "identity.trust" in id_]
    assert imported["Resources"][0]["Details"]["Other"]["use"] == "used by api"


def test_a_parameter_of_another_region_has_its_finding_while_one_family_uses_it(world: World) -> None:
    far = Place(ACCOUNT, "us-east-1")
    on = SubjectId(far, Subject.PARAMETER, "/far/config")
    world.sessions.client("ssm", far).put_parameter(Name=on.name, Value=BROKEN, Type="String")
    secrets = [{"name": "AOT_CONFIG_CONTENT", "valueFrom": far.arn("ssm", "parameter/far/config")}]
    for family in ("web", "api"):
        world.sees(registered(world.register(definition(family, collector={"secrets": secrets}))))
    assert [user.family for user in world.rows(on)["config.well-formed"].users.known] == ["api", "web"]
    for family, left in (("web", {"config.well-formed"}), ("api", set[str]())):
        world.sees(registered(world.register(definition(family))))
        assert world.open(on) == left


def test_a_family_that_is_exempt_from_the_rule_is_listed_too(world: World) -> None:
    exempt = "version: 1\nexemptions:\n  - {rules: identity.trust, where: {family: api}, reason: being replaced}\n"
    world.trust("web-task", "ec2.amazonaws.com")
    world.sees(registered(world.register()), inspector=world.inspector(standard=exempt))
    world.sees(registered(world.register(definition("api"))), inspector=world.inspector(standard=exempt))
    assert leaning(world) == [("api", ""), ("web", "")]
    assert world.transitions() == [("opened", "identity.trust")]


def test_of_many_families_some_are_listed_and_the_rest_counted(world: World) -> None:
    for number in range(23):
        world.sees(registered(world.register(definition(f"web-{number:02}"))))
    world.trust("web-task", "ec2.amazonaws.com")
    world.sees(again("web-22"))
    users = world.rows(ROLE)["identity.trust"].users
    assert [user.family for user in users.known] == [f"web-{number:02}" for number in range(20)]
    assert users.more == 3


def test_a_role_without_a_finding_costs_no_read_of_its_dependents(world: World) -> None:
    world.sees(registered(world.register()))
    world.calls.clear()
    world.sees(again())
    calls = world.calls["Query"]
    world.sees(registered(world.register(definition("api"))))
    world.calls.clear()
    world.sees(again())
    assert world.calls["Query"] == calls


# --- what only the running revision uses ------------------------------------------------------------------------------

OTHER = "/fargate/other"


def reading(name: str, family: str = "web") -> dict[str, Any]:
    return definition(family, collector={"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": name}]})


@pytest.fixture
def waiting(world: World) -> World:
    """The service web runs web:1, which reads the usual parameter; web:2 reads another one, and waits."""
    world.client("ssm").put_parameter(Name=OTHER, Value=CONFIG, Type="String")
    world.sees(service_changed(world.run(world.register()), "CreateService"))
    world.sees(registered(world.register(reading(OTHER))))
    return world


def heard(world: World, *messages: str) -> list[str]:
    """What a change leads to: the families and services that are evaluated."""
    [outcome] = world.look(*messages)
    assert not outcome.failures
    subjects = [each.subject for each in outcome.done if each.subject.kind in {Subject.FAMILY, Subject.SERVICE}]
    return [subject.name for subject in subjects]


def test_a_change_of_what_only_the_running_revision_uses_is_evaluated_until_it_no_longer_runs(waiting: World) -> None:
    assert heard(waiting, parameter_changed()) == ["web", "shop/web"]
    assert heard(waiting, parameter_changed(OTHER)) == ["web", "shop/web"]
    waiting.sees(deploys(waiting, PLACE.arn("ecs", "task-definition/web:2")))
    assert heard(waiting, parameter_changed(OTHER)) == ["web", "shop/web"]
    [outcome] = waiting.look(parameter_changed())
    assert not outcome.failures
    assert outcome.ignored == "no family depends on it"


def test_what_only_the_running_revision_depends_on_has_a_finding(waiting: World) -> None:
    on = SubjectId(PLACE, Subject.PARAMETER, PARAMETER)
    waiting.client("ssm").put_parameter(Name=PARAMETER, Value=BROKEN, Type="String", Overwrite=True)
    heard(waiting, parameter_changed())
    assert waiting.open(on) == {"config.well-formed"}
    waiting.sees(registered(waiting.register(definition("api"))))
    assert waiting.open(on) == {"config.well-formed"}
    assert [user.family for user in waiting.rows(on)["config.well-formed"].users.known] == ["api", "web"]
    waiting.sees(registered(waiting.register(reading(OTHER, "api"))))
    assert [user.family for user in waiting.rows(on)["config.well-formed"].users.known] == ["web"]


def test_a_parameter_that_the_newest_revision_left_drifts_while_an_older_one_runs(waiting: World) -> None:
    on = SubjectId(PLACE, Subject.PARAMETER, PARAMETER)
    waiting.client("ssm").put_parameter(Name=PARAMETER, Value=BROKEN, Type="String", Overwrite=True)
    waiting.sees(registered(waiting.register()))
    assert waiting.ledger.history(on).dependents[WEB].by_rule["config.well-formed"].drifts
    waiting.sees(registered(waiting.register(reading(OTHER))))
    assert waiting.open(on) == {"config.well-formed"}
    waiting.sees(deploys(waiting, waiting.revisions()[0].arn))
    assert (waiting.open(on), dict(waiting.ledger.history(on).dependents)) == (set(), {})


def test_a_service_that_runs_an_old_configuration_is_evaluated_for_a_new_one_and_its_writer_named(world: World) -> None:
    world.services.at_once = False
    rules = tuple(rule for rule in CATALOGUE if rule.id == "service.config-fresh")
    standard = "version: 1\nservices: {config_grace_days: 0}\n"
    inspector = world.inspector(standard=standard, rules=rules)
    arn = world.register()
    world.services.add("shop/web", arn, datetime(2020, 1, 1, tzinfo=UTC))
    world.sees(registered(arn), inspector=inspector)
    by_ada = {"time": "2026-11-23T11:00:00Z", "identity": {"arn": "arn:aws:iam::1:user/ada"}}
    world.ledger.subjects.runs(WEB, "shop/web", Running(fargate=True, revision=1, tasks=2))
    world.client("ssm").put_parameter(Name=PARAMETER, Value=CONFIG, Type="String", Overwrite=True)
    world.pass_(hours=1)
    world.sees(but(parameter_changed(), **by_ada), inspector=inspector)
    assert world.open(SubjectId(PLACE, Subject.SERVICE, "shop/web")) == {"service.config-fresh"}
    assert [alert["actor"] for alert in world.alerts] == ["ada"]
