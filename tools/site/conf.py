"""The documentation's site, made by Sphinx from the same Markdown files that people read in the repository.

`make site` runs it in an environment of its own. Every warning is an error: a link or anchor that leads nowhere, and a
page that is not in the navigation.
"""

import shutil
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

NAVIGATION = {
    "Start": ["docs/quick-start", "docs/concepts", "docs/deploy", "docs/compare"],
    "Use": [
        "docs/standard",
        "docs/recipes",
        "docs/rules",
        "docs/command-line",
        "docs/inputs",
        "docs/pull-requests",
        "docs/scan",
        "docs/faq",
    ],
    "Operate": [
        "docs/runbook",
        "docs/members",
        "docs/corrections",
        "docs/findings-and-alerts",
        "docs/messages",
        "docs/cost",
        "docs/performance",
    ],
    "Security": ["SECURITY", "docs/permissions"],
    "Project": ["CONTRIBUTING", "docs/architecture", "docs/testing", "docs/decisions/README", "CHANGELOG"],
}
BELOW = {"docs/rules": "rules/*", "docs/decisions/README": "[0-9]*"}
"""Pages that are listed below another one."""

project = "Outrider"
html_title = "Outrider"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["*.md", "docs/**"]
exclude_patterns = ["docs/standards", "docs/*.txt", "docs/*.json"]
html_theme = "furo"
html_copy_source = False
html_use_index = False
html_show_copyright = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
# Anchors as GitHub makes them, for all headings that pages link to.
myst_heading_anchors = 4


def _with_navigation(_app: Any, page: str, source: list[str]) -> None:
    """Add lists of pages that only the site shows: GitHub has its own way around."""
    if page == root_doc:
        source[0] += "".join(_listed(names, f":caption: {part}\n") for part, names in NAVIGATION.items())
    elif page in BELOW:
        source[0] += _listed([BELOW[page]], ":glob:\n")


def _listed(names: list[str], option: str) -> str:
    return f"\n```{{toctree}}\n:hidden:\n{option}\n" + "\n".join(names) + "\n```\n"


def _with_an_index(app: Any, error: Exception | None) -> None:
    """Web servers begin with index.html."""
    if error is None and app.builder.format == "html":
        shutil.copyfile(Path(app.outdir) / "README.html", Path(app.outdir) / "index.html")


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _with_navigation)
    app.connect("build-finished", _with_an_index)
    app.add_lexer("mermaid", TextLexer)  # GitHub draws these; a script for it would come from elsewhere
