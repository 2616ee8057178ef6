"""The permissions that a role's own policies and boundary withhold, as drifts with the grants that are missing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.drift import Code, Doubt, Drift, Grant
from domain.facts import Role
from domain.places import role_name
from domain.severity import Severity
from rules._wording import joined

if TYPE_CHECKING:
    from domain.iam import Decided
    from domain.permissions import Permission


class Shortfall(Code):
    """Why a role does not allow what is needed."""

    NOT_ALLOWED = "not-allowed", "No policy of the role allows the action."
    OUTSIDE_BOUNDARY = "outside-boundary", "The role's permissions boundary does not allow the action."
    DENIED = "denied", "A policy of the role denies the action. No added statement helps."
    UNDECIDED = "undecided", "Unknown: a condition, or the name of what is needed, depends on what is not known."
    ROLE_ABSENT = "role-absent", "Unknown: the role does not exist."


@dataclass(frozen=True, slots=True)
class _Missing:
    """One need that a role does not meet, or of which that is not known."""

    need: "Permission"
    ruling: "Decided"

    @property
    def code(self) -> Shortfall:
        if self.ruling.statement is not None:
            return Shortfall.DENIED
        return Shortfall.NOT_ALLOWED if self.ruling.boundary is None else Shortfall.OUTSIDE_BOUNDARY

    @property
    def source(self) -> str:
        """The statement that denies it, or the boundary that does not allow it."""
        if self.ruling.statement is not None:
            return str(self.ruling.statement)
        return self.ruling.boundary.source if self.ruling.boundary else ""


def shortfalls(role: Role, member: str, actor: str, needs: "Iterable[Permission]") -> Iterator[Drift | Doubt]:
    """Yield a drift for each part that lacks permissions and each reason, then a doubt for each that is undecided.

    `member` is the task definition's (`executionRoleArn`), `actor` who calls (`The collector`). What several parts need
    alike is reported once, for the first.
    """
    from domain.iam import Decision, decide_any  # noqa: PLC0415 - only a role that was read needs it
    from domain.permissions import CallContexts  # noqa: PLC0415 - as above

    missing, undecided = list[_Missing](), list[_Missing]()
    seen = set[tuple[str, str]]()
    circumstances = CallContexts(role)
    for need in needs:
        ruling = decide_any(role.policies, need.action, need.resources, circumstances.of(need), role.boundary)
        if ruling.decision is Decision.ALLOWED or (need.action, need.grant) in seen:
            continue
        seen.add((need.action, need.grant))
        (missing if ruling.decision is Decision.DENIED else undecided).append(_Missing(need, ruling))
    name = role_name(role.arn)
    for (part, code), found in _grouped(missing):
        yield _drift(code, f"{member}/{part}", actor, name, found)
    for (part, _), found in _grouped(undecided):
        yield Doubt(Shortfall.UNDECIDED, f"{member}/{part}", _doubt(found, name))


def absent(member: str) -> Doubt:
    """The doubt where the role does not exist, which identity.trust reports."""
    return Doubt(Shortfall.ROLE_ABSENT, member, "The role does not exist, so its permissions are not known.")


def _grouped(found: Iterable[_Missing]) -> Iterable[tuple[tuple[str, Shortfall], list[_Missing]]]:
    groups: dict[tuple[str, Shortfall], list[_Missing]] = {}
    for each in found:
        groups.setdefault((each.need.part, each.code), []).append(each)
    return groups.items()


def _drift(code: Shortfall, where: str, actor: str, name: str, found: list[_Missing]) -> Drift:
    sentences: dict[tuple[str, str, str], list[_Missing]] = {}
    for each in found:
        # What is often not needed is reported with what always is, where that is missing on the same resource.
        need = next((m.need for m in found if each.need.minor and not m.need.minor and _alike(m, each)), each.need)
        sentences.setdefault((need.purpose, need.unless, each.source), []).append(each)
    why = " ".join(
        f"{actor} {purpose}, which needs {_actions(alike)}. {_cause(code, name, source)}"
        f"{f' ({unless})' if unless else ''}."
        for (purpose, unless, source), alike in sentences.items()
    )
    severity = Severity.LOW if all(each.need.minor for each in found) else None
    # No added statement helps against a Deny.
    lacking = [] if code is Shortfall.DENIED else found
    grants = tuple(Grant(each.source or name, each.need.action, each.need.grant) for each in lacking)
    return Drift(code, where, why, severity=severity, grants=grants)


def _alike(one: _Missing, other: _Missing) -> bool:
    return (one.need.grant, one.source) == (other.need.grant, other.source)


def _cause(code: Shortfall, name: str, source: str) -> str:
    match code:
        case Shortfall.DENIED:
            return f"This is denied by {source}"
        case Shortfall.OUTSIDE_BOUNDARY:
            return f"The permissions boundary {source} of {name} does not allow this"
        case _:
            return f"The policies of {name} do not allow this"


def _actions(found: Iterable[_Missing]) -> str:
    """`ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on arn:…`."""
    on: dict[str, list[str]] = {}
    for each in found:
        on.setdefault(each.need.grant, []).append(each.need.action)
    return "; ".join(f"{joined(actions)} on {grant}" for grant, actions in on.items())


def _doubt(found: list[_Missing], name: str) -> str:
    keys = tuple(key for each in found for key in each.ruling.undecided_keys)
    statements = joined(str(statement) for each in found for statement in each.ruling.undecided)
    why = f"{statements} depends on {joined(keys)}, which is not known" if keys else f"{statements} covers only a part"
    return f"Whether {name} allows {_actions(found)} is not known: {why}."
