"""Problems of a configuration as sentences."""

from collections.abc import Iterable, Mapping
from typing import Final

from domain.collector import Code, Problem

_FEW: Final = 12

SENTENCES: Final[Mapping[Code, str]] = {
    Code.SECOND_DOCUMENT: "A second document begins (---), and the collector reads only the first; join them.",
    Code.UNKNOWN_SECTION: "{where} is no section of a collector configuration{instead}.",
    Code.SECTION_FORM: "{where} is not a mapping; it holds one key for each {wanted}.",
    Code.SECTION_EMPTY: "{where} has no {wanted}; the collector needs at least one.",
    Code.SERVICE_MISSING: "{where} is missing; without it no pipeline runs and the collector does not start.",
    Code.SERVICE_FORM: "{where} is not a mapping; it holds {wanted}.",
    Code.PIPELINES_MISSING: "{where} has no pipeline; at least one of traces, metrics or logs is needed.",
    Code.PIPELINES_FORM: "{where} is not a mapping; it holds one key for each pipeline, such as traces.",
    Code.PIPELINE_FORM: "{where} is not a mapping; it holds receivers, processors and exporters.",
    Code.PIPELINE_ID: "{where} is no pipeline id; write traces, metrics or logs, with /name for a second one{meant}.",
    Code.COMPONENT_ID: "{subject} is no component id; write a type (otlp), or a type and a name (otlp/2).",
    Code.COMPONENT_TWICE: "{where} is defined twice: spaces around {found} do not make another one.",
    Code.SETTINGS_FORM: "{where} has settings that are not a mapping; indent them as keys below it.",
    Code.ID_LIST: "{where} is not a list of component ids; write a list, such as [otlp], even for one.",
    Code.NOT_DEFINED: "{where} names {found}, which {wanted} does not define{meant}.",
    Code.NOT_STARTED: "{where} names {found}, which service.extensions does not list: it would never start.",
    Code.PIPELINE_EMPTY: "{where} is empty; a pipeline needs {wanted}.",
    Code.PROCESSOR_TWICE: "{where} names {found} more than once, which the collector refuses.",
    Code.UNKNOWN_KEY: "{parent} has no option {found}{instead}.",
    Code.WRONG_TYPE: "{where} is {value}; {wanted} is wanted.",
    Code.DURATION_FORM: "{where} is {value}, which is no duration; write one such as 1m30s, in {limit}.",
    Code.REQUIRED: "{where} is missing or empty; the collector does not start without {needed}.",
    Code.NOT_BOTH: "{where} does not go with {limit} as it is set; take one of them out.",
    Code.CHOICE: "{where} is {value}, which the collector does not take; it takes {wanted}.",
    Code.NOT_POSITIVE: "{where} is {value}; it has to be above zero.",
    Code.TOO_SMALL: "{where} is {value}; it has to be at least {limit}.",
    Code.TOO_LARGE: "{where} is {value}; it may be {limit} at most.",
    Code.NOT_BELOW: "{where} is {value}; it may not be below {limit}.",
    Code.NOT_UNDER: "{where} is {value}; it has to be below {limit}.",
    Code.BAD_FORM: "{where} is not {wanted}{because}.",
    Code.DUPLICATE: "{where} has the same name twice.",
    Code.NOT_SUPPORTED: "{where} is not supported by this component; take it out.",
    Code.UNKNOWN_SCHEME: "{where} takes a value from {found}:, which the collector does not have; it takes {wanted}.",
    Code.SCHEME_LEFT_OUT: "{where} reads {found} with a default and without env:; write ${{env:{found}:-…}}.",
    Code.VARIABLE_NAME: (
        "{where} has ${{…}} around what is no name of a variable; letters, digits and _ make one, and a plain $ is"
        " written $$."
    ),
    Code.BARE_VARIABLE: "{where} has ${found}, which stays as it stands; write ${{env:{found}}}.",
    Code.VARIABLE_UNSET: "{where} reads {found}, which the collector's container does not set, so it is empty{meant}.",
    Code.FILE_SOURCE: "{where} takes a value from a file that the collector's image does not hold.",
    Code.SIGNAL: "{where} names {found}, which does not take {limit}; it takes {wanted}.",
    Code.PROFILES_GATE: "{where} is of profiles, which the collector takes only behind its feature gate.",
    Code.UNSIGNED: "{where} is an AWS endpoint that refuses unsigned requests; name {wanted} in auth.authenticator.",
    Code.SIGNER_REGION: "{where} is {found}, and {limit} sends to {wanted}: AWS refuses signatures of another region.",
    Code.SIGNER_SERVICE: "{where} is {value}; requests to {limit} have to be signed for {wanted}.",
    Code.LOG_HEADERS: "{where} lacks {wanted}, without which CloudWatch refuses logs.",
    Code.HTTP_ONLY: "{where} is an endpoint of CloudWatch, which takes OTLP by HTTP only; use {wanted}.",
    Code.SENDS_TO_ITSELF: "{where} is port {found} of the task, where its own {limit} listens: it sends to itself.",
    Code.LOG_GROUP_NAME: (
        "{where} is no name that CloudWatch takes for a log group: letters, digits and . - _ / # make one, and aws/ may"
        " not begin it."
    ),
    Code.NEEDS_HOST: "{found} reads files of an EC2 host, so the collector stops on Fargate; take it out.",
    Code.NEEDS_CLUSTER: "{where}: {found} asks the Kubernetes API, which no task of ECS has; take it out.",
    Code.NOT_WRITABLE: "{where} is a path that the collector's user may not write in its image; mount a volume there.",
    Code.CONTAINER_NAME: "{where} is {found}, a container of the task; no name leads to it there: write localhost.",
}
"""One sentence a code, of the problem's own fields and what `sentence` makes of them."""


def sentence(problem: Problem) -> str:
    """Say what is wrong and what would be right. Nothing of a value is shown but what the problem holds."""
    found, wanted = problem.found, listed(problem.wanted)
    choices = f"; it has {wanted}" if wanted else ""
    return SENTENCES[problem.code].format(
        where=problem.where,
        parent=problem.where.rpartition("/")[0],
        subject=f"{problem.where} names {found}, which" if found else problem.where,
        found=found,
        value=found or "a text",
        limit=problem.limit,
        because=f": {problem.limit}" if problem.limit else "",
        wanted=wanted or "none",
        needed=f"one of {wanted}" if len(problem.wanted) > 1 else wanted or "it",
        instead=f"; write {problem.nearest}" if problem.nearest else choices,
        meant=f"; {problem.nearest} may be meant" if problem.nearest else "",
    )


def listed(words: Iterable[str]) -> str:
    """Join words, and say how many are left out where they are many."""
    all_ = list(words)
    if len(all_) > _FEW:
        return f"{', '.join(all_[:_FEW])} and {len(all_) - _FEW} more"
    *first, last = all_ or [""]
    return f"{', '.join(first)} and {last}" if first else last
