"""docs/images: a Slack message and a finding as people see them, drawn from the golden files of tests/reports.

PYTHONPATH=. .venvs/dev/bin/python tools/pictures.py [--check]

--check writes nothing and exits with 1 if a picture is out of date. The pictures are SVG, made without a browser, so
that the same input makes the same bytes on every machine.
"""

import argparse
import html
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.message_text import plain

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "reports" / "golden"
IMAGES = ROOT / "docs" / "images"

_WIDTH, _LEFT, _RIGHT = 760, 20, 740
_TEXT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"
_MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_INK, _GREY, _LINE, _PALE, _LINK = "#1d1c1d", "#616061", "#dddddd", "#f6f6f6", "#1264a3"
_COLOURS = {
    "CRITICAL": "#a4133c",
    "HIGH": "#c2410c",
    "MEDIUM": "#946200",
    "LOW": "#1d5f96",
    "INFORMATIONAL": "#5f6368",
}
_WIDE, _NARROW = 0.56, 0.605
"""The width of a character in ems, on average: of text, and of monospaced text."""


def _tag(name: str, content: str = "", /, **attributes: object) -> str:
    """Return an element; `font_size=12` becomes `font-size="12"`."""
    written = "".join(f' {key.replace("_", "-")}="{html.escape(str(each))}"' for key, each in attributes.items())
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks."""

    size: int = 14
    colour: str = _INK
    bold: bool = False
    mono: bool = False
    centred: bool = False

    def draw(self, words: str, x: float, y: float) -> str:
        more: dict[str, object] = {"font_weight": 700} if self.bold else {}
        more |= {"text_anchor": "middle"} if self.centred else {"xml:space": "preserve"}
        more |= {"font_family": _MONO if self.mono else _TEXT, "font_size": self.size, "fill": self.colour}
        return _tag("text", html.escape(words, quote=False), x=f"{x:g}", y=f"{y:g}", **more)

    def width(self, words: str) -> float:
        return len(words) * self.size * (_NARROW if self.mono else _WIDE)


PLAIN, SMALL, LARGE = Style(), Style(12, _GREY), Style(17, bold=True)


@dataclass(slots=True)
class Canvas:
    """What is drawn so far, and how far down."""

    left: int = _LEFT
    y: float = 16
    shapes: list[str] = field(default_factory=list)

    def text(self, words: str, style: Style = PLAIN) -> None:
        """Draw text, broken into lines that fit."""
        room = int((_RIGHT - self.left) / style.width("m"))
        for line in words.split("\n"):
            for part in _broken(line, room):
                self.y += round(style.size * 1.45)
                self.shapes.append(style.draw(part, self.left, self.y))

    def block(self, code: str) -> None:
        """Draw a block of code on grey, added and removed lines in colours."""
        self.y += 6
        top, behind = self.y, len(self.shapes)
        self.left += 10
        for line in code.strip("\n").split("\n"):
            self.text(line, Style(12, {"+": "#116329", "-": "#a4133c"}.get(line[:1], _INK), mono=True))
        self.left -= 10
        self.y += 8
        size = {"width": _RIGHT - self.left, "height": f"{self.y - top:g}"}
        box = _tag("rect", x=self.left, y=f"{top:g}", **size, rx=4, fill=_PALE, stroke=_LINE)
        self.shapes.insert(behind, box)
        self.y += 4

    def buttons(self, labels: list[str]) -> None:
        self.y += 12
        x = self.left
        for label in labels:
            x += self._labelled(label, x, 30, fill="#ffffff", ink=_INK, stroke="#bbbbbb", rx=4) + 8
        self.y += 32

    def badge(self, label: str, colour: str) -> None:
        self._labelled(label, self.left, 24, fill=colour, ink="#ffffff", stroke=colour, rx=12)
        self.y += 24

    def _labelled(self, label: str, x: int, height: int, *, ink: str, **shape: object) -> int:
        """Draw a box with a label, and return its width."""
        style = Style(12, ink, bold=True, centred=True)
        width = round(style.width(label)) + 28
        self.shapes.append(_tag("rect", x=x, y=f"{self.y:g}", width=width, height=height, **shape))
        self.shapes.append(style.draw(label, x + width / 2, self.y + height / 2 + 4))
        return width

    def picture(self, title: str) -> str:
        """Return the whole as SVG, on a white card."""
        height = round(self.y + 18)
        card = {"width": _WIDTH - 1, "height": height - 1, "rx": 8, "fill": "#ffffff", "stroke": _LINE}
        inside = [_tag("title", html.escape(title, quote=False)), _tag("rect", x=0.5, y=0.5, **card), *self.shapes]
        size = {"viewBox": f"0 0 {_WIDTH} {height}", "width": _WIDTH, "height": height, "role": "img"}
        return _tag("svg", "\n".join(["", *inside, ""]), xmlns="http://www.w3.org/2000/svg", **size) + "\n"


def _broken(line: str, room: int) -> Iterator[str]:
    """Yield parts no longer than the room, broken at blanks if there are any."""
    while len(line) > room:
        at = line.rfind(" ", room // 3, room + 1)
        at = at if at > 0 else room
        yield line[:at]
        line = line[at:].lstrip()
    yield line


# --- what is drawn ----------------------------------------------------------------------------------------------------


def slack(message: dict[str, Any]) -> str:
    """Return a Block Kit message as Slack shows it."""
    canvas = Canvas(left=70)
    canvas.shapes.append(_tag("rect", x=20, y=20, width=38, height=38, rx=6, fill="#26547c"))
    canvas.shapes.append(Style(20, "#ffffff", bold=True, centred=True).draw("O", 39, 46))
    canvas.text("Outrider", Style(bold=True))
    for block in message["blocks"]:
        match block["type"]:
            case "header":
                canvas.text(block["text"]["text"], LARGE)
            case "section":
                canvas.y += 6
                _section(canvas, block["text"]["text"])
            case "actions":
                canvas.buttons([each["text"]["text"] for each in block["elements"]])
            case "context":
                canvas.y += 4
                for each in block["elements"]:
                    canvas.text(plain(each["text"]), SMALL)
            case "divider":
                canvas.y += 8
            case other:
                raise ValueError(f"How a block of type {other} looks is not known here.")
    return canvas.picture(plain(message["text"]))


def _section(canvas: Canvas, text: str) -> None:
    for number, part in enumerate(text.split("```")):
        if number % 2:
            canvas.block(html.unescape(part))
            continue
        for line in part.strip("\n").split("\n"):
            if line:
                canvas.text(plain(line), Style(bold=re.fullmatch(r"\*[^*]+\*", line) is not None))


def finding(document: dict[str, Any]) -> str:
    """Return a finding in ASFF with the fields that Security Hub's console shows first."""
    canvas = Canvas()
    severity, [resource, *_] = document["Severity"]["Label"], document["Resources"]
    advice = document["Remediation"]["Recommendation"]
    canvas.badge(severity, _COLOURS[severity])
    canvas.text(document["Title"], LARGE)
    canvas.y += 4
    canvas.text(document["Description"])
    rows = {
        "Compliance status": document["Compliance"]["Status"],
        "Record state": document["RecordState"],
        "Resource": f"{resource['Type']}  {resource['Id']}",
        "Product": f"{document['ProductName']}, rule {document['ProductFields']['outrider/rule']}",
        "Account, Region": f"{document['AwsAccountId']}, {document['Region']}",
        "First observed at": document["FirstObservedAt"],
    }
    for name, value in rows.items():
        canvas.y += 4
        canvas.text(name, SMALL)
        canvas.text(value, Style(13))
    canvas.y += 10
    canvas.text("Remediation", Style(15, bold=True))
    canvas.text(advice["Text"])
    canvas.text(advice["Url"], Style(colour=_LINK))
    return canvas.picture(document["Title"])


def pictures() -> dict[Path, str]:
    """Return each picture by its path."""

    def golden(name: str) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
        return read

    return {
        IMAGES / "slack-message.svg": slack(golden("slack-thread-first")),
        IMAGES / "finding.svg": finding(golden("finding-opened")),
    }


def main() -> int:
    """Return 0 if the pictures are written or up to date."""
    parser = argparse.ArgumentParser(description="Draw docs/images from the golden files of tests/reports.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a picture is out of date")
    check: bool = parser.parse_args().check
    wanted = pictures()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if check and stale:
        names = ", ".join(path.relative_to(ROOT).as_posix() for path in stale)
        print(f"{names}: out of date. Run tools/pictures.py.", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
