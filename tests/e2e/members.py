"""Member accounts of the local cloud: definitions in them, their findings, and the notices of operations."""

import json
from typing import Any

from local.emulator import ACCOUNT, REGION
from tests.e2e.kept import keep
from tests.e2e.stage import Stage

_NOTICES = "notices"


def in_account(definition: Any, account: str, region: str = REGION) -> Any:
    """A definition of the governance account, as one of a member."""
    return json.loads(json.dumps(definition).replace(ACCOUNT, account).replace(REGION, region))


def findings(stage: Stage, account: str, family: str, region: str = REGION) -> dict[str, tuple[str, str]]:
    """Id → (compliance, record state) of a family's findings in a member's own Security Hub."""
    found = stage.cloud.client("securityhub", account=account, region=region).get_findings()["Findings"]
    ours = (each for each in found if f"/family/{family}/" in each["Id"])
    return {each["Id"]: (each["Compliance"]["Status"], each["RecordState"]) for each in ours}


def keep_notices(stage: Stage) -> None:
    """Keep from now on what the topic `operations` publishes."""
    keep(stage.cloud, stage.outputs["OperationsTopic"], _NOTICES)


def notices(stage: Stage) -> list[str]:
    """What it has published."""
    return stage.bodies(_NOTICES)
