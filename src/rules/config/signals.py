"""Rule config.signals."""

from collections.abc import Iterator

from domain.collector import Topic
from domain.drift import Code, Doubt, Drift
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._problems import OPTIONS, of_options


class Kind(Code):
    """What this rule reports."""

    SIGNAL = "signal", "The component does not take the pipeline's signal."
    PROFILES_GATE = "profiles-gate", "A pipeline of profiles needs a feature gate."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each component in a pipeline of a signal that it does not have."""
    yield from of_options(workload, Topic.SIGNALS, Kind)


RULE = Rule(
    id="config.signals",
    title="Pipelines should name only components that take their signal",
    why="""
        `awsxray` takes traces, `awsemf` metrics, `awscloudwatchlogs` logs. A collector with one of them in a pipeline
        of another signal exits when it starts. Pipelines of profiles need a feature gate that is off in ADOT. The rule
        evaluates the releases whose options are known, like config.options.
    """,
    by_hand="Move the component to a pipeline of its signal, or use another component.",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, *OPTIONS),
    of_configuration=True,
    check=check,
    reference="https://opentelemetry.io/docs/collector/configuration/#service",
)
