"""Situations that people reported, in ../shared/cases next to the project: each gets its right verdicts.

`cases.yaml` has them: the rules that drift with their severities. Each was decided from the situation's own page. Notes
count for applications alone, and the end of a release's support, which comes with time, does not count.
`PYTHONPATH=src:. python -m tests.test_cases` prints what the rules say now.
"""

import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
import yaml

from cli.evaluating import FileEvaluator
from cli.outcome import RuleOutcome
from cli.sources.detection import read_file
from cli.texts import found_in
from domain.severity import Severity

CASES = Path(__file__).parents[2] / "shared" / "cases"
TABLE = Path(__file__).with_name("cases.yaml")
NOT_EVALUATED = "not evaluated"

present = pytest.mark.skipif(not CASES.is_dir(), reason="There is no ../shared/cases next to the project.")


@cache
def expected() -> dict[str, list[str]]:
    """The right verdicts by the case's path."""
    table: dict[str, list[str]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return table


def paths() -> tuple[str, ...]:
    """Each task definition of the folder, as `outrider check` finds them."""
    if not CASES.is_dir():
        return ()
    return tuple(str(Path(name).relative_to(CASES)) for name in found_in(str(CASES), (".json",)))


def given_with(path: Path) -> Iterator[tuple[str, str]]:
    """The configuration and the standard of a task definition, where it has them."""
    for what, names in (
        ("config", (path.with_suffix(".yaml"), path.with_name("config.yaml"), path.with_name("cloudwatch-otlp.yaml"))),
        ("standard", (path.with_name("standard.yaml"),)),
    ):
        for name in names:
            if name.is_file() and not (what == "config" and "agent" in path.name):
                yield what, str(name)
                break


def said(name: str) -> list[str]:
    """What the rules say of a case."""
    path = CASES / name
    given = dict(given_with(path))
    judge = FileEvaluator.of(given.get("standard"), given.get("config"))
    found = list[str]()
    for definition in read_file(str(path)).definitions:
        judgement = judge.judge(definition.task)
        found += [NOT_EVALUATED] if judgement.outside else []
        found += [f"{each.rule.id} {each.severity}" for each in judgement.said if each.drifts and counts(each)]
    return sorted(found)


def counts(said: RuleOutcome) -> bool:
    """Whether a case is about it."""
    if said.severity is Severity.INFORMATIONAL:
        return said.rule.topic == "application"
    return not all(drift.code == "release-unsupported" for drift in said.drifts)


@present
@pytest.mark.parametrize("name", paths())
def test_a_case_gets_its_right_verdicts(name: str) -> None:
    assert said(name) == sorted(expected()[name])


@present
def test_every_case_has_an_expectation_and_every_expectation_a_case() -> None:
    assert sorted(expected()) == sorted(paths())


def test_the_table_names_severities() -> None:
    words: Sequence[str] = [each for verdicts in expected().values() for each in verdicts if each != NOT_EVALUATED]
    assert {each.rpartition(" ")[2] for each in words} <= {severity.value for severity in Severity}


if __name__ == "__main__":
    now = {name: said(name) for name in paths()}
    sys.stdout.write(yaml.safe_dump(now, sort_keys=False, width=120, default_flow_style=None))
