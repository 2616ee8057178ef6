"""What docs/members.md has operators do with members, on a local cloud of its own. Each test goes on from the last."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pytest

from cli.main import main
from local import fleet
from local.cloud import BUCKET, EXTERNAL_ID, MEMBER_STACK, PYTHON, Cloud
from local.emulator import REGION
from local.sam import SAM
from tests.e2e.members import findings, in_account, keep_notices, notices
from tests.e2e.stage import QUEUES, STANDARD, Json, Stage, drifted, right, unkind_if_asked

JOINING, LEAVING = "222222222222", "444444444444"
ABROAD = "eu-west-1"
STANDARD_TEXT = "version: 1\nname: shop\n"
WITHOUT_JOINED = f'{STANDARD_TEXT}scope: {{exclude: [{{account: "{JOINING}"}}]}}\n'
RULES = {"sidecar.image-pinned", "sidecar.resources", "sidecar.restart-policy"}
OPEN, CLOSED = ("FAILED", "ACTIVE"), "ARCHIVED"


@dataclass(frozen=True, slots=True)
class Operator:
    """A person with the command line, and with credentials of the governance account."""

    stage: Stage
    types: Callable[..., tuple[int, str]]

    def sweeps(self) -> Json:
        """Start a sweep of everything, and read its certificate when it has ended."""
        since = datetime.now(UTC)
        assert self.types("sweep")[0] == 0
        return self.certificate(since)

    def certificate(self, since: datetime) -> Json:
        """The certificate of a sweep that began since then, as soon as no sweep runs."""
        states, machine = self.stage.client("stepfunctions"), self.stage.outputs["SweepMachine"]

        def ended() -> Json | None:
            if states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
                return None
            code, printed = self.types("coverage", "--format", "json")
            if not printed:  # no sweep has ended yet
                return None
            found: Json = json.loads(printed)
            assert code == (0 if found["complete"] else 1)
            return found if datetime.fromisoformat(found["began"]) > since else None

        found: Json = self.stage.until(ended, "The sweep did not end.")
        return found


@pytest.fixture(scope="module")
def operated() -> Iterator[Stage]:
    """Outrider, which only reports, and two members: one with the roles of member.yaml, the other still without."""
    for tool in (PYTHON, SAM):
        if not tool.exists():
            pytest.skip(f"{tool} is not there: run `make venvs` once.")
    with Cloud() as cloud:
        cloud.client("ssm").put_parameter(Name=STANDARD, Type="String", Value=STANDARD_TEXT)
        for account in (JOINING, LEAVING):
            fleet.create_dependencies(partial(cloud.client, account=account))
        stage = Stage(cloud, {})
        deploy(stage)
        cloud.client("cloudtrail").create_trail(Name="trail", S3BucketName=BUCKET, IsMultiRegionTrail=True)
        cloud.client("cloudtrail").start_logging(Name="trail")
        cloud.join(LEAVING, stage.outputs)
        unkind_if_asked(cloud)
        yield stage


@pytest.fixture
def operator(operated: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operator:
    for name, value in operated.cloud.environment().items():
        monkeypatch.setenv(name, value)

    def types(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        return main(list(words)), capsys.readouterr().out

    return Operator(operated, types)


def deploy(stage: Stage, **parameters: str) -> None:
    """Deploy the governance stack, and let what fails be retried soon."""
    stage.outputs = stage.cloud.deploy_outrider(
        StandardLocation=f"ssm:{STANDARD}",
        StandardSeconds="1",
        RemediationMode="report",
        LogLevel="DEBUG",
        MessageWaitSeconds="10",  # a busy machine may need seconds between the findings of one family
        MemberAccounts=f"{JOINING},{LEAVING}",
        MemberExternalId=EXTERNAL_ID,
        SweptAccounts=f"{JOINING},{LEAVING}",
        **parameters,
    )
    keep_notices(stage)
    for name in QUEUES:
        stage.client("sqs").set_queue_attributes(QueueUrl=stage.queue(name), Attributes={"VisibilityTimeout": "10"})


def register(stage: Stage, account: str, definition: Json, region: str = REGION) -> None:
    ecs = stage.cloud.client("ecs", account=account, region=region)
    ecs.register_task_definition(**in_account(definition, account, region))


def raw(stage: Stage, account: str, region: str = REGION) -> list[Json]:
    pages = stage.cloud.client("securityhub", account=account, region=region).get_paginator("get_findings").paginate()
    return [each for page in pages for each in page["Findings"]]


def ids(account: str, family: str, region: str = REGION) -> set[str]:
    return {f"outrider/{account}/{region}/family/{family}/{rule}" for rule in RULES}


def gaps(certificate: Json) -> set[tuple[str, str, str, str, str]]:
    """Account, region, kind, coverage and call of what is missing."""
    return {
        (row["account"], row["region"], row["kind"], gap["coverage"], gap["call"])
        for row in certificate["results"]
        for gap in row["gaps"]
    }


def counts(certificate: Json, account: str, region: str = REGION) -> Json:
    """How many families of an account, by coverage."""
    [row] = [
        each
        for each in certificate["results"]
        if (each["account"], each["region"], each["kind"]) == (account, region, "family")
    ]
    return dict(row["counts"])


def test_an_account_that_is_added_is_denied_until_its_roles_are_there_and_then_what_existed_is_found(
    operator: Operator,
) -> None:
    stage = operator.stage
    register(stage, JOINING, drifted("earlier"))
    stage.quiet()
    before = operator.sweeps()
    # The first report, for which the sweep looks for those before: S3 must say that there are none.
    stored = stage.client("s3").list_objects_v2(Bucket=stage.outputs["CertificatesBucket"], Prefix="reports/")
    assert [each["Key"].rpartition(".")[2] for each in stored["Contents"]] == ["html", "json"]
    assert gaps(before) == {
        (JOINING, REGION, "family", "denied", "sts:AssumeRole"),
        (JOINING, REGION, "service", "denied", "sts:AssumeRole"),
    }
    assert {row["since"] for row in before["results"] if row["gaps"]} == {before["began"]}
    assert findings(stage, JOINING, "earlier") == {}
    assert len([each for each in notices(stage) if JOINING in each]) == 1

    stage.cloud.join(JOINING, stage.outputs)
    # A role that refused is tried again after a minute. An update of the function makes it forget the refusal now.
    stage.client("lambda").update_function_configuration(FunctionName=stage.outputs["SweepFunction"], MemorySize=512)
    after = operator.sweeps()
    assert after["complete"]
    assert counts(after, JOINING) == {"evaluated": 1}
    assert findings(stage, JOINING, "earlier") == dict.fromkeys(ids(JOINING, "earlier"), OPEN)

    register(stage, JOINING, drifted("later"))
    stage.until(lambda: findings(stage, JOINING, "later"), "No finding came by an event.")
    stage.quiet(slack=True)
    assert findings(stage, JOINING, "later") == dict.fromkeys(ids(JOINING, "later"), OPEN)
    assert stage.messages("earlier") == [], "what existed before is in the digest alone"
    assert len(stage.messages("later")) == 1


def test_a_region_that_is_added_is_swept_and_its_findings_wait_until_security_hub_is_enabled_there(
    operator: Operator,
) -> None:
    stage, hub = operator.stage, operator.stage.cloud.client("securityhub", account=JOINING, region=ABROAD)
    hub.disable_security_hub()
    register(stage, JOINING, drifted("abroad"), ABROAD)
    stage.cloud.join(JOINING, stage.outputs, region=ABROAD)
    roles = stage.cloud.client("iam", account=JOINING).list_roles()["Roles"]
    assert [each["RoleName"] for each in roles].count("outrider-read") == 1
    stage.outputs = stage.cloud.update(SweptRegions=f"{REGION},{ABROAD}")

    first = operator.sweeps()
    assert gaps(first) == {(JOINING, ABROAD, "family", "denied", "securityhub:BatchImportFindings")}
    assert len([each for each in notices(stage) if f"Security Hub is not enabled in {JOINING}/{ABROAD}" in each]) == 1
    dlqs = [url for url in stage.client("sqs").list_queues()["QueueUrls"] if "Dlq" in url]
    assert len(dlqs) > len(QUEUES)
    assert [url for url in dlqs if stage.waiting(url)] == []

    hub.enable_security_hub()
    second = operator.sweeps()
    assert second["complete"]
    assert counts(second, JOINING, ABROAD) == {"evaluated": 1}
    assert ids(JOINING, "abroad", ABROAD) <= findings(stage, JOINING, "abroad", ABROAD).keys()
    assert findings(stage, JOINING, "abroad") == {}

    register(stage, JOINING, drifted("abroad-later"), ABROAD)
    stage.until(lambda: findings(stage, JOINING, "abroad-later", ABROAD), "No finding came by an event.")
    stage.quiet()


def test_a_governance_stack_that_is_created_again_reads_the_member_and_finds_under_the_same_ids(
    operator: Operator,
) -> None:
    stage = operator.stage
    before = {each["Id"]: each for each in raw(stage, JOINING)}
    roles = {stage.role(name) for name in ("Dispatch", "Inspect", "Sweep")}
    stage.cloud.delete()
    register(stage, JOINING, right("later"))
    register(stage, JOINING, drifted("meanwhile"))
    deploy(stage, SweptRegions=f"{REGION},{ABROAD}")
    assert operator.types("doctor")[0] == 0
    assert not roles & {stage.role(name) for name in ("Dispatch", "Inspect", "Sweep")}

    again = operator.sweeps()
    assert (again["complete"], again["before"]) == (True, "")
    found = raw(stage, JOINING)
    after = {each["Id"]: each for each in found}
    assert len(found) == len(after) == len(before) + len(RULES)
    assert after.keys() - before.keys() == ids(JOINING, "meanwhile")
    for id_ in ids(JOINING, "earlier"):
        assert (after[id_]["Compliance"]["Status"], after[id_]["RecordState"]) == OPEN
        assert after[id_]["CreatedAt"] > before[id_]["CreatedAt"]
    # What was corrected while there was no stack is not known to the new ledger: a person archives it.
    began = datetime.fromisoformat(again["began"])
    stale = {id_ for id_, each in after.items() if datetime.fromisoformat(each["UpdatedAt"]) < began}
    assert stale == ids(JOINING, "later")
    assert {after[id_]["RecordState"] for id_ in stale} == {"ACTIVE"}


def test_an_account_that_leaves_is_refused_by_the_bus_and_the_others_go_on(operator: Operator) -> None:
    stage = operator.stage
    register(stage, LEAVING, drifted("theirs"))
    stage.until(lambda: findings(stage, LEAVING, "theirs"), "No finding came by an event.")
    stage.quiet()
    before = raw(stage, LEAVING)
    # The local cloud has no organisation, whose id would refuse the account without this update.
    stage.outputs = stage.cloud.update(MemberAccounts=JOINING, SweptAccounts=JOINING)
    register(stage, LEAVING, drifted("theirs-later"))
    register(stage, JOINING, drifted("still-watched"))
    stage.until(lambda: findings(stage, JOINING, "still-watched"), "No finding came by an event.")
    stage.quiet()
    assert f"does not accept events of {LEAVING}" in stage.cloud.logs()
    after = operator.sweeps()
    assert after["complete"]
    assert counts(after, LEAVING) == {"out of scope": 1}
    assert findings(stage, LEAVING, "theirs-later") == {}
    assert raw(stage, LEAVING) == before


def test_an_account_that_is_removed_has_its_findings_closed_and_leaves_no_gap(operator: Operator) -> None:
    stage, changed = operator.stage, datetime.now(UTC)
    stage.client("ssm").put_parameter(Name=STANDARD, Type="String", Value=WITHOUT_JOINED, Overwrite=True)
    # A change of the standard starts a sweep by itself.
    assert operator.certificate(changed)["complete"]
    states = {each["Id"]: each["RecordState"] for region in (REGION, ABROAD) for each in raw(stage, JOINING, region)}
    assert {id_ for id_, state in states.items() if state != CLOSED} == ids(JOINING, "later")

    for region in (ABROAD, REGION):
        stage.cloud.delete(MEMBER_STACK, account=JOINING, region=region)
    stage.outputs = stage.cloud.update(MemberAccounts=LEAVING, SweptAccounts="")
    last = operator.sweeps()
    assert last["complete"]
    assert counts(last, JOINING).keys() == {"out of scope"}
