"""Every option of the configuration exists in the collector's release, and has the form that it takes.

Why: the collector exits when it starts where one key is misspelt, or where a value has the wrong form: a number in
quotes, a text for true or false, `1d` for a duration. Used or not, every component is read.

The options of v0.47.0 and v0.49.0 are known, and of the releases between them as far as both agree. For others, for a
floating tag and for other distributions, this is not judged.

Fix: none. Write the option that the finding names, in the form that it names.
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
    """Yield each unknown key and each value of the wrong form."""
    yield from of_options(workload, {Topic.OPTIONS})


RULE = Rule(
    id="config.options",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://opentelemetry.io/docs/collector/configuration/",
    doc=__doc__,
)
