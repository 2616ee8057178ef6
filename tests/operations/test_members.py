"""Member accounts: each is read and corrected by a role of its own, and none has a part in what happens in another."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from aws.calls import CallFailed
from aws.sessions import Sessions
from domain.members import Members, Registrar
from domain.places import Place
from domain.remediation.attempt import AttemptState
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from domain.triggers.reading import Refused, TriggerUnreadable
from tests.aws_fake.aws import Aws
from tests.aws_fake.clock import Clock
from tests.operations.world import (
    ACCOUNT,
    FLOATING,
    IMAGE,
    INSPECT_ID,
    OPEN,
    PARAMETER,
    PLACE,
    REGION,
    World,
    definition,
    furnish,
    of_rule,
    own,
    parameter_changed,
    registered,
    role_changed,
)

type Json = dict[str, Any]

SHOP, BANK = "111122223333", "444455556666"
IN_SHOP, IN_BANK = Place(SHOP, REGION), Place(BANK, REGION)
CLOCK = Clock()
ROLE = "platform/outrider-read"
RULE = "sidecar.image-pinned"


@pytest.fixture(scope="module")
def sessions(sessions: Sessions) -> Sessions:
    """One for all tests here, which two hours part: what expires or was refused before is forgotten."""
    del sessions  # the environment that it is made in stays
    return Sessions(Members(ACCOUNT, ROLE, "shared-by-both"), now=CLOCK.now)


@pytest.fixture
def world(sessions: Sessions) -> Iterator[World]:
    CLOCK.pass_(hours=2)
    made = World(sessions, Aws(CLOCK), member_role=ROLE)
    with made.line.answering():
        made.build()
        for account in (SHOP, BANK):
            _furnish(made, account)
        made.line.made.clear()
        made.line.counts.clear()
        yield made


def _furnish(world: World, account: str) -> None:
    def call(service: str, operation: str, given: Json) -> Json:
        return world.aws.answer(service, operation, given, account, REGION)

    furnish(call)
    world.aws.region(account).hub.strict = True


def register(world: World, place: Place, **members: Any) -> str:
    """Register in an account, as its owner; gives the revision's ARN."""
    document = json.loads(json.dumps(definition(**members)).replace(ACCOUNT, place.account))
    found = world.aws.answer("ecs", "RegisterTaskDefinition", document, place.account, place.region)
    return str(found["taskDefinition"]["taskDefinitionArn"])


def drifted(world: World, place: Place, **members: Any) -> str:
    """Register a drifted revision; gives the message about it."""
    arn = register(world, place, collector=FLOATING, **members)
    by = {"arn": f"arn:aws:sts::{place.account}:assumed-role/deployer/ci"}
    return registered(arn, account=place.account, identity=by)


def findings(world: World, place: Place) -> set[str]:
    """The Ids of the active findings in the hub of an account."""
    found = world.aws.region(place.account, place.region).hub.findings.values()
    return {each["Id"] for each in found if (each["Compliance"]["Status"], each["RecordState"]) == OPEN}


def family(place: Place, name: str = "web") -> SubjectId:
    return SubjectId(place, Subject.FAMILY, name)


# --- what is done in a member -----------------------------------------------------------------------------------------


def test_a_drift_in_a_member_is_a_finding_in_that_members_security_hub_and_in_no_other(world: World) -> None:
    world.sees(drifted(world, IN_SHOP))
    assert f"outrider/{IN_SHOP}/family/web/{RULE}" in findings(world, IN_SHOP)
    assert findings(world, PLACE) == findings(world, IN_BANK) == set()
    assert world.ledger.history(family(PLACE)).version == world.ledger.history(family(IN_BANK)).version == 0


@pytest.mark.usefixtures("sessions")  # the environment that it is made in
def test_a_role_is_assumed_with_path_and_external_id_once_until_shortly_before_it_expires() -> None:
    aws, assumed = Aws(Clock()), list[Json]()
    world = World(Sessions(Members(ACCOUNT, ROLE, "shared-by-both"), now=aws.clock.now), aws)

    def note(operation: str, given: Json, act: Any) -> Any:
        if operation == "AssumeRole":
            assumed.append(given)
        return act()

    world.line.around = note
    with world.line.answering():
        first = world.sessions.client("ssm", IN_SHOP)
        world.sessions.client("ecs", IN_SHOP)
        world.pass_(minutes=44)
        assert world.sessions.client("ssm", IN_SHOP) is first
        assert len(assumed) == 1
        world.pass_(minutes=2)
        assert world.sessions.client("ssm", IN_SHOP) is not first
    assert assumed == 2 * [
        {"RoleArn": f"arn:aws:iam::{SHOP}:role/{ROLE}", "RoleSessionName": "outrider", "ExternalId": "shared-by-both"}
    ]


