"""References in values: `${env:NAME}`, `${NAME}`, and `$NAME` in releases before v0.41.0. `$$` is a plain `$`.

A value with a reference is known only when the task starts. Nothing here guesses it.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from domain.collector.reading import Value
from domain.collector.releases import LOCALHOST_SINCE, Release

_REFERENCE = re.compile(r"\$(?:(?P<escape>\$)|\{(?P<braced>[^{}]*)\}|(?P<bare>\w+))", re.ASCII)
_VARIABLE = re.compile(r"(?:env:)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-.*)?", re.ASCII | re.DOTALL)


def reads_bare(release: Release | None) -> bool:
    """Tell if this release replaces `$NAME` too. An unknown release may."""
    return release is None or release < LOCALHOST_SINCE


def has_reference(value: Value, release: Release | None = None) -> bool:
    """Tell if a scalar depends on the environment or on another source (`${file:…}`) when the collector starts."""
    if not isinstance(value, str) or "$" not in value:
        return False
    bare = reads_bare(release)
    return any(found["braced"] is not None or (bare and found["bare"]) for found in _REFERENCE.finditer(value))


def literal(value: Value, release: Release | None = None) -> str | None:
    """Give the text that a scalar is sure to have (`$$` made `$`); None where it has a reference, or is no scalar."""
    if value is None or isinstance(value, (Mapping, tuple)) or has_reference(value, release):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("$$", "$")


def with_known(value: Value, known: Mapping[str, str], release: Release | None = None) -> Value:
    """Give the value with the variables that are known put in, at any depth; other references stay as they are."""
    return with_texts(value, lambda text: _REFERENCE.sub(lambda found: _replaced(found, known, release), text))


def with_texts(value: Value, change: Callable[[str], Value]) -> Value:
    """Give the value with each text that has a dollar sign changed, at any depth."""
    if isinstance(value, str):
        return change(value) if "$" in value else value
    if isinstance(value, tuple):
        return tuple(with_texts(item, change) for item in value)
    if isinstance(value, Mapping):
        return MappingProxyType({key: with_texts(item, change) for key, item in value.items()})
    return value


def _replaced(found: re.Match[str], known: Mapping[str, str], release: Release | None) -> str:
    if found["escape"]:
        return found.group()
    name = found["bare"] if reads_bare(release) else None
    if found["braced"] is not None and (variable := _VARIABLE.fullmatch(found["braced"])):
        name = variable["name"]
    if name is None or name not in known:
        return found.group()
    return known[name].replace("$", "$$")
