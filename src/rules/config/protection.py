"""Rule config.protection."""

from domain.collector import LOCAL_EXPORTERS, CollectorConfiguration, batched, memory_limiter_first
from domain.collector.scalars import shown
from domain.drift import Code, Drift
from domain.rule import Rule
from domain.severity import Severity
from domain.subject import Subject
from rules._wording import joined
from rules.config._configuration import WELL_FORMED, configuration_check


class Kind(Code):
    """What this rule reports."""

    UNLIMITED = "memory-unlimited", "memory_limiter is not the first processor of a pipeline."
    UNBATCHED = "not-batched", "A pipeline does not batch what it sends."


def _drifts(configuration: CollectorConfiguration) -> tuple[Drift, ...]:
    """Give one drift for all pipelines without a memory limit, and one for all that do not batch."""
    sending = [
        pipeline
        for pipeline in configuration.pipelines.values()
        if any(name.partition("/")[0] not in LOCAL_EXPORTERS for name in pipeline.exporters)
    ]
    unlimited = joined(shown(pipeline.id) for pipeline in sending if not memory_limiter_first(pipeline))
    unbatched = joined(shown(pipeline.id) for pipeline in sending if not batched(configuration, pipeline))
    found = list[Drift]()
    if unlimited:
        why = (
            f"memory_limiter is not the first processor of {unlimited}, so a backlog can use up the collector's memory."
        )
        found.append(Drift(Kind.UNLIMITED, "service/pipelines", why, wanted="memory_limiter"))
    if unbatched:
        why = f"Nothing batches the telemetry of {unbatched}, so each item is a call of its own."
        found.append(Drift(Kind.UNBATCHED, "service/pipelines", why, wanted="batch"))
    return tuple(found)


RULE = Rule(
    id="config.protection",
    title="Pipelines should batch what they send, and limit the collector's memory first",
    why="""
        Without batching, every span is a call to AWS, which throttles. Without memory_limiter as the first processor, a
        backlog grows until the kernel kills the collector and its data is lost. Either the batch processor or the
        exporter's sending_queue may batch. The rule ignores pipelines that end in `debug` or `file`.
    """,
    by_hand="Make memory_limiter the first processor of each pipeline, and batch the last.",
    subject=Subject.PARAMETER,
    severity=Severity.LOW,
    codes=(*Kind, *WELL_FORMED),
    of_configuration=True,
    check=configuration_check(_drifts, all_of_it=True),
    reference="https://opentelemetry.io/docs/collector/scaling/",
)
