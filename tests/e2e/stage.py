"""What the end-to-end tests do with the one deployed Outrider that they share, and how they see what came of it."""

import gzip
import hashlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local import fleet
from local.cloud import Cloud
from reports.words import word_of
from settings import RELEASE

STANDARD = "/outrider/standard"
# Families are registered and not deployed, unless their names say otherwise. Nobody is to wait for a pipeline here.
STANDARD_TEXT = """\
version: 1
name: shop
mode: register
scope:
  exclude:
    - family: 'ignored-*'
services: {settling_minutes: 0}
remediation: {settling_minutes: 0, registrations_per_hour: 1000, rollouts_per_hour: 1000}
rules:
  - rules: '*'
    where: {family: '*-deployed'}
    mode: deploy
  - rules: '*'
    where: {family: '*-approved'}
    mode: deploy
    approval: true
"""
FUNCTIONS = ("Dispatch", "Approve", "Inspect", "Remediate", "Slack")
SLACK = "SlackMessages"
QUEUES = ("Changes", "Approvals", "Subjects", "Remediations", SLACK)
SPY = "spy"  # a queue of the tests' own, on the topic `alerts`

MEMBER, SILENT = "210987654321", "310987654321"
"""Member accounts: one with Outrider's roles, and one that sends its events and has no role."""

# A machine may be busy; nothing waits for this long if all is well. AWS may show a new revision two minutes late.
SECONDS = 240 if os.environ.get("UNKIND") else 150
POLL = 0.2

UNKIND = "UNKIND"
"""The environment variable with the seed of the limits, latencies and late reads that functions meet; 0 for none."""

type Json = dict[str, Any]


