"""Rule config.values."""

from domain.collector import Topic
from domain.drift import Code
from domain.rule import Rule
from domain.severity import Severity
from domain.subject import Subject
from rules.config._problems import OPTIONS, options_check


class Kind(Code):
    """What this rule reports."""

    REQUIRED = "required", "A value that the component needs is missing or empty."
    NOT_BOTH = "not-both", "Two options exclude each other."
    CHOICE = "choice", "The value is not one of those that the option takes."
    NOT_POSITIVE = "not-positive", "The number is not above zero."
    TOO_SMALL = "too-small", "The number is too small."
    TOO_LARGE = "too-large", "The number is too large."
    NOT_BELOW = "not-below", "The number is below that of another option."
    NOT_UNDER = "not-under", "The number is not below that of another option."
    BAD_FORM = "bad-form", "The text does not have the form that the component reads."
    DUPLICATE = "duplicate", "A name occurs twice where each may occur once."
    NOT_SUPPORTED = "not-supported", "The component has the option and refuses it."
    PORT_TAKEN = "port-taken", "Two parts listen on the same port."


RULE = Rule(
    id="config.values",
    title="Values of a configuration should be ones that the collector accepts",
    why="""
        Components validate their values before they start, and the collector exits if one of them is refused: a
        memory_limiter without an interval or a limit, a batch whose largest size is below its size, a log_retention
        that CloudWatch does not have, an exporter without an endpoint. It also exits if a part cannot be started, which
        its own dry run does not show: a policy of tail_sampling that does not exist, a port that two receivers use.
        The rule evaluates the releases whose options are known, like config.options.
    """,
    by_hand="Write a value that the finding names.",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, *OPTIONS),
    of_configuration=True,
    check=options_check(Topic.VALUES, Kind),
    reference="https://aws-otel.github.io/docs/components/",
)
