"""A Security Hub for where there is none."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws.calls import CallFailed
from domain.places import Place


@dataclass
class Imports:
    """Stands for aws.security_hub.SecurityHub: takes everything, and keeps the last of each finding, by Id."""

    findings: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def import_(self, _: Place, findings: Sequence[Mapping[str, Any]]) -> dict[str, CallFailed]:
        self.findings |= {finding["Id"]: finding for finding in findings}
        return {}

    def suppressed(self, _place: Place, _ids: Sequence[str], _remembered: Collection[str] = ()) -> set[str]:
        return set()
