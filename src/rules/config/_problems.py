"""What is found out of a configuration once, and how a problem becomes a drift."""

from collections.abc import Iterator

from domain.collector import (
    Effect,
    Problem,
    ProblemCode,
    Topic,
    option_problems,
    options_are_known,
)
from domain.drift import Code, Doubt, Drift
from domain.identical import once
from domain.rule import Check
from domain.severity import Severity
from domain.standard import Standard
from domain.workload import Workload
from rules.config._configuration import READ, WHERE, configuration_of
from rules.config._wording import listed, sentence

_LOWER = {
    ProblemCode.SECOND_DOCUMENT: Severity.LOW,
    ProblemCode.BARE_VARIABLE: Severity.MEDIUM,
    ProblemCode.VARIABLE_UNSET: Severity.MEDIUM,
    ProblemCode.LOG_GROUP_NAME: Severity.MEDIUM,
    ProblemCode.LIMIT_ABOVE_MEMORY: Severity.MEDIUM,
}
"""Where the rule's own severity is too high."""


class OptionsDoubt(Code):
    """Why a rule cannot evaluate a component's options."""

    RELEASE_UNKNOWN = "release-unknown", "Unknown: the image names no ADOT release."
    RELEASE_NOT_LISTED = "release-not-listed", "Unknown: the options of the release are not known."


OPTIONS: tuple[Code, ...] = (*READ, *OptionsDoubt)
"""The codes of the doubts of `options_check`."""


def drift_of(kind: type[Code], problem: Problem, severity: Severity | None = None) -> Drift:
    """Give the drift that reports a problem, with the rule's own code of the same name."""
    return Drift(
        next(code for code in kind if code == problem.code.value),
        problem.where,
        sentence(problem),
        problem.found,
        problem.nearest or listed(problem.wanted),
        severity or _LOWER.get(problem.code),
    )


options_of = once(option_problems)


def options_check(topic: Topic, kind: type[Code]) -> Check:
    """Give the check of a topic that depends on the options of the collector's release."""

    def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
        yield from _of_options(workload, topic, kind)

    return check


def _of_options(workload: Workload, topic: Topic, kind: type[Code]) -> Iterator[Drift | Doubt]:
    configuration, doubts = configuration_of(workload)
    yield from doubts
    if configuration is None:
        return
    release = workload.release
    yield from (drift_of(kind, problem) for problem in options_of(configuration, release) if problem.topic is topic)
    if not configuration.excerpt and not options_are_known(release):
        if release is None:
            why = "The image names no ADOT release, so its options are not known."
            yield Doubt(OptionsDoubt.RELEASE_UNKNOWN, WHERE, why)
        else:
            why = f"The options of {release} are not known, so they are not evaluated."
            yield Doubt(OptionsDoubt.RELEASE_NOT_LISTED, WHERE, why)


def in_fargate(workload: Workload, problem: Problem) -> Severity | None:
    """Lower what only a Fargate task suffers from, where nothing says that the task runs on Fargate."""
    service = workload.service
    certain = "FARGATE" in workload.task.launch_types or workload.runs_on or (service is not None and service.fargate)
    return Severity.MEDIUM if problem.effect is Effect.STOPS and not certain else None
