"""Whether a container is a collector, by what it is and what it does: it is one, it may be one, it is none.

The image decides where it is known: the standard's own, or a known distribution. Elsewhere evidence is added up. Each
piece has a weight (`WEIGHTS`): 3 is what only a collector has, 2 what hardly anything else has, 1 what other containers
have too; what speaks against it is negative. From 3 on the container is a collector, from 1 on it may be one.

Only names decide, never the values of variables other than OTEL_ ones: the revisions that are kept have no others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from domain.collector.distributions import (
    ADOT,
    OTLP_PORTS,
    OWN_BUILD,
    Distribution,
    Receives,
    configuration_variables,
    distribution_of,
    distributions,
)
from domain.ecs.container import Container
from domain.ecs.fargate import amount
from domain.ecs.images import repository_matches
from domain.ecs.placeholders import placeholder
from domain.otlp import destinations

APPLICATION_SIGNALS_PORTS: Final = frozenset({4315, 4316})
"""Where the CloudWatch agent takes Application Signals, and nothing else listens."""
HEALTH_CHECK_PORT: Final = 13133
DEFAULT_VARIABLE: Final = "OTEL_CONFIG"
"""The variable of the configuration where neither distribution nor standard name one."""


class Answer(StrEnum):
    """Whether a container is a collector."""

    IS = "is"
    MAY_BE = "may-be"
    IS_NOT = "is-not"


class Evidence(StrEnum):
    """What speaks for a container being a collector, or against it."""

    STANDARD_IMAGE = "standard-image"
    DISTRIBUTION = "distribution"
    ENABLED = "enabled-to-receive"
    ADDRESSED = "addressed"
    CONFIGURED = "configuration-decides"
    IMAGE_NAME = "image-name"
    CONTAINER_NAME = "container-name"
    SIMILAR_NAME = "similar-name"
    VARIABLE = "configuration-variable"
    GENERAL_VARIABLE = "general-variable"
    CONFIG_ARGUMENT = "config-argument"
    FILE_ARGUMENT = "file-argument"
    OTLP_PORT = "otlp-port"
    HEALTH_PORT = "health-check-port"
    UNKNOWN_IMAGE = "unknown-image"
    INSTRUMENTED = "instrumented"
    OTHER_PORTS = "other-ports"


WEIGHTS: Final = MappingProxyType({
    Evidence.STANDARD_IMAGE: 3,  # the standard says that it is one
    Evidence.DISTRIBUTION: 3,  # a distribution that takes OTLP as it starts
    Evidence.ENABLED: 3,  # an agent with a variable or argument that makes it take OTLP
    Evidence.ADDRESSED: 2,  # a CloudWatch agent whose own ports an application sends to
    Evidence.CONFIGURED: 1,  # a distribution that takes OTLP if its configuration says so
    Evidence.IMAGE_NAME: 3,  # otel and collector in the repository's name
    Evidence.CONTAINER_NAME: 2,  # otel and collector in the container's name, which anybody may choose
    Evidence.SIMILAR_NAME: 1,  # a name that ends in otel, adot or collector
    Evidence.VARIABLE: 3,  # AOT_CONFIG_CONTENT, CW_CONFIG_CONTENT: no other program reads these
    Evidence.GENERAL_VARIABLE: 1,  # OTEL_CONFIG, which an SDK's own set-up may read too
    Evidence.CONFIG_ARGUMENT: 3,  # --config with a URI that only collectors understand, or that names one
    Evidence.FILE_ARGUMENT: 1,  # --config with any YAML file
    Evidence.OTLP_PORT: 1,  # for each OTLP port that it maps; an application may take OTLP too
    Evidence.HEALTH_PORT: 2,  # 13133, the port of the health_check extension
    Evidence.UNKNOWN_IMAGE: 1,  # a template's placeholder, which may become a collector's image
    Evidence.INSTRUMENTED: -2,  # it has an SDK, or sends OTLP into its own task, as applications do
    Evidence.OTHER_PORTS: -1,  # it maps ports, and none that a collector uses
})  # fmt: skip

_IS = 3
_MAY_BE = 1
_ENABLING: Final = "DD_OTLP_CONFIG_RECEIVER_"
_GENERAL_VARIABLES: Final = frozenset(
    {DEFAULT_VARIABLE, "COLLECTOR_CONFIG", "OTELCOL_CONFIG", "OTEL_COLLECTOR_CONFIG", "SPLUNK_CONFIG"}
)
# X-Ray, statsd, own metrics, Zipkin, Jaeger, FluentForward, EMF, and OTLP's ports of earlier days.
_COLLECTOR_PORTS: Final = frozenset(
    {2000, 4315, 4316, 4317, 4318, 8006, 8125, 8126, 8888, 9411, 13133, 14250, 14268, 25888, 55678, 55679, 55680, 55681}
)

# Variables that SDKs read and collectors do not.
_OF_SDKS: Final = frozenset({
    "OTEL_SERVICE_NAME", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER", "OTEL_TRACES_SAMPLER",
    "OTEL_PROPAGATORS", "OTEL_SDK_DISABLED", "OTEL_AWS_APPLICATION_SIGNALS_ENABLED",
})  # fmt: skip

_OTEL = re.compile(r"(?:^|[-_.])(?:aws-?)?(?:otel|open-?telemetry|adot)")
_COLLECTS = re.compile(
    r"(?:^|[-_.]|otel|telemetry)col(?:lector)?s?(?=$|[-_.\d])|(?:^|[-_.])(?:sidecar|gateway)(?=$|[-_.])"
)
_SIMILAR = re.compile(r"(?:^|[-_.])(?:otel|open-?telemetry|adot|(?:otel|adot)-?agent|collector)(?:[-_.]?v?\d+)?$")
# What is made for a collector, or to try it out, is none.
_COMPANION = re.compile(
    r"(?:^|[-_.])(?:api|apps?|(?:auto-?)?instrumentation|clients?|demo|emitter|examples?|generator|operator|samples?"
    r"|tests?|ui)(?=$|[-_.])"
)
_CONFIG_FLAGS: Final = ("--config", "-config")
_ONLY_COLLECTORS = re.compile(r"(?:env|yaml|s3):|.*(?:otel|adot|opentelemetry|collector)", re.IGNORECASE | re.DOTALL)
_YAML = re.compile(r".+\.ya?ml", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class CollectorKind:
    """The collector that the standard wants for a workload, as far as it tells which container is one.

    `id` is a distribution's, `own` or `none`; `repository` that of the standard's own image; `also` are patterns of
    repositories that are as good, and `applications` those of repositories that are no collectors.
    """

    id: str = ADOT
    repository: str = ""
    also: tuple[str, ...] = ()
    variable: str | None = None
    applications: tuple[str, ...] = ()

    @property
    def distribution(self) -> Distribution:
        """What is known of collectors of this kind."""
        return distributions().get(self.id, OWN_BUILD)

    def names(self, container: Container) -> bool:
        """Whether the standard itself names the container's repository: as its image, or as one that is as good."""
        repository = container.image.repository
        return bool(repository) and (
            repository == self.repository or bool(self.also and repository_matches(repository, self.also))
        )


