"""Rule config.exists."""

from collections.abc import Iterator

from domain.drift import Code, Drift
from domain.facts import Absent, FactKind, Known
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_TYPES = frozenset({"String", "SecureString"})


class Kind(Code):
    """What this rule reports."""

    ABSENT = "parameter-absent", "The parameter does not exist."
    TYPE = "parameter-type", "The parameter is neither a String nor a SecureString."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield one drift where the parameter does not exist or is a list."""
    reference = workload.parameter_reference
    if reference is None:
        return
    match workload.facts.parameter:
        case Absent():
            where = f"{reference.place.region} of account {reference.place.account}"
            why = f"The parameter {reference.name} does not exist in {where}, so no task that reads it can start."
            yield Drift(Kind.ABSENT, "parameter", why)
        case Known(parameter) if parameter.type not in _TYPES:
            why = f"The parameter is a {parameter.type}. A configuration must be a String or a SecureString."
            yield Drift(Kind.TYPE, "parameter/type", why, parameter.type, "String or SecureString")
        case _:
            pass


RULE = Rule(
    id="config.exists",
    title="The parameter that feeds the collector should exist, as a String or SecureString",
    why="""
        ECS resolves `secrets` before any container starts. A parameter that does not exist, or not in the region that
        `valueFrom` names, keeps the whole task from starting, the application included.
    """,
    by_hand="Create the parameter, or name the parameter that is meant. Outrider writes no parameters.",
    subject=Subject.PARAMETER,
    severity=Severity.CRITICAL,
    codes=tuple(Kind),
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html",
)
