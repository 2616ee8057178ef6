"""What is wrong with a configuration, as data: a code, a place, and what may be shown of it. Never a sentence."""

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a problem does."""

    REFUSED = "refused"
    """The collector does not start, by the text of the configuration alone."""
    AT_START = "at-start"
    """The collector reads the text, and stops while it starts its parts: its dry run does not show it."""
    STOPS = "stops"
    """The collector does not start, or ends, in a Fargate task."""
    LOST = "lost"
    """The collector runs, and telemetry does not arrive."""
    DOUBTFUL = "doubtful"
    """The collector runs, and does something else than was probably meant."""


class Topic(StrEnum):
    """What a problem is about; each topic has a rule."""

    FORM = "form"
    REFERENCES = "references"
    OPTIONS = "options"
    VALUES = "values"
    VARIABLES = "variables"
    SIGNALS = "signals"
    DESTINATIONS = "destinations"
    FARGATE = "fargate"


class ProblemCode(StrEnum):
    """The stable names of problems."""

    # The form of the document.
    SECOND_DOCUMENT = "second-document"
    UNKNOWN_SECTION = "unknown-section"
    SECTION_FORM = "section-form"
    SECTION_EMPTY = "section-empty"
    SERVICE_MISSING = "service-missing"
    SERVICE_FORM = "service-form"
    PIPELINES_MISSING = "pipelines-missing"
    PIPELINES_FORM = "pipelines-form"
    PIPELINE_FORM = "pipeline-form"
    PIPELINE_ID = "pipeline-id"
    COMPONENT_ID = "component-id"
    COMPONENT_TWICE = "component-twice"
    SETTINGS_FORM = "settings-form"
    ID_LIST = "id-list"
    # Names of components.
    NOT_DEFINED = "not-defined"
    NOT_STARTED = "not-started"
    PIPELINE_EMPTY = "pipeline-empty"
    PROCESSOR_TWICE = "processor-twice"
    # Options: names and forms.
    UNKNOWN_KEY = "unknown-key"
    WRONG_TYPE = "wrong-type"
    DURATION_FORM = "duration-form"
    # Values.
    REQUIRED = "required"
    NOT_BOTH = "not-both"
    CHOICE = "choice"
    NOT_POSITIVE = "not-positive"
    TOO_SMALL = "too-small"
    TOO_LARGE = "too-large"
    NOT_BELOW = "not-below"
    NOT_UNDER = "not-under"
    BAD_FORM = "bad-form"
    DUPLICATE = "duplicate"
    NOT_SUPPORTED = "not-supported"
    PORT_TAKEN = "port-taken"
    # Variables.
    UNKNOWN_SCHEME = "unknown-scheme"
    SCHEME_LEFT_OUT = "scheme-left-out"
    VARIABLE_NAME = "variable-name"
    BARE_VARIABLE = "bare-variable"
    VARIABLE_UNSET = "variable-unset"
    FILE_SOURCE = "file-source"
    # Signals.
    SIGNAL = "signal"
    PROFILES_GATE = "profiles-gate"
    # The destination.
    UNSIGNED = "unsigned"
    SIGNER_REGION = "signer-region"
    SIGNER_SERVICE = "signer-service"
    LOG_HEADERS = "log-headers"
    HTTP_ONLY = "http-only"
    SENDS_TO_ITSELF = "sends-to-itself"
    LOG_GROUP_NAME = "log-group-name"
    # Fargate.
    NEEDS_HOST = "needs-host"
    NEEDS_CLUSTER = "needs-cluster"
    NOT_WRITABLE = "not-writable"
    CONTAINER_NAME = "container-name"
    LIMIT_ABOVE_MEMORY = "limit-above-memory"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `where` is a path of names, in the collector's notation for entries of lists (`actions[0]/key`).

    `found` is what is there, if it may be shown: names of options and components, numbers, durations; of other
    values only what kind they are. `wanted` is what may be there, `nearest` the right name that is nearest. `limit`
    is the bound, or the other option, that it is compared with.
    """

    topic: Topic
    code: ProblemCode
    where: str
    effect: Effect = Effect.REFUSED
    found: str = ""
    wanted: tuple[str, ...] = ()
    nearest: str = ""
    limit: str = ""
