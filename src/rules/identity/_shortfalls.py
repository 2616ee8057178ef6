"""What a role's own policies and boundary withhold of what is needed of it, as drifts with the statement to add."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from domain.drift import Doubt, Drift
from domain.facts import Role
from domain.iam import Decision, Ruling, decide_any, minimal_statement
from domain.permissions import Circumstances, Permission
from domain.places import role_name
from domain.severity import Severity


@dataclass(frozen=True, slots=True)
class _Shortfall:
    """One need that a role does not meet."""

    need: Permission
    ruling: Ruling

    @property
    def cause(self) -> str:
        """What withholds it: a clause, empty where simply nothing allows it."""
        ruling = self.ruling
        if ruling.statement is not None:
            return f"which {ruling.statement} denies"
        if ruling.boundary is not None:
            return f"which the permissions boundary {ruling.boundary.source} does not allow"
        return ""


def shortfalls(role: Role, member: str, subject: str, needs: Iterable[Permission]) -> Iterator[Drift | Doubt]:
    """Yield a drift for each part that lacks something, then a doubt for each of which it cannot be told.

    `member` is the task definition's (`executionRoleArn`), `subject` who acts (`The collector`). What several parts
    need alike is told once, for the first. The last drift ends in the statements to add.
    """
    missing, open_ = list[_Shortfall](), list[_Shortfall]()
    told = set[tuple[str, str]]()
    circumstances = Circumstances(role)
    for need in needs:
        ruling = decide_any(role.policies, need.action, need.resources, circumstances.of(need), role.boundary)
        if ruling.decision is Decision.ALLOWED or (need.action, need.grant) in told:
            continue
        told.add((need.action, need.grant))
        (missing if ruling.decision is Decision.DENIED else open_).append(_Shortfall(need, ruling))
    name = role_name(role.arn)
    drifts = [_drift(member, part, subject, name, found) for part, found in _by_part(missing)]
    if drifts:
        *first, last = drifts
        yield from first
        yield Drift(last.where, last.why + _advice(missing, name), last.severity)
    for part, found in _by_part(open_):
        yield Doubt(f"{member}/{part}", _doubt(found, name))


def _by_part(found: Iterable[_Shortfall]) -> Iterable[tuple[str, list[_Shortfall]]]:
    parts: dict[str, list[_Shortfall]] = {}
    for each in found:
        parts.setdefault(each.need.part, []).append(each)
    return parts.items()


def _drift(member: str, part: str, subject: str, name: str, found: list[_Shortfall]) -> Drift:
    sentences: dict[tuple[str, str, str], list[_Shortfall]] = {}
    for each in found:
        # What is often not needed is told with what always is, where that is missing on the same resource.
        need = next((m.need for m in found if each.need.minor and not m.need.minor and _alike(m, each)), each.need)
        sentences.setdefault((need.purpose, need.unless, each.cause), []).append(each)
    why = []
    for (purpose, unless, cause), alike in sentences.items():
        cause_ = cause or f"which {name}'s own policies and boundary do not allow"
        why.append(f"{subject} {purpose} by {_actions(alike)}, {cause_}{f' ({unless})' if unless else ''}.")
    severity = Severity.LOW if all(each.need.minor for each in found) else None
    return Drift(f"{member}/{part}", " ".join(why), severity)


def _alike(one: _Shortfall, other: _Shortfall) -> bool:
    return (one.need.grant, one.cause) == (other.need.grant, other.cause)


def _actions(found: Iterable[_Shortfall]) -> str:
    """`ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on arn:…`."""
    on: dict[str, list[str]] = {}
    for each in found:
        on.setdefault(each.need.grant, []).append(each.need.action)
    return "; ".join(f"{_listed(actions)} on {grant}" for grant, actions in on.items())


def _listed(words: Iterable[str]) -> str:
    *first, last = dict.fromkeys(words)
    return f"{', '.join(first)} and {last}" if first else last


def _advice(missing: Iterable[_Shortfall], name: str) -> str:
    """What to add, and to what. No statement helps against a Deny."""
    asked: dict[str, list[tuple[str, str]]] = {}
    for each in missing:
        if each.ruling.statement is None:
            to = each.ruling.boundary.source if each.ruling.boundary else name
            asked.setdefault(to, []).append((each.need.action, each.need.grant))
    return "".join(f" Add to {to}: {_statements(pairs)}" for to, pairs in asked.items())


def _statements(pairs: list[tuple[str, str]]) -> str:
    """As JSON without its names (Sid), which IAM does not need: a finding has little room."""
    found: Any = minimal_statement(pairs)["Statement"]
    bare = [{key: value for key, value in statement.items() if key != "Sid"} for statement in found]
    return json.dumps(bare[0] if len(bare) == 1 else bare, separators=(",", ":"))


def _doubt(found: list[_Shortfall], name: str) -> str:
    keys = _listed(key for each in found for key in each.ruling.undecided_keys) if _has_keys(found) else ""
    statements = _listed(str(statement) for each in found for statement in each.ruling.undecided)
    why = f"{statements} depends on {keys}, not known here" if keys else f"{statements} speaks of a part of it only"
    return f"Whether {name} allows {_actions(found)} cannot be decided: {why}."


def _has_keys(found: Iterable[_Shortfall]) -> bool:
    return any(each.ruling.undecided_keys for each in found)
