"""Problems of a configuration as sentences."""

from collections.abc import Iterable, Mapping
from typing import Final

from domain.collector import Problem, ProblemCode

_FEW: Final = 12

SENTENCES: Final[Mapping[ProblemCode, str]] = {
    ProblemCode.SECOND_DOCUMENT: "A second document begins (---), and the collector reads only the first; join them.",
    ProblemCode.UNKNOWN_SECTION: "It is no section of a collector configuration{instead}.",
    ProblemCode.SECTION_FORM: "It is not a mapping; it holds one key for each {wanted}.",
    ProblemCode.SECTION_EMPTY: "It has no {wanted}; the collector needs at least one.",
    ProblemCode.SERVICE_MISSING: "It is missing; without it no pipeline runs and the collector does not start.",
    ProblemCode.SERVICE_FORM: "It is not a mapping; it holds {wanted}.",
    ProblemCode.PIPELINES_MISSING: "It has no pipeline; at least one of traces, metrics or logs is needed.",
    ProblemCode.PIPELINES_FORM: "It is not a mapping; it holds one key for each pipeline, such as traces.",
    ProblemCode.PIPELINE_FORM: "It is not a mapping; it holds receivers, processors and exporters.",
    ProblemCode.PIPELINE_ID: "It is no pipeline id; write traces, metrics or logs, with /name for a second one{meant}.",
    ProblemCode.COMPONENT_ID: "{subject} is no component id; write a type (otlp), or a type and a name (otlp/2).",
    ProblemCode.COMPONENT_TWICE: "It is defined twice: spaces around {found} do not make another one.",
    ProblemCode.SETTINGS_FORM: "It has settings that are not a mapping; indent them as keys below it.",
    ProblemCode.ID_LIST: "It is not a list of component ids; write a list, such as [otlp], even for one.",
    ProblemCode.NOT_DEFINED: "It names {found}, which {wanted} does not define{meant}.",
    ProblemCode.NOT_STARTED: "It names {found}, which service.extensions does not list: it would never start.",
    ProblemCode.PIPELINE_EMPTY: "It is empty; a pipeline needs {wanted}.",
    ProblemCode.PROCESSOR_TWICE: "It names {found} more than once, which the collector refuses.",
    ProblemCode.UNKNOWN_KEY: "{parent} has no option {found}{instead}.",
    ProblemCode.WRONG_TYPE: "It is {value}; {wanted} is wanted.",
    ProblemCode.DURATION_FORM: "It is {value}, which is no duration; write one such as 1m30s, in {limit}.",
    ProblemCode.REQUIRED: "It is missing or empty; the collector does not start without {needed}.",
    ProblemCode.NOT_BOTH: "It does not go with {limit} as it is set; remove one of them.",
    ProblemCode.CHOICE: "It is {choice}.",
    ProblemCode.NOT_POSITIVE: "It is {value}; it has to be above zero.",
    ProblemCode.TOO_SMALL: "It is {value}; it has to be at least {limit}.",
    ProblemCode.TOO_LARGE: "It is {value}; it may be {limit} at most.",
    ProblemCode.NOT_BELOW: "It is {value}; it may not be below {limit}.",
    ProblemCode.NOT_UNDER: "It is {value}; it has to be below {limit}.",
    ProblemCode.BAD_FORM: "It is not {wanted}{because}.",
    ProblemCode.DUPLICATE: "It has the same name twice.",
    ProblemCode.NOT_SUPPORTED: "It is not supported by this component; remove it.",
    ProblemCode.PORT_TAKEN: "It is port {found}, on which {limit} listens too: the collector does not start.",
    ProblemCode.UNKNOWN_SCHEME: "It takes a value from {found}:, which the collector does not have; it takes {wanted}.",
    ProblemCode.SCHEME_LEFT_OUT: "It reads {found} with a default and without env:; write ${{env:{found}:-…}}.",
    ProblemCode.VARIABLE_NAME: (
        "It has ${{…}} around what is no name of a variable; letters, digits and _ make one, and a plain $ is"
        " written $$."
    ),
    ProblemCode.BARE_VARIABLE: "It has ${found}, which is plain text; write ${{env:{found}}}.",
    ProblemCode.VARIABLE_UNSET: "It reads {found}, which the collector's container does not set: it is empty{meant}.",
    ProblemCode.FILE_SOURCE: "It takes a value from a file that the collector's image does not hold.",
    ProblemCode.SIGNAL: "It names {found}, which does not take {limit}; it takes {wanted}.",
    ProblemCode.PROFILES_GATE: "It is of profiles, which the collector takes only behind its feature gate.",
    ProblemCode.UNSIGNED: "It is an AWS endpoint that refuses unsigned requests; name {wanted} in auth.authenticator.",
    ProblemCode.SIGNER_REGION: "It is {found}, and {limit} sends to {wanted}: AWS refuses another region's signature.",
    ProblemCode.SIGNER_SERVICE: "It is {value}; requests to {limit} have to be signed for {wanted}.",
    ProblemCode.LOG_HEADERS: "It lacks {wanted}, without which CloudWatch refuses logs.",
    ProblemCode.HTTP_ONLY: "It is an endpoint of CloudWatch, which takes OTLP by HTTP only; use {wanted}.",
    ProblemCode.SENDS_TO_ITSELF: "It is port {found} of the task, where its own {limit} listens: it sends to itself.",
    ProblemCode.LOG_GROUP_NAME: (
        "It is no name that CloudWatch takes for a log group: letters, digits and . - _ / # make one, and aws/ may"
        " not begin it."
    ),
    ProblemCode.NEEDS_HOST: "{found} reads files of an EC2 host, so the collector stops on Fargate; remove it.",
    ProblemCode.NEEDS_CLUSTER: "{found} asks the Kubernetes API, which no task of ECS has; remove it.",
    ProblemCode.NOT_WRITABLE: (
        "The collector's user may not write to this path{below}. A bind mount is root's, too: use EFS, or change its"
        " owner in an init container."
    ),
    ProblemCode.LIMIT_ABOVE_MEMORY: (
        "It is {found} MiB, and the {limit} has {wanted}: the kernel stops the collector first."
    ),
    ProblemCode.CONTAINER_NAME: "It is {found}, a container of the task; no name leads to it there: write localhost.",
}
"""One sentence a code, of the problem's own fields and what `sentence` makes of them."""


