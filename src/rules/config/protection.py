"""Pipelines batch what they send, and limit the collector's memory before anything else.

Why: unbatched, every span is a call to AWS, which throttles. Without a memory_limiter as the first processor, a
backlog grows until the kernel kills the collector, and with it all that it held. Batching may be the batch
processor's or the exporter's sending_queue; pipelines that end in `debug` or `file` are not judged.

Fix: none. Begin each pipeline's processors with memory_limiter, and end them with batch.
"""

from collections.abc import Iterable, Iterator

from domain.collector import LOCAL_EXPORTERS, CollectorConfiguration, batched, memory_limiter_first
from domain.collector.releases import Release
from domain.collector.scalars import shown
from domain.drift import Doubt, Drift
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import once, sound_configuration_of


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield one drift for all pipelines that lack either."""
    configuration, doubts = sound_configuration_of(workload)
    yield from doubts
    if configuration is not None and (why := _lacking(configuration, None)):
        yield Drift("service/pipelines", why)


@once
def _lacking(configuration: CollectorConfiguration, _: Release | None) -> str:
    sending = [
        pipeline
        for pipeline in configuration.pipelines.values()
        if any(name.partition("/")[0] not in LOCAL_EXPORTERS for name in pipeline.exporters)
    ]
    unlimited = _listed(shown(pipeline.id) for pipeline in sending if not memory_limiter_first(pipeline))
    unbatched = _listed(shown(pipeline.id) for pipeline in sending if not batched(configuration, pipeline))
    sentences = []
    if unlimited:
        sentences.append(
            f"memory_limiter is not the first processor of {unlimited}, so a backlog can take the collector's memory."
        )
    if unbatched:
        sentences.append(f"Nothing batches the telemetry of {unbatched}, so each piece is a call of its own.")
    return " ".join(sentences)


def _listed(words: Iterable[str]) -> str:
    *first, last = dict.fromkeys(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


RULE = Rule(
    id="config.protection",
    subject=Subject.PARAMETER,
    severity=Severity.LOW,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://opentelemetry.io/docs/collector/scaling/",
    doc=__doc__,
)
