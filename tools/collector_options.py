r"""Pack the options of a collector release into `src/domain/collector/options.json`.

    python tools/collector_options.py --add v0.50.0=options-v0.50.0.json
    python tools/collector_options.py --add v0.49.0=… --add v0.47.0=… --drop v0.46.0

A published tree is JSON: section → component type → node; `service` holds the node of that section. A node has `kind`
(struct, list, map, string, bool, int, uint, float, duration, any), `keys` or `elem`, and where they apply `default`,
`optional`, `unknown_keys`, `signals`, `type` and `yaml`. What is the same in two places, or in two releases, is written
once: a node is a row, and names others by their row.

A tree in which `unknown_keys` was not measured takes it from the packed releases, by the struct's type.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKED = Path(__file__).parents[1] / "src/domain/collector/options.json"
SECTIONS = ("receivers", "processors", "exporters", "extensions")
SUPPORTED = frozenset({"Stable", "Beta", "Alpha", "Development", "Deprecated", "Unmaintained"})
DISCOVERIES = ("_sd_configs", "static_configs")
# What Prometheus' own reader takes for its service discovery; the published trees leave it open.
STATIC_CONFIGS = {
    "kind": "list",
    "yaml": True,
    "elem": {
        "kind": "struct",
        "yaml": True,
        "type": "targetgroup.Group",
        "keys": {
            "targets": {"kind": "list", "yaml": True, "elem": {"kind": "string", "yaml": True}},
            "labels": {"kind": "map", "yaml": True, "elem": {"kind": "string", "yaml": True}},
        },
    },
}

type Row = dict[str, Any]


@dataclass(frozen=True)
class Measures:
    """What was found out of some release and holds for the others: unknown keys, and service discovery."""

    unknown: dict[tuple[str, str], str]
    discovery: dict[str, dict[str, Any]]


class Table:
    """Rows, each once."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._known: dict[str, int] = {}

    def add(self, row: Row) -> int:
        """Give the number of the row, which is added where it is new."""
        key = json.dumps(row, sort_keys=True)
        if key not in self._known:
            self._known[key] = len(self.rows)
            self.rows.append(row)
        return self._known[key]


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every node of a published tree."""
    if isinstance(tree, dict):
        if isinstance(tree.get("kind"), str):
            yield tree
        for value in tree.values():
            yield from nodes(value)


def measured(trees: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Return what happens to unknown keys, by component and type, as far as some release was measured."""
    found = dict[tuple[str, str], str]()
    for tree in trees.values():
        for section in SECTIONS:
            for name, component in tree.get(section, {}).items():
                found |= {
                    (f"{section}/{name}", node["type"]): node["unknown_keys"]
                    for node in nodes(component)
                    if "unknown_keys" in node and "type" in node
                }
        found |= {
            ("service", node["type"]): node["unknown_keys"]
            for node in nodes(tree["service"])
            if "unknown_keys" in node and "type" in node
        }
    return found


