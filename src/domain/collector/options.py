"""The options of collector releases: what each component takes, as a tree; packed in `options.json`.

`tools/collector_options.py` writes the file from published trees. It is read when a configuration is first judged.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from domain.collector.reading import Value
from domain.collector.releases import ComponentKind, Release


class OptionKind(StrEnum):
    """What form a value must have."""

    STRUCT = "struct"
    LIST = "list"
    MAP = "map"
    STRING = "string"
    BOOL = "bool"
    INT = "int"
    UINT = "uint"
    FLOAT = "float"
    DURATION = "duration"
    ANY = "any"


class UnknownKeys(StrEnum):
    """What happens to a key that a struct does not have."""

    REFUSED = "refused"
    IGNORED = "ignored"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Option:
    """One option. A struct has `keys`; a list or map may have `element`, the option of each of its values.

    `type` is the name of the collector's own type, by which checks of values are found; `text` options are read from
    a text of a form of their own. `prometheus` options are read by Prometheus' rules. `default` is None where it is
    empty, zero or false.
    """

    kind: OptionKind
    type: str = ""
    text: bool = False
    prometheus: bool = False
    optional: bool = False
    default: Value = None
    unknown: UnknownKeys = UnknownKeys.REFUSED
    keys: Mapping[str, "Option"] | None = None
    element: "Option | None" = None


@dataclass(frozen=True, slots=True)
class ComponentOptions:
    """The options of one component type, and the signals whose pipelines may name it (none for extensions)."""

    option: Option
    signals: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReleaseOptions:
    """All options of one release."""

    release: Release
    components: Mapping[tuple[ComponentKind, str], ComponentOptions]
    service: Option


def options_of(release: Release | None) -> tuple[ReleaseOptions, ...]:
    """Give what is known of a release's options.

    One tree where the release is packed; the two about it where it lies between them, and counts as far as they agree;
    none where nothing is known.
    """
    known = _packed()
    if release is None or not known or release < known[0].release or release > known[-1].release:
        return ()
    before = [options for options in known if options.release <= release]
    if before[-1].release == release:
        return (before[-1],)
    return (before[-1], known[len(before)])


@cache
def _packed() -> tuple[ReleaseOptions, ...]:
    """Read the file, once; oldest first."""
    data = json.loads(Path(__file__).with_name("options.json").read_text(encoding="utf-8"))
    options: list[Option] = []
    for row in data["rows"]:  # a row names only rows before it
        options.append(_option(row, options))
    releases = [_release(release, sections, options) for release, sections in data["releases"].items()]
    return tuple(sorted(releases, key=lambda known: known.release))


def _option(row: Mapping[str, Any], options: list[Option]) -> Option:
    keys, element = row.get("keys"), row.get("elem")
    return Option(
        kind=OptionKind(row["kind"]),
        type=row.get("type", ""),
        text="text" in row,
        prometheus="yaml" in row,
        optional="optional" in row,
        default=_frozen(row.get("default")),
        unknown=UnknownKeys(row.get("unknown", "refused")),
        keys=None if keys is None else {name: options[number] for name, number in keys.items()},
        element=None if element is None else options[element],
    )


def _release(release: str, sections: Mapping[str, Any], options: list[Option]) -> ReleaseOptions:
    components = {
        (kind, name): ComponentOptions(options[row], frozenset(signals))
        for kind in ComponentKind
        for name, (row, *signals) in sections.get(kind.value, {}).items()
    }
    return ReleaseOptions(Release.parse(release), components, options[sections["service"]])


def _frozen(value: Any) -> Value:
    return tuple(value) if isinstance(value, list) else value
