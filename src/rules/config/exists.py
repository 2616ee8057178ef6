"""The parameter that feeds the collector exists, as a String or SecureString.

Why: `secrets` is resolved before any container starts. A parameter that is not there, or not in the region that
`valueFrom` names, keeps the whole task from starting, the application included.

Fix: none. Outrider writes no parameters: create it, or name the one that is meant.
"""

from collections.abc import Iterator

from domain.drift import Drift
from domain.facts import Absent, FactKind, Known
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_TYPES = frozenset({"String", "SecureString"})


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield one drift where the parameter is missing or holds no single text."""
    reference = workload.parameter_reference
    if reference is None:
        return
    match workload.facts.parameter:
        case Absent():
            where = f"{reference.place.region} of account {reference.place.account}"
            why = f"The parameter {reference.name} does not exist in {where}, so no task that reads it can start."
            yield Drift("parameter", why)
        case Known(parameter) if parameter.type not in _TYPES:
            why = f"The parameter is a {parameter.type}; a configuration is a String or a SecureString."
            yield Drift("parameter/type", why)
        case _:
            pass


RULE = Rule(
    id="config.exists",
    subject=Subject.PARAMETER,
    severity=Severity.CRITICAL,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html",
    doc=__doc__,
)
