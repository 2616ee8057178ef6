"""The demo: Outrider on a local AWS, a small company's task definitions, and what happens to each.

    make demo

Ends with 0 only where everything that it shows did happen; a sentence says what did not. It leaves nothing behind.
"""

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import fleet
from local.cloud import EXTERNAL_ID, STANDARD, Cloud
from local.demo_members import MEMBER, SILENT, Members
from local.diffs import diff
from local.fleet import Sample
from local.message_text import as_text
from local.pick import ACTION
from local.sam import CloudFailed
from local.shop import DemoFailed, Shop, open_ones, state, use, what_is_wrong
from local.terminal import Page, wrapped

# Normally Outrider waits for pipelines to settle before it corrects their revisions; the demo does not wait.
STANDARD_TEXT = """\
version: 1
name: shop
mode: deploy
services: {settling_minutes: 0}
remediation: {settling_minutes: 0}
rules:
  - rules: service.platform-version
    approval: true
"""
# What happens to the deployments of corrected revisions; those of other services take no time.
PLAYS: tuple[Mapping[str, Any], ...] = (
    {"service": "checkout", "seconds": 1.5},
    {"service": "payments", "outcome": "fails", "seconds": 1, "rollback_seconds": 0.5},
)

# What must be found at least. More rules may apply; each of these must.
EXPECTED = {
    "my-fargate-task": {"sidecar.image-pinned", "sidecar.resources"},
    "checkout": {"sidecar.present"},
    "payments": {
        "sidecar.image-pinned",
        "sidecar.not-essential",
        "sidecar.config-from-parameter",
        "sidecar.resources",
        "application.otlp-endpoint",
    },
    "inventory": {"identity.execution-role", "identity.task-role"},
    "shop/inventory": {"service.platform-version"},
}
WITHOUT_FINDING = ("catalog", "nightly-report")
DRIFTING_AGAIN = "my-fargate-task"
LAST = {
    DRIFTING_AGAIN: "Resolved",
    "checkout": "Resolved",
    "payments": "Correction failed",
    "inventory": "Resolved",
}
"""How the last message about each family begins."""

_RANKS = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")