class Recognition(NamedTuple):
    """Whether one container is a collector, why, and of which distribution, as far as that is known.

    `wanted` tells whether it is of the kind that the standard wants. One is made for every container that is judged,
    and a named tuple is made in less than half of a frozen dataclass's time.
    """

    answer: Answer
    evidence: tuple[Evidence, ...] = ()
    distribution: Distribution | None = None
    wanted: bool = False

    @property
    def by_image(self) -> bool:
        """Whether the image alone decides."""
        return self.answer is Answer.IS and self.evidence[0] in {Evidence.STANDARD_IMAGE, Evidence.DISTRIBUTION}


_NO = Recognition(Answer.IS_NOT)


def recognise(container: Container, kind: CollectorKind, sent_to: frozenset[int] = frozenset()) -> Recognition:
    """Whether a container is a collector; `sent_to` are the ports of the task that its applications send OTLP to."""
    known = distribution_of(container.image.repository)
    if kind.names(container):
        return Recognition(Answer.IS, (Evidence.STANDARD_IMAGE,), known, wanted=True)
    if known is not None and known.receives is Receives.ALWAYS:
        return Recognition(Answer.IS, (Evidence.DISTRIBUTION,), known, wanted=known.id == kind.id)
    if known is not None and known.id == kind.id:  # an agent, where the standard wants that very agent
        return Recognition(Answer.IS, (Evidence.STANDARD_IMAGE,), known, wanted=True)
    if known is not None and known.receives is Receives.NEVER:
        return Recognition(Answer.IS_NOT, (), known)
    if kind.applications and repository_matches(container.image.repository, kind.applications):
        return _NO
    found = _evidence(container, known, sent_to)
    if not found:  # as most containers are; what speaks against it need not be asked
        return _NO if known is None else Recognition(Answer.IS_NOT, (), known)
    found += _against(container)
    weight = sum(WEIGHTS[each] for each in found)
    answer = Answer.IS if weight >= _IS else Answer.MAY_BE if weight >= _MAY_BE else Answer.IS_NOT
    return Recognition(answer, found, known)


