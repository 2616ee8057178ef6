"""The small company of the demo: what its AWS, its findings and its Slack channel show, and how to wait for it."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local import fleet
from local.cloud import Cloud

WAIT_SECONDS = 60
POLL_SECONDS = 0.1


class DemoFailed(Exception):
    """Something that the demo shows did not happen. The message is a sentence that says what."""


@dataclass(frozen=True, slots=True)
class Shop:
    """The company's account in the local cloud, in which Outrider is deployed."""

    cloud: Cloud
    outputs: Mapping[str, str]

    def revision(self, name: str) -> dict[str, Any]:
        found = self.cloud.client("ecs").describe_task_definition(taskDefinition=name, include=["TAGS"])
        return {**found["taskDefinition"], "tags": found.get("tags", [])}

    def newest(self, family: str) -> int:
        return int(self.revision(family)["revision"])

    def findings(self, subject: str) -> dict[str, dict[str, Any]]:
        """The subject's findings by rule, the closed ones too."""
        pages = self.cloud.client("securityhub").get_paginator("get_findings").paginate()
        every = (finding for page in pages for finding in page["Findings"])
        return {
            finding["Id"].rpartition("/")[2]: finding
            for finding in every
            if finding["Id"].split("/", 4)[4].rpartition("/")[0] == subject
        }

    def judged(self, subject: str) -> bool:
        """Whether the log of inspect says that a family, or a `cluster/service`, was evaluated."""
        named = f'/{"service" if "/" in subject else "family"}/{subject}"'
        events = self.cloud.client("logs").filter_log_events(logGroupName=self.outputs["InspectLogGroup"])["events"]
        return any('"Evaluated"' in each["message"] and named in each["message"] for each in events)

    def idle(self) -> bool:
        """Whether nothing waits to be evaluated: what comes next is found by its own event."""
        waiting = self.cloud.control("GET", "queues")
        return not any(waiting[self.outputs[queue]] for queue in ("ChangesQueue", "SubjectsQueue"))

    def runs(self, service: str) -> str:
        (found,) = self.cloud.client("ecs").describe_services(cluster=fleet.CLUSTER, services=[service])["services"]
        return str(found["taskDefinition"].rpartition("/")[2])

    def tasks(self, service: str) -> list[dict[str, Any]]:
        ecs = self.cloud.client("ecs")
        arns = ecs.list_tasks(cluster=fleet.CLUSTER, serviceName=service)["taskArns"]
        return list(ecs.describe_tasks(cluster=fleet.CLUSTER, tasks=arns)["tasks"]) if arns else []

    def messages(self, begin: str) -> list[dict[str, Any]]:
        return [each for each in self.cloud.slack.messages() if each["text"].startswith(begin)]

    def until(self, what: Callable[[], Any], sentence: str) -> None:
        """Wait until `what` is true. DemoFailed, with the sentence, where it does not become so."""
        end = time.monotonic() + WAIT_SECONDS
        while not what():
            if time.monotonic() > end:
                raise DemoFailed(f"{sentence} Waited for {WAIT_SECONDS} s.{self._errors()}")
            time.sleep(POLL_SECONDS)

    def _errors(self) -> str:
        """The last errors in the functions' logs, to find out why."""
        logs, errors = self.cloud.client("logs"), list[str]()
        for name in ("DispatchLogGroup", "InspectLogGroup", "RemediateLogGroup", "SlackLogGroup"):
            events = logs.filter_log_events(logGroupName=self.outputs[name])["events"]
            errors += [each["message"].strip() for each in events if '"ERROR"' in each["message"]]
        return "".join(f"\n{each[:1000]}" for each in errors[-5:])


def open_ones(findings: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The findings that are open, by rule."""
    return {rule: each for rule, each in findings.items() if each["RecordState"] == "ACTIVE"}


def state(task: Mapping[str, Any], container: str) -> str:
    """The last status of one container of a task."""
    return next((str(each["lastStatus"]) for each in task["containers"] if each["name"] == container), "missing")


def use(finding: Mapping[str, Any]) -> str:
    """Who runs what the finding is about, in a phrase."""
    return str(finding["Resources"][0]["Details"]["Other"].get("use", ""))


def what_is_wrong(finding: Mapping[str, Any]) -> str:
    """What is wrong, as far as a table has room: the first place, without the wanted value, which the diff shows."""
    details = finding["Resources"][0]["Details"]["Other"]
    other = ("change ", "add to ", "command", "family", "revision", "cluster", "service", "parameter", "role")
    why = [
        value
        for name, value in details.items()
        if name != "use" and (not name.lower().startswith(other) or name.startswith("service/"))
    ]
    text = re.split(r"; |\. ", (why or [finding["Description"]])[0])[0].removesuffix(".")
    text = text.replace(fleet.COLLECTOR_IMAGE, "…/aws-otel-collector")
    text = re.sub(r"arn:aws:\w+:[\w-]*:\d*:(?:parameter|log-group:)?([^\s,]+?)(?::\*)?(?=[\s,]|$)", r"\1", text)
    return f"{text} (and {len(why) - 1} more)" if len(why) > 1 else text
