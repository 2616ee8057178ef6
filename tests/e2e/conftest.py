import json
from collections.abc import Iterator

import pytest

from local import fleet
from local.cloud import EXTERNAL_ID, PYTHON, Cloud
from local.sam import SAM
from tests.e2e.kept import keep
from tests.e2e.stage import MEMBER, QUEUES, SILENT, SPY, STANDARD, STANDARD_TEXT, Stage, unkind_if_asked


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """Outrider, deployed once for all tests here."""
    for tool in (PYTHON, SAM):
        if not tool.exists():
            pytest.skip(f"{tool} is not there: run `make venvs` once.")
    with Cloud() as cloud:
        fleet.create_dependencies(cloud.client)
        cloud.client("ssm").put_parameter(Name=STANDARD, Type="String", Value=STANDARD_TEXT)
        # Faults make messages be retried more often than real trouble does, and more is published in a minute.
        outputs = cloud.deploy_outrider(
            StandardLocation=f"ssm:{STANDARD}",
            RemediationMode="deploy",
            LogLevel="DEBUG",
            MaxReceives="100",
            MessagesPerBatch="200",
            MemberAccounts=f"{MEMBER},{SILENT}",
            MemberExternalId=EXTERNAL_ID,
        )
        keep(cloud, outputs["AlertsTopic"], SPY)
        stage = Stage(cloud, outputs)
        # What fails is retried soon, and not after the six minutes of a real stack.
        for name in QUEUES:
            url, sqs = stage.queue(name), cloud.client("sqs")
            held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"][
                "RedrivePolicy"
            ]
            redrive = json.dumps(json.loads(held) | {"maxReceiveCount": 100})  # so soon, a message is retried often
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "10", "RedrivePolicy": redrive})
        unkind_if_asked(cloud)
        yield stage


@pytest.fixture(autouse=True)
def _no_fault_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "stage" in request.fixturenames:
        stage: Stage = request.getfixturevalue("stage")
        stage.cloud.control("DELETE", "faults")
