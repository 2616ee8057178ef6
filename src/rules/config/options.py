"""Rule config.options."""

from domain.collector import Topic
from domain.drift import Code
from domain.rule import Rule
from domain.severity import Severity
from domain.subject import Subject
from rules.config._problems import OPTIONS, options_check


class Kind(Code):
    """What this rule reports."""

    UNKNOWN_KEY = "unknown-key", "The component has no such option."
    WRONG_TYPE = "wrong-type", "The value has another type than the option takes."
    DURATION_FORM = "duration-form", "The value is not a duration."
    COMPONENT_ID = "component-id", "The value is not a component id."
    TOO_SMALL = "too-small", "The number is below what the option's type holds."


RULE = Rule(
    id="config.options",
    title="Options of a configuration should exist in the collector's release, with values of the right type",
    why="""
        The collector exits when it starts if one key is misspelt, or if a value has the wrong type: a number in quotes,
        a text for true or false, `1d` for a duration. It reads every component, used or not. The options of v0.47.0 and
        v0.49.0 are known, and those of the releases between them where both agree. For other releases, a floating tag
        or another distribution the rule is Unknown.
    """,
    by_hand="Write the option that the finding names, with a value of the type that it names.",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, *OPTIONS),
    of_configuration=True,
    check=options_check(Topic.OPTIONS, Kind),
    reference="https://opentelemetry.io/docs/collector/configuration/",
)