def _evidence(container: Container, known: Distribution | None, sent_to: frozenset[int]) -> tuple[Evidence, ...]:
    """What speaks for it."""
    mapped = _mapped(container) if container.json.get("portMappings") else ()
    if known is not None:
        return (*_of_agent(container, known, sent_to), *mapped)
    given = config_uris(container)
    of_arguments = _of_arguments(given) if given else ()
    return (
        *_named(container.image.repository, container.name),
        *_set((*container.environment, *container.secrets)),
        *of_arguments,
        *mapped,
    )


def _of_agent(container: Container, known: Distribution, sent_to: frozenset[int]) -> Iterator[Evidence]:
    if _is_enabled(container, known):
        yield Evidence.ENABLED
    unread = known.receives is Receives.ENABLED and container.may_have_more_variables
    if unread or known.receives is Receives.CONFIGURED:
        yield Evidence.CONFIGURED
    if sent_to & known.ports & APPLICATION_SIGNALS_PORTS:
        yield Evidence.ADDRESSED


def _is_enabled(container: Container, known: Distribution) -> bool:
    if known.receives is not Receives.ENABLED:
        return False
    names = (*container.environment, *container.secrets)
    arguments = " ".join((*container.entry_point, *container.command))
    for enabling in known.enabled_by:
        if enabling.endswith("*"):
            if any(name.startswith(enabling[:-1]) for name in names):
                return True
        elif enabling in names or enabling in arguments:
            return True
    return False


@lru_cache(maxsize=4096)
def _named(repository: str, name: str) -> tuple[Evidence, ...]:
    """What the names tell. Of the repository its last part; `otel` may also be the owner's name."""
    found = list[Evidence]()
    *owners, last = repository.lower().split("/")
    if placeholder(last):
        found.append(Evidence.UNKNOWN_IMAGE)
    elif not _COMPANION.search(last):
        owned = f"{owners[-1]}-{last}" if owners else last
        if _COLLECTS.search(last) and _OTEL.search(owned):
            found.append(Evidence.IMAGE_NAME)
        elif _SIMILAR.search(last):
            found.append(Evidence.SIMILAR_NAME)
    name = name.lower()
    if not _COMPANION.search(name):
        if _COLLECTS.search(name) and _OTEL.search(name):
            found.append(Evidence.CONTAINER_NAME)
        elif _SIMILAR.search(name) and Evidence.SIMILAR_NAME not in found:
            found.append(Evidence.SIMILAR_NAME)
    return tuple(found)


@lru_cache(maxsize=4096)  # most containers of a fleet set variables of the same names
def _set(names: tuple[str, ...]) -> tuple[Evidence, ...]:
    """What the names of its variables tell."""
    found = list[Evidence]()
    if not configuration_variables().isdisjoint(names):
        found.append(Evidence.VARIABLE)
    elif not _GENERAL_VARIABLES.isdisjoint(names):
        found.append(Evidence.GENERAL_VARIABLE)
    if any(name.startswith(_ENABLING) for name in names):
        found.append(Evidence.ENABLED)
    return tuple(found)


def _of_arguments(uris: tuple[str, ...]) -> tuple[Evidence, ...]:
    if any(_ONLY_COLLECTORS.match(uri) for uri in uris):
        return (Evidence.CONFIG_ARGUMENT,)
    return (Evidence.FILE_ARGUMENT,) if any(_YAML.fullmatch(uri) for uri in uris) else ()


def _mapped(container: Container) -> Iterator[Evidence]:
    for mapping in container.port_mappings:
        port = amount(mapping.get("containerPort"))
        if port in OTLP_PORTS or port in APPLICATION_SIGNALS_PORTS:
            yield Evidence.OTLP_PORT
        elif port == HEALTH_CHECK_PORT:
            yield Evidence.HEALTH_PORT


def _against(container: Container) -> tuple[Evidence, ...]:
    """What speaks against it."""
    ports = [amount(mapping.get("containerPort")) for mapping in container.port_mappings]
    others = bool(ports) and not any(port is None or port in _COLLECTOR_PORTS for port in ports)
    found = ((_instrumented(container), Evidence.INSTRUMENTED), (others, Evidence.OTHER_PORTS))
    return tuple(evidence for speaks, evidence in found if speaks)


def _instrumented(container: Container) -> bool:
    set_plainly, secrets = container.otel
    if not set_plainly and not secrets:
        return False
    if any(name in _OF_SDKS for name, _ in set_plainly):
        return True
    return any((endpoint := each.leads_to) is not None and endpoint.in_task for each in destinations(container))


def config_uris(container: Container) -> tuple[str, ...]:
    """The URIs that `--config` gives, in their order: `--config=URI` and `--config URI` alike."""
    words = (*container.entry_point, *container.command)
    if not words:
        return ()
    joined = [word.partition("=")[2] for word in words if word.startswith(("--config=", "-config="))]
    after = [words[i + 1] for i, word in enumerate(words[:-1]) if word in _CONFIG_FLAGS]
    return (*joined, *after)
