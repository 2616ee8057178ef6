"""What a release refuses of a configuration's options and signals, as far as that release is known."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from domain.collector.configuration import CollectorConfiguration, Component
from domain.collector.listeners import Listener, bound_ports
from domain.collector.options import ComponentOptions, ReleaseOptions, options_of
from domain.collector.problems import Effect, Problem, ProblemCode, Topic
from domain.collector.releases import Release
from domain.collector.scalars import shown
from domain.masking import word

if TYPE_CHECKING:
    from domain.collector.decoding import Decoder

_PROFILES: Final = "profiles"
_PROXIES: Final = ("/proxy_server", "extensions/awsproxy")
_OTLP_HTTP: Final = "otlphttp"
_ENDPOINTS: Final = {"traces": "traces_endpoint", "metrics": "metrics_endpoint", "logs": "logs_endpoint"}


def options_are_known(release: Release | None) -> bool:
    """Tell if a release's options can be judged."""
    return bool(options_of(release))


def takes_signals_of(configuration: CollectorConfiguration, part: Component, name: str, release: Release) -> bool:
    """Tell if a component type takes the signals of all pipelines that name another part; True where not known."""
    signals = {
        pipeline.signal
        for pipeline in configuration.pipelines.values()
        if part.id in {*pipeline.receivers, *pipeline.processors, *pipeline.exporters}
    }
    known = (options.components.get((part.kind, name)) for options in options_of(release))
    return all(each is None or signals <= each.signals for each in known)


def option_problems(configuration: CollectorConfiguration, release: Release | None) -> tuple[Problem, ...]:
    """Give the problems with options, values and signals that the release is sure to refuse.

    A release between two that are known is judged by what both refuse; where nothing is known of a release there are
    none, and `options_are_known` says so.
    """
    found = [tuple(_problems(configuration, options)) for options in options_of(release)]
    if configuration.excerpt or not found:
        return ()
    return found[0] if len(found) == 1 else tuple(_agreed(*found))


def _agreed(earlier: tuple[Problem, ...], later: tuple[Problem, ...]) -> Iterator[Problem]:
    """Yield what both refuse for one reason at one place. What is wanted instead is what both take."""
    same = {(each.topic, each.code, each.where, each.found): each for each in earlier}
    for problem in later:
        other = same.get((problem.topic, problem.code, problem.where, problem.found))
        if other is not None:
            wanted = tuple(each for each in problem.wanted if each in other.wanted)
            nearest = problem.nearest if problem.nearest == other.nearest else ""
            yield replace(problem, wanted=wanted or problem.wanted, nearest=nearest)


def _problems(configuration: CollectorConfiguration, options: ReleaseOptions) -> Iterator[Problem]:
    used = {part.where for part in configuration.used}
    for part in configuration.components:
        if (known := _options(options, part)) is not None:
            decoder = _decoder(options.release, used=part.where in used)
            written = configuration.written(part)
            yield from decoder.problems({} if written is None else written, known.option, part.place)
    yield from _telemetry(configuration, options)
    yield from _signals(configuration, options)
    yield from _ports(configuration, options.release)


def _decoder(release: Release | None, *, used: bool = True) -> "Decoder":
    from domain.collector.decoding import Decoder  # noqa: PLC0415 - its checks are only for a configuration that is read

    return Decoder(release, used=used)


def _options(options: ReleaseOptions, part: Component) -> ComponentOptions | None:
    """Give the options of a component; those of its older name where the release may have the newer one."""
    return options.components.get((part.kind, part.type)) or options.components.get((part.kind, part.canonical))


def _telemetry(configuration: CollectorConfiguration, options: ReleaseOptions) -> Iterator[Problem]:
    option = (options.service.keys or {}).get("telemetry")
    if option is not None:
        yield from _decoder(options.release).problems(
            configuration.service.get("telemetry"), option, "service/telemetry"
        )


def _ports(configuration: CollectorConfiguration, release: Release) -> Iterator[Problem]:
    """Yield what listens where another part does already, but for proxies: a collector may go on without one."""
    before = list[Listener]()
    for listener in bound_ports(configuration, release):
        if listener.part.endswith(_PROXIES):
            continue
        if other := next((each for each in before if each.excludes(listener)), None):
            found, limit = str(listener.port), shown(other.part)
            yield Problem(
                Topic.VALUES, ProblemCode.PORT_TAKEN, listener.place, Effect.AT_START, found=found, limit=limit
            )
        before.append(listener)


def _signals(configuration: CollectorConfiguration, options: ReleaseOptions) -> Iterator[Problem]:
    for pipeline in configuration.pipelines.values():
        signal = pipeline.signal
        if signal == _PROFILES:
            yield Problem(Topic.SIGNALS, ProblemCode.PROFILES_GATE, f"service/pipelines/{shown(pipeline.id)}")
            continue
        for kind, ids in pipeline.parts.items():
            for name in ids:
                part = configuration.defined(kind).get(name)
                known = None if part is None else _options(options, part)
                if part is None or known is None:
                    continue
                if signal not in known.signals:
                    where = f"service/pipelines/{shown(pipeline.id)}/{kind}"
                    yield Problem(
                        Topic.SIGNALS,
                        ProblemCode.SIGNAL,
                        where,
                        found=shown(name),
                        wanted=tuple(sorted(known.signals)),
                        limit=word(signal),
                    )
                elif part.canonical == _OTLP_HTTP and (key := _ENDPOINTS.get(signal)) and _endpoints(part, key):
                    yield Problem(Topic.VALUES, ProblemCode.REQUIRED, f"{part.place}/{key}", wanted=("endpoint", key))


def _endpoints(part: Component, key: str) -> bool:
    """Tell if an otlphttp exporter has an endpoint for some signals and none for this one."""
    given = part.settings
    return not given.get("endpoint") and not given.get(key) and any(given.get(other) for other in _ENDPOINTS.values())
