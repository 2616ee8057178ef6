"""Rule config.signals."""

from domain.collector import Topic
from domain.drift import Code
from domain.rule import Rule
from domain.severity import Severity
from domain.subject import Subject
from rules.config._problems import OPTIONS, options_check


class Kind(Code):
    """What this rule reports."""

    SIGNAL = "signal", "The component does not take the pipeline's signal."
    PROFILES_GATE = "profiles-gate", "A pipeline of profiles needs a feature gate."


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
    check=options_check(Topic.SIGNALS, Kind),
    reference="https://opentelemetry.io/docs/collector/configuration/#service",
)
