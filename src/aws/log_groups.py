"""CloudWatch log groups: whether they exist."""

from dataclasses import dataclass

from aws.calls import CallFailed, calling
from aws.sessions import Sessions
from domain.facts import Absent, Fact, Known, LogGroup
from domain.places import Place


@dataclass(frozen=True, slots=True)
class LogGroups:
    """Log groups as facts."""

    sessions: Sessions

    def fact(self, place: Place, name: str) -> Fact[LogGroup]:
        try:
            with calling("logs:DescribeLogGroups", name):
                pages = (
                    self.sessions.client("logs", place)
                    .get_paginator("describe_log_groups")
                    .paginate(logGroupNamePrefix=name, PaginationConfig={"PageSize": 50})
                )
                found = any(group["logGroupName"] == name for page in pages for group in page["logGroups"])
        except CallFailed as failed:
            return failed.fact
        return Known(LogGroup(name)) if found else Absent()

    def listed(self, place: Place, most: int) -> frozenset[str] | None:
        """Return the names of all log groups; None if they cannot be listed, or not in so many pages."""
        found = set[str]()
        try:
            with calling("logs:DescribeLogGroups", str(place)):
                client = self.sessions.client("logs", place)
                pages = client.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 50})
                for number, page in enumerate(pages, 1):
                    if number > most:
                        return None
                    found.update(group["logGroupName"] for group in page["logGroups"])
        except CallFailed:
            return None
        return frozenset(found)