def test_what_outrider_itself_registers_in_a_member_is_known_as_its_own() -> None:
    registrar = Registrar(f"arn:aws:iam::{ACCOUNT}:role/stack-RemediateRole-1", "platform/outrider-remediate")
    session = f"arn:aws:sts::{SHOP}:assumed-role/outrider-remediate/outrider"
    assert registrar.made(session, SHOP)
    assert not registrar.made(session, BANK)
    assert not registrar.made(session, ACCOUNT)
    assert not registrar.made(f"arn:aws:sts::{SHOP}:assumed-role/stack-RemediateRole-1/x", SHOP)
    assert registrar.made(f"arn:aws:sts::{ACCOUNT}:assumed-role/stack-RemediateRole-1/x", ACCOUNT)


def test_a_correction_is_registered_in_the_account_of_its_family(world: World) -> None:
    standard = "version: 1\nmode: register\nremediation: {settling_minutes: 0}\n"
    world.sees(drifted(world, IN_SHOP), inspector=world.inspector(Mode.REGISTER, standard))
    [request] = world.requests
    outcome = world.remediator(standard).remediate(json.dumps(request), f"{INSPECT_ID}:inspect")
    assert outcome.state is AttemptState.REGISTERED
    revisions = world.aws.region(SHOP).definitions.families["web"]
    assert IMAGE in str(revisions[-1])
    assert len(revisions) == 2
    assert "web" not in world.aws.region(BANK).definitions.families
    assert "web" not in world.aws.definitions.families


# --- what an account refuses is about that account only ---------------------------------------------------------------


def test_an_account_whose_role_is_missing_is_one_notice_and_delays_no_other(world: World) -> None:
    world.aws.closed.add(BANK)
    batch = [drifted(world, IN_BANK), drifted(world, IN_SHOP), drifted(world, IN_BANK, family="api")]
    outcomes = world.look(*batch)
    assert [each.failures for each in outcomes] == [[], [], []]
    assert findings(world, IN_SHOP) == {f"outrider/{IN_SHOP}/family/web/{RULE}"}
    assert findings(world, IN_BANK) == set()
    [notice] = world.notices
    assert f"In account {BANK}: sts:AssumeRole on arn:aws:iam::{BANK}:role/{ROLE} failed: AccessDenied" in notice
    assert "shared-by-both" not in notice
    assert world.calls["AssumeRole"] <= 2, "a refusal is remembered for a minute"


def test_an_account_that_trusts_outrider_again_is_evaluated_within_minutes(world: World) -> None:
    world.aws.closed.add(BANK)
    message = drifted(world, IN_BANK)
    world.sees(message)
    world.aws.closed.clear()
    world.pass_(minutes=2)
    world.sees(message)
    assert findings(world, IN_BANK) == {f"outrider/{IN_BANK}/family/web/{RULE}"}


def test_an_account_that_refuses_for_now_is_retried(world: World) -> None:
    message = drifted(world, IN_BANK)
    world.pass_(hours=2)  # no session is kept
    world.fail("AssumeRole", "ThrottlingException", times=4)
    [outcome] = world.look(message)
    assert outcome.failures
    assert world.notices == []
    world.troubles.clear()
    world.look()
    assert findings(world, IN_BANK) == {f"outrider/{IN_BANK}/family/web/{RULE}"}


def test_findings_that_are_open_stay_so_while_their_account_refuses(world: World) -> None:
    world.sees(drifted(world, IN_BANK))
    world.pass_(hours=2)
    world.aws.closed.add(BANK)
    world.sees(registered(register(world, IN_BANK), account=BANK))
    assert findings(world, IN_BANK) == {f"outrider/{IN_BANK}/family/web/{RULE}"}
    assert len(world.notices) == 1


def test_an_account_that_denies_its_reads_is_one_notice_and_fills_no_dlq(world: World) -> None:
    world.fail("DescribeTaskDefinition", "AccessDeniedException")
    outcomes = world.look(drifted(world, IN_BANK), drifted(world, IN_BANK, family="api"))
    assert [each.failures for each in outcomes] == [[], []]
    [notice] = world.notices
    assert f"In account {BANK}: ecs:DescribeTaskDefinition" in notice


