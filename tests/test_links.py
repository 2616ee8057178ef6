"""Links, anchors and paths in Markdown lead somewhere, and the README leads to every page."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for glob in ("*.md", "docs/**/*.md", ".github/**/*.md")
    for path in ROOT.glob(glob)
)
EXAMPLES = {"src/rules/task/privileged.py", "tests/rules/task/privileged.yaml", ".github/workflows/outrider.yml"}
"""Paths of a rule and a workflow that pages have readers create."""
MADE = {".venvs", ".git", "dist"}
"""Folders that are not in the repository."""

_FENCE = re.compile(r"^ *(`{3,})[^\n]*\n.*?^ *\1 *$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_FILE = re.compile(r"[\w./*-]+\.(?:json|md|py|toml|txt|yaml|yml)")
_NAMED = re.compile(r"((?:`\w+`(?: and |, )?)+) in `(src/[\w/]+\.py)`")


@cache
def prose(page: str) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))


@cache
def anchors(page: str) -> set[str]:
    """What GitHub makes of a page's headings; a repeated heading gets a number."""
    found = set[str]()
    for heading in _HEADING.findall(prose(page)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(slug if slug not in found else f"{slug}-1")
    return found


def links(page: str) -> Iterator[tuple[str, str]]:
    """Each relative link as a path from the root, and its anchor."""
    for link in _LINK.findall(prose(page)):
        if "://" not in link and not link.startswith("mailto:"):
            target, _, anchor = link.partition("#")
            path = (ROOT / page).parent / target if target else ROOT / page
            yield path.resolve().relative_to(ROOT).as_posix(), anchor


def paths(page: str) -> Iterator[str]:
    """What looks like a path of the repository: a file in a folder, or anything in a folder of the root."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in MADE}
    for code in _CODE.findall(prose(page)):
        first, slash, _ = code.partition("/")
        if re.fullmatch(r"[\w./*-]+", code) and slash and (_FILE.fullmatch(code) or first in folders):
            yield code


def exists(path: str) -> bool:
    """Whether something matches, from the root or from `src`."""
    return path in EXAMPLES or any(True for folder in (ROOT, ROOT / "src") for _ in folder.glob(path))


def test_every_link_and_anchor_resolves() -> None:
    broken = [
        f"{page}: {path}#{anchor}"
        for page in PAGES
        for path, anchor in links(page)
        if not (ROOT / path).exists() or (anchor and anchor not in anchors(path))
    ]
    assert broken == []


def test_every_path_exists() -> None:
    named = ((page, path) for page in PAGES for path in paths(page) if not path.startswith("/"))
    assert [f"{page}: {path}" for page, path in named if not exists(path)] == []


def test_every_function_is_in_the_file_that_the_page_names() -> None:
    for page in PAGES:
        for names, path in _NAMED.findall(prose(page)):
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
            assert set(_CODE.findall(names)) <= defined, f"{page}: {path}"


def test_the_readme_leads_to_every_page() -> None:
    reached, waiting = {"README.md"}, ["README.md"]
    while waiting:
        found = {path for path, _ in links(waiting.pop()) if path.endswith(".md")} - reached
        reached |= found
        waiting += sorted(found)
    assert [page for page in PAGES if page not in reached and not page.startswith(".github/")] == []


def test_the_architecture_lists_every_package_of_the_source() -> None:
    listed = set(re.findall(r"^\| `(src/\S+)` \|", prose("docs/architecture.md"), re.MULTILINE))
    parts = [path for path in (ROOT / "src").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]
    assert {f"src/{path.name}{'/' if path.is_dir() else ''}" for path in parts} == listed
