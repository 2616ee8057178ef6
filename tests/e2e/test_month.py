"""A month on the deployed stack: each day ends in what a first sweep would find, and each change is published once."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.places import Place
from domain.severity import Severity
from local import fleet
from local.emulator import ACCOUNT, REGION
from operations.wiring.inspect import make_inspector
from settings import Settings
from tests.e2e.stage import STANDARD, Stage, drifted, right
from tests.operations.alone import evaluated_afresh

SILENT = {"exempted", "gone"}
"""The transitions that make no message."""
PLACE = Place(ACCOUNT, REGION)
PARAMETER, ROLE = "/lived/config", "lived-task"
FAMILIES = ("lived-web", "lived-api", "lived-cron")
QUIETENED = "lived-api/identity.task-role"
ACTIONS = next(role.actions for role in fleet.ROLES if role.name == "shop-task")


type Json = dict[str, Any]


@dataclass
class Life:
    """What is done to the account, by families, service, parameter and role of its own."""

    stage: Stage

    def client(self, service: str) -> Any:
        return self.stage.client(service)

    def registers(self, family: str, *, floating: bool = False, essential: bool = False, bare: bool = False) -> None:
        """`floating` and the others are drifts; the first is corrected by Outrider itself."""
        made = drifted(family) if floating else right(family)
        application, collector = made["containerDefinitions"]
        collector |= {"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": PARAMETER}], "essential": essential}
        made["taskRoleArn"] = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
        self.stage.register(made | {"containerDefinitions": [application] if bare else [application, collector]})

    def deregisters(self, revision: str) -> None:
        self.client("ecs").deregister_task_definition(taskDefinition=revision)

    def starts(self, family: str, platform: str) -> None:
        self.client("ecs").create_service(
            cluster="shop",
            serviceName="lived",
            taskDefinition=family,
            desiredCount=1,
            launchType="FARGATE",
            platformVersion=platform,
        )

    def moves(self, family: str, platform: str = "LATEST") -> None:
        self.client("ecs").update_service(
            cluster="shop", service="lived", taskDefinition=family, platformVersion=platform
        )

    def stops(self) -> None:
        self.client("ecs").delete_service(cluster="shop", service="lived", force=True)

    def configures(self, text: str) -> None:
        self.client("ssm").put_parameter(Name=PARAMETER, Type="String", Value=text, Overwrite=True)

    def allows(self, actions: Sequence[str]) -> None:
        fleet.allow(self.client("iam"), ROLE, actions)

    def repeats(self) -> None:
        """All events of the families' registrations so far, once more and the last one first."""
        events = [event for family in FAMILIES for event in self.stage.events(family)]
        self.stage.publish(reversed(events))

    def sets(self, workflow: str, rule: str, family: str) -> None:
        found = {"Id": f"outrider/{PLACE}/family/{family}/{rule}"}
        found["ProductArn"] = PLACE.arn("securityhub", f"product/{ACCOUNT}/default")
        self.client("securityhub").batch_update_findings(FindingIdentifiers=[found], Workflow={"Status": workflow})

    def fails(self, function: str, service: str, operation: str, **rule: Any) -> None:
        """The function's next such call fails; transient, so that the message is retried."""
        caller = f"*{self.stage.role(function)}*"
        self.stage.fault(service=service, operation=operation, caller=caller, **({"error": "InternalError"} | rule))


DAYS: Mapping[str, Sequence[Callable[[Life], None]]] = {
    "first registrations": [
        lambda a: a.registers("lived-web"),
        lambda a: a.registers("lived-api", floating=True),
        lambda a: a.registers("lived-cron", bare=True),
    ],
    "a service that drifts": [lambda a: a.starts("lived-web", "1.3.0"), lambda a: a.repeats()],
    "a configuration that breaks, and a hub that fails": [
        lambda a: a.fails("Inspect", "securityhub", "BatchImportFindings"),
        lambda a: a.configures(fleet.BROKEN_CONFIG),
        lambda a: a.moves("lived-web"),
    ],
    "a configuration that is fixed, and a worker that is killed": [
        lambda a: a.fails("Inspect", "dynamodb", "PutItem", crash=True),
        lambda a: a.configures(fleet.COLLECTOR_CONFIG),
        lambda a: a.registers("lived-cron"),
    ],
    "a role that loses its rights": [
        lambda a: a.fails("Inspect", "iam", "GetRolePolicy"),
        lambda a: a.allows(["logs:PutLogEvents"]),
        lambda a: a.repeats(),
    ],
    "what is suppressed comes and goes unheard": [
        lambda a: a.sets("SUPPRESSED", "identity.task-role", "lived-api"),
        lambda a: a.allows(ACTIONS),
    ],
    "what was resolved is back": [
        lambda a: a.sets("RESOLVED", "identity.task-role", "lived-web"),
        lambda a: a.fails("Slack", "dynamodb", "PutItem"),
        lambda a: a.allows(["logs:PutLogEvents"]),
        lambda a: a.registers("lived-api", essential=True),
    ],
    "a service moves while the ledger cannot be read": [
        lambda a: a.fails("Inspect", "dynamodb", "Query", times=2),
        lambda a: a.registers("lived-web", bare=True),
        lambda a: a.moves("lived-api"),
        lambda a: a.allows(ACTIONS),
    ],
    "all of it goes": [
        lambda a: a.deregisters("lived-cron:1"),
        lambda a: a.deregisters("lived-cron:2"),
        lambda a: a.stops(),
        lambda a: a.repeats(),
    ],
}