def test_a_denial_in_outriders_own_account_is_retried_as_before(world: World) -> None:
    message = registered(world.register(definition(collector=FLOATING)))
    world.fail("DescribeTaskDefinition", "AccessDeniedException")
    [outcome] = world.look(message)
    assert outcome.failures
    assert world.notices == []


def test_no_correction_is_tried_where_the_remediation_role_is_missing(world: World) -> None:
    standard = "version: 1\nmode: register\nremediation: {settling_minutes: 0}\n"
    world.sees(drifted(world, IN_BANK), inspector=world.inspector(Mode.REGISTER, standard))
    [request] = world.requests
    world.pass_(hours=2)
    world.aws.closed.add(BANK)
    for _ in range(2):
        outcome = world.remediator(standard).remediate(json.dumps(request), f"{INSPECT_ID}:inspect")
        assert outcome.state is AttemptState.NOTHING
    assert len(world.notices) == 1
    assert world.ledger.history(family(IN_BANK)).attempts == ()


# --- one member causes nothing in another -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"arn": IN_BANK.arn("ecs", "task-definition/web:1")}, id="the ARN of the answer"),
        pytest.param({"arn": "", "family": "", "asked": IN_BANK.arn("ecs", "task-definition/web:1")}, id="as asked"),
        pytest.param({"arn": Place(SHOP, "us-east-1").arn("ecs", "task-definition/web:1")}, id="another region"),
    ],
)
def test_an_event_whose_body_names_another_account_or_region_is_refused(world: World, body: Json) -> None:
    register(world, IN_BANK, collector=FLOATING)
    register(world, IN_SHOP, collector=FLOATING)
    [outcome] = world.look(of_rule("task-definition", account=SHOP, event="RegisterTaskDefinition", **body))
    assert outcome.dispatched.refused == "it names a resource of another account or region than its own"  # type: ignore[union-attr] # it was dispatched
    assert world.subjects == []
    assert not world.calls["DescribeTaskDefinition"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("deleted-task-definitions", {"names": ["web:1", IN_BANK.arn("ecs", "task-definition/web:1")]}),
        ("run-task", {"asked": "web:1", "cluster": IN_BANK.arn("ecs", "cluster/shop"), "platform": "1.3.0"}),
        ("service", {"service": IN_BANK.arn("ecs", "service/shop/web")}),
        ("service", {"service": "web", "cluster": IN_BANK.arn("ecs", "cluster/shop")}),
        ("parameter", {"name": IN_BANK.arn("ssm", "parameter/fargate/config")}),
        ("role", {"policy": f"arn:aws:iam::{BANK}:policy/shared"}),
    ],
)
def test_no_kind_of_event_may_name_a_resource_of_another_account(world: World, kind: str, body: Json) -> None:
    [outcome] = world.look(of_rule(kind, account=SHOP, **body))
    assert outcome.dispatched.refused  # type: ignore[union-attr] # as above
    assert world.subjects == []
    assert not world.calls["AssumeRole"]


def test_an_account_that_is_not_watched_is_refused_wherever_it_is_named(world: World) -> None:
    world.member_accounts = (SHOP,)
    [outcome] = world.look(drifted(world, IN_BANK))
    assert outcome.dispatched.refused == "its account is not watched"  # type: ignore[union-attr] # as above
    finding = f"outrider/{IN_BANK}/family/web/{RULE}"
    approval = of_rule("approval", finding=finding, product=_product(IN_BANK), plan="0" * 16)
    assert world.approver().approve(approval) == Refused("its account is not watched")
    assert world.subjects == world.requests == []
    listed = Sessions(Members(ACCOUNT, ROLE, accounts=frozenset({SHOP})))
    with pytest.raises(CallFailed, match=r"sts:AssumeRole on .* failed: NotWatched"):
        listed.client("ecs", IN_BANK)
    assert not world.calls["AssumeRole"]


def test_an_account_outside_the_standards_scope_is_not_read(world: World) -> None:
    for scope in (f'include: [{{account: "{SHOP}"}}]', f'exclude: [{{account: "{BANK}"}}]'):
        inspector = world.inspector(standard=f"version: 1\nscope: {{{scope}}}\n")
        world.sees(drifted(world, IN_BANK), inspector=inspector)
    assert not world.calls["DescribeTaskDefinition"]
    assert not world.calls["AssumeRole"]
    assert world.ledger.history(family(IN_BANK)).version == 0


