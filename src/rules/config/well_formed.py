"""Rule config.well-formed."""

from collections.abc import Iterator

from domain.collector import ConfigurationUnreadable, Topic
from domain.drift import Code, Doubt, Drift
from domain.facts import Absent, Known, Unavailable
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import READ, WHERE, configuration_of, structure_of
from rules.config._problems import drift_of

_STANDARD_BYTES, _ADVANCED_BYTES = 4096, 8192


class Kind(Code):
    """What this rule reports."""

    UNPARSABLE = "not-parsed", "The configuration cannot be parsed."
    TOO_LONG = "too-long", "The configuration is longer than a parameter can be."
    ADVANCED_TIER = "advanced-tier", "The configuration needs a parameter of the advanced tier."
    SECOND_DOCUMENT = "second-document", "A second YAML document follows, which the collector ignores."
    UNKNOWN_SECTION = "unknown-section", "A top-level key is not a section of a configuration."
    SECTION_FORM = "section-form", "A section is not a mapping."
    SECTION_EMPTY = "section-empty", "The configuration has no receiver or no exporter."
    SERVICE_MISSING = "service-missing", "The configuration has no service."
    SERVICE_FORM = "service-form", "The service is not a mapping."
    UNKNOWN_KEY = "unknown-key", "The service or a pipeline has a key that does not exist."
    PIPELINES_MISSING = "pipelines-missing", "The service has no pipeline."
    PIPELINES_FORM = "pipelines-form", "The pipelines are not a mapping."
    PIPELINE_FORM = "pipeline-form", "A pipeline is not a mapping."
    PIPELINE_ID = "pipeline-id", "A pipeline's id does not begin with a signal."
    COMPONENT_ID = "component-id", "A text is not a component id."
    COMPONENT_TWICE = "component-twice", "Two keys are the same component id."
    SETTINGS_FORM = "settings-form", "The settings of a component are not a mapping."
    ID_LIST = "id-list", "A list of component ids has another form."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield one drift where the configuration cannot be parsed, else one for each part of the wrong form."""
    match workload.configuration:
        case Known(found):
            if isinstance(found, ConfigurationUnreadable):
                yield Drift(Kind.UNPARSABLE, WHERE, str(found))
                return
            yield from _size(workload)
            problems = structure_of(found)
            yield from (drift_of(Kind, problem) for problem in problems if problem.topic is Topic.FORM)
            if found.unseen_at:
                yield from configuration_of(workload)[1]
        case Absent() | Unavailable():
            yield from configuration_of(workload)[1]


def _size(workload: Workload) -> Iterator[Drift]:
    """Yield one drift where a text that is yet to be written is longer than a parameter may be."""
    match workload.facts.parameter:
        case Known(parameter) if not parameter.version:
            length = len(parameter.text.encode("utf-8", "surrogatepass"))
        case _:
            return
    has, found = f"The configuration has {length:,} bytes", str(length)
    if length > _ADVANCED_BYTES:
        why, limit = f"{has}. A parameter holds {_ADVANCED_BYTES:,} at most.", str(_ADVANCED_BYTES)
        yield Drift(Kind.TOO_LONG, WHERE, why, found, limit, Severity.MEDIUM)
    elif length > _STANDARD_BYTES:
        why, limit = f"{has}, so its parameter must be of the advanced tier.", str(_STANDARD_BYTES)
        yield Drift(Kind.ADVANCED_TIER, WHERE, why, found, limit, Severity.INFORMATIONAL)


RULE = Rule(
    id="config.well-formed",
    title="Collector configurations should be YAML that the collector can read, with a service that has pipelines",
    why="""
        The collector parses its configuration when it starts, and exits where it cannot. Nothing leaves the task then,
        and an essential collector stops the application with it. A file that is longer than a parameter can be (8 KB)
        is MEDIUM; one that needs the advanced tier (over 4 KB), INFORMATIONAL.
    """,
    by_hand="""
        Correct the text at the place that the finding names, in the parameter or in the task definition that holds it.
        Tasks read it when they start.
    """,
    subject=Subject.PARAMETER,
    severity=Severity.CRITICAL,
    codes=(*Kind, *READ),
    of_configuration=True,
    check=check,
    reference="https://opentelemetry.io/docs/collector/configuration/",
)
