"""Collector configurations as people published them, in ../shared/corpus next to the project.

Each is judged as the parameter of the examples' good task, with the newest release that is known and, where the file's
name carries a release, with that one too. `corpus-configurations.yaml` holds what was gone through by hand.
`PYTHONPATH=src:. python -m tests.test_corpus_configurations` prints it again.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import engine
from domain.collector.releases import release_facts
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict
from rules import CATALOGUE
from tests.rules.examples import Case, Example

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "collector-configs"
REVIEWED = Path(__file__).with_name("corpus-configurations.yaml")
REPOSITORY = "public.ecr.aws/aws-observability/aws-otel-collector"
CARRIED = re.compile(r"___(v\d+\.\d+\.\d+)_")

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of collected configurations is not available")


def judged() -> list[tuple[str, str]]:
    """Each file's name with each release that it is judged with."""
    newest = str(release_facts().releases[-1])
    names = sorted(path.name for path in CORPUS.iterdir()) if CORPUS.is_dir() else []
    return [
        (name, release)
        for name in names
        for release in (newest, *(found[1] for found in [CARRIED.search(name)] if found))
    ]


JUDGED = judged()


@cache
def reviewed() -> Any:
    return yaml.safe_load(REVIEWED.read_text(encoding="utf-8"))


def verdicts(name: str, release: str) -> tuple[Verdict, ...]:
    text = (CORPUS / name).read_text(encoding="utf-8")
    case = Case(
        name=name,
        verdict="none",
        before={"containers": {"adot-collector": {"image": f"{REPOSITORY}:{release}"}}},
        facts={"parameter": {"text": text}},
    )
    example = Example("config.any", case)
    return engine.evaluate(example.before, example.standard, CATALOGUE)


def said(name: str, release: str) -> list[str]:
    """Rule, severity and place of each drift, and the rules that cannot tell."""
    return [line for verdict in verdicts(name, release) for line in _lines(verdict)]


def _lines(verdict: Verdict) -> Iterator[str]:
    match verdict:
        case Drifted(rule=rule, drifts=drifts) | Compliant(rule=rule, notes=drifts):
            yield from (f"{rule} {drift.severity} {drift.where}" for drift in drifts)
        case Unknown(rule=rule):
            yield f"{rule} unknown"
        case Exempt():
            pass


@pytest.mark.parametrize(("name", "release"), JUDGED)
def test_verdicts_are_the_reviewed_ones(name: str, release: str) -> None:
    assert said(name, release) == reviewed()[name][release]


def test_every_configuration_was_reviewed_and_none_is_left_over() -> None:
    assert [(name, release) for name, releases in reviewed().items() for release in releases] == JUDGED


if __name__ == "__main__":
    counts = Counter[str]()
    by_name: dict[str, dict[str, list[str]]] = {}
    for file, tag in JUDGED:
        by_name.setdefault(file, {})[tag] = lines = said(file, tag)
        if tag == JUDGED[0][1]:
            counts.update({line.split()[0] for line in lines if line.split()[1] not in {"unknown", "INFORMATIONAL"}})
    for file, releases in by_name.items():
        sys.stdout.write(f"\n{json.dumps(file)}:\n")
        for tag, lines in releases.items():
            # JSON is YAML, and keeps an entry on its line.
            sys.stdout.write(f"  {tag}: {json.dumps(lines)}\n")
    for rule, count in counts.most_common():
        sys.stderr.write(f"{count:3} of {len(by_name)} {rule}\n")
