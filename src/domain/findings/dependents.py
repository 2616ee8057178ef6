"""Dependents: each family's verdicts on a parameter or role, and what follows from all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.drift import Drift
from domain.findings.users import NOBODY, Users
from domain.severity import Severity
from domain.subject import SubjectId
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict


class VerdictKind(StrEnum):
    """The four verdicts."""

    COMPLIANT = "compliant"
    DRIFTED = "drifted"
    UNKNOWN = "unknown"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class FamilyVerdict:
    """A family's verdict on a parameter or role by one rule.

    Severity and drifts are those of a verdict that is Drifted, or Unknown now and Drifted when it was last decided.
    """

    kind: VerdictKind
    severity: Severity = Severity.INFORMATIONAL
    drifts: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True)
class FamilyVerdicts:
    """A family's verdicts by all rules, and who runs the family; none if only an earlier revision depends on it."""

    by_rule: Mapping[str, FamilyVerdict] = field(default_factory=dict)
    users: Users = NOBODY

    def same(self, other: "FamilyVerdicts | None") -> bool:
        """Whether both lead to the same finding: the number of tasks does not matter."""
        return other is not None and self.by_rule == other.by_rule and self.users.same(other.users)


NO_VERDICTS = FamilyVerdicts()


def family_verdicts(verdicts: Mapping[str, Verdict], users: Users, before: FamilyVerdicts | None) -> FamilyVerdicts:
    """Return the verdicts of one evaluation; `before` are those of the evaluation before it."""
    known = before.by_rule if before is not None else {}
    return FamilyVerdicts({rule: _kept(verdict, known.get(rule)) for rule, verdict in verdicts.items()}, users)


def _kept(verdict: Verdict, before: FamilyVerdict | None) -> FamilyVerdict:
    match verdict:
        case Drifted(severity=severity, drifts=drifts):
            return FamilyVerdict(VerdictKind.DRIFTED, severity, drifts)
        case Compliant():
            return FamilyVerdict(VerdictKind.COMPLIANT)
        case Exempt():
            return FamilyVerdict(VerdictKind.EXEMPT)
        case Unknown() if before is not None and before.drifts:
            return FamilyVerdict(VerdictKind.UNKNOWN, before.severity, before.drifts)
        case Unknown():
            return FamilyVerdict(VerdictKind.UNKNOWN)


def combined(subject: SubjectId, dependents: Mapping[SubjectId, FamilyVerdicts]) -> dict[str, Verdict]:
    """Return the verdict of all families together on a parameter or role, by rule.

    Drifted if any family's is, with the drifts of the most severe; otherwise Compliant if any family's is, otherwise
    Exempt if any family's is, and otherwise Unknown.
    """
    found = dict[str, list[FamilyVerdict]]()
    for _, verdicts in sorted(dependents.items()):
        for rule, verdict in verdicts.by_rule.items():
            found.setdefault(rule, []).append(verdict)
    return {rule: _together(rule, subject, verdicts) for rule, verdicts in found.items()}


def _together(rule: str, subject: SubjectId, verdicts: list[FamilyVerdict]) -> Verdict:
    drifted = [verdict for verdict in verdicts if verdict.drifts]
    if drifted:
        most = max(drifted, key=lambda verdict: verdict.severity.rank)  # the first of them, and so always the same
        return Drifted(rule, subject, most.severity, most.drifts)
    kinds = {verdict.kind for verdict in verdicts}
    if VerdictKind.COMPLIANT in kinds:
        return Compliant(rule, subject)
    if VerdictKind.EXEMPT in kinds:
        return Exempt(rule, subject, "", None)
    return Unknown(rule, subject)


def users_of_all(dependents: Mapping[SubjectId, FamilyVerdicts]) -> Users:
    """Return who runs the families, as many as a finding lists."""
    users = [verdicts.users for verdicts in dependents.values()]
    return Users.of((user for each in users for user in each.known), more=sum(each.more for each in users))