def sentence(problem: Problem) -> str:
    """Say what is wrong and what would be right. Nothing of a value is shown but what the problem holds."""
    found, wanted = problem.found, listed(problem.wanted)
    choices = f"; it has {wanted}" if wanted else ""
    return SENTENCES[problem.code].format(
        parent=problem.where.rpartition("/")[0],
        subject=f"It names {found}, which" if found else "It",
        found=found,
        value=found or "a text",
        limit=problem.limit,
        because=f": {problem.limit}" if problem.limit else "",
        wanted=wanted or "none",
        needed=f"one of {wanted}" if len(problem.wanted) > 1 else wanted or "it",
        instead=f"; write {problem.nearest}" if problem.nearest else choices,
        choice=_choice(problem, wanted),
        below=f"; use one below {problem.nearest}" if problem.nearest else "",
        meant=f"; {problem.nearest} may be meant" if problem.nearest else "",
    )


def _choice(problem: Problem, wanted: str) -> str:
    what = (
        f"{problem.found}, which the collector does not take" if problem.found else "no value that the collector takes"
    )
    return f"{what}; it takes {wanted}"


def listed(words: Iterable[str]) -> str:
    """Join words, and say how many are left out where they are many."""
    all_ = [str(word) for word in words]
    if len(all_) > _FEW:
        return f"{', '.join(all_[:_FEW])} and {len(all_) - _FEW} more"
    *first, last = all_ or [""]
    return f"{', '.join(first)} and {last}" if first else last
