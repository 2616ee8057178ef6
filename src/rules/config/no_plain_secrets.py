"""No credential stands in clear in a String parameter.

Why: a String is shown to whoever may read parameters or their history, and is not encrypted with a key of its own. A
SecureString is; better still, the credential is a secret of its own that the configuration names as `${env:NAME}`.

Fix: none. Change the credential, for it has been seen, and give it to the collector by `secrets`.
"""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration, credentials_in_clear
from domain.collector.releases import Release
from domain.drift import Doubt, Drift
from domain.facts import FactKind, Known
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import configuration_of, once


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield the place of each credential, never the credential."""
    parameter = workload.facts.parameter
    if isinstance(parameter, Known) and parameter.value.type == "SecureString":
        return
    configuration, doubts = configuration_of(workload)
    yield from doubts
    for place in _places(configuration, None) if configuration is not None else ():
        why = f"{place} holds a credential in clear, in a parameter that is not encrypted; name it as ${{env:NAME}}."
        yield Drift(place, why)


@once
def _places(configuration: CollectorConfiguration, release: Release | None) -> tuple[str, ...]:
    return tuple(credentials_in_clear(configuration, release))


RULE = Rule(
    id="config.no-plain-secrets",
    subject=Subject.PARAMETER,
    severity=Severity.HIGH,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html",
    doc=__doc__,
)