def discoveries(trees: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the keys of Prometheus' service discovery by type; only some published trees have them."""
    found = dict[str, dict[str, Any]]()
    for tree in trees.values():
        for node in nodes(tree):
            keys = {name: below for name, below in node.get("keys", {}).items() if name.endswith(DISCOVERIES)}
            if keys and "type" in node:
                found.setdefault(node["type"], {}).update(keys)
    return found


class Packer:
    """Packs the nodes of one component."""

    def __init__(self, table: Table, component: str, measures: Measures) -> None:
        self._table, self._component, self._measures = table, component, measures

    def pack(self, node: dict[str, Any], *, yaml: bool = False) -> int:
        """Give the row of a node and of all below it."""
        if isinstance(node.get("holds_tree"), dict):
            node = {"kind": "struct", **node["holds_tree"]}
        yaml = yaml or bool(node.get("yaml"))
        row: Row = {"kind": node["kind"]}
        if node.get("type"):
            row["type"] = node["type"]
        if yaml:
            row["yaml"] = 1
        if node.get("text"):
            row["text"] = 1
        if "optional" in node:
            row["optional"] = node["optional"]
        if node.get("default") not in (None, "", 0, False, "0s", []):
            row["default"] = node["default"]
        self._inside(node, row, yaml=yaml)
        return self._table.add(row)

    def _inside(self, node: dict[str, Any], row: Row, *, yaml: bool) -> None:
        if node["kind"] == "struct":
            type_ = node.get("type", "")
            unknown = node.get("unknown_keys") or self._measures.unknown.get((self._component, type_), "refused")
            if node.get("remain") or node.get("squash_other") or node.get("recursive"):
                unknown = "undecided" if unknown == "refused" else unknown
            if unknown != "refused":
                row["unknown"] = unknown
            row["keys"] = {
                name: self.pack(STATIC_CONFIGS if name == "static_configs" else below, yaml=yaml)
                for name, below in (node.get("keys", {}) | self._measures.discovery.get(type_, {})).items()
                if not below.get("untagged")
            }
        elif isinstance(node.get("elem"), dict):
            row["elem"] = self.pack(node["elem"], yaml=yaml)


def pack(trees: dict[str, Any]) -> dict[str, Any]:
    """Give the packed form of published trees by release."""
    table, measures, releases = Table(), Measures(measured(trees), discoveries(trees)), dict[str, Any]()
    for release, tree in sorted(trees.items()):
        packed: dict[str, Any] = {}
        for section in SECTIONS:
            packed[section] = {}
            for name, component in tree[section].items():
                row = Packer(table, f"{section}/{name}", measures).pack(component)
                signals = [signal for signal, level in component.get("signals", {}).items() if level in SUPPORTED]
                packed[section][name] = [row, *sorted(signals)]
        packed["service"] = Packer(table, "service", measures).pack(tree["service"])
        releases[release] = packed
    return {"rows": table.rows, "releases": releases}


def unpack(packed: dict[str, Any]) -> dict[str, Any]:
    """Return the packed trees, so that a release can be added to them."""

    def node(number: int) -> dict[str, Any]:
        row = packed["rows"][number]
        given = {name: value for name, value in row.items() if name not in {"keys", "elem", "unknown"}}
        if row["kind"] == "struct":
            given["unknown_keys"] = row.get("unknown", "refused")
            given["keys"] = {name: node(below) for name, below in row["keys"].items()}
        if "elem" in row:
            given["elem"] = node(row["elem"])
        return given

    trees = dict[str, Any]()
    for release, sections in packed["releases"].items():
        tree: dict[str, Any] = {"service": node(sections["service"])}
        for section in SECTIONS:
            tree[section] = {
                name: node(row) | ({"signals": dict.fromkeys(signals, "Stable")} if signals else {})
                for name, (row, *signals) in sections[section].items()
            }
        trees[release] = tree
    return trees


def render(packed: dict[str, Any]) -> str:
    """Write one row a line, so that a difference is easy to read."""
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in packed["rows"])
    releases = ",\n".join(
        f"{json.dumps(release)}:{json.dumps(sections, separators=(',', ':'))}"
        for release, sections in packed["releases"].items()
    )
    return f'{{"rows":[\n{rows}\n],\n"releases":{{\n{releases}\n}}}}\n'


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Pack the options of collector releases.")
    parser.add_argument("--add", action="append", default=[], metavar="RELEASE=FILE", help="a published tree")
    parser.add_argument("--drop", action="append", default=[], metavar="RELEASE", help="a release to leave out")
    given = parser.parse_args(arguments)
    trees = unpack(json.loads(PACKED.read_text(encoding="utf-8"))) if PACKED.exists() else {}
    for pair in given.add:
        release, equals, file = pair.partition("=")
        if not equals:
            print(f"{pair} is not RELEASE=FILE.", file=sys.stderr)
            return 1
        trees[release] = json.loads(Path(file).read_text(encoding="utf-8"))
    for release in given.drop:
        trees.pop(release, None)
    PACKED.write_text(render(pack(trees)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
