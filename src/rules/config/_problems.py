"""What is found out of a configuration once, and how a problem becomes a drift."""

from collections.abc import Iterable, Iterator

from domain.collector import (
    Code,
    Effect,
    Problem,
    Topic,
    option_problems,
    options_are_known,
)
from domain.drift import Doubt, Drift
from domain.ecs.values import objects_of, text_of
from domain.severity import Severity
from domain.workload import Workload
from rules.config._configuration import WHERE, configuration_of, once
from rules.config._wording import sentence

_LOWER = {
    Code.SECOND_DOCUMENT: Severity.LOW,
    Code.BARE_VARIABLE: Severity.MEDIUM,
    Code.VARIABLE_UNSET: Severity.MEDIUM,
    Code.LOG_GROUP_NAME: Severity.MEDIUM,
}
"""Where the rule's own severity is too high."""


def drift_of(problem: Problem, severity: Severity | None = None) -> Drift:
    """Give the drift that tells a problem."""
    return Drift(problem.where, sentence(problem), severity or _LOWER.get(problem.code))


options_of = once(option_problems)


def of_options(workload: Workload, topics: Iterable[Topic]) -> Iterator[Drift | Doubt]:
    """Yield the drifts of some topics that depend on what the collector's release takes, or the doubt about that."""
    configuration, doubts = configuration_of(workload)
    yield from doubts
    if configuration is None or workload.collector is None:
        return
    release = workload.release
    wanted = frozenset(topics)
    yield from (drift_of(problem) for problem in options_of(configuration, release) if problem.topic in wanted)
    if not configuration.excerpt and not options_are_known(release):
        if release is None:
            yield Doubt(WHERE, "The image names no ADOT release, so which options it takes is not known.")
        else:
            yield Doubt(WHERE, f"Which options {release} takes is not known, so they are not judged.")


def in_fargate(workload: Workload, problem: Problem) -> Severity | None:
    """Lower what only a Fargate task suffers from, where nothing says that the task runs on Fargate."""
    service = workload.service
    certain = "FARGATE" in workload.task.launch_types or workload.runs_on or (service is not None and service.fargate)
    return Severity.MEDIUM if problem.effect is Effect.STOPS and not certain else None


def mounts(workload: Workload) -> tuple[str, ...]:
    """Give the paths of the collector's container at which a volume is mounted."""
    points = objects_of(workload.collector.json.get("mountPoints")) if workload.collector else ()
    return tuple(path for point in points if (path := text_of(point.get("containerPath"))))
