"""The demo: Outrider on a local AWS, a small company's task definitions, and what becomes of each, as it happens.

    make demo

Ends with 0 only where everything that it tells of did happen; a sentence says what did not. Leaves nothing behind.
"""

import contextlib
import html
import json
import os
import re
import shutil
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import fleet
from local.cloud import STANDARD, Cloud, CloudFailed
from local.fleet import Sample

# Pipelines are given time to settle before their revisions are judged and corrected; nobody is to wait for it here.
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
APPROVE = "Apply Outrider plan"
# How the deployments of what Outrider corrected will go; those of services that are not named take no time.
PLAYS: tuple[Mapping[str, Any], ...] = (
    {"service": "checkout", "seconds": 1.5},
    {"service": "payments", "outcome": "fails", "seconds": 1, "rollback_seconds": 0.5},
)

WAIT_SECONDS = 60
POLL_SECONDS = 0.1
LEAST_WIDTH, MOST_WIDTH = 40, 100
TABLE_WIDTH = 72  # below it what is wrong stands under its rule
MOST_LINES = 4
RULE_COLUMN, SEVERITY_COLUMN = 30, 9

# What at least must be found. More rules may come to speak; none of these may fall silent.
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
NOTHING_TO_SAY = ("catalog", "nightly-report")
FOUGHT = "my-fargate-task"
TELLING = (FOUGHT, "sidecar.image-pinned")  # whose message is shown as Slack has it

RAISED = "Drift, now more severe"

_SEVERITIES = {"CRITICAL": "1;31", "HIGH": "31", "MEDIUM": "33", "LOW": "36"}
_RANKS = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")


class DemoFailed(Exception):
    """Something that the demo tells of did not happen. The message is a sentence that says what."""


# --- on the terminal --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """Where the story is printed: as wide as the terminal, in colour only on one and without NO_COLOR."""

    width: int = 80
    colour: bool = False

    @classmethod
    def of_terminal(cls) -> "Page":
        width = min(max(shutil.get_terminal_size((80, 24)).columns, LEAST_WIDTH), MOST_WIDTH)
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return cls(width, sys.stdout.isatty() and not plain)

    def styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour and text else text

    def line(self, text: str = "", style: str = "") -> None:
        print(self.styled(text, style), flush=True)

    def say(self, text: str, indent: int = 2, style: str = "", hanging: int = 0) -> None:
        """A paragraph, wrapped; `hanging` indents all lines but the first that much further."""
        for row in wrapped(text, self.width, " " * indent, " " * (indent + hanging)):
            self.line(row, style)

    def head(self, text: str) -> None:
        self.line()
        self.say(text, 0, "1")

    def row(self, severity: str, rule: str, wrong: str) -> None:
        """One finding: severity, rule, and what is wrong beside them, or below where there is no room."""
        beside = self.width >= TABLE_WIDTH
        left = 4 + SEVERITY_COLUMN + (RULE_COLUMN if beside else 0)
        told = wrapped(wrong, self.width - left)[:MOST_LINES]
        if len(" ".join(told)) < len(wrong):
            told[-1] = told[-1][: self.width - left - 1].rstrip(" ,.") + "…"
        graded = self.styled(f"{severity:<{SEVERITY_COLUMN}}", _SEVERITIES.get(severity, "2"))
        first = told.pop(0) if beside else ""
        self.line(f"    {graded}{rule:<{RULE_COLUMN}}{first}".rstrip())
        for each in told:
            self.line(" " * left + each)

    def change(self, sign: str, text: str, indent: int) -> None:
        style = {"+": "32", "-": "31"}.get(sign, "")
        first, later = f"  {sign or ' '} {' ' * indent}", f"    {' ' * indent}  "
        for row in wrapped(text, self.width, first, later):
            self.line(row, style)


def wrapped(text: str, width: int, first: str = "", later: str = "") -> list[str]:
    """Lines of at most `width` characters; a word that is longer is cut."""
    return textwrap.wrap(
        text, max(width, 10), initial_indent=first, subsequent_indent=later, break_on_hyphens=False
    ) or [first.rstrip()]


# --- what differs between two revisions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a diff: "+", "-" or "" for what only says where; how deep it stands."""

    sign: str
    text: str
    depth: int = 0


# How ECS describes what was left out.
_LEFT_OUT: tuple[Any, ...] = (None, [], {})