@dataclass(slots=True)
class Story:
    """What the demo does and prints, in a cloud where Outrider is deployed."""

    shop: Shop
    page: Page
    seconds: list[float] = field(default_factory=list)  # from event to finding

    def play(self) -> None:
        """The whole demo; DemoFailed where something did not happen."""
        samples = {sample.family: sample for sample in fleet.samples()}
        with self._nothing_corrected_yet():
            self._right([samples[family] for family in WITHOUT_FINDING])
            self._drifted([sample for family, sample in samples.items() if family in EXPECTED])
            for play in PLAYS:
                self.shop.cloud.control("POST", "rollouts", play)
            for family in LAST:  # what is corrected within the wait is only in the message about its end
                self._drift_message(family)
        self._corrections()
        self._failure()
        self._approval()
        self._fight(samples[DRIFTING_AGAIN])
        self._end()
        Members(self.shop, self.page).play(samples[DRIFTING_AGAIN])

    # --- step by step -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _nothing_corrected_yet(self) -> Iterator[None]:
        """Corrections wait in their queue, so that the findings can be seen before they close."""
        functions = self.shop.cloud.client("lambda")
        mappings = functions.list_event_source_mappings()["EventSourceMappings"]
        (waiting,) = (each["UUID"] for each in mappings if "Remediations" in each["EventSourceArn"])
        functions.update_event_source_mapping(UUID=waiting, Enabled=False)
        yield
        functions.update_event_source_mapping(UUID=waiting, Enabled=True)

    def _right(self, samples: Iterable[Sample]) -> None:
        self.page.head("Two task definitions are registered: one is compliant, one does not run on Fargate")
        for sample in samples:
            begun, judged = self._register(sample), partial(self.shop.judged, sample.family)
            self.shop.until(judged, f"Outrider never evaluated {sample.family}.")
            if found := self.shop.findings(sample.family):
                raise DemoFailed(f"{sample.family} is {sample.about}, and yet {', '.join(found)} stands against it.")
            took = time.monotonic() - begun
            self.page.say(f"{sample.family}:1, {sample.about}: no finding ({took:.1f} s).", hanging=2)

    def _drifted(self, samples: Iterable[Sample]) -> None:
        self.page.head("Four with drift are registered, and three of them run. Soon after, Security Hub shows:")
        self.page.row("SEVERITY", "RULE", "WHAT IS WRONG")
        services = {service.family: service for service in fleet.SERVICES}
        for sample in samples:
            begun, service = self._register(sample), services.get(sample.family)
            if service is not None:
                fleet.start(self.shop.cloud.client, service)
            runs = "not running yet" if service is None else "run by a service"
            self._found(sample.family, f"{sample.family}:1, {sample.about}, {runs}", begun, runs=service is not None)
            if service is not None and service.platform_version != "LATEST":
                subject = f"{fleet.CLUSTER}/{service.name}"
                self._found(subject, f"service {subject}, on platform version {service.platform_version}", begun)

    def _found(self, subject: str, title: str, begun: float, *, runs: bool = False) -> None:
        """With `runs`, wait until the findings know that something runs it: until then they are LOW."""
        found = dict[str, dict[str, Any]]()

        def there() -> bool:
            found.clear()
            found.update(self.shop.findings(subject))
            unused = runs and any("nothing runs it" in use(each) for each in found.values())
            return EXPECTED[subject] <= found.keys() and not unused

        self.shop.until(there, f"Security Hub should show {', '.join(sorted(EXPECTED[subject]))} for {subject}.")
        self.seconds.append(time.monotonic() - begun)
        self.shop.until(lambda: self.shop.judged(subject), f"Outrider never logged the evaluation of {subject}.")
        count = f"{len(found)} finding{'s' if len(found) > 1 else ''} after {self.seconds[-1]:.1f} s"
        self.page.say(f"{title}: {count}", style="1", hanging=2)
        for rule, finding in sorted(found.items(), key=lambda each: _RANKS.index(each[1]["Severity"]["Label"])):
            self.page.row(finding["Severity"]["Label"], rule, what_is_wrong(finding))

    def _corrections(self) -> None:
        self.page.head("Now corrections are allowed. Safe ones are registered as new revisions…")
        begun = time.monotonic()
        self._registered(DRIFTING_AGAIN)
        self._close(DRIFTING_AGAIN, "Nothing runs it, so no service is updated", begun)
        self._registered("checkout")
        self.page.head("… and deployed. Findings close only when the new tasks and their collectors run")
        self.shop.until(lambda: self.shop.runs("checkout") == "checkout:2", "shop/checkout was not updated.")
        self.shop.until(
            lambda: not open_ones(self.shop.findings("checkout")), "checkout:2 runs, and its finding did not close."
        )
        tasks = self.shop.tasks("checkout")
        up = [task for task in tasks if state(task, "adot-collector") == "RUNNING"]
        if self.shop.runs("checkout") != "checkout:2" or not tasks or len(up) < len(tasks):
            raise DemoFailed(f"The finding of checkout closed, and {len(up)} of {len(tasks)} collectors run.")
        what = f"shop/checkout runs checkout:2, with a collector that runs in {len(up)} of {len(tasks)} tasks"
        self._close("checkout", what, begun)
        self._slack(DRIFTING_AGAIN)

    def _registered(self, family: str) -> None:
        """Show the difference. The correction is the second revision: nobody else registered in between."""
        self.shop.until(lambda: self.shop.newest(family) > 1, f"No corrected revision of {family} was registered.")
        self.page.say(f"{family}:1 → {family}:2", style="1")
        for line in diff(self.shop.revision(f"{family}:1"), self.shop.revision(f"{family}:2")):
            self.page.change(line.sign, line.text, line.depth)

    def _failure(self) -> None:
        self.page.head("A deployment fails: the local AWS stops the tasks of payments:2 as they start")
        failed = "Correction failed: payments"
        self.shop.until(
            lambda: self.shop.messages(failed), "Slack has no message that the correction of payments failed."
        )
        self.shop.until(
            lambda: self.shop.runs("payments") == "payments:1" and self.shop.newest("payments") == 1,
            "payments:1 was not put back.",
        )
        left = open_ones(self.shop.findings("payments"))
        if not EXPECTED["payments"] <= left.keys():
            raise DemoFailed("The correction of payments failed, and yet its findings are closed.")
        self.page.say(
            "ECS's circuit breaker rolled it back. Outrider watched that, deregistered payments:2, and put the family"
            f" in quarantine; {len(left)} findings of the family stay open."
        )
        self._show(self.shop.messages(failed)[0], ("What the correction changed",))

    def _approval(self) -> None:
        self.page.head("Some corrections need a person, who changes roles or approves a plan")
        iam, begun = self.shop.cloud.client("iam"), time.monotonic()
        allowed = {role.name: role.actions for role in fleet.ROLES}
        for end in ("execution", "task"):
            fleet.allow(iam, f"inventory-{end}", allowed[f"shop-{end}"])
        self._close("inventory", "Somebody adds the missing permissions to the roles of inventory", begun)
        (finding,) = open_ones(self.shop.findings("shop/inventory")).values()
        hub = self.shop.cloud.client("securityhub")
        target = hub.create_action_target(Name=ACTION, Description="Outrider carries out its plan", Id="ApplyPlan")
        begun = time.monotonic()
        picked = {"action": target["ActionTargetArn"], "findings": [finding["Id"]]}
        self.shop.cloud.control("POST", "custom-action", picked)
        self._close(
            "shop/inventory",
            f"The standard requires approval for a changed platform version. Somebody picks “{ACTION}” on the finding"
            " in Security Hub, and Outrider updates the service",
            begun,
        )
        (service,) = self.shop.cloud.client("ecs").describe_services(cluster="shop", services=["inventory"])["services"]
        if service["platformVersion"] != "LATEST":
            raise DemoFailed(f"shop/inventory is on platform version {service['platformVersion']}.")

    def _fight(self, sample: Sample) -> None:
        self.page.head(f"A pipeline brings the drift back: Terraform registers {DRIFTING_AGAIN} again, as it was")
        pipeline = self._pipeline()
        for drifted, corrected in ((3, 4), (5, None)):
            self.shop.until(self.shop.idle, "The queues of changes did not empty.")
            begun = time.monotonic()
            pipeline.register_task_definition(**sample.definition)
            if corrected is not None:
                self.shop.until(lambda: self.shop.newest(DRIFTING_AGAIN) == 4, f"{DRIFTING_AGAIN}:3 was not corrected.")  # noqa: PLR2004 - the number
                self._close(
                    DRIFTING_AGAIN, f"{DRIFTING_AGAIN}:{drifted} is corrected by {DRIFTING_AGAIN}:{corrected}", begun
                )
        given_up = f"Not corrected: {DRIFTING_AGAIN}"
        self.shop.until(
            lambda: self.shop.messages(given_up), f"Slack has no message that Outrider gave up on {DRIFTING_AGAIN}."
        )
        self.page.say(
            f"Outrider does not correct {DRIFTING_AGAIN}:5: that would be the third time. It says where to make the"
            " change:"
        )
        self._show(self.shop.messages(given_up)[0], ("What would", "In CloudFormation", "In JSON"))
        begun = time.monotonic()
        pipeline.register_task_definition(**self._as_advised(sample))
        self._close(DRIFTING_AGAIN, f"The change is made in Terraform, which registers {DRIFTING_AGAIN}:6", begun)
        if self.shop.newest(DRIFTING_AGAIN) != 6:  # noqa: PLR2004 - the number
            raise DemoFailed(f"{DRIFTING_AGAIN}:5 was corrected, though Outrider should have given up.")

    def _as_advised(self, sample: Sample) -> dict[str, Any]:
        """The definition with the collector that Outrider corrected, as the message advises."""
        corrected = self.shop.revision(f"{DRIFTING_AGAIN}:4")
        return {**sample.definition, "containerDefinitions": corrected["containerDefinitions"]}

    def _pipeline(self) -> Any:
        """ECS as Terraform calls it, by a role of its own."""
        iam, trust = self.shop.cloud.client("iam"), fleet.trusting("codebuild.amazonaws.com")
        iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=trust, Description="the pipeline's")
        fleet.allow(iam, "deployer", ("ecs:RegisterTaskDefinition", "ecs:TagResource", "iam:PassRole"))
        return self.shop.cloud.client_as("ecs", "deployer", agent="HashiCorp Terraform/1.13.4")

    def _end(self) -> None:
        messages = self._all_messages()
        found = {subject: self.shop.findings(subject) for subject in EXPECTED}
        left = {subject: open_ones(some) for subject, some in found.items() if open_ones(some)}
        if left.keys() != {"payments"}:
            raise DemoFailed(f"Findings of {', '.join(left)} are open; only those of payments should be.")
        every, still = sum(map(len, found.values())), len(left["payments"])
        least, most = min(self.seconds), max(self.seconds)
        self.page.head(
            f"{every - still} of {every} findings are closed; {still} wait for the team of payments. From event"
            f" to finding: {least:.1f} to {most:.1f} s. Slack has {len(messages)} messages: for each family one"
            " when it drifted, one at the end, and one where a person is needed."
        )

    # --- what is printed ----------------------------------------------------------------------------------------------

    def _close(self, subject: str, what: str, begun: float) -> None:
        """Wait until the subject's findings are closed, and print that, with what closed them."""
        self.shop.until(
            lambda: not open_ones(self.shop.findings(subject)), f"{what}, and findings of {subject} are still open."
        )
        took, rules = time.monotonic() - begun, ", ".join(self.shop.findings(subject))
        self.page.say(f"{what}: " + self.page.styled(f"✓ {rules} closed", "32") + f" ({took:.1f} s)", hanging=2)

    def _slack(self, family: str) -> None:
        self.page.head(
            "Slack has received one message about each family, and another when it was resolved. One of them:"
        )
        self._show(self._drift_message(family))

    def _drift_message(self, family: str) -> dict[str, Any]:
        """Slack's first message that a family drifted, once it is there."""
        begin = f"Drift: {family} ("
        self.shop.until(lambda: self.shop.messages(begin), f"Slack has no message that {family} drifted.")
        return self.shop.messages(begin)[0]

    def _show(self, message: Mapping[str, Any], without: tuple[str, ...] = ()) -> None:
        for line in as_text(message, without):
            indent = len(line) - len(line.lstrip())
            for row in wrapped(line.strip(), self.page.width - 4 - indent):
                self.page.line(f"  {self.page.styled('│', '2')} {' ' * indent}{row}")

    def _register(self, sample: Sample) -> float:
        begun = time.monotonic()
        fleet.register(self.shop.cloud.client, sample)
        return begun

    def _all_messages(self) -> list[dict[str, Any]]:
        """Slack's messages, when the last one about each family has arrived; few for each."""
        slack = self.shop.cloud.slack

        def words(family: str) -> list[str]:
            about = re.compile(rf"([^:]+): (shop/)?{re.escape(family)}\b")
            return [found[1] for each in slack.messages() if (found := about.match(each["text"]))]

        for family, last in LAST.items():
            self.shop.until(lambda: words(family)[-1:] == [last], f"Slack's last message about {family} is no {last}.")  # noqa: B023 - it is called within the loop
            most = 2 if family != DRIFTING_AGAIN else 7
            if not (words(family)[0].startswith("Drift") and len(words(family)) <= most):
                raise DemoFailed(f"Slack has {words(family)} about {family}: more than {most} messages.")
        return slack.messages()


