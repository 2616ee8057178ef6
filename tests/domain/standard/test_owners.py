"""Exemptions by owners of an account: what counts by the organisation's limits, whatever they write."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ecs.task_definition import TaskDefinition
from domain.places import Place
from domain.standard import Standard
from domain.standard.owners import MOST, Allowed, OwnersWish, allowed
from domain.standard.problems import Problem
from domain.workload import Workload
from rules import BY_ID

PLACE = Place("111122223333", "eu-west-1")
WRITTEN = datetime(2026, 11, 29, 12, tzinfo=UTC)
STANDARD = Standard.parse(
    "version: 1\nowner_exemptions: {rules: sidecar.*, days: 30}\nlocked: {rules: sidecar.image-approved}\n"
)
GOOD = """\
version: 1
exemptions:
  - rules: sidecar.resources
    where: {family: batch-*}
    reason: "It ends within seconds; PLAT-17"
    expires: 2026-12-29
"""


def read(text: str, standard: Standard = STANDARD) -> Allowed:
    return allowed(OwnersWish(PLACE, text, WRITTEN), standard, BY_ID)


def problems(text: str) -> list[tuple[Problem, int]]:
    found = read(text)
    assert found.exemptions == ()
    return [(each.problem, each.line) for each in found.refused]


def workload(place: Place = PLACE, family: str = "batch-1") -> Workload:
    task = TaskDefinition({"family": family, "containerDefinitions": []})
    return Workload(place, task, read_at=WRITTEN)


def test_what_the_organisation_allows_counts_in_that_account_and_region_alone() -> None:
    [exemption] = read(GOOD).exemptions
    assert exemption.covers("sidecar.resources", workload(), "")
    assert not exemption.covers("sidecar.single", workload(), "")
    assert not exemption.covers("sidecar.resources", workload(family="web"), "")
    for other in (Place("444455556666", "eu-west-1"), Place(PLACE.account, "us-east-1")):
        assert not exemption.covers("sidecar.resources", workload(other), "")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GOOD.replace("sidecar.resources", "task.size"), [(Problem.NOT_FOR_OWNERS, 3)]),
        (GOOD.replace("sidecar.resources", "sidecar.image-approved"), [(Problem.NOT_FOR_OWNERS, 3)]),
        (GOOD.replace("sidecar.resources", "sidecar.*"), [(Problem.NOT_FOR_OWNERS, 3)]),
        (GOOD.replace("sidecar.resources", "sidecar.gone"), [(Problem.UNKNOWN_RULE, 3)]),
        (GOOD.replace("2026-12-29", "2026-12-30"), [(Problem.TOO_LONG, 3)]),
        (GOOD.replace("{family: batch-*}", "{account: '444455556666'}"), [(Problem.UNUSED_SELECTOR, 3)]),
        (GOOD.replace("{family: batch-*}", "{family: web, region: '*'}"), [(Problem.UNUSED_SELECTOR, 3)]),
        (GOOD.replace("    expires: 2026-12-29\n", ""), [(Problem.MISSING_FIELD, 3)]),
        (GOOD.replace("{family: batch-*}", "{}"), [(Problem.WRONG_VALUE, 3)]),
        (GOOD.replace("; PLAT-17", "\\n<!channel>"), [(Problem.WRONG_VALUE, 3)]),
        (GOOD.replace("    where", "    mode: off\n    where"), [(Problem.UNKNOWN_FIELD, 3)]),
        (GOOD.replace("version: 1", "version: 2"), [(Problem.WRONG_VALUE, 1)]),
        (GOOD + "layers: []\n", [(Problem.UNKNOWN_FIELD, 7)]),
        ("", [(Problem.NOT_A_MAPPING, 0)]),
        ("version: 1\nexemptions: []\n" + "# " + "x" * 8192, [(Problem.TOO_LARGE, 0)]),
        ("version: 1\nexemptions:\n" + "  - {}\n" * (MOST + 1), [(Problem.TOO_MANY, 0)]),
        ("a: &a [1]\nb: [" + "*a, " * 900 + "]", [(Problem.MISSING_FIELD, 1)]),
    ],
)
def test_what_is_wrong_or_beyond_the_limits_does_not_count(text: str, found: list[tuple[Problem, int]]) -> None:
    assert problems(text)[:1] == found


def test_one_bad_entry_takes_none_of_the_others_with_it() -> None:
    bad = "  - {rules: task.size, where: {family: web}, reason: because we can, expires: 2026-12-01}\n"
    found = read(GOOD + bad)
    assert len(found.exemptions) == 1
    assert [(each.problem, each.line) for each in found.refused] == [(Problem.NOT_FOR_OWNERS, 7)]


@given(st.text(), st.text())
def test_nothing_that_owners_write_raises_or_shows_in_what_is_refused(text: str, reason: str) -> None:
    for each in (text, f"version: 1\nexemptions:\n  - {text}\n", GOOD.replace("PLAT-17", reason)):
        record = read(each).record(PLACE)
        assert {code for code, _ in record.refused} <= set(Problem)


def test_without_an_allowance_nothing_counts() -> None:
    assert read(GOOD, Standard.parse("version: 1\n")).exemptions == ()
