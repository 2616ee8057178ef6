"""Render a fleet as one HTML file: text, styles, script and data, and nothing from elsewhere."""

import base64
import hashlib
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from reports.fleet.model import Fleet
from reports.fleet.packing import packed, visible

_PAGE = Path(__file__).with_name("page")
_SCRIPTS = ("data.js", "filter.js", "matrix.js", "drawing.js", "detail.js", "answers.js", "page.js")


def html_of(fleet: Fleet) -> str:
    """Return the page. The data is base64, so no name in it can end an element or begin a script."""
    style, script = _text("page.css"), _script()
    policy = (
        "default-src 'none'",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(script)}'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",  # no text becomes HTML
    )
    return Template(_text("page.html")).substitute(
        title=escape(visible(fleet.title)),
        policy="; ".join(policy),
        style=style,
        script=script,
        data=packed(fleet),
    )


@cache
def _text(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    """Return the script: its files in order, within one function, so that nothing of it is global."""
    return '(() => {\n"use strict";\n' + "\n".join(map(_text, _SCRIPTS)) + "\n})();\n"


def _digest(text: str) -> str:
    """Return what a content security policy has for an element with this text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
