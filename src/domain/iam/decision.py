"""The decision: explicit Deny before Allow, within the permissions boundary, and unknown if a key is not known."""

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

    A pattern stands for every resource that it matches. A bare `*` is not a pattern: IAM checks it for an
    action without resources, and a statement that names an ARN does not match it.
    """

    action: str
    resource: str
    context: Context = _NOTHING_KNOWN

    @property
    def glob(self) -> str:
        """The resource with its wildcards encoded."""
        return "*" if self.resource == "*" else encode(self.resource)


@dataclass(frozen=True, slots=True)
class Decided:
    """ALLOWED: on every requested resource, in every case. DENIED: on none, in no case. UNKNOWN: anything else."""

    decision: Decision
    request: AccessRequest
    statement: Statement | None = None
    """The statement that allowed or denied; None if nothing allows."""
    boundary: Policy | None = None
    """The permissions boundary, if it blocks the request."""
    undecided: tuple[Statement, ...] = ()
    """The statements that leave the decision UNKNOWN."""

    @property
    def undecided_keys(self) -> tuple[str, ...]:
        """Return the unknown condition keys, in lower case, on which the decision depends."""
        context = self.request.context
        return tuple(sorted({key for each in self.undecided for key in each.undecided_keys(context)}))


@dataclass(slots=True)
class _Side:
    """The decision of one side, the role's policies or its boundary, about a request."""

    allowed_by: Statement | None = None
    denied_by: Statement | None = None
    perhaps_allowed: list[Statement] = field(default_factory=list)
    perhaps_denied: list[Statement] = field(default_factory=list)

    def add(self, statement: Statement, match: Truth) -> None:
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


def _merged_side(policies: Iterable[Policy], request: AccessRequest) -> _Side:
    side = _Side()
    action, resource, context = request.action.lower(), request.glob, request.context
    service = action.partition(":")[0]
    for policy in policies:
        for statement in policy.about(service):
            match = statement.match(action, resource, context)
            if match is not False:
                side.add(statement, match)
    return side


def decide(policies: Iterable[Policy], request: AccessRequest, boundary: Policy | None = None) -> Decided:
    """Return what the role's identity policies and its permissions boundary decide about a request."""
    limit = None if boundary is None else _merged_side((boundary,), request)
    return _decided(request, _merged_side(policies, request), limit, boundary)


def _decided(request: AccessRequest, own: _Side, limit: _Side | None = None, boundary: Policy | None = None) -> Decided:
    if own.denied_by is not None:
        return Decided(Decision.DENIED, request, own.denied_by)
    if limit is not None and limit.denied_by is not None:
        return Decided(Decision.DENIED, request, limit.denied_by, boundary)
    if own.silent:
        return Decided(Decision.DENIED, request)
    if limit is not None and limit.silent:
        return Decided(Decision.DENIED, request, boundary=boundary)
    doubts = own.doubts if limit is None else (*own.doubts, *limit.doubts)
    if doubts:
        return Decided(Decision.UNKNOWN, request, undecided=doubts)
    return Decided(Decision.ALLOWED, request, own.allowed_by)


def decide_any(
    policies: Iterable[Policy],
    action: str,
    resources: Iterable[str],
    context: Context = _NOTHING_KNOWN,
    boundary: Policy | None = None,
) -> Decided:
    """Decide about an action that AWS checks on one of several resources: one allowed form is enough.

    An explicit Deny of another form makes it unknown. Raises ValueError without resources.
    """
    policies, resources = tuple(policies), tuple(resources)
    if len(resources) == 1:
        return decide(policies, AccessRequest(action, resources[0], context), boundary)
    rulings = [decide(policies, AccessRequest(action, resource, context), boundary) for resource in resources]
    if not rulings:
        raise ValueError(f"{action} needs at least one resource.")
    by_decision = {ruling.decision: ruling for ruling in reversed(rulings)}
    allowed = by_decision.get(Decision.ALLOWED)
    if allowed is not None:
        denials = tuple(
            ruling.statement for ruling in rulings if ruling.decision is Decision.DENIED and ruling.statement
        )
        return Decided(Decision.UNKNOWN, allowed.request, undecided=denials) if denials else allowed
    return by_decision.get(Decision.UNKNOWN) or rulings[0]


def trusts(policy: Policy, service: str = "ecs-tasks.amazonaws.com", context: Context = _NOTHING_KNOWN) -> Decided:
    """Return whether a trust policy lets a service assume the role. The ruling's resource is the service's name.

    policy: parsed with trust=True.
    """
    request = AccessRequest("sts:AssumeRole", service, context)
    side = _Side()
    for statement in policy.about("sts"):
        named = False if statement.principals is None else statement.principals.match(service)
        side.add(statement, all_of((named, statement.match("sts:assumerole", service, context))))
    return _decided(request, side)
