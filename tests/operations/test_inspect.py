"""What inspect makes of messages: findings, alerts and requests, whatever the order of events and whatever fails."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aws.ledger.dependents import put_dependent
from domain.findings.dependents import NO_VERDICTS
from domain.places import Revision
from domain.remediation.attempt import Attempt
from domain.remediation.attempt import AttemptState as CorrectionState
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from operations.inspection.inspector import Inspector
from rules import CATALOGUE
from tests.aws_fake.services import Services
from tests.operations.delivery import Inspection, Outcome
from tests.operations.world import (
    ACCOUNT,
    BROKEN,
    CANARY,
    CLOSED,
    CONFIG,
    FLOATING,
    GONE,
    OPEN,
    PARAMETER,
    PLACE,
    REGION,
    RULES,
    TASK,
    World,
    application,
    but,
    definition,
    of_rule,
    own,
    parameter_changed,
    policy,
    registered,
    role_arn,
    role_changed,
    service_changed,
    tasks_run,
    trusting,
    without_collector,
)

REGISTER = "version: 1\nmode: register\n"
ROLE = SubjectId(PLACE, Subject.ROLE, role_arn("web-task"))
CONFIGURATION = SubjectId(PLACE, Subject.PARAMETER, PARAMETER)
SERVICE = SubjectId(PLACE, Subject.SERVICE, "shop/web")


def looked_at_again(family: str = "web") -> str:
    """As the sweep asks for it."""
    return json.dumps({"kind": "family", "account": ACCOUNT, "region": REGION, "family": family})


def judging_services(world: World, standard: str | None = None) -> Inspection:
    """By the rules, too, that look at the newest revision and at running tasks."""
    more = {"service.revision", "service.collector-running"}
    rules = tuple(rule for rule in CATALOGUE if rule in RULES or rule.id in more)
    return world.inspector(standard=standard, rules=rules)


def services(world: World) -> Services:
    return world.services


def came_back(world: World) -> list[str]:
    """What inspect has sent to its own queue since this was asked last."""
    sent = [json.dumps(body) for body in world.sent_back]
    world.sent_back.clear()
    return sent


def set_configuration(world: World, text: str) -> None:
    world.client("ssm").put_parameter(Name=PARAMETER, Value=text, Type="String", Overwrite=True)


# --- the life of a finding --------------------------------------------------------------------------------------------


def test_a_definition_that_keeps_the_rules_is_not_spoken_of(world: World) -> None:
    world.sees(registered(world.register()))
    assert (world.hub.findings, world.alerts, world.notices, world.requests) == ({}, [], [], [])


def test_a_drift_opens_a_finding_and_tells_it_once(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.hub.states() == {"family/web/sidecar.image-pinned": OPEN}
    [alert] = world.alerts
    assert (alert["transition"], alert["rule"], alert["name"]) == ("opened", "sidecar.image-pinned", "web")
    assert (alert["actor"], alert["tool"], alert["occurred"]) == ("deployer/ci", "Terraform", "2026-11-23T12:00:00Z")
    assert alert["finding"] in world.hub.findings
    [finding] = world.hub.findings.values()
    assert finding["ProductFields"]["outrider/revision"] == "web:1"
    assert world.rows()["sidecar.image-pinned"].resource.endswith(":task-definition/web:1")


def test_the_next_clean_revision_closes_it_and_a_later_drift_opens_it_again_under_the_same_id(world: World) -> None:
    for document in (definition(collector=FLOATING), definition(), definition(collector=FLOATING)):
        world.sees(registered(world.register(document)))
    assert world.told() == [(change, "sidecar.image-pinned") for change in ("opened", "closed", "reopened")]
    assert len({alert["id"] for alert in world.alerts}) == 3
    assert len({alert["since"] for alert in world.alerts}) == 1, "first observed survives"
    assert [i["Compliance"]["Status"] for i in world.hub.imports] == ["FAILED", "PASSED", "FAILED"]
    assert [i["RecordState"] for i in world.hub.imports] == ["ACTIVE", "ARCHIVED", "ACTIVE"]
    assert len(world.hub.findings) == 1


def test_another_drift_of_the_same_rule_is_imported_and_not_told(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.sees(registered(world.register(definition(collector={"image": FLOATING["image"].replace("latest", "main")}))))
    assert world.told() == [("opened", "sidecar.image-pinned")]
    assert "main" in world.hub.imports[-1]["Description"]


def test_a_drift_that_the_standard_now_takes_more_seriously_is_told(world: World) -> None:
    arn = world.register(definition(collector=FLOATING))
    message = registered(arn)
    world.sees(service_changed(world.run(arn), "CreateService"))
    graver = "version: 1\nrules:\n  - rules: sidecar.image-pinned\n    severity: CRITICAL\n"
    world.sees(message, inspector=world.inspector(standard=graver))
    assert world.told() == [("opened", "sidecar.image-pinned"), ("raised", "sidecar.image-pinned")]
    assert world.alerts[-1]["severity"] == "CRITICAL"


def test_what_the_standard_exempts_is_archived_silently_and_opens_again_when_the_exemption_has_expired(
    world: World,
) -> None:
    message = registered(world.register(definition(collector=FLOATING)))
    exempt = (
        "version: 1\nexemptions:\n"
        "  - {{rules: 'sidecar.*', where: {{family: web}}, reason: being replaced, expires: {}}}\n"
    )
    world.sees(message)
    world.sees(message, inspector=world.inspector(standard=exempt.format("2026-12-31")))
    assert world.hub.states() == {"family/web/sidecar.image-pinned": GONE}
    world.sees(message, inspector=world.inspector(standard=exempt.format("2026-11-22")))
    assert world.told() == [("opened", "sidecar.image-pinned"), ("reopened", "sidecar.image-pinned")]


def test_what_is_out_of_scope_makes_no_finding_and_costs_no_further_call(world: World) -> None:
    ec2 = without_collector(requiresCompatibilities=["EC2"], networkMode="bridge")
    arn = world.register(ec2)
    world.calls.clear()
    world.sees(registered(arn))
    assert (world.hub.findings, world.alerts, world.requests) == ({}, [], [])
    assert {"GetRole", "GetParameters", "DescribeLogGroups"}.isdisjoint(world.calls)


def test_a_family_that_leaves_the_scope_has_its_findings_archived_silently(world: World) -> None:
    world.sees(registered(world.register(without_collector())))
    world.sees(registered(world.register(without_collector(requiresCompatibilities=["EC2"], networkMode="bridge"))))
    assert world.hub.states() == {"family/web/sidecar.present": GONE}
    assert world.told() == [("opened", "sidecar.present")]


# --- what is no longer there ------------------------------------------------------------------------------------------


def test_a_family_without_an_active_revision_is_gone_and_stays_so(world: World) -> None:
    arn = world.register(definition(collector=FLOATING))
    first = registered(arn)
    world.sees(first)
    world.deregister(arn)
    last = registered(arn, "DeregisterTaskDefinition")
    world.sees(last)
    assert world.hub.states() == {"family/web/sidecar.image-pinned": GONE}
    world.sees(first, last, parameter_changed(), role_changed("web-task"))
    assert world.hub.states() == {"family/web/sidecar.image-pinned": GONE}
    assert world.told() == [("opened", "sidecar.image-pinned")]


def test_where_the_newest_revision_is_deregistered_the_one_before_it_counts(world: World) -> None:
    world.sees(registered(world.register()))
    arn = world.register(definition(collector=FLOATING))
    world.sees(registered(arn))
    assert world.open() == {"sidecar.image-pinned"}
    world.deregister(arn)
    world.sees(registered(arn, "DeregisterTaskDefinition"))
    assert world.hub.states() == {"family/web/sidecar.image-pinned": CLOSED}
    set_configuration(world, BROKEN)
    world.sees(parameter_changed())
    assert world.open() == set(), "and it is the one that is looked at again"


def test_an_older_revision_that_is_deregistered_changes_nothing(world: World) -> None:
    old = world.register()
    world.sees(registered(old), registered(world.register(definition(collector=FLOATING))))
    world.deregister(old)
    world.sees(registered(old, "DeregisterTaskDefinition"))
    assert world.hub.states() == {"family/web/sidecar.image-pinned": OPEN}
    assert world.told() == [("opened", "sidecar.image-pinned")]


@pytest.mark.parametrize("deployed", [False, True], ids=["as it is", "while its correction keeps it open"])
def test_the_finding_of_a_rule_that_a_release_no_longer_has_is_gone(world: World, *, deployed: bool) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING | {"essential": True}))))
    assert world.open() == {"sidecar.image-pinned", "sidecar.not-essential"}
    if deployed:
        failed = Attempt(Revision(PLACE, "web", 1), "", CorrectionState.FAILED, world.now(), 1, deploys=True)
        world.ledger.attempts.write(failed)
    fewer = tuple(rule for rule in RULES if rule.id != "sidecar.image-pinned")
    after_release = world.inspector(rules=fewer)
    for _ in range(2):
        world.sees(looked_at_again(), inspector=after_release)
    assert world.hub.states() == {"family/web/sidecar.image-pinned": GONE, "family/web/sidecar.not-essential": OPEN}
    assert world.open() == {"sidecar.not-essential"}
    assert ("closed", "sidecar.image-pinned") not in world.told()
    world.sees(looked_at_again())
    assert world.told()[-1] == ("reopened", "sidecar.image-pinned"), "and it is back with an earlier release"


def test_the_finding_of_a_shared_role_is_gone_though_others_still_lean_on_it(world: World) -> None:
    world.trust("web-task", "ec2.amazonaws.com")
    world.sees(registered(world.register()), registered(world.register(definition("api"))))
    fewer = tuple(rule for rule in RULES if rule.id != "identity.trust")
    world.sees(looked_at_again(), inspector=world.inspector(rules=fewer))
    assert world.hub.states() == {f"role/{role_arn('web-task')}/identity.trust": GONE}


# --- repeated, late, reordered ----------------------------------------------------------------------------------------


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


def test_events_repeated_and_reversed_end_in_the_same_findings_alerts_and_requests(world: World) -> None:
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    messages = _fleet(world)
    for message in messages:
        world.sees(message, inspector=inspector)
    ends = _ends(world)
    told = len(world.alerts)
    assert told == len(ends[1]) > 0, "each transition was told once"
    assert len(ends[2]) == len({json.loads(r)["family"] for r in ends[2]}) > 0, "one request for a revision"

    world.sees(*reversed(messages), *messages, inspector=world.inspector(Mode.REGISTER, REGISTER))
    assert (_ends(world), len(world.alerts)) == (ends, told)


def test_events_that_come_in_reverse_order_and_in_one_batch_end_as_those_that_came_in_order(world: World) -> None:
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    messages = _fleet(world)
    world.sees(*messages, *messages, inspector=inspector)
    findings, _, requests = _ends(world)
    told = {(alert["name"], alert["rule"]) for alert in world.alerts}
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
    assert {(alert["name"], alert["rule"]) for alert in world.alerts} == told


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


def _drifted(world: World) -> str:
    """A message whose evaluation publishes about a family, a parameter and a role."""
    set_configuration(world, BROKEN)
    world.trust("web-execution", "ec2.amazonaws.com")
    return registered(world.register(definition(collector=FLOATING)))


# That of the record after it is published comes after the writes of the notices, the revision and the record.
@pytest.mark.parametrize(("operation", "after"), [("PublishBatch", 0), ("PublishBatch", 1), ("PutItem", 2)])
def test_what_could_not_be_told_is_told_when_the_message_comes_again(world: World, operation: str, after: int) -> None:
    message = _drifted(world)
    world.fail(operation, times=1, after=after)
    [outcome] = world.look(message)
    assert outcome.failures
    assert ("sns:Publish on alerts" if operation == "PublishBatch" else "dynamodb:PutItem on ") in outcome.failures[0]
    world.sees(message)
    told = sorted({(alert["id"], alert["rule"]) for alert in world.alerts})
    assert [rule for _, rule in sorted(told, key=lambda pair: pair[1])] == [
        "config.well-formed", "identity.trust", "sidecar.image-pinned",
    ]  # fmt: skip
    count = len(world.alerts)
    world.sees(message)
    assert len(world.alerts) == count, "and not again after that"


def test_what_another_message_could_not_tell_is_told_by_the_next_look(world: World) -> None:
    world.fail("PublishBatch", times=1)
    world.look(registered(world.register(definition(collector=FLOATING))))
    world.sees(registered(world.register()))
    assert world.told() == [("opened", "sidecar.image-pinned"), ("closed", "sidecar.image-pinned")]


def test_what_could_not_be_told_of_a_finding_is_told_in_the_order_in_which_it_came_about(world: World) -> None:
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
        told = [alert["transition"] for alert in world.alerts if alert["name"] == family]
        assert told == ["opened", "closed", "reopened", "closed"]


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
    assert world.told() == [("opened", "sidecar.image-pinned")] * 2


def test_of_findings_that_were_imported_together_only_the_failed_one_comes_again(world: World) -> None:
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


def test_a_finding_that_is_refused_for_good_silences_neither_its_alert_nor_its_siblings(world: World) -> None:
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


def test_a_finding_whose_every_import_is_refused_is_told_of_all_its_life(world: World) -> None:
    for collector in (FLOATING, None, FLOATING):
        [outcome] = refused(world, registered(world.register(definition(collector=collector))))
        world.hub.failing.clear()
        assert not outcome.failures
    assert world.told() == [(change, "sidecar.image-pinned") for change in ("opened", "closed", "reopened")]


def test_where_it_is_not_known_what_is_suppressed_only_that_is_not_told(world: World) -> None:
    arn = world.register(definition(collector=FLOATING))
    world.sees(registered(arn))
    world.trust("web-task", "ec2.amazonaws.com")
    message = registered(world.register())
    world.fail("GetFindings", "ThrottlingException")
    [outcome] = world.look(message)
    assert outcome.failures == ["securityhub:GetFindings on 123456789012/eu-west-1 failed: ThrottlingException"]
    assert world.told()[1:] == [("opened", "identity.trust")], "a new one cannot be suppressed"
    world.troubles.clear()
    world.sees(message)
    assert world.told()[2:] == [("closed", "sidecar.image-pinned")]


# --- parameters and roles ---------------------------------------------------------------------------------------------


def test_a_parameter_change_judges_those_who_lean_on_it_again_without_describing_them(world: World) -> None:
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
    assert world.told() == [("opened", "config.well-formed"), ("closed", "config.well-formed")]


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
def test_who_changed_a_role_that_many_lean_on_is_told_with_what_came_of_it(world: World, quiet: bool) -> None:  # noqa: FBT001 - a case
    for number in range(11):
        world.sees(registered(world.register(definition(f"web-{number:02}"))))
    world.trust("web-task", "ec2.amazonaws.com")
    event = "UpdateAssumeRolePolicy"
    [outcome] = world.look(own("role", region="us-east-1", event=event, role="web-task", quiet=quiet, **BY_ADA))
    assert world.open(ROLE) == {"identity.trust"}
    assert {each.called_at for each in outcome.done} == {datetime(2026, 11, 23, 11, tzinfo=UTC)}
    told = [(alert["rule"], alert["actor"], alert["tool"], alert["occurred"]) for alert in world.alerts]
    assert told == ([] if quiet else [("identity.trust", "ada", "the AWS CLI", BY_ADA["time"])])


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


def test_a_family_that_leans_on_another_parameter_now_is_not_judged_for_the_old_one(world: World) -> None:
    world.sees(registered(world.register()))
    plain = [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/fargate/other"}]
    world.sees(registered(world.register(definition(collector={"secrets": plain}))))
    [outcome] = world.look(parameter_changed())
    assert not outcome.failures
    assert outcome.ignored == "no family depends on it"


def test_a_role_that_changed_is_judged_by_what_those_who_take_it_need(world: World) -> None:
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


EC2 = without_collector("batch", requiresCompatibilities=["EC2"], networkMode="bridge")
EXEMPT = "version: 1\nexemptions:\n  - {rules: identity.trust, where: {family: exempt}, reason: being replaced}\n"


@pytest.mark.parametrize("other", [EC2, definition("exempt")], ids=["out of scope", "exempt"])
def test_what_one_family_says_of_a_role_stands_where_another_has_nothing_to_say(
    world: World, other: dict[str, Any]
) -> None:
    inspector = world.inspector(standard=EXEMPT)
    world.trust("web-task", "ec2.amazonaws.com")
    mine = registered(world.register())
    world.sees(mine, inspector=inspector)
    assert world.open(ROLE) == {"identity.trust"}
    world.sees(registered(world.register(other)), mine, inspector=inspector)
    assert world.open(ROLE) == {"identity.trust"}
    assert world.told() == [("opened", "identity.trust")]


@pytest.mark.parametrize("leaves", ["role", "life"])
def test_that_a_finding_is_gone_is_told_later_though_nobody_leans_on_its_subject_any_more(
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
def test_the_finding_of_a_role_is_gone_when_nobody_leans_on_it_any_more(world: World, leaves: str) -> None:
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
def test_a_change_of_a_role_is_heard_though_the_family_took_another_of_its_name_before(
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
def test_a_family_that_went_on_while_its_look_failed_leans_only_on_what_it_reads_now(world: World, after: int) -> None:
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


def test_what_changes_while_a_family_is_first_looked_at_is_heard_of(world: World) -> None:
    def breaks() -> None:
        set_configuration(world, BROKEN)
        world.look(parameter_changed())

    message = registered(world.register())
    world.meanwhile["DescribeLogGroups"] = breaks  # its parameter was read
    world.sees(message)
    assert world.open(CONFIGURATION) == {"config.well-formed"}


# --- services ---------------------------------------------------------------------------------------------------------


def test_a_service_on_a_retired_platform_has_its_own_finding_until_it_is_gone(world: World) -> None:
    arn = world.run(world.register(), platform="1.3.0")
    world.sees(service_changed(arn, "CreateService"), service_changed(arn))
    assert world.hub.states() == {"service/shop/web/service.platform-version": OPEN}
    ecs = world.client("ecs")
    ecs.delete_service(cluster="shop", service="web", force=True)
    world.sees(service_changed(arn, "DeleteService"))
    assert world.hub.states() == {"service/shop/web/service.platform-version": GONE}
    assert world.told() == [("opened", "service.platform-version")]


def test_a_service_on_fargate_brings_a_family_that_names_no_compatibility_into_scope(world: World) -> None:
    document = without_collector()
    del document["requiresCompatibilities"]
    arn = world.register(document)
    world.sees(registered(arn))
    assert world.hub.findings == {}
    service = world.run(arn)
    world.sees(service_changed(service, "CreateService"))
    assert world.open() == {"sidecar.present"}
    world.client("ecs").delete_service(cluster="shop", service="web", force=True)
    world.sees(service_changed(service, "DeleteService"))
    assert world.hub.states() == {"family/web/sidecar.present": GONE}, "and takes it out again"


def test_a_family_that_a_new_service_brings_into_scope_is_judged_though_the_first_try_failed(world: World) -> None:
    document = without_collector()
    del document["requiresCompatibilities"]
    arn = world.register(document)
    world.sees(registered(arn))
    message = service_changed(world.run(arn), "CreateService")
    world.fail("GetRole", "ThrottlingException", times=1)
    world.fail("BatchWriteItem", "ThrottlingException", times=1)
    for _ in range(3):
        world.look(message)
    assert world.open() == {"sidecar.present"}


@pytest.mark.parametrize("left", [2, 0], ids=["another stands between", "the family is gone"])
def test_a_service_is_not_held_to_a_revision_that_is_no_longer_there(world: World, left: int) -> None:
    inspector = judging_services(world)
    arns = [world.register(definition(collector=FLOATING)) for _ in range(2)]
    service = service_changed(world.run(arns[0]))
    world.sees(service, inspector=inspector)
    arns.append(world.register())
    world.sees(registered(arns[2]), *came_back(world), inspector=inspector)
    world.sees(*came_back(world), inspector=inspector)
    assert world.open(SERVICE) == {"service.revision"}
    for arn in arns[left:]:
        world.deregister(arn)
    world.sees(registered(arns[2], "DeregisterTaskDefinition"), inspector=inspector)
    world.pass_(minutes=15)
    world.sees(*came_back(world), inspector=inspector)
    assert world.open(SERVICE) == set()
    assert came_back(world) == [], "and nothing is asked for again and again"


def test_a_service_in_a_known_state_costs_one_call_to_ecs(world: World) -> None:
    arn = world.run(world.register())
    world.sees(service_changed(arn, "CreateService"))
    world.calls.clear()
    world.sees(service_changed(arn))
    assert (world.calls["DescribeServices"], world.calls["DescribeTaskDefinition"]) == (1, 0)


RUNNING = "service.collector-running"


def deployed(world: World, *, dead: str = "", standard: str | None = None) -> Inspection:
    """A service whose tasks run since just now; `dead` is a container that has stopped in each."""
    world.services.at_once = False
    arn = world.register()
    inspector = judging_services(world, standard)
    world.sees(registered(arn), inspector=inspector)
    world.services.add("shop/web", arn)
    world.services.complete("shop/web", dead=dead)
    return inspector


def task_changed() -> str:
    return service_changed("service:web", "TaskStateChange", cluster=PLACE.arn("ecs", "cluster/shop"))


@pytest.mark.parametrize("event", ["task", "deployment"])
def test_a_collector_that_dies_at_the_start_is_told_of_when_its_task_has_settled(world: World, event: str) -> None:
    inspector = deployed(world, dead="adot-collector")
    message = task_changed() if event == "task" else service_changed("shop/web", "SERVICE_DEPLOYMENT_COMPLETED")
    world.sees(message, inspector=inspector)
    assert world.open(SERVICE) == set()
    [delay] = world.delays
    assert 290 < delay <= 300
    world.pass_(seconds=delay)
    world.sees(*came_back(world), inspector=inspector)
    assert world.open(SERVICE) == {RUNNING}
    assert world.told() == [("opened", RUNNING)]
    assert came_back(world) == []


def test_a_collector_that_dies_after_its_deployment_was_complete_is_told_of_too(world: World) -> None:
    """The event that it stopped may be late or lost."""
    inspector = deployed(world)
    world.sees(service_changed("shop/web", "SERVICE_DEPLOYMENT_COMPLETED"), inspector=inspector)
    services(world).dies("shop/web", "adot-collector")
    world.pass_(minutes=5)
    world.sees(*came_back(world), inspector=inspector)
    assert world.open(SERVICE) == {RUNNING}


def test_tasks_that_settle_for_longer_than_a_message_waits_are_looked_at_when_they_have(world: World) -> None:
    inspector = deployed(world, dead="adot-collector", standard="version: 1\nservices: {settling_minutes: 40}\n")
    world.sees(task_changed(), inspector=inspector)
    for _ in range(2):
        world.pass_(seconds=world.delays[-1])
        world.sees(*came_back(world), inspector=inspector)
        assert world.open(SERVICE) == set()
    assert world.delays[:2] == [900, 900]
    assert 570 < world.delays[2] <= 600
    world.pass_(seconds=world.delays[2])
    world.sees(*came_back(world), inspector=inspector)
    assert (world.open(SERVICE), came_back(world)) == ({RUNNING}, [])


def test_a_service_whose_tasks_start_and_end_is_not_looked_at_for_ever(world: World) -> None:
    """Each task that comes has events of its own."""
    inspector = deployed(world, dead="adot-collector")
    world.sees(task_changed(), inspector=inspector)
    for again in (200, 100):
        world.pass_(seconds=again)
        services(world).complete("shop/web", dead="adot-collector")
    world.sees(*came_back(world), inspector=inspector)
    assert (world.open(SERVICE), came_back(world)) == (set(), [])


@pytest.mark.parametrize(
    ("dead", "standard"),
    [
        ("", ""),
        ("app", ""),
        ("adot-collector", "services: {settling_minutes: 0}"),
        ("adot-collector", "rules: [{rules: service.collector-running, mode: off}]"),
        ("adot-collector", "exemptions: [{rules: service.*, where: {family: web}, reason: being replaced}]"),
        ("adot-collector", "scope: {exclude: [{family: web}]}"),
    ],
)
def test_where_nothing_can_come_of_it_no_second_look_is_asked_for(world: World, dead: str, standard: str) -> None:
    inspector = deployed(world, dead=dead, standard=f"version: 1\n{standard}\n")
    world.sees(task_changed(), inspector=inspector)
    assert world.delays == []


def test_what_a_rule_is_set_to_says_how_long_tasks_settle(world: World) -> None:
    own = "rules: [{rules: service.collector-running, set: {services: {settling_minutes: 10}}}]"
    inspector = deployed(world, dead="adot-collector", standard=f"version: 1\n{own}\n")
    world.sees(task_changed(), inspector=inspector)
    assert 590 < world.delays[0] <= 600


# --- who did it -------------------------------------------------------------------------------------------------------

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


# --- what cannot be read ----------------------------------------------------------------------------------------------

READS = {
    "GetParameters": f"ssm:GetParameters on {PARAMETER}",
    "GetRole": "iam:GetRole on web-",
    "ListRolePolicies": "iam:ListRolePolicies on web-",
    "GetRolePolicy": "iam:GetRolePolicy on web-",
    "ListAttachedRolePolicies": "iam:ListAttachedRolePolicies on web-",
}


@pytest.mark.parametrize("operation", READS)
def test_a_fact_that_may_not_be_read_makes_unknown_and_a_notice_and_closes_nothing(
    world: World, operation: str
) -> None:
    message = _drifted(world)
    world.sees(message)
    before = world.hub.states()
    assert set(before.values()) == {OPEN}
    set_configuration(world, CONFIG)
    world.trust("web-execution")
    world.fail(operation)
    [outcome, *_] = world.look(parameter_changed(), role_changed("web-execution"))
    assert not outcome.failures
    assert any(READS[operation] in reason for verdict in outcome.unknown for reason in verdict.reasons)
    rules = {
        name for name, state in world.hub.states().items()
        if state == CLOSED and ("parameter" in name) == (operation == "GetParameters")
    }  # fmt: skip
    assert rules == set(), "what leans on it stays open"
    assert len(set(world.notices)) == len(world.notices) > 0
    assert all(READS[operation] in notice for notice in world.notices)
    assert f"{CANARY}" not in repr((world.look(message), world.notices, outcome))


@pytest.mark.parametrize("operation", READS)
def test_a_fact_that_may_not_be_read_opens_nothing(world: World, operation: str) -> None:
    world.fail(operation)
    [outcome] = world.look(registered(world.register()))
    assert not outcome.failures
    assert outcome.verdicts["Unknown"] > 0
    assert world.hub.findings == {}


@pytest.mark.parametrize("operation", ["DescribeTaskDefinition", "Query", "PutItem", "BatchWriteItem", "GetItem"])
@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "ConnectTimeoutError"])
def test_without_the_present_state_or_the_ledger_the_message_comes_again(
    world: World, operation: str, code: str
) -> None:
    world.sees(registered(world.register(definition("leaning"))))
    message = registered(world.register(definition(collector=FLOATING)))
    world.fail(operation, code)
    [outcome] = world.look(parameter_changed() if operation == "GetItem" else message)
    assert outcome.failures
    assert f":{operation} on " in outcome.failures[0]
    assert outcome.failures[0].endswith(f" failed: {code}")
    assert CANARY not in outcome.failures[0]
    assert world.alerts == []


# Which of the calls of each kind that `_drifted` brings about is throttled: the first, those amid, the last.
THROTTLED = {
    "Query": (0, 1, 3),
    "PutItem": (1, 2, 3, 5),  # the first keeps the good standard, for which no message is retried
    "BatchWriteItem": (0, 1),
    "GetRole": (0, 1),
    "PublishBatch": (0, 1),
} | dict.fromkeys(
    ("DescribeTaskDefinition", "GetParameters", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies",
     "DescribeLogGroups", "SendMessageBatch", "GetParameter"), (0,),
)  # fmt: skip


@pytest.mark.parametrize(("operation", "after"), [(op, at) for op, ats in THROTTLED.items() for at in ats])
def test_one_throttled_call_anywhere_and_the_message_again_end_as_if_nothing_had_happened(
    world: World, operation: str, after: int
) -> None:
    message = _drifted(world)
    world.fail(operation, "ThrottlingException", times=1, after=after)
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    [first] = world.look(message, inspector=inspector)
    struck = world.troubles[operation].calls > after
    if not struck:
        world.look(message, inspector=inspector)
    world.sees(message, inspector=inspector)
    if struck:
        assert first.failures
        assert first.failures[0].endswith("failed: ThrottlingException")
    assert world.hub.states() == {
        "family/web/sidecar.image-pinned": OPEN,
        f"parameter/{PARAMETER}/config.well-formed": OPEN,
        f"role/{role_arn('web-execution')}/identity.trust": OPEN,
    }
    assert sorted({alert["rule"] for alert in world.alerts}) == [
        "config.well-formed", "identity.trust", "sidecar.image-pinned",
    ]  # fmt: skip
    assert len({alert["id"] for alert in world.alerts}) == 3
    assert [(r["family"], r["revision"]) for r in world.requests] == [("web", 1)]


def test_a_fact_that_was_throttled_is_judged_when_the_message_comes_again(world: World) -> None:
    set_configuration(world, BROKEN)
    message = registered(world.register())
    world.fail("GetParameters", "ThrottlingException", times=1)
    [outcome] = world.look(message)
    assert outcome.failures == [f"ssm:GetParameters on {PARAMETER} failed: ThrottlingException"]
    world.sees(message)
    assert world.open(CONFIGURATION) == {"config.well-formed"}


def test_one_family_that_cannot_be_read_does_not_keep_the_others_from_being_judged(world: World) -> None:
    for name in ("api", "web"):
        world.sees(registered(world.register(definition(name))))
    world.allow("web-task", "logs:CreateLogStream")
    world.fail("GetItem", "ThrottlingException", times=1, after=1)  # the first is made by dispatch
    [outcome] = world.look(role_changed("web-task"))
    assert outcome.failures
    assert (world.open("api"), world.open("web")) == (set(), {"identity.task-role"})


# --- the standard -----------------------------------------------------------------------------------------------------


def test_by_an_invalid_standard_nothing_is_judged_and_operations_hears_of_it_once(world: World) -> None:
    messages = [registered(world.register(definition(name, collector=FLOATING))) for name in ("web", "api")]
    for _ in range(2):
        inspector = world.inspector(standard="version: 1\ncollector:\n  cpus: 256\n")
        for outcome in world.look(*messages, "no json", inspector=inspector)[:2]:
            assert outcome.failures
            assert "line 3: collector.cpus is not a field of a standard; perhaps cpu is meant" in outcome.failures[0]
    assert (world.hub.findings, world.alerts) == ({}, [])
    [notice] = world.notices
    assert "collector.cpus is not a field" in notice
    assert "Nothing is evaluated until it is corrected" in notice
    world.sees(*messages, inspector=world.inspector(standard="version: 1\n"))
    assert len(world.alerts) == 2


def test_a_standard_that_cannot_be_read_brings_every_message_back(world: World) -> None:
    inspector = world.inspector(standard="version: 1\n")
    world.fail("GetParameter")
    [outcome] = world.look(registered(world.register()), inspector=inspector)
    assert outcome.failures == ["ssm:GetParameter on /outrider/standard failed: AccessDeniedException"]
    assert len(world.notices) == 1


def test_another_standard_judges_what_was_judged_before_again(world: World) -> None:
    message = registered(world.register(definition(collector={"cpu": 300})))
    world.sees(message, inspector=world.inspector(standard="version: 1\n"))
    assert world.open() == set()
    world.sees(message, inspector=world.inspector(standard="version: 1\ncollector: {cpu: 512}\n"))
    assert world.open() == {"sidecar.resources"}


# --- requests for a correction ----------------------------------------------------------------------------------------


def test_a_correction_is_asked_for_where_standard_and_stack_allow_it(world: World) -> None:
    message = registered(world.register(definition(collector=FLOATING)))
    world.sees(message, inspector=world.inspector(Mode.REPORT, REGISTER))
    world.sees(message, inspector=world.inspector(Mode.REGISTER, "version: 1\n"))
    assert world.requests == []
    world.sees(message, inspector=world.inspector(Mode.REGISTER, REGISTER))
    [request] = world.requests
    digest = request.pop("digest")
    by = {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci", "agent": "Terraform/1.9"}
    of = {"account": ACCOUNT, "region": REGION, "family": "web", "revision": 1}
    assert request == {"kind": "correct", "after": "", **of, **by}
    assert len(digest) == 16


def test_a_correction_that_could_not_be_asked_for_is_asked_for_when_the_message_comes_again(world: World) -> None:
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    message = registered(world.register(definition(collector=FLOATING)))
    world.fail("SendMessageBatch", times=1, after=2)  # after those that send subjects
    [outcome] = world.look(message, inspector=inspector)
    assert outcome.failures == ["sqs:SendMessage on remediations.fifo failed: AccessDeniedException"]
    world.sees(message, inspector=inspector)
    assert len(world.requests) == 1


def test_no_correction_is_asked_for_where_it_needs_approval(world: World) -> None:
    """A parameter that the standard's own takes the place of, but which holds something else."""
    world.client("ssm").put_parameter(Name="/mine", Value=CONFIG.replace("awsxray", "otlp"), Type="String")
    mine = [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/mine"}]
    only = "version: 1\nmode: register\ncollector: {parameters_allowed: ['/fargate/*']}\n"
    message = registered(world.register(definition(collector={"secrets": mine})))
    world.sees(message, inspector=world.inspector(Mode.REGISTER, only))
    assert "sidecar.config-from-parameter" in world.open()
    assert world.requests == []
    [alert] = [alert for alert in world.alerts if alert["rule"] == "sidecar.config-from-parameter"]
    assert alert["safety"] in {"review", ""}


def test_outriders_own_revision_is_judged_and_never_corrected(world: World) -> None:
    arn = world.register(definition(collector=FLOATING))
    world.ledger.attempts.registered(Revision(PLACE, "web", 1))
    world.sees(registered(arn), inspector=world.inspector(Mode.REGISTER, REGISTER))
    assert world.open() == {"sidecar.image-pinned"}
    assert world.requests == []


# --- messages ---------------------------------------------------------------------------------------------------------


def test_a_malformed_message_fails_alone(world: World) -> None:
    message = registered(world.register(definition(collector=FLOATING)))
    outcomes = world.look("{", message, '{"kind": "task-definition"}', "[]")
    assert [bool(outcome.failures) and outcome.unreadable for outcome in outcomes] == [True, False, True, True]
    assert world.open() == {"sidecar.image-pinned"}


def test_what_asks_for_nothing_costs_nothing(world: World) -> None:
    world.calls.clear()
    [outcome] = world.look(of_rule("run-task", asked="web", failed="RESOURCE:MEMORY"))
    assert not outcome.failures
    assert outcome.ignored == "no task was started"
    assert not world.calls


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_environment_values_and_configurations_are_kept_and_told_nowhere(world: World) -> None:
    secret = CONFIG.replace(
        "awsxray: }", f"awsxray: , otlphttp: {{endpoint: 'https://x.example', headers: {{a: {CANARY}}}}}}}"
    )
    set_configuration(world, secret)
    plain = {"secrets": None, "environment": [{"name": "AOT_CONFIG_CONTENT", "value": secret}]}
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    for document in (
        definition("one", collector=FLOATING),
        definition("two", collector=plain),
        without_collector("three", containerDefinitions=[application(environment=[{"name": "A", "value": CANARY}])]),
    ):
        arn = world.register(document)
        world.sees(registered(arn), inspector=inspector)
        world.sees(
            service_changed(world.run(arn, name=arn.rpartition("/")[2][:3], platform="1.3.0")), inspector=inspector
        )
    set_configuration(world, secret + f"\n - {CANARY}: [")
    world.look(parameter_changed(), inspector=inspector)
    assert len(world.alerts) > 4
    everything = (world.dump(), world.alerts, world.notices, world.requests, world.sent_back, world.hub.imports)
    assert CANARY not in repr(everything)
    assert CANARY not in repr(inspector)


def test_no_outcome_shows_a_message(world: World) -> None:
    for body in (f'{{"kind": "{CANARY}"}}', CANARY, f'{{"kind": "service", "service": "", "account": "{CANARY}"}}'):
        [outcome] = world.look(body)
        assert outcome.failures
        assert CANARY not in repr(outcome)


def test_the_use_case_is_what_wiring_makes(world: World) -> None:
    """Else these tests would test something that is not deployed."""
    assert isinstance(world.inspector().inspector, Inspector)
