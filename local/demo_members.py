"""The last chapter of the demo: an account that is watched, one that cannot be read, a sweep and its certificate."""

import json
import re
import time
from dataclasses import dataclass
from functools import partial

from local import fleet
from local.emulator import ACCOUNT
from local.fleet import Sample
from local.shop import DemoFailed, Shop
from local.terminal import Page

MEMBER, SILENT = "222222222222", "333333333333"
_REPORTED, _EARLIER = "ledger", "archive"
"""Families of the member: registered after and before it deploys member.yaml."""


@dataclass(frozen=True, slots=True)
class Members:
    """What it does and prints."""

    shop: Shop
    page: Page

    def play(self, sample: Sample) -> None:
        """A member that is read, what no event reported in it, and a member that cannot be read."""
        cloud = self.shop.cloud
        self.page.head("The organisation has two more accounts. Only the first deploys member.yaml")
        definition = json.loads(json.dumps(sample.definition).replace(ACCOUNT, MEMBER))
        ecs = cloud.client("ecs", account=MEMBER)
        fleet.create_dependencies(partial(cloud.client, account=MEMBER))
        ecs.register_task_definition(**definition | {"family": _EARLIER})  # nothing sends its event yet
        cloud.join(MEMBER, self.shop.outputs)
        begun = time.monotonic()
        ecs.register_task_definition(**definition | {"family": _REPORTED})
        self.shop.until(lambda: self._in_member(_REPORTED), f"{MEMBER} has no finding of {_REPORTED}.")
        self.page.say(
            f"{_REPORTED}:1 is registered in {MEMBER}, and its own Security Hub has"
            f" {len(self._in_member(_REPORTED))} findings ({time.monotonic() - begun:.1f} s).",
            hanging=2,
        )
        if self._in_member(_EARLIER):
            raise DemoFailed(f"No event reports {_EARLIER}, and yet it has findings.")
        self.page.head("A sweep evaluates everything, also what no event reported, and says what it could not read")
        begun = time.monotonic()
        self._swept()
        found = self._in_member(_EARLIER)
        if not found:
            raise DemoFailed(f"The sweep did not find {_EARLIER} in {MEMBER}.")
        took = time.monotonic() - begun
        self.page.say(
            f"{_EARLIER}:1 was there before: the sweep opens {len(found)} findings ({took:.1f} s).", hanging=2
        )
        for line in self._certificate():
            self.page.say(line, hanging=2)

    def _in_member(self, family: str) -> list[str]:
        """The findings of a family in the Security Hub of the member."""
        found = self.shop.cloud.client("securityhub", account=MEMBER).get_findings()["Findings"]
        return [each["Id"] for each in found if f"/family/{family}/" in each["Id"]]

    def _swept(self) -> None:
        """Run a sweep to its end."""
        states, machine = self.shop.cloud.client("stepfunctions"), self.shop.outputs["SweepMachine"]
        started = states.start_execution(stateMachineArn=machine)["executionArn"]

        def status() -> str:
            return str(states.describe_execution(executionArn=started)["status"])

        self.shop.until(lambda: status() != "RUNNING", "The sweep did not end.")
        if status() != "SUCCEEDED":
            raise DemoFailed(f"The sweep ended as {status()}.")

    def _certificate(self) -> list[str]:
        """The certificate's first sentence, what is not covered, and where the report is."""
        s3, bucket = self.shop.cloud.client("s3"), self.shop.outputs["CertificatesBucket"]
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        page = next(key for key in keys if key.startswith("certificates/") and key.endswith(".md"))
        text = s3.get_object(Bucket=bucket, Key=page)["Body"].read().decode()
        missing = re.findall(rf"^- ({SILENT}/.*)$", text, re.MULTILINE)
        report = next((key for key in keys if key.startswith("reports/") and key.endswith(".html")), "")
        if not (missing and report):
            raise DemoFailed(f"The certificate does not name {SILENT}, or there is no report.")
        return [
            next(line for line in text.splitlines() if line.startswith("The coverage")),
            *(f"not covered: {each}" for each in missing),
            f"The report of all accounts: s3://{bucket}/{report}",
        ]
