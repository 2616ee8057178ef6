"""Rule config.no-plain-secrets."""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration, credentials_in_clear
from domain.collector.releases import Release
from domain.drift import Code, Doubt, Drift
from domain.facts import Known
from domain.identical import once
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import READ, configuration_of


class Kind(Code):
    """What this rule reports."""

    PLAIN_CREDENTIAL = "credential-in-plain-text", "The configuration holds a credential in plain text."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield the place of each credential, never the credential."""
    parameter = workload.facts.parameter
    if isinstance(parameter, Known) and parameter.value.type == "SecureString":
        return
    configuration, doubts = configuration_of(workload)
    yield from doubts
    for place in _places(configuration, None) if configuration is not None else ():
        in_what = "the task definition" if workload.holds_configuration else "a parameter that is not encrypted"
        why = f"It holds a credential in plain text, in {in_what}. Write ${{env:NAME}} instead."
        yield Drift(Kind.PLAIN_CREDENTIAL, place, why)


@once
def _places(configuration: CollectorConfiguration, release: Release | None) -> tuple[str, ...]:
    return tuple(credentials_in_clear(configuration, release))


RULE = Rule(
    id="config.no-plain-secrets",
    title="Credentials should not be in plain text in a String parameter or a task definition",
    why="""
        Everyone who may read parameters or their history sees a String, and it is not encrypted with a key of its own.
        A SecureString is. A task definition shows its environment variables to everyone who may describe it. Better
        still, the credential is a secret of its own that the configuration names as `${env:NAME}`.
    """,
    by_hand="""
        Rotate the credential, because it was readable, and pass the new one to the collector by `secrets`.
    """,
    subject=Subject.PARAMETER,
    severity=Severity.HIGH,
    codes=(*Kind, *READ),
    of_configuration=True,
    check=check,
    reference="https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html",
)
