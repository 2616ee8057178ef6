"""Whether a service may be updated by a correction at all."""

from domain.remediation import guards
from domain.remediation.attempt import Attempt
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden
from domain.remediation.reason import Code, Reason
from domain.standard import Mode
from domain.workload import Workload
from operations.remediation.parts import Parts


def eligible(parts: Parts, attempt: Attempt, workload: Workload) -> None:
    """Raise Forbidden, permanently, if the service, the stack or the standard does not allow its update."""
    standard = parts.standard
    if workload.service is not None:
        guards.updatable(workload.service, standard)
    guards.stack_updates(parts.moment)
    if attempt.approved:
        return
    if any(standard.exemption(rule, workload, "") for rule in attempt.rules):
        raise Forbidden(Guard.MODE, Reason(Code.EXEMPT_NOW))
    if parts.planner.modes(attempt.rules, workload, standard) is not Mode.DEPLOY:
        raise Forbidden(Guard.MODE, Reason(Code.REGISTER_ONLY))