# What AWS sets itself when a revision is registered.
_SET_BY_AWS = frozenset(
    {"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"}
)


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Line]:
    """Where the second of two task definitions, as ECS describes them, differs from the first.

    Environment values that are no OTLP setting are hidden; of tags only the keys are told.
    """
    lines = list[Line]()
    for member in (key for key in dict.fromkeys([*before, *after]) if key not in _SET_BY_AWS):
        if member == "containerDefinitions":
            lines += _containers(before[member], after[member])
        else:
            lines += _member(member, before.get(member), after.get(member), 0)
    return lines


def _containers(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    was, is_ = ({each["name"]: each for each in some} for some in (before, after))
    for name in dict.fromkeys([*was, *is_]):
        one, other = was.get(name, {}), is_.get(name, {})
        lines = [
            line
            for key in dict.fromkeys([*one, *other])
            if key != "name"
            for line in _member(key, one.get(key), other.get(key), 2)
        ]
        if lines:
            sign = "" if one and other else "+" if other else "-"
            yield Line(sign, f"container {name}{'' if one else ', which is new'}:")
            yield from lines


def _member(name: str, before: Any, after: Any, depth: int) -> Iterator[Line]:
    if before == after or (before in _LEFT_OUT and after in _LEFT_OUT):
        return
    if name == "tags":
        was, is_ = ({item["key"]: item["value"] for item in some or ()} for some in (before, after))
        yield from _line("-", name, ", ".join(key for key in was if was[key] != is_.get(key)) or None, depth)
        yield from _line("+", name, ", ".join(key for key in is_ if is_[key] != was.get(key)) or None, depth)
        return
    if name in ("environment", "secrets"):
        value = "value" if name == "environment" else "valueFrom"
        was, is_ = ({item["name"]: item[value] for item in some or ()} for some in (before, after))
        for each in dict.fromkeys([*was, *is_]):
            if was.get(each) != is_.get(each):
                yield from _line("-", f"{name}/{each}", _shown(name, each, was.get(each)), depth)
                yield from _line("+", f"{name}/{each}", _shown(name, each, is_.get(each)), depth)
        return
    yield from _line("-", name, before if before not in _LEFT_OUT else None, depth)
    yield from _line("+", name, after, depth)


def _line(sign: str, name: str, value: Any, depth: int) -> Iterator[Line]:
    if value is not None:
        yield Line(sign, f"{name}: {value if isinstance(value, str) else json.dumps(value)}", depth)


def _shown(member: str, name: str, value: str | None) -> str | None:
    if value is None or member != "environment" or name.startswith("OTEL_EXPORTER_OTLP_"):
        return value
    return "(hidden)"


# --- a Slack message as text ------------------------------------------------------------------------------------------


def as_text(message: Mapping[str, Any], without: tuple[str, ...] = ()) -> list[str]:
    """A Block Kit message as the lines that a person would see, not yet wrapped; without sections that begin so."""
    lines = list[str]()
    for block in message["blocks"]:
        match block["type"]:
            case "header":
                lines.append(block["text"]["text"])
            case "section":
                text = _plain(block["text"]["text"])
                lines += [] if text.startswith(without) else text.split("\n")
            case "context":
                lines += [_plain(element["text"]) for element in block["elements"]]
            case "actions":
                lines.append("  ".join(f"[ {element['text']['text']} ]" for element in block["elements"]))
            case _:
                pass
    return lines


def _plain(mrkdwn: str) -> str:
    text = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", mrkdwn)
    text = re.sub(r"\*([^*\n]+)\*", r"\1", text).replace("```", "\n").replace("`", "").strip("\n")
    return html.unescape(text).replace("\n\n", "\n")


# --- the story --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Story:
    """What the demo does and tells, on a cloud in which Outrider is deployed."""

    cloud: Cloud
    outputs: Mapping[str, str]
    page: Page
    seconds: list[float] = field(default_factory=list)  # from event to finding

    def tell(self) -> None:
        """The whole of it; DemoFailed where something did not happen."""
        samples = {sample.family: sample for sample in fleet.samples()}
        with self._nothing_corrected_yet():
            self._right([samples[family] for family in NOTHING_TO_SAY])
            self._drifted([sample for family, sample in samples.items() if family in EXPECTED])
            for play in PLAYS:
                self.cloud.control("POST", "rollouts", play)
        self._corrections()
        self._failure()
        self._approval()
        self._fight(samples[FOUGHT])
        self._end()

    # --- step by step -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _nothing_corrected_yet(self) -> Iterator[None]:
        """Corrections wait in their queue, so that the findings are to be seen before they close."""
        functions = self.cloud.client("lambda")
        mappings = functions.list_event_source_mappings()["EventSourceMappings"]
        (waiting,) = (each["UUID"] for each in mappings if each["EventSourceArn"].endswith(".fifo"))
        functions.update_event_source_mapping(UUID=waiting, Enabled=False)
        yield
        functions.update_event_source_mapping(UUID=waiting, Enabled=True)

    def _right(self, samples: Iterable[Sample]) -> None:
        self.page.head("Two task definitions are registered that are right, or not its business")
        for sample in samples:
            begun, judged = self._register(sample), partial(self._judged, sample.family)
            self._until(judged, f"Outrider never looked at {sample.family}.")
            if found := self._findings(sample.family):
                raise DemoFailed(f"{sample.family} is {sample.about}, and yet {', '.join(found)} stands against it.")
            took = time.monotonic() - begun
            self.page.say(f"{sample.family}:1, {sample.about}: nothing to say ({took:.1f} s).", hanging=2)

    def _drifted(self, samples: Iterable[Sample]) -> None:
        self.page.head(
            "Four are registered that are not, and three of them run. What stands in Security Hub soon after:"
        )
        self.page.row("SEVERITY", "RULE", "WHAT IS WRONG")
        services = {service.family: service for service in fleet.SERVICES}
        for sample in samples:
            begun, service = self._register(sample), services.get(sample.family)
            if service is not None:
                fleet.start(self.cloud.client, service)
            runs = "run by nothing yet" if service is None else "run by a service"
            self._found(sample.family, f"{sample.family}:1, {sample.about}, {runs}", begun, runs=service is not None)
            if service is not None and service.platform_version != "LATEST":
                subject = f"{fleet.CLUSTER}/{service.name}"
                self._found(subject, f"service {subject}, on platform version {service.platform_version}", begun)

    def _found(self, subject: str, title: str, begun: float, *, runs: bool = False) -> None:
        """What runs is told as what runs: a finding is LOW until that is known."""
        found = dict[str, dict[str, Any]]()

        def there() -> bool:
            found.clear()
            found.update(self._findings(subject))
            unused = runs and any("nothing runs it" in _use(each) for each in found.values())
            return EXPECTED[subject] <= found.keys() and not unused

        self._until(there, f"Security Hub was to show {', '.join(sorted(EXPECTED[subject]))} for {subject}.")
        self.seconds.append(time.monotonic() - begun)
        self._until(lambda: self._judged(subject), f"Outrider never said that it judged {subject}.")
        count = f"{len(found)} finding{'s' if len(found) > 1 else ''} after {self.seconds[-1]:.1f} s"
        self.page.say(f"{title}: {count}", style="1", hanging=2)
        for rule, finding in sorted(found.items(), key=lambda each: _RANKS.index(each[1]["Severity"]["Label"])):
            self.page.row(finding["Severity"]["Label"], rule, _wrong(finding))

    def _corrections(self) -> None:
        self.page.head("Now Outrider may correct. What is safe is registered as a new revision…")
        begun = time.monotonic()
        self._registered(FOUGHT)
        self._close(FOUGHT, "Nothing runs it, so that is all", begun)
        self._registered("checkout")
        self.page.head("… and deployed. Findings close only when the new tasks run, and the collectors in them")
        self._until(lambda: self._runs("checkout") == "checkout:2", "shop/checkout was not updated.")
        self._until(lambda: not _open(self._findings("checkout")), "checkout:2 runs, and its finding did not close.")
        tasks = self._tasks("checkout")
        up = [task for task in tasks if _state(task, "adot-collector") == "RUNNING"]
        if self._runs("checkout") != "checkout:2" or not tasks or len(up) < len(tasks):
            raise DemoFailed(f"The finding of checkout closed, and {len(up)} of {len(tasks)} collectors run.")
        what = f"shop/checkout runs checkout:2, with a collector that runs in {len(up)} of {len(tasks)} tasks"
        self._close("checkout", what, begun)
        self._slack(*TELLING)

    def _registered(self, family: str) -> None:
        """Told with what differs. Its number tells who was first: the correction is the second revision."""
        self._until(lambda: self._newest(family) > 1, f"No corrected revision of {family} was registered.")
        self.page.say(f"{family}:1 → {family}:2", style="1")
        for line in diff(self._revision(f"{family}:1"), self._revision(f"{family}:2")):
            self.page.change(line.sign, line.text, line.depth)

    def _failure(self) -> None:
        self.page.head("A deployment fails: the local AWS lets the tasks of payments:2 die as they start")
        failed = "Correction failed: payments"
        self._until(lambda: self._messages(failed), "Slack never heard that the correction of payments failed.")
        self._until(
            lambda: self._runs("payments") == "payments:1" and self._newest("payments") == 1,
            "payments:1 was not put back.",
        )
        left = _open(self._findings("payments"))
        if not EXPECTED["payments"] <= left.keys():
            raise DemoFailed("The correction of payments failed, and yet its findings are closed.")
        self.page.say(
            "ECS's circuit breaker rolled it back. Outrider watched that, took payments:2 back, and leaves the family"
            f" alone from now on; {len(left)} findings stay open."
        )
        self._show(self._messages(failed)[0], ("What was changed",))

    def _approval(self) -> None:
        self.page.head("Some of it wants a person: to change roles, or to approve a plan")
        iam, begun = self.cloud.client("iam"), time.monotonic()
        allowed = {role.name: role.actions for role in fleet.ROLES}
        for end in ("execution", "task"):
            fleet.allow(iam, f"inventory-{end}", allowed[f"shop-{end}"])
        self._close("inventory", "Somebody lets the roles of inventory do what its task needs", begun)
        (finding,) = _open(self._findings("shop/inventory")).values()
        hub = self.cloud.client("securityhub")
        target = hub.create_action_target(Name=APPROVE, Description="Outrider carries out its plan", Id="ApplyPlan")
        begun = time.monotonic()
        picked = {"action": target["ActionTargetArn"], "findings": [finding["Id"]]}
        self.cloud.control("POST", "custom-action", picked)
        self._close(
            "shop/inventory",
            f"The standard asks before a platform version is changed. Somebody picks “{APPROVE}” on the finding in"
            " Security Hub, and Outrider updates the service",
            begun,
        )
        (service,) = self.cloud.client("ecs").describe_services(cluster="shop", services=["inventory"])["services"]
        if service["platformVersion"] != "LATEST":
            raise DemoFailed(f"shop/inventory is on platform version {service['platformVersion']}.")

    def _fight(self, sample: Sample) -> None:
        self.page.head(f"A pipeline fights: Terraform registers {FOUGHT} again, as it was")
        pipeline = self._pipeline()
        for drifted, corrected in ((3, 4), (5, None)):
            begun = time.monotonic()
            pipeline.register_task_definition(**sample.definition)
            if corrected is not None:
                self._until(lambda: self._newest(FOUGHT) == 4, f"{FOUGHT}:3 was not corrected.")  # noqa: PLR2004 - the number
                self._close(FOUGHT, f"{FOUGHT}:{drifted} is corrected by {FOUGHT}:{corrected}", begun)
        given_up = f"Not corrected: {FOUGHT}"
        self._until(lambda: self._messages(given_up), f"Slack never heard that Outrider gave {FOUGHT} up.")
        self.page.say(f"{FOUGHT}:5 is one too many. Outrider stops, and says once where the change belongs:")
        self._show(self._messages(given_up)[0], ("What would", "In CloudFormation", "In JSON"))
        begun = time.monotonic()
        pipeline.register_task_definition(**self._as_told(sample))
        self._close(FOUGHT, f"The change is made there, and Terraform registers {FOUGHT}:6", begun)
        if self._newest(FOUGHT) != 6:  # noqa: PLR2004 - the number
            raise DemoFailed(f"{FOUGHT}:5 was corrected, though it was to be given up.")

    def _as_told(self, sample: Sample) -> dict[str, Any]:
        """The definition with the collector that Outrider corrected: what the message says to write at the source."""
        corrected = self._revision(f"{FOUGHT}:4")
        return {**sample.definition, "containerDefinitions": corrected["containerDefinitions"]}

    def _pipeline(self) -> Any:
        """ECS as Terraform calls it, by a role of its own."""
        iam, trust = self.cloud.client("iam"), fleet.trusting("codebuild.amazonaws.com")
        iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=trust, Description="the pipeline's")
        fleet.allow(iam, "deployer", ("ecs:RegisterTaskDefinition", "ecs:TagResource", "iam:PassRole"))
        return self.cloud.client_as("ecs", "deployer", agent="HashiCorp Terraform/1.13.4")

    def _end(self) -> None:
        messages = self._told()
        found = {subject: self._findings(subject) for subject in EXPECTED}
        left = {subject: _open(some) for subject, some in found.items() if _open(some)}
        if left.keys() != {"payments"}:
            raise DemoFailed(f"Findings of {', '.join(left)} are open; only those of payments should be.")
        every, still = sum(map(len, found.values())), len(left["payments"])
        least, most = min(self.seconds), max(self.seconds)
        self.page.head(
            f"{every - still} of {every} findings are closed; {still} wait for whoever looks at payments. From event"
            f" to finding: {least:.1f} to {most:.1f} s. Slack has {len(messages)} messages, one for each finding"
            " opened, raised or closed and each correction."
        )

    # --- as it is told ------------------------------------------------------------------------------------------------

    def _close(self, subject: str, what: str, begun: float) -> None:
        """Wait until the subject's findings are closed, and say so, with what brought it about."""
        self._until(lambda: not _open(self._findings(subject)), f"{what}, and findings of {subject} are still open.")
        took, rules = time.monotonic() - begun, ", ".join(self._findings(subject))
        self.page.say(f"{what}: " + self.page.styled(f"✓ {rules} closed", "32") + f" ({took:.1f} s)", hanging=2)

    def _slack(self, family: str, rule: str) -> None:
        found = (each for each in self._messages(f"Drift: {family} (") if rule in json.dumps(each))
        message = next(found, None)
        if message is None:
            raise DemoFailed(f"Slack was told nothing of {rule} on {family}.")
        self.page.head("Slack heard of all that, in messages such as this one (less a command to paste)")
        self._show(message, ("As a command",))

    def _show(self, message: Mapping[str, Any], without: tuple[str, ...] = ()) -> None:
        for line in as_text(message, without):
            indent = len(line) - len(line.lstrip())
            for row in wrapped(line.strip(), self.page.width - 4 - indent):
                self.page.line(f"  {self.page.styled('│', '2')} {' ' * indent}{row}")

    # --- what stands there --------------------------------------------------------------------------------------------

    def _register(self, sample: Sample) -> float:
        begun = time.monotonic()
        fleet.register(self.cloud.client, sample)
        return begun

    def _revision(self, name: str) -> dict[str, Any]:
        found = self.cloud.client("ecs").describe_task_definition(taskDefinition=name, include=["TAGS"])
        return {**found["taskDefinition"], "tags": found.get("tags", [])}

    def _newest(self, family: str) -> int:
        return int(self._revision(family)["revision"])

    def _findings(self, subject: str) -> dict[str, dict[str, Any]]:
        """The subject's findings by rule, the closed ones too."""
        pages = self.cloud.client("securityhub").get_paginator("get_findings").paginate()
        every = (finding for page in pages for finding in page["Findings"])
        return {
            finding["Id"].rpartition("/")[2]: finding
            for finding in every
            if finding["Id"].split("/", 4)[4].rpartition("/")[0] == subject
        }

    def _judged(self, family: str) -> bool:
        events = self.cloud.client("logs").filter_log_events(logGroupName=self.outputs["InspectLogGroup"])["events"]
        return any('"Evaluated"' in each["message"] and f'/family/{family}"' in each["message"] for each in events)

    def _runs(self, service: str) -> str:
        (found,) = self.cloud.client("ecs").describe_services(cluster=fleet.CLUSTER, services=[service])["services"]
        return str(found["taskDefinition"].rpartition("/")[2])

    def _tasks(self, service: str) -> list[dict[str, Any]]:
        ecs = self.cloud.client("ecs")
        arns = ecs.list_tasks(cluster=fleet.CLUSTER, serviceName=service)["taskArns"]
        return list(ecs.describe_tasks(cluster=fleet.CLUSTER, tasks=arns)["tasks"]) if arns else []

    def _messages(self, begin: str) -> list[dict[str, Any]]:
        return [each for each in self.cloud.slack.messages() if each["text"].startswith(begin)]

    def _told(self) -> list[dict[str, Any]]:
        """Slack's messages, when all have come: each transition and each outcome once.

        How many were raised, and whether a service was seen on the revision before the one that it was being updated
        to, hangs on what was looked at first.
        """
        every = sum(len(self._findings(subject)) for subject in EXPECTED)
        again = len(self._findings(FOUGHT))
        wanted = Counter({
            "Drift": every,
            "Drift again": 2 * again,
            "Closed": every - len(self._findings("payments")) + 2 * again,
            "Corrected": 4,  # the fought one twice, checkout and payments
            "Corrected and running": 2,  # checkout and the service of inventory
            "Correction failed": 1,
            "Not corrected": 1,
        })  # fmt: skip

        def told() -> Counter[str]:
            texts = (each["text"] for each in self.cloud.slack.messages() if "family's newest" not in each["text"])
            words = Counter(text.partition(":")[0] for text in texts)
            del words[RAISED]
            return words

        self._until(lambda: told() >= wanted, f"Slack was to have {dict(wanted)}, and has not.")
        if told() != wanted:
            raise DemoFailed(f"Slack was to have {dict(wanted)}, and has {dict(told())}.")
        return self.cloud.slack.messages()

    def _until(self, what: Callable[[], Any], sentence: str) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while not what():
            if time.monotonic() > end:
                raise DemoFailed(f"{sentence} Waited for {WAIT_SECONDS} s.{self._said()}")
            time.sleep(POLL_SECONDS)

    def _said(self) -> str:
        """What the functions' logs hold of errors, for whoever has to find out why."""
        logs, errors = self.cloud.client("logs"), list[str]()
        for name in ("DispatchLogGroup", "InspectLogGroup", "RemediateLogGroup", "SlackLogGroup"):
            events = logs.filter_log_events(logGroupName=self.outputs[name])["events"]
            errors += [each["message"].strip() for each in events if '"ERROR"' in each["message"]]
        return "".join(f"\n{each[:1000]}" for each in errors[-5:])