def test_a_message_about_one_accounts_subject_by_anothers_trigger_is_refused(world: World) -> None:
    trigger = {"kind": "follow-up", "account": SHOP, "region": REGION}
    for given in (trigger, trigger | {"account": BANK, "changed": [f"{SHOP}/{REGION}/parameter/a"]}):
        body = json.dumps({"subject": family(IN_BANK).key, "trigger": given})
        [outcome] = world.inspector().inspector.inspect({"forged": body})
        assert outcome.unreadable  # type: ignore[union-attr] # it failed
    assert not world.calls["AssumeRole"]


def test_a_family_that_uses_anothers_parameter_has_no_part_in_that_parameters_finding(world: World) -> None:
    secrets = [{"name": "AOT_CONFIG_CONTENT", "valueFrom": IN_BANK.arn("ssm", f"parameter{PARAMETER}")}]
    world.sees(registered(register(world, IN_SHOP, collector={"secrets": secrets}), account=SHOP))
    parameter = SubjectId(IN_BANK, Subject.PARAMETER, PARAMETER)
    assert world.ledger.dependents.of(parameter) == []
    assert BANK not in json.dumps(world.subjects)
    assert findings(world, IN_BANK) == set()
    before = len(world.subjects)
    world.sees(parameter_changed().replace(ACCOUNT, BANK))
    assert len(world.subjects) == before


def test_a_role_of_another_account_is_not_read_and_its_changes_lead_to_no_evaluation(world: World) -> None:
    world.aws.region(BANK).iam.add("shared", "{}", "{}")
    arn = register(world, IN_SHOP, taskRoleArn=f"arn:aws:iam::{BANK}:role/shared")
    world.sees(registered(arn, account=SHOP))
    before = len(world.subjects)
    world.sees(role_changed("shared").replace(ACCOUNT, BANK))
    assert len(world.subjects) == before
    assert world.ledger.history(SubjectId(IN_BANK, Subject.ROLE, "shared")).version == 0


def test_families_of_one_name_have_records_of_their_own(world: World) -> None:
    world.sees(drifted(world, IN_SHOP), drifted(world, IN_BANK))
    world.sees(registered(register(world, IN_SHOP), account=SHOP))
    assert findings(world, IN_SHOP) == set()
    assert findings(world, IN_BANK) == {f"outrider/{IN_BANK}/family/web/{RULE}"}


# --- approvals --------------------------------------------------------------------------------------------------------


def _product(place: Place) -> str:
    return place.arn("securityhub", f"product/{place.account}/default")


def approval(account: str, finding: Place, product: Place) -> str:
    return of_rule(
        "approval",
        account=account,
        finding=f"outrider/{finding}/family/web/{RULE}",
        product=_product(product),
        plan="0123456789abcdef",
    )


def test_the_administrators_account_approves_for_every_member_and_a_member_only_for_itself(world: World) -> None:
    approver = world.approver()
    assert approver.approve(approval(ACCOUNT, IN_BANK, IN_BANK)) == family(IN_BANK)
    assert approver.approve(approval(BANK, IN_BANK, IN_BANK)) == family(IN_BANK)
    other = "777788889999"
    assert isinstance(approver.approve(approval(other, IN_BANK, IN_BANK)), Refused)
    assert replace(approver, administrator=other).approve(approval(other, IN_BANK, IN_BANK)) == family(IN_BANK)
    refused = approver.approve(approval(SHOP, IN_BANK, IN_BANK))
    assert refused == Refused("the finding is of another account than the approval")
    assert {each["account"] for each in world.requests} == {BANK}


@pytest.mark.parametrize("importer", [IN_SHOP, Place(BANK, "us-east-1")], ids=str)
def test_a_finding_with_anothers_id_approves_nothing(world: World, importer: Place) -> None:
    """Any account may import a finding with any Id; who approves it sees no difference."""
    with pytest.raises(TriggerUnreadable):
        world.approver().approve(approval(ACCOUNT, IN_BANK, importer))
    assert world.requests == []


def test_a_request_of_a_member_that_only_names_it_reads_nothing_elsewhere(world: World) -> None:
    """The queue of requests accepts no message from another account; who sends one works in the account it names."""
    world.aws.closed.add(BANK)
    resume = own("resume", account=BANK, family="web", attempt="x")
    assert world.remediator().remediate(resume).state is AttemptState.NOTHING
    assert not world.calls["DescribeTaskDefinition"]