def main() -> int:
    """0 where all of it happened, 1 with a sentence where not, 130 on Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a replacement for it accepts any text
            stream.reconfigure(errors="replace")  # type: ignore[union-attr] # as above
    page, begun = Page.of_terminal(), time.monotonic()
    try:
        page.say("Outrider keeps the OpenTelemetry collector next to every Fargate task.", 0, "1")
        page.say("This demo runs it on a local AWS. No AWS account is used.", 0)
        with Cloud() as cloud:
            page.head("A local AWS, with Outrider deployed into it")
            up = time.monotonic() - begun
            page.say(f"AWS answers on {cloud.endpoint} after {up:.1f} s, with IAM enforced.")
            fleet.create_dependencies(cloud.client)
            cloud.client("ssm").put_parameter(Name=STANDARD, Type="String", Value=STANDARD_TEXT)
            page.say("Deploying Outrider. The first time takes longer, because sam builds and packages it…")
            outputs = cloud.deploy_outrider(
                StandardLocation=f"ssm:{STANDARD}",
                RemediationMode="deploy",
                MessageWaitSeconds="8",
                MemberAccounts=f"{MEMBER},{SILENT}",
                MemberExternalId=EXTERNAL_ID,
                SweptAccounts=f"{MEMBER},{SILENT}",
            )
            page.say(f"Deployed after {time.monotonic() - begun - up:.0f} s. Its standard allows safe corrections.")
            Story(Shop(cloud, outputs), page).play()
        page.say(
            f"That took {time.monotonic() - begun:.0f} s. Nothing is left behind. `make cloud` keeps one running.", 0
        )
    except (CloudFailed, DemoFailed, BotoCoreError, ClientError) as failed:
        print(f"\nThe demo failed. {failed}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Nothing is left behind.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