def _open(findings: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {rule: each for rule, each in findings.items() if each["RecordState"] == "ACTIVE"}


def _state(task: Mapping[str, Any], container: str) -> str:
    return next((str(each["lastStatus"]) for each in task["containers"] if each["name"] == container), "missing")


def _use(finding: Mapping[str, Any]) -> str:
    return str(finding["Resources"][0]["Details"]["Other"].get("use", ""))


def _wrong(finding: Mapping[str, Any]) -> str:
    """What is wrong, as a table has room for: the first place, without what is wanted, which the diff shows."""
    details = finding["Resources"][0]["Details"]["Other"]
    beside = ("change ", "add to ", "command", "family", "revision", "cluster", "service", "parameter", "role")
    why = [
        value
        for name, value in details.items()
        if name != "use" and (not name.lower().startswith(beside) or name.startswith("service/"))
    ]
    text = re.split(r"; |\. ", (why or [finding["Description"]])[0])[0].removesuffix(".")
    text = text.replace(fleet.COLLECTOR_IMAGE, "…/aws-otel-collector")
    text = re.sub(r"arn:aws:\w+:[\w-]*:\d*:(?:parameter|log-group:)?([^\s,]+?)(?::\*)?(?=[\s,]|$)", r"\1", text)
    return f"{text} (and {len(why) - 1} more)" if len(why) > 1 else text


def main() -> int:
    """0 where all of it happened, 1 with a sentence where not, 130 on Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # whatever stands in for it takes any text
            stream.reconfigure(errors="replace")  # type: ignore[union-attr] # as above
    page, begun = Page.of_terminal(), time.monotonic()
    try:
        page.say("Outrider keeps the OpenTelemetry collector riding beside every Fargate task.", 0, "1")
        page.say("You see it work on an AWS that runs on this machine. No AWS account is touched.", 0)
        with Cloud() as cloud:
            page.head("An AWS, and Outrider in it")
            up = time.monotonic() - begun
            page.say(f"AWS answers on {cloud.endpoint} after {up:.1f} s, with IAM enforced.")
            fleet.lay_ground(cloud.client)
            cloud.client("ssm").put_parameter(Name=STANDARD, Type="String", Value=STANDARD_TEXT)
            page.say("Deploying Outrider by sam; the first time, which builds it, takes longer…")
            outputs = cloud.deploy_outrider(StandardLocation=f"ssm:{STANDARD}", RemediationMode="deploy")
            page.say(
                f"Deployed after {time.monotonic() - begun - up:.0f} s. Its standard lets it correct what is safe."
            )
            Story(cloud, outputs, page).tell()
        page.say(
            f"That took {time.monotonic() - begun:.0f} s. Nothing is left behind. `make cloud` keeps one running.", 0
        )
    except (CloudFailed, DemoFailed, BotoCoreError, ClientError) as failed:
        print(f"\nThe demo failed. {failed}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Nothing is left behind.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
