"""ECS: task definitions and their revisions."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.aws_fake.clock import Clock
from tests.aws_fake.service import Json, Refused, Service, copied, page, supports

_PAGE = 100
LONGEST = 90  # seconds that a new revision is not shown, at most
_CONTAINER: Json = {
    "cpu": 0, "portMappings": [], "essential": True, "environment": [], "mountPoints": [], "volumesFrom": [],
}  # fmt: skip
OUR_ROLE = "arn:aws:iam::123456789012:role/outrider-remediate"
# Nothing in a call shows who made it: Outrider's own are known by the tag that they set.
OUR_SESSION = "arn:aws:sts::123456789012:assumed-role/outrider-remediate/function"
PIPELINE = "arn:aws:sts::123456789012:assumed-role/deployer/ci"
_LARGEST = 64 * 1024  # bytes of a task definition
_REGISTERED = (
    "family", "containerDefinitions", "cpu", "ephemeralStorage", "executionRoleArn", "memory", "networkMode",
    "pidMode", "proxyConfiguration", "requiresCompatibilities", "runtimePlatform", "tags", "taskRoleArn", "volumes",
    "placementConstraints", "ipcMode", "enableFaultInjection",
)  # fmt: skip


@dataclass
class Definitions(Service):
    """By family, in the order of their numbers; a deleted one keeps its place."""

    clock: Clock
    account: str
    region: str
    families: defaultdict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    tags: dict[str, list[Json]] = field(default_factory=dict)
    late: Random | None = None
    """Where set, a new revision is shown only after a drawn time, to any call."""
    shown: dict[str, datetime] = field(default_factory=dict)
    """From when on a revision is shown, by ARN."""
    rivals: int = 0
    """So many of the next registrations meet others of their family."""

    # --- for tests ----------------------------------------------------------------------------------------------------

    def register(self, document: Mapping[str, Any]) -> str:
        """Register; gives the revision's ARN."""
        answer = self.register_task_definition(copied(dict(document)))
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def active(self, family: str = "web") -> list[int]:
        return [each["revision"] for each in self.families.get(family, ()) if each["status"] == "ACTIVE"]

    def find(self, name: str) -> Json | None:
        """A revision by ARN or `family:number`, or the newest active one of a family."""
        family, _, number = name.rpartition("/")[2].partition(":")
        revisions = [each for each in self.families.get(family, []) if self._is_shown(each)]
        if number:
            found = next((each for each in revisions if each["revision"] == int(number)), None)
        else:
            found = next((each for each in reversed(revisions) if each["status"] == "ACTIVE"), None)
        return found if found and found["status"] != "DELETE_IN_PROGRESS" else None

    def _is_shown(self, revision: Json) -> bool:
        return self.clock.now() >= self.shown.get(revision["taskDefinitionArn"], self.clock.now())

    # --- calls --------------------------------------------------------------------------------------------------------

    @supports(*_REGISTERED)
    def register_task_definition(self, given: Json) -> Json:
        """Of what ECS refuses, only a definition that is too large is refused here."""
        if len(json.dumps(given, default=str)) > _LARGEST:
            raise Refused("ClientException", f"Max allowed length is '{_LARGEST}' bytes.")
        if self.rivals:
            self.rivals -= 1
            raise Refused(
                "ClientException", "Too many concurrent attempts to create a new revision of the specified family."
            )
        family, tags = given["family"], given.pop("tags", None) or []
        containers, named = given["containerDefinitions"], given.get("requiresCompatibilities", [])
        number = len(self.families[family]) + 1
        arn = f"arn:aws:ecs:{self.region}:{self.account}:task-definition/{family}:{number}"
        fargate = "FARGATE" in named or (not named and given.get("networkMode") == "awsvpc")
        self.families[family].append({"volumes": [], "placementConstraints": []} | given | {
            "containerDefinitions": [_CONTAINER | container for container in containers],
            "taskDefinitionArn": arn,
            "revision": number,
            "status": "ACTIVE",
            "registeredAt": self.clock.now(),
            "registeredBy": OUR_SESSION if any(tag["key"] == "outrider:plan" for tag in tags) else PIPELINE,
            "compatibilities": ["EC2", "FARGATE"] if fargate else ["EC2"],
        })  # fmt: skip
        self.tags[arn] = tags
        if self.late is not None:
            self.shown[arn] = self.clock.now() + timedelta(seconds=self.late.uniform(1, LONGEST))
        return {"taskDefinition": self.families[family][-1], "tags": tags}

    @supports("taskDefinition", "include")
    def describe_task_definition(self, given: Json) -> Json:
        found = self._known(given["taskDefinition"])
        tags = {"tags": self.tags[found["taskDefinitionArn"]]} if "TAGS" in given.get("include", ()) else {}
        return {"taskDefinition": found} | tags

    @supports("taskDefinition")
    def deregister_task_definition(self, given: Json) -> Json:
        found = self._known(given["taskDefinition"])
        found["status"], found["deregisteredAt"] = "INACTIVE", self.clock.now()
        return {"taskDefinition": found}

    @supports("taskDefinitions")
    def delete_task_definitions(self, given: Json) -> Json:
        found = [self._known(name) for name in given["taskDefinitions"]]
        if any(each["status"] == "ACTIVE" for each in found):
            raise Refused("ClientException", "The task definition must be INACTIVE before it is deleted.")
        for each in found:
            each["status"] = "DELETE_IN_PROGRESS"
        return {"taskDefinitions": found, "failures": []}

    @supports("familyPrefix", "status", "sort", "maxResults", "nextToken")
    def list_task_definitions(self, given: Json) -> Json:
        """`familyPrefix` is a whole family's name, whatever it is called."""
        families = [given["familyPrefix"]] if "familyPrefix" in given else sorted(self.families)
        wanted = given.get("status", "ACTIVE")
        every = [each for family in families for each in self.families.get(family, ()) if each["status"] == wanted]
        arns = [each["taskDefinitionArn"] for each in every]
        found, token = page(
            arns[::-1] if given.get("sort") == "DESC" else arns, given, "nextToken", "maxResults", _PAGE
        )
        return {"taskDefinitionArns": found} | ({"nextToken": token} if token else {})

    @supports("familyPrefix", "status", "maxResults", "nextToken")
    def list_task_definition_families(self, given: Json) -> Json:
        wanted = given.get("status", "ACTIVE")
        names = [
            name
            for name in sorted(self.families)
            if name.startswith(given.get("familyPrefix", ""))
            and (wanted == "ALL" or bool(self.active(name)) == (wanted == "ACTIVE"))
        ]
        found, token = page(names, given, "nextToken", "maxResults", _PAGE)
        return {"families": found} | ({"nextToken": token} if token else {})

    def _known(self, name: str) -> Json:
        found = self.find(name)
        if found is None:
            raise Refused("ClientException", "Unable to describe task definition.")
        return found
