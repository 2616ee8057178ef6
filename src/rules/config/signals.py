"""Every pipeline names only components that take its signal.

Why: `awsxray` takes traces, `awsemf` metrics, `awscloudwatchlogs` logs. A collector with one of them in a pipeline of
another signal exits when it starts. Pipelines of profiles need a feature gate that ADOT leaves off.

Judged for the releases whose options are known: see config.options.

Fix: none. Move the component to a pipeline of its signal, or take another.
"""

from collections.abc import Iterator

from domain.collector import Topic
from domain.drift import Doubt, Drift
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._problems import of_options


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each component in a pipeline of a signal that it does not have."""
    yield from of_options(workload, {Topic.SIGNALS})


RULE = Rule(
    id="config.signals",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://opentelemetry.io/docs/collector/configuration/#service",
    doc=__doc__,
)
