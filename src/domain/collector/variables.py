"""What a configuration takes from outside itself: `${env:NAME}`, `${file:…}`, and `$NAME` where that is plain text."""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from domain.collector.bundled import bundled_paths
from domain.collector.configuration import SECTIONS, CollectorConfiguration, mapping
from domain.collector.problems import Effect, Problem, ProblemCode, Topic
from domain.collector.reading import Value
from domain.collector.references import reads_bare, with_texts
from domain.collector.releases import Release
from domain.collector.scalars import nearest, shown

SCHEMES: Final = ("env", "file", "http", "https", "s3", "yaml")
"""Where the collector takes values from."""
FARGATE_VARIABLES: Final = frozenset(
    {
        *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        *("ECS_CONTAINER_METADATA_URI", "ECS_CONTAINER_METADATA_URI_V4", "ECS_AGENT_URI"),
        *("HOSTNAME", "HOME", "PATH"),
    }
)
"""What every container of a Fargate task has in its environment."""

# The innermost braces of what is not escaped; a reference within another is replaced first.
_REFERENCE: Final = re.compile(r"\$(?:\$|\{(?P<braced>[^{}]*)\}|(?P<bare>[A-Z_][A-Z0-9_]{2,}))", re.ASCII)
_URI: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?P<rest>.*)", re.ASCII | re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def variable_problems(configuration: CollectorConfiguration, release: Release | None = None) -> tuple[Problem, ...]:
    """Give the references that the collector refuses, and those that it takes for plain text.

    Releases before v0.41.0 replaced whatever stood there, so nothing is refused of them.
    """
    if release is not None and reads_bare(release):
        return ()
    return tuple(dict.fromkeys(_problems(configuration, release)))


def variables_read(configuration: CollectorConfiguration) -> tuple[tuple[str, str], ...]:
    """Give where each environment variable without a default of its own is read, and its name."""
    return tuple(dict.fromkeys(_read(configuration)))


def unset_variables(read: Iterable[tuple[str, str]], known: AbstractSet[str]) -> tuple[Problem, ...]:
    """Give which of the variables that are read the container does not have: they are empty then."""
    return tuple(
        Problem(
            Topic.VARIABLES, ProblemCode.VARIABLE_UNSET, where, Effect.LOST, found=name, nearest=nearest(name, known)
        )
        for where, name in read
        if name not in known and name not in FARGATE_VARIABLES
    )


def _texts(configuration: CollectorConfiguration) -> Iterator[tuple[str, str]]:
    """Yield every text with a dollar sign in the sections that there are, and its place."""
    for section in SECTIONS:
        yield from _within(configuration.document.get(section), section)


def _within(value: Value, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if "$" in value:
            yield where, value
    elif isinstance(value, tuple):
        for index, entry in enumerate(value):
            yield from _within(entry, f"{where}[{index}]")
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _within(entry, f"{where}/{shown(key)}")


def _problems(configuration: CollectorConfiguration, release: Release | None) -> Iterator[Problem]:
    for where, text in _texts(configuration):
        for found in _REFERENCE.finditer(text):
            if found["braced"] is not None:
                yield from _of_reference(found["braced"], where)
            elif found["bare"] and release is not None:
                yield Problem(Topic.VARIABLES, ProblemCode.BARE_VARIABLE, where, Effect.DOUBTFUL, found=found["bare"])


def _of_reference(inside: str, where: str) -> Iterator[Problem]:
    scheme, rest = "env", inside
    if ":" in inside:
        uri = _URI.fullmatch(inside)
        if uri is None:
            yield Problem(Topic.VARIABLES, ProblemCode.VARIABLE_NAME, where)
            return
        scheme, rest = uri["scheme"], uri["rest"]
    if scheme not in SCHEMES and rest.startswith("-") and _NAME.fullmatch(scheme):
        yield Problem(Topic.VARIABLES, ProblemCode.SCHEME_LEFT_OUT, where, found=scheme)
    elif scheme not in SCHEMES:
        yield Problem(Topic.VARIABLES, ProblemCode.UNKNOWN_SCHEME, where, found=shown(scheme), wanted=SCHEMES)
    elif scheme == "env" and not _NAME.fullmatch(rest.partition(":-")[0]):
        yield Problem(Topic.VARIABLES, ProblemCode.VARIABLE_NAME, where)
    elif scheme == "file" and rest not in bundled_paths():
        yield Problem(Topic.VARIABLES, ProblemCode.FILE_SOURCE, where, Effect.STOPS)


def _read(configuration: CollectorConfiguration) -> Iterator[tuple[str, str]]:
    for where, text in _texts(configuration):
        for found in _REFERENCE.finditer(text):
            inside = found["braced"]
            if inside is None or ":-" in inside:
                continue
            name = inside.removeprefix("env:")
            if _NAME.fullmatch(name):
                yield where, name


def without_variables(configuration: CollectorConfiguration, unset: AbstractSet[str]) -> CollectorConfiguration:
    """Give the configuration as the collector has it where these variables are not set: empty."""

    def is_unset(found: re.Match[str]) -> bool:
        return found["braced"] is not None and found["braced"].removeprefix("env:") in unset

    def emptied(text: str) -> Value:
        whole = _REFERENCE.fullmatch(text)
        if whole and is_unset(whole):
            return None  # an empty text is null in YAML
        return _REFERENCE.sub(lambda found: "" if is_unset(found) else found.group(), text)

    return replace(configuration, document=mapping(with_texts(configuration.document, emptied)))