@dataclass(slots=True)
class Stage:
    """A cloud with Outrider deployed. Each test uses families of its own, and leaves it quiet."""

    cloud: Cloud
    outputs: Mapping[str, str]

    def client(self, service: str) -> Any:
        return self.cloud.client(service)

    # --- to bring things about ----------------------------------------------------------------------------------------

    def register(self, definition: Json) -> str:
        answer = self.client("ecs").register_task_definition(**definition)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def publish(self, events: Iterable[Json]) -> None:
        """Put events on the bus again, as AWS itself may."""
        for event in events:
            self.cloud.control("POST", "events", event)

    def events(self, family: str) -> list[Json]:
        """CloudTrail's events so far of a family's registrations."""
        return [
            event
            for event in self.cloud.control("GET", "events")
            if event["source"] == "aws.ecs"
            and event["detail"].get("eventName") == "RegisterTaskDefinition"
            and event["detail"]["requestParameters"]["family"] == family
        ]

    def fault(self, **rule: Any) -> None:
        self.cloud.control("POST", "faults", rule)

    def struck(self) -> list[Json]:
        found: list[Json] = self.cloud.control("GET", "faults")
        return found

    # --- services, and the outcomes of their corrections --------------------------------------------------------------

    def serve(self, name: str, family: str, **members: Any) -> None:
        """Start a service in the cluster `shop`, on Fargate and with a circuit breaker that rolls back."""
        breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
        given = {"launchType": "FARGATE", "desiredCount": 1, "deploymentConfiguration": breaker} | members
        self.client("ecs").create_service(cluster=fleet.CLUSTER, serviceName=name, taskDefinition=family, **given)

    def service(self, name: str) -> Json:
        (found,) = self.client("ecs").describe_services(cluster=fleet.CLUSTER, services=[name])["services"]
        return dict(found)

    def runs(self, name: str) -> str:
        """`family:revision` that a service runs."""
        return str(self.service(name)["taskDefinition"].rpartition("/")[2])

    def updates(self, name: str) -> list[Json]:
        """What UpdateService was asked for by others than the tests themselves, each time that it took effect."""
        details = (each["detail"] for each in self.cloud.control("GET", "events") if each["source"] == "aws.ecs")
        calls = (each for each in details if each.get("eventName") == "UpdateService" and "errorCode" not in each)
        by_role = (each for each in calls if each["userIdentity"]["type"] == "AssumedRole")
        asked: list[Json] = [each["requestParameters"] for each in by_role]
        return [each for each in asked if each["service"] == name]

    def deploy_drifted(self, family: str, *names: str, **play: Any) -> None:
        """A pipeline registers a drifted revision, the second, and deploys it; the play is for the deployment after.

        Outrider corrects only when all of that is over, as it would after the settling time.
        """
        self.register(right(family))
        for name in names:
            self.serve(name, family)
        self.quiet()
        with self.all_at_once():
            self.register(drifted(family))
            for name in names:
                self.client("ecs").update_service(cluster=fleet.CLUSTER, service=name, taskDefinition=family)
            if play:
                self.cloud.control("POST", "rollouts", play)

    @contextmanager
    def all_at_once(self) -> Iterator[None]:
        """Nothing is judged before all of it is there, and nothing corrected before all of it was judged."""
        with self.paused("Remediate"):
            with self.paused("Inspect"):
                yield
                self.delivered()
            self.until(lambda: self._empty("Changes", "Subjects"), "Not everything was evaluated.")

    def approve(self, subject: str, rule: str) -> None:
        """A person picks the custom action on a finding."""
        hub = self.client("securityhub")
        with suppress(hub.exceptions.ResourceConflictException):
            hub.create_action_target(Name="Apply Outrider plan", Description="Correct it", Id="ApplyOutriderPlan")
        (target,) = hub.describe_action_targets()["ActionTargets"]
        found = next(each for each in self.every_finding() if (_subject(each), _rule(each)) == (subject, rule))
        self.cloud.control("POST", "custom-action", {"action": target["ActionTargetArn"], "findings": [found["Id"]]})

    def come_due(self, family: str) -> None:
        """What waits for its time, of this family, has waited for as long; and the schedule has come due."""
        place, now = "123456789012/us-east-1", datetime.now(UTC).isoformat()
        since = (datetime.now(UTC) - timedelta(minutes=3)).isoformat()
        for item in self.ledger("due").values():
            if item["sk"]["S"].startswith(f"{place}/family/{family}/"):
                self._write(item | {"due": {"S": now}})
        for name, item in self.ledger(f"{place}/family/{family}").items():
            if name.startswith("attempt/"):
                body = attempt_of(item)
                waited = {"due": now, "since": since}
                body["rollouts"] = [each | (waited if each["due"] else {}) for each in body["rollouts"]]
                self._write(item | {"body": {"S": json.dumps(body)}})
        before = self._resumed()
        self.cloud.control("POST", "schedules", {"name": "*Resume*"})
        self.until(lambda: self._resumed() > before, "The schedule did not come due.")

    def ledger(self, partition: str) -> dict[str, Json]:
        """The ledger's rows of a partition, by their sort key."""
        asked: Json = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": partition}}}
        found = self.client("dynamodb").query(TableName=self.outputs["LedgerTable"], **asked)
        return {item["sk"]["S"]: item for item in found["Items"]}

    def _write(self, item: Json) -> None:
        self.client("dynamodb").put_item(TableName=self.outputs["LedgerTable"], Item=item)

    def _resumed(self) -> int:
        return sum(1 for line in self.logs("Sweep") if line.get("message") == "Resumed")

    # --- the stack's own parts ----------------------------------------------------------------------------------------

    def named(self, kind: str, names: Iterable[str]) -> str:
        """The one name with the part that the template gave: CloudFormation adds a suffix to each."""
        (found,) = (name for name in names if re.search(rf"outrider-{kind}-\w+(\.fifo)?$", name))
        return found

    def queue(self, name: str) -> str:
        return self.named(name, self.client("sqs").list_queues()["QueueUrls"])

    def role(self, function: str) -> str:
        pages = self.client("iam").get_paginator("list_roles").paginate()
        return self.named(f"{function}Role", (role["RoleName"] for page in pages for role in page["Roles"]))

    def waiting(self, queue: str) -> int:
        """How many messages a queue holds, those in flight too; not those that are to come in minutes."""
        return int(self.cloud.control("GET", "queues")[queue])

    def _empty(self, *names: str) -> bool:
        """Whether none of these queues of the stack holds a message."""
        waiting = self.cloud.control("GET", "queues")
        return not any(waiting[self.named(name, waiting)] for name in names)

    def bodies(self, queue: str) -> list[str]:
        """The bodies of all that a queue, by its name or URL, holds and nobody has in hand."""
        found: list[str] = self.cloud.control("GET", f"queues/{queue.rpartition('/')[2]}")
        return found

    @contextmanager
    def queues_with(self, **attributes: str) -> Iterator[None]:
        """The functions' queues with other attributes, for a while."""
        sqs, urls = self.client("sqs"), [self.queue(name) for name in QUEUES]
        names = list(attributes)
        before = {u: sqs.get_queue_attributes(QueueUrl=u, AttributeNames=names)["Attributes"] for u in urls}
        try:
            for url in urls:
                sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
            yield
        finally:
            for url in urls:
                sqs.set_queue_attributes(QueueUrl=url, Attributes=before[url])

    @contextmanager
    def paused(self, *functions: str) -> Iterator[None]:
        """While these functions take nothing from their queues."""
        try:
            self._take(functions, on=False)
            yield
        finally:
            self._take(functions, on=True)

    def _take(self, functions: Iterable[str], *, on: bool) -> None:
        for mapping in self.client("lambda").list_event_source_mappings()["EventSourceMappings"]:
            if any(f"-{function}Function-" in mapping["FunctionArn"] for function in functions):
                self.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)

    # --- to see what came of it ---------------------------------------------------------------------------------------

    def until(self, what: Callable[[], Any], sentence: str) -> Any:
        """What `what` gives, as soon as it is true."""
        end = time.monotonic() + SECONDS
        while not (found := what()):
            assert time.monotonic() < end, f"{sentence} Waited for {SECONDS} s. {self.errors()[-5:]}"
            time.sleep(POLL)
        return found

    def delivered(self) -> None:
        """Wait until no event of a call is still to come: where AWS is unkind, each comes a little later."""
        self.until(lambda: not self._late(), "Not all events were delivered.")

    def _late(self) -> int:
        return int(self.cloud.control("GET", "unkind")["late"])

    def quiet(self, *, slack: bool = False) -> None:
        """Wait until nothing is under way: a function deletes its message only after it has sent what follows.

        With `slack`, until people have all messages too: these wait for what belongs together.
        """
        names = [name for name in QUEUES if slack or name != SLACK]
        try:
            self.until(lambda: not self._late() and self._empty(*names), "The queues did not become empty.")
        except AssertionError as late:
            late.add_note(f"Waiting: { {name: self.waiting(self.queue(name)) for name in QUEUES} }")
            late.add_note(self.cloud.logs()[-3000:])
            raise

    def history(self, subject: str) -> list[tuple[str, str, str]]:
        """(rule, compliance, record state) of each import of a subject's findings, in order."""
        imported = (
            finding
            for event in self.cloud.control("GET", "events")
            if event["detail-type"] == "Security Hub Findings - Imported"
            for finding in event["detail"]["findings"]
            if _subject(finding) == subject
        )
        return [(_rule(each), each["Compliance"]["Status"], each["RecordState"]) for each in imported]

    def findings(self, subject: str) -> dict[str, tuple[str, str]]:
        """Rule → (compliance, record state), for a family, `cluster/service`, parameter or role."""
        found = (each for each in self.every_finding() if _subject(each) == subject)
        return {_rule(each): (each["Compliance"]["Status"], each["RecordState"]) for each in found}

    def every_finding(self) -> list[Json]:
        pages = self.client("securityhub").get_paginator("get_findings").paginate()
        return [each for page in pages for each in page["Findings"]]

    def open(self, subject: str) -> set[str]:
        return {rule for rule, state in self.findings(subject).items() if state == ("FAILED", "ACTIVE")}

    def revision(self, name: str) -> Json:
        """A task definition as ECS describes it, with its tags inside."""
        found = self.client("ecs").describe_task_definition(taskDefinition=name, include=["TAGS"])
        return {**found["taskDefinition"], "tags": found.get("tags", [])}

    def newest(self, family: str) -> int:
        return int(self.revision(family)["revision"])

    def alerts(self) -> list[Json]:
        """What the topic `alerts` was given, each id once: SNS and two workers may repeat it."""
        found = map(json.loads, self.bodies(SPY))
        return list({each["id"]: each for each in found}.values())

    def alert_lines(self, name: str) -> Counter[str]:
        """The alerts about a family or other subject, in a line."""
        lines = (f"{word_of(each['transition'])}: {each['name']}: {each['title']}" for each in self.alerts())
        return Counter(text for text in lines if re.search(_named(name), text))

    def messages(self, name: str) -> list[Json]:
        """Slack's messages about a family or other subject."""
        return [each for each in self.cloud.slack.messages() if re.search(_named(name), each["text"])]

    def sweep(self, **request: Any) -> Json:
        """Start a sweep and wait for its end; returns what its execution returns."""
        states = self.client("stepfunctions")
        started = states.start_execution(stateMachineArn=self.outputs["SweepMachine"], input=json.dumps(request))

        def ended() -> Json | None:
            found: Json = states.describe_execution(executionArn=started["executionArn"])
            return None if found["status"] == "RUNNING" else found

        found = self.until(ended, "The sweep did not end.")
        assert found["status"] == "SUCCEEDED", found
        output: Json = json.loads(found["output"])
        return output

    def swept_by_now(self) -> None:
        """The last sweep ended now, and was by this standard and release: the next is no baseline."""
        digest = hashlib.sha256(STANDARD_TEXT.encode()).hexdigest()[:16]
        now = datetime.now(UTC).isoformat()
        for row in ({"sk": "sweep", "release": RELEASE, "standard": digest}, {"sk": "run", "began": now, "ended": now}):
            named = {"pk": "swept/123456789012/us-east-1"} | row
            self._write({name: {"S": value} for name, value in named.items()})

    def logs(self, function: str) -> list[Json]:
        """What a function has logged, oldest first."""
        group = self.outputs[f"{function}LogGroup"]
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = (event["message"] for page in pages for event in page["events"])
        return [json.loads(line) for line in lines if line.startswith("{")]

    def errors(self) -> list[str]:
        """The reasons that the functions have logged at ERROR."""
        lines = (line for function in FUNCTIONS for line in self.logs(function))
        return [str(line.get("reason", line.get("message"))) for line in lines if line.get("level") == "ERROR"]

    def everything(self) -> dict[str, str]:
        """All that a person could come to read: by where it stands."""
        found = {"findings": json.dumps(self.client("securityhub").get_findings()["Findings"], default=str)}
        found |= {
            url.rpartition("/")[2]: "\n".join(self.bodies(url)) for url in self.client("sqs").list_queues()["QueueUrls"]
        }
        for group in self.client("logs").describe_log_groups()["logGroups"]:
            pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            found[group["logGroupName"]] = "\n".join(event["message"] for page in pages for event in page["events"])
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.outputs["LedgerTable"])
        found["ledger"] = "\n".join(_readable(item) for page in pages for item in page["Items"])
        found["Slack"] = json.dumps(self.cloud.slack.messages())
        found["the functions' own output"] = self.cloud.logs()
        stacks = self.client("cloudformation").describe_stacks()["Stacks"]
        return found | {"stacks": json.dumps(stacks, default=str)}