def mine(text: str) -> bool:
    return "lived" in text


def stands(stage: Stage) -> dict[str, tuple[str, str]]:
    """Severity and description of what is open in Security Hub, by Id."""
    pages = stage.client("securityhub").get_paginator("get_findings").paginate()
    return _active(finding for page in pages for finding in page["Findings"])


def _active(findings: Any) -> dict[str, tuple[str, str]]:
    return {
        finding["Id"]: (finding["Severity"]["Label"], finding["Description"])
        for finding in findings
        if mine(finding["Id"]) and (finding["Compliance"]["Status"], finding["RecordState"]) == ("FAILED", "ACTIVE")
    }


def evaluated_from_scratch(
    stage: Stage, table: str, sessions: Sessions, *, running: bool
) -> dict[str, tuple[str, str]]:
    """The same of an Outrider with a table and a hub of its own, which looks at everything once."""
    stage.client("dynamodb").create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    made = make_inspector(Settings(account=PLACE.account, table=table, standard=f"ssm:{STANDARD}"), sessions)
    found = evaluated_afresh(made, PLACE, FAMILIES, ["shop/lived"] if running else [])
    return _active(found.findings.values())


def alerts(stage: Stage) -> list[dict[str, Any]]:
    """What the topic was given about this life."""
    return [each for each in stage.alerts() if mine(each["name"])]


def changes(stage: Stage) -> Counter[tuple[str, str]]:
    """(finding, transition) of all that Security Hub has seen of this life, where it is one that alerts."""
    held, found = dict[str, Json](), Counter[tuple[str, str]]()
    for event in stage.cloud.control("GET", "events"):
        if event["detail-type"] != "Security Hub Findings - Imported":
            continue
        for finding in filter(lambda each: mine(each["Id"]), event["detail"]["findings"]):
            before = held.get(finding["Id"])
            if before is not None and before["UpdatedAt"] >= finding["UpdatedAt"]:
                continue
            held[finding["Id"]] = finding
            if change := _change(before, finding):
                found[finding["Id"], change] += 1
    return found


def _change(before: Json | None, after: Json) -> str:
    was, open_ = (each is not None and each["RecordState"] == "ACTIVE" for each in (before, after))
    if open_ and not was:
        return "reopened" if before else "opened"
    if open_ and before and _rank(after) > _rank(before):
        return "raised"
    return "closed" if was and not open_ and after["Compliance"]["Status"] == "PASSED" else ""


def _rank(finding: Json) -> int:
    return Severity(finding["Severity"]["Label"]).rank


def comes_to(stage: Stage, wanted: dict[str, tuple[str, str]], day: str) -> None:
    """Many changes of one role within a minute are evaluated together, up to a minute later."""
    stage.until(lambda: stands(stage) == wanted, f"{day}: the findings are not those of a first evaluation.")
    stage.quiet()


def test_a_life_ends_each_day_in_what_a_first_evaluation_would_find(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stage.cloud.environment().items():
        monkeypatch.setenv(name, value)
    sessions, life = Sessions(), Life(stage)
    trust = stage.client("iam").get_role(RoleName="shop-task")["Role"]["AssumeRolePolicyDocument"]
    stage.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    life.allows(ACTIONS)
    life.configures(fleet.COLLECTOR_CONFIG)
    with stage.queues_with(VisibilityTimeout="2"):
        for number, (day, acts) in enumerate(DAYS.items()):
            for act in acts:
                act(life)
            stage.quiet()
            struck = [fault["struck"] for fault in stage.struck()]
            stage.cloud.control("DELETE", "faults")
            assert all(struck), (day, struck)
            afresh = evaluated_from_scratch(stage, f"lived-{number}", sessions, running=0 < number < len(DAYS) - 1)
            comes_to(stage, afresh, day)

    stage.quiet(slack=True)
    said, seen = [each for each in alerts(stage) if each["transition"] not in SILENT], changes(stage)
    published = Counter((each["finding"], each["transition"]) for each in said if each["kind"] == "finding")
    (suppressed,) = {id_ for id_, _ in seen if id_.endswith(QUIETENED)}
    assert {change for id_, change in published if id_ == suppressed} == {"opened"}
    assert {key: count for key, count in seen.items() if key[0] != suppressed} == {
        key: count for key, count in published.items() if key[0] != suppressed
    }
    messages = [each for each in stage.cloud.slack.messages() if mine(each["text"])]
    assert 0 < len(messages) <= len(said), "one message for what belongs together"
