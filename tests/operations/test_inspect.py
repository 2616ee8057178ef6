"""What inspect makes of messages about definitions: findings, alerts and requests."""

import json

import pytest

from domain.places import Revision
from domain.remediation.attempt import Attempt
from domain.remediation.attempt import AttemptState as CorrectionState
from domain.standard import Mode
from operations.inspection.inspector import Inspector
from tests.operations.inspecting import (
    REGISTER,
    set_configuration,
)
from tests.operations.world import (
    ACCOUNT,
    BROKEN,
    CANARY,
    CLOSED,
    CONFIG,
    FLOATING,
    GONE,
    OPEN,
    PLACE,
    REGION,
    RULES,
    World,
    application,
    definition,
    of_rule,
    parameter_changed,
    registered,
    role_arn,
    role_changed,
    service_changed,
    without_collector,
)


def looked_at_again(family: str = "web") -> str:
    """As the sweep asks for it."""
    return json.dumps({"kind": "family", "account": ACCOUNT, "region": REGION, "family": family})


# --- the life of a finding --------------------------------------------------------------------------------------------


def test_nothing_is_published_about_a_definition_that_keeps_the_rules(world: World) -> None:
    world.sees(registered(world.register()))
    assert (world.hub.findings, world.alerts, world.notices, world.requests) == ({}, [], [], [])


def test_a_drift_opens_a_finding_and_is_published_once(world: World) -> None:
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
    assert world.transitions() == [(change, "sidecar.image-pinned") for change in ("opened", "closed", "reopened")]
    assert len({alert["id"] for alert in world.alerts}) == 3
    assert len({alert["since"] for alert in world.alerts}) == 1, "first observed survives"
    assert [i["Compliance"]["Status"] for i in world.hub.imports] == ["FAILED", "PASSED", "FAILED"]
    assert [i["RecordState"] for i in world.hub.imports] == ["ACTIVE", "ARCHIVED", "ACTIVE"]
    assert len(world.hub.findings) == 1


def test_another_drift_of_the_same_rule_is_imported_and_not_published(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.sees(registered(world.register(definition(collector={"image": FLOATING["image"].replace("latest", "main")}))))
    assert world.transitions() == [("opened", "sidecar.image-pinned")]
    assert "main" in world.hub.imports[-1]["Description"]


def test_a_drift_that_is_more_severe_by_the_new_standard_is_published(world: World) -> None:
    arn = world.register(definition(collector=FLOATING))
    message = registered(arn)
    world.sees(service_changed(world.run(arn), "CreateService"))
    graver = "version: 1\nrules:\n  - rules: sidecar.image-pinned\n    severity: CRITICAL\n"
    world.sees(message, inspector=world.inspector(standard=graver))
    assert world.transitions() == [("opened", "sidecar.image-pinned"), ("raised", "sidecar.image-pinned")]
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
    assert world.transitions() == [("opened", "sidecar.image-pinned"), ("reopened", "sidecar.image-pinned")]


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
    assert world.transitions() == [("opened", "sidecar.present")]


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
    assert world.transitions() == [("opened", "sidecar.image-pinned")]


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
    assert world.open() == set(), "and it is the one that is evaluated again"


def test_an_older_revision_that_is_deregistered_changes_nothing(world: World) -> None:
    old = world.register()
    world.sees(registered(old), registered(world.register(definition(collector=FLOATING))))
    world.deregister(old)
    world.sees(registered(old, "DeregisterTaskDefinition"))
    assert world.hub.states() == {"family/web/sidecar.image-pinned": OPEN}
    assert world.transitions() == [("opened", "sidecar.image-pinned")]


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
    assert ("closed", "sidecar.image-pinned") not in world.transitions()
    world.sees(looked_at_again())
    assert world.transitions()[-1] == ("reopened", "sidecar.image-pinned"), "and it is back with an earlier release"


def test_the_finding_of_a_shared_role_is_gone_though_others_still_use_it(world: World) -> None:
    world.trust("web-task", "ec2.amazonaws.com")
    world.sees(registered(world.register()), registered(world.register(definition("api"))))
    fewer = tuple(rule for rule in RULES if rule.id != "identity.trust")
    world.sees(looked_at_again(), inspector=world.inspector(rules=fewer))
    assert world.hub.states() == {f"role/{role_arn('web-task')}/identity.trust": GONE}


# --- the standard -----------------------------------------------------------------------------------------------------


def test_by_an_invalid_standard_nothing_is_evaluated_and_operations_is_notified_once(world: World) -> None:
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


def test_another_standard_evaluates_again_what_was_evaluated_before(world: World) -> None:
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


def test_a_correction_that_could_not_be_requested_is_requested_when_the_message_is_retried(world: World) -> None:
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


def test_outriders_own_revision_is_evaluated_and_never_corrected(world: World) -> None:
    arn = world.register(definition(collector=FLOATING))
    world.ledger.attempts.registered(Revision(PLACE, "web", 1))
    world.sees(registered(arn), inspector=world.inspector(Mode.REGISTER, REGISTER))
    assert world.open() == {"sidecar.image-pinned"}
    assert world.requests == []


def test_a_configuration_in_the_task_definition_is_the_familys_until_a_parameter_holds_it(world: World) -> None:
    """Its findings close with the revision that takes the configuration from a parameter."""
    inspector = world.inspector(standard="version: 1\nrules: [{rules: sidecar.config-from-parameter, mode: off}]\n")
    inline = {"secrets": None, "environment": [{"name": "AOT_CONFIG_CONTENT", "value": CONFIG + "\n - x: ["}]}
    world.sees(registered(world.register(definition(collector=inline))), inspector=inspector)
    assert world.hub.states() == {"family/web/config.well-formed": OPEN}
    world.sees(registered(world.register()), inspector=inspector)
    assert world.hub.states() == {"family/web/config.well-formed": GONE}


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


def test_environment_values_and_configurations_are_kept_and_published_nowhere(world: World) -> None:
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