def unkind_if_asked(cloud: Cloud) -> None:
    """Let the functions meet what AWS does to its callers, if the environment has a seed."""
    seed = int(os.environ.get(UNKIND, "0"))
    if seed:
        cloud.control("POST", "unkind", {"seed": seed})


def attempt_of(row: Mapping[str, Any]) -> Json:
    """The attempt in a row of the ledger, which is compressed if it is large."""
    body = row["body"]
    found: Json = json.loads(gzip.decompress(body["B"]) if "B" in body else body["S"])
    return found


def _subject(finding: Mapping[str, Any]) -> str:
    return str(finding["Id"].split("/", 4)[4].rpartition("/")[0])


def _rule(finding: Mapping[str, Any]) -> str:
    return str(finding["Id"].rpartition("/")[2])


def _readable(item: Mapping[str, Any]) -> str:
    bodies = [gzip.decompress(value["B"]).decode() for value in item.values() if "B" in value]
    return json.dumps(item, default=str) + "".join(bodies)


def drifted(family: str, **members: Any) -> Json:
    """The fleet's own sample of a collector that is wrong in what can be safely corrected, under another name."""
    return _as(family, "my-fargate-task") | members


def right(family: str, **members: Any) -> Json:
    """The fleet's own sample of a definition that is as it should be, under another name."""
    return _as(family, "catalog") | members


def _as(family: str, sample: str) -> Json:
    (found,) = (each.definition for each in fleet.samples() if each.family == sample)
    return {**found, "family": family}


def _named(name: str) -> str:
    return rf"(?<![\w-]){re.escape(name)}(?![\w-])"
