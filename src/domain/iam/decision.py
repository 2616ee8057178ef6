"""The decision: explicit Deny before Allow, within the permissions boundary, and unknown where it cannot be known."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from domain.iam.context import Context
from domain.iam.glob import encode
from domain.iam.policy import Policy, Statement
from domain.iam.truth import Truth, all_of


class Decision(StrEnum):
    """The three answers."""

    ALLOWED = "ALLOWED"
    DENIED = "DENIED"
    UNKNOWN = "UNKNOWN"


_NOTHING_KNOWN = Context()


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """action: `logs:PutLogEvents`, in any case. resource: an ARN, or a pattern of ARNs with `*` and `?`.

    A pattern stands for every resource that it matches. A bare `*` is not a pattern: IAM itself asks on it for an
    action without resources, and a statement that names an ARN does not match it.
    """

    action: str
    resource: str
    context: Context = _NOTHING_KNOWN

    @property
    def glob(self) -> str:
        """The resource with its wildcards encoded."""
        return "*" if self.resource == "*" else encode(self.resource)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


@dataclass(frozen=True, slots=True)
class Ruling:
    """ALLOWED: on every resource asked for, in every case. DENIED: on none, in no case. UNKNOWN: anything between."""

    decision: Decision
    request: AccessRequest
    statement: Statement | None = None
    """The one that allowed, or that denied; None where nothing allows."""
    boundary: Policy | None = None
    """The permissions boundary, where it is what blocks the request."""
    undecided: tuple[Statement, ...] = ()
    """The statements that leave the decision UNKNOWN."""

    @property
    def undecided_keys(self) -> tuple[str, ...]:
        """The condition keys, in lower case, that would have to be known."""
        context = self.request.context
        return tuple(sorted({key for each in self.undecided for key in each.undecided_keys(context)}))

    @property
    def explanation(self) -> str:
        """A sentence for people."""
        match self.decision:
            case Decision.ALLOWED:
                return f"{self.request} is allowed by {self.statement}."
            case Decision.DENIED if self.statement:
                return f"{self.request} is denied by {self.statement}."
            case Decision.DENIED if self.boundary:
                return f"{self.request} is not allowed by the permissions boundary {self.boundary.source}."
            case Decision.DENIED:
                return f"{self.request} is not allowed by any statement."
            case Decision.UNKNOWN:
                return f"Whether {self.request} is allowed cannot be decided: {'; '.join(self._doubts())}."

    def _doubts(self) -> Iterable[str]:
        for each in self.undecided:
            verb = "allows" if each.allows else "denies"
            # In a ruling over several resources, a statement may be sure, but of one of them only.
            reasons = each.undecided(self.request.glob, self.request.context) or ("it speaks of a part only",)
            yield f"{each} {verb} it perhaps, because {' and '.join(reasons)}"


@dataclass(slots=True)
class _Side:
    """What one side, the role's policies or its boundary, decides about a request."""

    allowed_by: Statement | None = None
    denied_by: Statement | None = None
    perhaps_allowed: list[Statement] = field(default_factory=list)
    perhaps_denied: list[Statement] = field(default_factory=list)

    def hear(self, statement: Statement, match: Truth) -> None:
        if match is None:
            (self.perhaps_allowed if statement.allows else self.perhaps_denied).append(statement)
        elif match and statement.allows:
            self.allowed_by = self.allowed_by or statement
        elif match:
            self.denied_by = self.denied_by or statement

    @property
    def silent(self) -> bool:
        return self.allowed_by is None and not self.perhaps_allowed

    @property
    def doubts(self) -> tuple[Statement, ...]:
        allowing = self.perhaps_allowed if self.allowed_by is None else []
        return (*allowing, *self.perhaps_denied)


def _heard(policies: Iterable[Policy], request: AccessRequest) -> _Side:
    side = _Side()
    action, resource, context = request.action.lower(), request.glob, request.context
    service = action.partition(":")[0]
    for policy in policies:
        for statement in policy.about(service):
            match = statement.match(action, resource, context)
            if match is not False:
                side.hear(statement, match)
    return side


def decide(policies: Iterable[Policy], request: AccessRequest, boundary: Policy | None = None) -> Ruling:
    """What the role's identity policies and its permissions boundary decide about a request."""
    own = _heard(policies, request)
    if own.denied_by is not None:
        return Ruling(Decision.DENIED, request, own.denied_by)
    limit = None if boundary is None else _heard((boundary,), request)
    if limit is not None and limit.denied_by is not None:
        return Ruling(Decision.DENIED, request, limit.denied_by, boundary)
    if own.silent:
        return Ruling(Decision.DENIED, request)
    if limit is not None and limit.silent:
        return Ruling(Decision.DENIED, request, boundary=boundary)
    doubts = own.doubts if limit is None else (*own.doubts, *limit.doubts)
    if doubts:
        return Ruling(Decision.UNKNOWN, request, undecided=doubts)
    return Ruling(Decision.ALLOWED, request, own.allowed_by)


def decide_any(
    policies: Iterable[Policy],
    action: str,
    resources: Iterable[str],
    context: Context = _NOTHING_KNOWN,
    boundary: Policy | None = None,
) -> Ruling:
    """For an action that AWS asks on one of several resources, not always the same: one allowed form is enough.

    An explicit Deny of another form leaves it unknown. Without resources: ValueError.
    """
    policies = tuple(policies)
    rulings = [decide(policies, AccessRequest(action, resource, context), boundary) for resource in resources]
    if not rulings:
        raise ValueError(f"{action} was asked on no resource at all; give at least one.")
    by_decision = {ruling.decision: ruling for ruling in reversed(rulings)}
    allowed = by_decision.get(Decision.ALLOWED)
    if allowed is not None:
        denials = tuple(
            ruling.statement for ruling in rulings if ruling.decision is Decision.DENIED and ruling.statement
        )
        return Ruling(Decision.UNKNOWN, allowed.request, undecided=denials) if denials else allowed
    return by_decision.get(Decision.UNKNOWN) or rulings[0]


def trusts(policy: Policy, service: str = "ecs-tasks.amazonaws.com", context: Context = _NOTHING_KNOWN) -> Ruling:
    """Whether a trust policy lets a service assume the role. The ruling's resource is the service's name.

    policy: parsed with trust=True.
    """
    request = AccessRequest("sts:AssumeRole", service, context)
    side = _Side()
    for statement in policy.about("sts"):
        named = False if statement.principals is None else statement.principals.match(service)
        side.hear(statement, all_of((named, statement.match("sts:assumerole", service, context))))
    if side.denied_by is not None:
        return Ruling(Decision.DENIED, request, side.denied_by)
    if side.silent:
        return Ruling(Decision.DENIED, request)
    if side.doubts:
        return Ruling(Decision.UNKNOWN, request, undecided=side.doubts)
    return Ruling(Decision.ALLOWED, request, side.allowed_by)
