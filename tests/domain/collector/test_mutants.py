"""What real collectors said of thousands of configurations with one thing changed, and of real ones: we say the same.

`PYTHONPATH=src:. .venvs/dev/bin/python -m tests.domain.collector.test_mutants [RELEASE]` prints the table by kind.
"""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from domain.collector import (
    CollectorConfiguration,
    ConfigurationUnreadable,
    Effect,
    Problem,
    fargate_problems,
    option_problems,
    structural_problems,
    variable_problems,
)
from domain.collector.releases import Release, ReleaseStanding, component_status

CORPUS = Path(__file__).parents[4] / "shared/corpus"
MUTANTS = CORPUS / "collector-mutants.jsonl"
RELEASES = ("v0.47.0", "v0.49.0")
BETWEEN = Release.parse("v0.48.0")
ENOUGH = 0.99
STEP = 1 if settings.get_current_profile_name() == "explore" else 3
"""Every third by default, all with `--hypothesis-profile=explore`."""

NOT_IN_THE_TEXT = {
    "variable: file that is not there": "whether a file is there is not in the text: MEDIUM in config.variables",
    "variable: nested": "what a variable holds is not in the text",
    "variable: number": "what a variable holds is not in the text",
    "variable: s3 scheme": "whether an object is there is not in the text",
    "variable: set": "what a variable holds is not in the text",
    "variable: two": "what a variable holds is not in the text",
    "variable: unset with default": "what a variable holds is not in the text",
    "variable: unset without env:": "whether a variable is set is not in the text: config.variables knows it of a task",
    "variable: unset, whole value": "whether a variable is set is not in the text: config.variables knows it of a task",
    "variable: unset, within": "whether a variable is set is not in the text: config.variables knows it of a task",
    "variable: yaml scheme": "a text given as ${yaml:…} is not looked into",
}
"""Why a refusal of this kind may pass here."""

needs_the_corpus = pytest.mark.skipif(not MUTANTS.is_file(), reason="needs ../shared/corpus next to the project")


@dataclass(frozen=True)
class Mutant:
    """One configuration; `refused` by release."""

    name: str
    kind: str
    what: str
    reason: str
    text: str
    refused: Mapping[str, bool]


@cache
def mutants() -> tuple[Mutant, ...]:
    rows = (json.loads(line) for line in MUTANTS.read_text(encoding="utf-8").splitlines())
    return tuple(
        Mutant(
            row["name"], row["kind"], row["what"], row["class"], row["text"], {r: row[r] == "refused" for r in RELEASES}
        )
        for row in rows
    )


def refusals(text: str, release: Release) -> tuple[str, ...]:
    """Why this release would not start with a text, as far as the text alone tells it."""
    configuration, found = of_any_release(text)
    if configuration is None:
        return found
    options = option_problems(configuration, release)
    return (*_unknown_components(configuration, release), *found, *_refused(options))


@cache
def of_any_release(text: str) -> tuple[CollectorConfiguration | None, tuple[str, ...]]:
    """What no release could read, or would start with. Once for all tests: it is most of their time."""
    try:
        configuration = CollectorConfiguration.parse(text)
    except ConfigurationUnreadable as unreadable:
        return None, (str(unreadable),)
    problems = (
        *structural_problems(configuration),
        *variable_problems(configuration),
        *fargate_problems(configuration),
    )
    return configuration, _refused(problems)


def _refused(problems: Iterable[Problem]) -> tuple[str, ...]:
    return tuple(str(problem) for problem in problems if problem.effect is Effect.REFUSED)


def _unknown_components(configuration: CollectorConfiguration, release: Release) -> Iterator[str]:
    for part in configuration.components:
        status = component_status(part.kind, part.type, release)
        if status.standing is not ReleaseStanding.KNOWN:
            yield status.sentence


def only_by_a_real_start(found: tuple[str, ...]) -> bool:
    """Whether all that is found shows only when the extensions start, which the collector's own dry run leaves out."""
    return all("not-started" in problem for problem in found)


@needs_the_corpus
@pytest.mark.parametrize("release", RELEASES)
def test_what_a_collector_takes_is_not_refused(release: str) -> None:
    wrongly = {}
    for mutant in mutants()[::STEP]:
        if not mutant.refused[release]:
            found = refusals(mutant.text, Release.parse(release))
            if found and not only_by_a_real_start(found):
                wrongly[mutant.name] = (mutant.kind, mutant.what, found[0])
    assert wrongly == {}


@needs_the_corpus
@pytest.mark.parametrize("release", RELEASES)
def test_what_a_collector_refuses_for_a_reason_in_the_text_is_refused(release: str) -> None:
    refused = [m for m in mutants()[::STEP] if m.refused[release]]
    missed = [m for m in refused if not refusals(m.text, Release.parse(release))]
    in_the_text = [mutant for mutant in missed if mutant.kind not in NOT_IN_THE_TEXT]
    assert len(in_the_text) <= (1 - ENOUGH) * len(refused), [(m.name, m.kind, m.what) for m in in_the_text]
    assert len(missed) <= (1 - ENOUGH) * len(refused)


@needs_the_corpus
def test_a_release_between_the_two_refuses_what_both_refuse_and_takes_what_both_take() -> None:
    wrong = {}
    for mutant in mutants()[::STEP]:
        found = refusals(mutant.text, BETWEEN)
        refused, taken = all(mutant.refused.values()), not any(mutant.refused.values())
        missed = refused and not found and mutant.kind not in NOT_IN_THE_TEXT
        if missed or (taken and found and not only_by_a_real_start(found)):
            wrong[mutant.name] = (mutant.kind, mutant.what, found[:1])
    assert wrong == {}


@needs_the_corpus
@pytest.mark.parametrize("release", RELEASES)
def test_real_configurations_have_the_verdicts_that_collectors_gave_them(release: str) -> None:
    otherwise = {}
    with (CORPUS / "collector-verdicts.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            path = CORPUS / "collector-configs" / row["file"]
            if row["release"] == release and path.is_file():
                found = refusals(path.read_text(encoding="utf-8"), Release.parse(release))
                if bool(found) is not (row["verdict"] == "refused"):
                    otherwise[row["file"]] = (row["verdict"], row["class"], found[:1])
    assert otherwise == {}


def table(release: str) -> Iterator[str]:
    """One line a kind: how many there are, how many were refused and seen to be, and what is left."""
    count, refused, seen, false = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for mutant in mutants():
        kind = mutant.kind
        found = refusals(mutant.text, Release.parse(release))
        count[kind] += 1
        refused[kind] += mutant.refused[release]
        seen[kind] += mutant.refused[release] and bool(found)
        false[kind] += not mutant.refused[release] and bool(found) and not only_by_a_real_start(found)
    yield f"{'kind':<76}{'mutants':>8}{'refused':>8}{'seen':>8}{'false':>8}"
    for kind in sorted(count):
        left = refused[kind] - seen[kind]
        why = f"  {NOT_IN_THE_TEXT.get(kind, 'missed')}" if left else ""
        yield f"{kind:<76.76}{count[kind]:>8}{refused[kind]:>8}{seen[kind]:>8}{false[kind]:>8}{why}"
    share = seen.total() / refused.total()
    yield f"{release}: {seen.total()} of {refused.total()} refused seen ({share:.2%}), {false.total()} false alarms."


if __name__ == "__main__":
    for line in table(sys.argv[1] if len(sys.argv) > 1 else RELEASES[-1]):
        print(line)  # noqa: T201 - it is read on a terminal
