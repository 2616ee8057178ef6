"""Rule config.variables."""

from collections.abc import Iterator

from domain.collector import (
    CollectorConfiguration,
    Effect,
    Problem,
    option_problems,
    unset_variables,
    variable_problems,
    variables_read,
    without_variables,
)
from domain.drift import Code, Doubt, Drift
from domain.identical import once
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import READ, configuration_of, in_its_file
from rules.config._problems import drift_of, in_fargate, options_of
from rules.config._wording import listed

_problems = once(variable_problems)
_read = once(variables_read)


class Kind(Code):
    """What this rule reports."""

    UNKNOWN_SCHEME = "unknown-scheme", "The collector has no provider for the reference."
    SCHEME_LEFT_OUT = "scheme-left-out", "A reference with a default lacks env:."
    VARIABLE_NAME = "variable-name", "The reference is not the name of a variable."
    BARE_VARIABLE = "bare-variable", "A $NAME without braces is plain text."
    VARIABLE_UNSET = "variable-unset", "The collector's container does not set the variable."
    FILE_SOURCE = "file-source", "The reference names a file that the image does not have."
    FILES_UNREAD = "environment-file-unread", "Unknown: an environment file or a placeholder may set the variable."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each reference that is refused, stays as it stands, or is empty."""
    configuration, doubts = configuration_of(workload)
    yield from doubts
    if configuration is None:
        return
    for problem in _problems(configuration, workload.release):
        if problem.effect is not Effect.STOPS or not workload.present_collector.mounts:
            yield in_its_file(configuration, drift_of(Kind, problem, in_fargate(workload, problem)))
    yield from _unset(workload, configuration)


def _unset(workload: Workload, configuration: CollectorConfiguration) -> Iterator[Drift | Doubt]:
    collector = workload.present_collector
    if not (read := _read(configuration)):
        return
    unset = unset_variables(read, collector.environment.keys() | collector.secrets.keys())
    if unset and collector.may_have_more_variables:
        names = listed(dict.fromkeys(problem.found for problem in unset))
        member = collector.unread_variables
        why = f"Whether a file sets {names} is not known: Outrider reads none."
        if member != "environmentFiles":
            why = f"Whether a placeholder in `{member}` sets {names} is not known."
        yield Doubt(Kind.FILES_UNREAD, f"containers/{collector.name}/{member}", why)
        return
    refused = _refused_then(workload, configuration, unset) if unset else frozenset[str]()
    for problem in unset:
        yield drift_of(Kind, problem, Severity.HIGH if problem.where in refused else None)


def _refused_then(
    workload: Workload, configuration: CollectorConfiguration, unset: tuple[Problem, ...]
) -> frozenset[str]:
    """Give the places that the collector refuses because they are empty."""
    emptied = without_variables(configuration, frozenset(problem.found for problem in unset))
    before = options_of(configuration, workload.release)
    found = (problem for problem in option_problems(emptied, workload.release) if problem not in before)
    return frozenset(problem.where for problem in found if problem.effect is not Effect.AT_START)


RULE = Rule(
    id="config.variables",
    title="Values that a configuration takes from its environment should be available to the collector",
    why="""
        `${ssm:…}`, `${env:MY-VAR}` and `${1}` stop the collector. A variable that the collector's own container does
        not set is empty, so a vendor's key fails on every export; where the collector refuses an empty value it does
        not start. A bare `$NAME` is plain text since v0.41.0. Variables are set by `environment`, by `secrets` and by
        Fargate; with environment files, or a placeholder instead of the list, the rule is Unknown.
    """,
    by_hand="Set the variable on the collector's container, or write the reference as the finding gives it.",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, *READ),
    of_configuration=True,
    check=check,
    reference="https://opentelemetry.io/docs/collector/configuration/#environment-variables",
)
