"""Texts are in plain English: none has what `words.yaml` lists with better words next to it."""

import ast
import contextlib
import io
import json
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.commands import COMMANDS
from cli.main import main

ROOT = Path(__file__).parents[1]

HELP = "--help"

CHECKED = (
    "*.md",
    ".ci/run",
    ".github/**/*",
    ".pre-commit-config.yaml",
    "Makefile",
    "docs/**/*.md",
    "docs/standards/*.yaml",
    "bench/*",
    "dashboard.json",
    "events/*.json",
    "local/**/*.py",
    "requirements/*.in",
    "samconfig.toml",
    "src/Makefile",
    "src/aws/**/*.py",
    "src/cli/**/*.py",
    "src/domain/**/*.py",
    "src/domain/standard/*.yaml",
    "src/engine.py",
    "src/handlers/**/*.py",
    "src/operations/**/*.py",
    "src/reports/**/*.py",
    "src/reports/fleet/page/*",
    "src/requirements.in",
    "src/rules/**/*.py",
    "src/settings.py",
    "template.yaml",
    "tests/**/*.py",
    "tests/reports/golden/*.json",
    "tools/**/*.py",
    HELP,
)
"""What is checked: globs of files, and `--help` for what the commands print.

Of tests: docstrings, comments, and the names of functions and classes.
"""

GENERATED = ("docs/messages.md", "docs/rules.md", "docs/rules/*.md", "docs/standard.md")
"""Pages that are made from other files. Those files are checked instead."""

_NAME = re.compile(r"\s*(?:async def|def|class) (\w+)")
_CONSOLE = re.compile(r"^```console\n.*?^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Word:
    """A pattern, what to write instead, and texts that it must and must not match."""

    pattern: re.Pattern[str]
    use: str
    such: tuple[str, ...]
    allowed: tuple[str, ...]


def _pattern(written: str) -> re.Pattern[str]:
    return re.compile(r"(?<![\w-])(?:{})(?![\w-])".format(written.replace(" ", r"\s+")), re.IGNORECASE)


@cache
def any_word() -> re.Pattern[str]:
    """What matches wherever one of the words does, in less time than they take one after the other."""
    return _pattern("|".join(f"(?:{each['pattern']})" for each in _written()))


@cache
def _written() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests" / "words.yaml").read_text(encoding="utf-8"))
    return found


@cache
def words() -> tuple[Word, ...]:
    return tuple(
        Word(
            _pattern(each["pattern"]),
            each["use"],
            tuple(each["such"]),
            tuple(each.get("not", ())),
        )
        for each in _written()
    )


def sources() -> list[str]:
    """Each file that is checked, by its path, and `--help`."""
    paths = {path.relative_to(ROOT).as_posix() for glob in CHECKED for path in ROOT.glob(glob) if path.is_file()}
    generated = {path.relative_to(ROOT).as_posix() for glob in GENERATED for path in ROOT.glob(glob)}
    return sorted(paths - generated) + [HELP] * (HELP in CHECKED)


def texts(source: str) -> Iterator[tuple[int, str]]:
    """The texts of a source that people read, each with the line that it begins on."""
    if source == HELP:
        yield from ((0, printed(command)) for command in ("", "standard", *(each.name for each in COMMANDS)))
        return
    text = (ROOT / source).read_text(encoding="utf-8")
    match Path(source).suffix:
        case ".md":  # a console block shows what a command prints
            yield 1, _CONSOLE.sub(lambda block: "\n" * block[0].count("\n"), text)
        case ".py":
            tokens = tokenize.generate_tokens(io.StringIO(text).readline)
            shown = {tokenize.COMMENT, tokenize.STRING, tokenize.FSTRING_MIDDLE}
            found = (token for token in tokens if token.type in shown)
            if source.startswith("tests/"):  # other strings there are names and data
                found = (token for token in found if token.type == tokenize.COMMENT or token.line.lstrip()[:3] == '"""')
            yield from ((token.start[0], _content(token)) for token in found)
            if source.startswith("tests/"):
                yield from names(text)
        case ".json":
            yield from ((1, each) for each in _strings(json.loads(text)))
        case _:
            yield 1, text


def names(text: str) -> Iterator[tuple[int, str]]:
    """The names of functions and classes as words: `test_it_is_so` is “test it is so”."""
    for line, written in enumerate(text.splitlines(), 1):
        if match := _NAME.match(written):
            yield line, match[1].replace("_", " ")


def _content(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.STRING and not token.string.lower().startswith(("b", "rb", "br")):
        return str(ast.literal_eval(token.string))
    return token.string


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from (each for item in value.values() for each in _strings(item))
        case list():
            yield from (each for item in value for each in _strings(item))
        case _:
            pass


def printed(command: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main([*command.split(), "--help"])
    return out.getvalue()


def found(text: str, line: int = 1) -> Iterator[str]:
    """Each match as `LINE: the match → what to write instead`."""
    if not any_word().search(text):
        return
    for word in words():
        for match in word.pattern.finditer(text):
            yield f"{line + text.count('\n', 0, match.start())}: “{' '.join(match[0].split())}” → {word.use}"


def test_it_is_in_plain_english() -> None:
    """One test for all files: to collect and report a thousand takes as long as they do."""
    assert [
        f"{source}:{each}" for source in sources() for line, text in texts(source) for each in found(text, line)
    ] == []


def test_every_glob_finds_something() -> None:
    assert [glob for glob in CHECKED if glob != HELP and not any(ROOT.glob(glob))] == []


@pytest.mark.parametrize("word", words(), ids=lambda word: word.use)
def test_a_pattern_matches_the_words_that_it_is_for_and_leaves_normal_english(word: Word) -> None:
    assert [text for text in word.such if not (word.pattern.search(text) and any_word().search(text))] == []
    assert [text for text in word.allowed if word.pattern.search(text)] == []
