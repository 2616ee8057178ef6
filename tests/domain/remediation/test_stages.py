"""What makes the stages of corrections begin again, and that the pages say it."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from domain.remediation.stages import _DEPENDS_ON
from domain.standard.layers import _OF_ORGANIZATION, LAYERED, Layer
from domain.standard.sections import Remediation

CORRECTIONS = Path(__file__).parents[3] / "docs" / "corrections.md"
PARTS = {*_DEPENDS_ON, "remediation.stages"}


def named(text: str) -> set[str]:
    return set(re.findall(r"`([\w.]+)`", text))


def description(part: Any, field: str) -> str:
    return next(str(each.metadata["description"]) for each in fields(part) if each.name == field)


def test_the_reference_names_each_part_of_the_standard_that_stages_depend_on() -> None:
    text = description(Remediation, "stages")
    assert named(text.partition("in the standard: ")[2].partition("Other changes")[0]) == PARTS


def test_the_page_about_corrections_names_the_same_parts() -> None:
    (row,) = re.findall(r"- The stages begin again when(.*?)A correction", CORRECTIONS.read_text("utf-8"), re.DOTALL)
    assert named(row) == PARTS


def test_the_reference_names_what_a_layer_sets_and_what_none_sets() -> None:
    text = description(Layer, "set")
    assert {*LAYERED} <= named(text)
    fields = {name.partition(".")[2] for name in _OF_ORGANIZATION}
    assert fields <= {name.rpartition(".")[2] for name in named(text)}
