"""Security Hub CSPM: the local cloud's own, with what tests set up and look at."""

import json
from dataclasses import dataclass, field

from local.security_hub import OPERATIONS, SecurityHub
from tests.aws_fake.clock import Clock
from tests.aws_fake.service import Json, Refused, Service, supports

OPEN, CLOSED, GONE = ("FAILED", "ACTIVE"), ("PASSED", "ARCHIVED"), ("NOT_AVAILABLE", "ARCHIVED")


@dataclass
class Hub(Service):
    """The hub of one place: what was imported, by Id, and how the next imports fail."""

    clock: Clock
    account: str
    region: str
    findings: dict[str, Json] = field(default_factory=dict)
    """What the provider gave last that changed something."""
    imports: list[Json] = field(default_factory=list)
    """Each import that changed something, in order."""
    failing: dict[str, str] = field(default_factory=dict)
    """Findings whose next import fails, with the error code."""
    silent: set[str] = field(default_factory=set)
    """Findings that the customer has suppressed."""
    strict: bool = False
    """Whether an import whose UpdatedAt does not grow fails the test, unless it repeats the last one."""

    def __post_init__(self) -> None:
        self.hub = SecurityHub(clock=self.clock.now)

    # --- for tests ----------------------------------------------------------------------------------------------------

    @property
    def enabled(self) -> bool:
        return self._call("DescribeHub", {}, refused=False) is not None

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        if enabled != self.enabled:
            self._call("EnableSecurityHub" if enabled else "DisableSecurityHub", {})

    def clear(self) -> None:
        """Forget every finding."""
        self.findings, self.imports, self.silent = {}, [], set()
        self.hub = SecurityHub(clock=self.clock.now)

    def held(self, id_: str) -> Json | None:
        """A finding as Security Hub shows it; None where there is none."""
        answer = self._call("GetFindings", {"Filters": {"Id": [{"Value": id_, "Comparison": "EQUALS"}]}}) or {}
        return next(iter(answer["Findings"]), None)

    def customer_sets(self, id_: str, workflow: str) -> None:
        """NEW, NOTIFIED, RESOLVED or SUPPRESSED."""
        named = {"Id": id_, "ProductArn": self.findings[id_]["ProductArn"]}
        given = {"FindingIdentifiers": [named], "Workflow": {"Status": workflow}}
        done = self._call("BatchUpdateFindings", given)
        assert done
        assert done["ProcessedFindings"]

    def workflow(self, id_: str) -> str:
        held = self.held(id_)
        return str(held["Workflow"]["Status"]) if held else ""

    def states(self) -> dict[str, tuple[str, str]]:
        """(compliance, record state) by `subject/rule`."""
        return {
            id_.removeprefix(f"outrider/{self.account}/{self.region}/"): (
                finding["Compliance"]["Status"],
                finding["RecordState"],
            )
            for id_, finding in self.findings.items()
        }

    def open(self) -> set[str]:
        return {name for name, state in self.states().items() if state == OPEN}

    # --- calls --------------------------------------------------------------------------------------------------------

    @supports("Findings")
    def batch_import_findings(self, given: Json) -> Json:
        findings = given["Findings"]
        assert len({finding["Id"] for finding in findings}) == len(findings), "one finding twice in one call"
        failed = [
            {"Id": finding["Id"], "ErrorCode": self.failing.pop(finding["Id"]), "ErrorMessage": ""}
            for finding in findings
            if finding["Id"] in self.failing
        ]
        taken = [finding for finding in findings if finding["Id"] not in {each["Id"] for each in failed}]
        answer = self._call("BatchImportFindings", {"Findings": taken}) if taken else {}
        failed += (answer or {}).get("FailedFindings", [])
        refused = {each["Id"] for each in failed}
        for finding in (finding for finding in taken if finding["Id"] not in refused):
            self._note(finding)
        counts = {"FailedCount": len(failed), "SuccessCount": len(findings) - len(failed)}
        return counts | {"FailedFindings": failed}

    def _note(self, finding: Json) -> None:
        held = self.findings.get(finding["Id"])
        newer = held is None or finding["UpdatedAt"] > held["UpdatedAt"]
        if self.strict and held is not None:
            assert newer or finding == held, "UpdatedAt must grow"
            assert (finding["CreatedAt"], finding["FirstObservedAt"]) == (held["CreatedAt"], held["CreatedAt"])
        if newer or self.strict:
            self.findings[finding["Id"]] = finding
            self.imports.append(finding)

    @supports("Filters", "MaxResults", "NextToken", "SortCriteria")
    def get_findings(self, given: Json) -> Json:
        answer = self._call("GetFindings", given) or {}
        filters = given.get("Filters", {})
        if not any(each["Value"] == "SUPPRESSED" for each in filters.get("WorkflowStatus", ())):
            return answer
        asked = {each["Value"] for each in filters.get("Id", ())} or self.silent
        found = {each["Id"] for each in answer["Findings"]}
        answer["Findings"] += [{"Id": id_} for id_ in sorted((self.silent & asked) - found)]
        return answer

    @supports()
    def describe_hub(self, given: Json) -> Json:
        return self._call("DescribeHub", given) or {}

    @supports("FindingIdentifiers", "Workflow", "Note")
    def batch_update_findings(self, given: Json) -> Json:
        return self._call("BatchUpdateFindings", given) or {}

    def _call(self, operation: str, request: Json, *, refused: bool = True) -> Json | None:
        answer = self.hub.answer(*OPERATIONS[operation], json.dumps(request).encode(), (self.account, self.region))
        if answer.status < 300:
            return answer.body
        if not refused:
            return None
        raise Refused(answer.error, answer.body["Message"], answer.status)
