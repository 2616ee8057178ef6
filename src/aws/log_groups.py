"""CloudWatch log groups: whether they exist."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from aws.calls import CallFailed, calling
from aws.sessions import Sessions
from domain.facts import Absent, Fact, Known, LogGroup
from domain.places import Place


@dataclass(frozen=True, slots=True)
class LogGroups:
    """Log groups as facts."""

    sessions: Sessions
    read: Mapping[tuple[Place, str], Fact[LogGroup]] = field(default_factory=dict, repr=False)
    """What `facts` returned, so that it is not read again."""

    def fact(self, place: Place, name: str) -> Fact[LogGroup]:
        known = self.read.get((place, name))
        if known is not None:
            return known
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

    def facts(self, place: Place, names: Collection[str]) -> dict[tuple[Place, str], Fact[LogGroup]]:
        """Read many log groups from the list of all, as long as that takes fewer calls than to read each.

        What the list did not reach, or could not give, is missing.
        """
        exist, pages = set[str](), 0
        try:
            with calling("logs:DescribeLogGroups", str(place)):
                client = self.sessions.client("logs", place)
                for page in client.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 50}):
                    exist.update(group["logGroupName"] for group in page["logGroups"])
                    pages += 1
                    if pages >= len(names):
                        return {(place, name): Known(LogGroup(name)) for name in names if name in exist}
        except CallFailed:
            return {}
        return {(place, name): Known(LogGroup(name)) if name in exist else Absent() for name in names}
