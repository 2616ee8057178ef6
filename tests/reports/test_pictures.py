"""The pictures of README show the golden files of this folder, whole and within their frame."""

import html
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tools import pictures

GOLDEN = Path(__file__).with_name("golden")
NAMES = sorted(path.stem for path in GOLDEN.glob("slack-*.json"))
SVG = "{http://www.w3.org/2000/svg}"


def golden(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return read


def lines(svg: str) -> Iterator[ET.Element]:
    yield from ET.fromstring(svg).iter(f"{SVG}text")  # noqa: S314 - our own drawing


def words(text: str) -> list[str]:
    """All of a text but its formats and breaks."""
    text = re.sub(r"<(?:!date\^|https://)[^|>]*\|([^>]*)>", r"\1", text)
    return re.sub(r"[*`\s]+", "", html.unescape(text)).split()


def written(message: dict[str, Any]) -> Iterator[str]:
    for block in message["blocks"]:
        yield from ([block["text"]["text"]] if "text" in block else [])
        for each in block.get("elements", ()):
            yield each["text"]["text"] if isinstance(each["text"], dict) else each["text"]


@pytest.mark.parametrize("name", NAMES)
def test_a_message_is_shown_whole_and_fits_into_its_frame(name: str) -> None:
    message = golden(name)
    svg = pictures.slack(message)
    shown = "".join("".join(words(line.text or "")) for line in lines(svg))
    assert [text for text in written(message) if "".join(words(text)) not in shown] == []
    size = ET.fromstring(svg).attrib  # noqa: S314 - our own drawing
    for line in lines(svg):
        assert float(line.attrib["y"]) < float(size["height"])
        if "text-anchor" not in line.attrib:
            room = float(size["width"]) - float(line.attrib["x"])
            assert len(line.text or "") * int(line.attrib["font-size"]) * 0.55 < room


@pytest.mark.parametrize("name", ["finding-opened", "finding-closed"])
def test_a_finding_is_shown_with_what_security_hub_shows_first(name: str) -> None:
    document = golden(name)
    shown = "".join("".join(words(line.text or "")) for line in lines(pictures.finding(document)))
    advice = document["Remediation"]["Recommendation"]
    for text in (document["Title"], document["Description"], document["Resources"][0]["Id"], advice["Text"]):
        assert "".join(words(text)) in shown
    assert advice["Url"] in shown


def test_a_stale_picture_fails_the_check_and_is_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pictures, "ROOT", tmp_path)
    monkeypatch.setattr(pictures, "IMAGES", tmp_path / "images")
    for arguments, code in ((["--check"], 1), ([], 0), (["--check"], 0)):
        monkeypatch.setattr(sys, "argv", ["pictures.py", *arguments])
        assert pictures.main() == code
    assert "out of date" in capsys.readouterr().err


def test_the_pictures_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pictures.py", "--check"])
    assert pictures.main() == 0
