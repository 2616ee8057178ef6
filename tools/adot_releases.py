r"""Add a release of the ADOT collector to `src/domain/collector/releases.toml`.

    python tools/adot_releases.py --add v0.50.0 --date 2026-09-01 --otel v0.160.0
    python tools/adot_releases.py --add v0.50.0 --date 2026-09-01 --otel v0.160.0 \
        --modules modules.txt --name foo_bar=foobarexporter

Without `--modules` the release has the components of the one before. With it, the file lists the Go modules of the
release's components, one a line (`otlpreceiver`, as the component registry imports them): the tool finds what was added
and removed. A new module needs a `--name` if its configuration name is not the module's without its kind.
"""

import argparse
import sys
import tomllib
from datetime import date
from pathlib import Path

FACTS = Path(__file__).parents[1] / "src/domain/collector/releases.toml"
KINDS = ("receivers", "processors", "exporters", "extensions", "connectors")
NOT_COMPONENTS = frozenset({"otelconftelemetry"})  # in the registry, but no configuration names it

HEADER = """\
# What each ADOT collector release holds. Written by tools/adot_releases.py; `instead`, `alias`, `alias_since` by hand.
#
# releases: publication date and the upstream release that it is built from.
# Components, by the name that a configuration uses: `since` is the first release with it (left out: the first here),
# `removed` the first without it, `module` its Go module where that is not the name with its kind.
"""

type Row = dict[str, str]
type Facts = dict[str, dict[str, Row]]


def version(text: str) -> tuple[int, ...]:
    """Order releases by number: v0.9.0 before v0.10.0."""
    return tuple(int(part) for part in text.removeprefix("v").split("."))


def module_of(kind: str, name: str, row: Row) -> str:
    """Give the Go module of a component."""
    return row.get("module") or name.replace("_", "") + kind.removesuffix("s")


def load(text: str) -> tuple[dict[str, list[str]], Facts]:
    """Split the file into releases and components by kind."""
    data = tomllib.loads(text)
    return data["releases"], {kind: data[kind] for kind in KINDS if kind in data}


def render(releases: dict[str, list[str]], facts: Facts) -> str:
    """Write the file: one line per release and per component, sorted, so that a difference is easy to read."""
    lines = [HEADER, "[releases]"]
    lines += [
        f'"{tag}" = ["{day}", "{otel}"]'
        for tag, (day, otel) in sorted(releases.items(), key=lambda item: version(item[0]))
    ]
    for kind in KINDS:
        if kind not in facts:
            continue
        lines += ["", f"[{kind}]"]
        for name, row in sorted(facts[kind].items()):
            keys = ("module", "since", "removed", "instead", "alias", "alias_since")
            inside = ", ".join(f'{key} = "{row[key]}"' for key in keys if key in row)
            lines.append(f"{name} = {{ {inside} }}" if inside else f"{name} = {{}}")
    return "\n".join(lines) + "\n"


def add(
    text: str, tag: str, built: tuple[str, str], modules: set[str] | None = None, names: dict[str, str] | None = None
) -> str:
    """Give the file's text with one more release, `built` on a day from an upstream release.

    Raises ValueError with a sentence if the facts do not fit.
    """
    day, otel = built
    releases, facts = load(text)
    if tag in releases:
        raise ValueError(f"{tag} is already there.")
    version(tag)
    releases[tag] = [date.fromisoformat(day).isoformat(), otel]
    if modules is None:
        return render(releases, facts)
    if max(releases, key=version) != tag:
        raise ValueError(f"{tag} is not the newest release: give no modules, or edit `since` and `removed` by hand.")
    modules = modules - NOT_COMPONENTS
    present = {module_of(kind, name, row): row for kind, rows in facts.items() for name, row in rows.items()}
    for module, row in present.items():
        if module in modules and "removed" in row:
            raise ValueError(
                f"{module} was removed in {row['removed']} and is back: the file has only one range for a component."
            )
        if module not in modules and "removed" not in row:
            row["removed"] = tag
    for module in sorted(modules - set(present)):
        kind = next((kind for kind in KINDS if module.endswith(kind.removesuffix("s"))), None)
        given = next((name for name, of in (names or {}).items() if of == module), None)
        if kind is None:
            raise ValueError(f"{module} ends in no kind of component: write its line by hand.")
        name = given or module.removesuffix(kind.removesuffix("s"))
        row = {"since": tag}
        if module_of(kind, name, {}) != module:
            row["module"] = module
        facts.setdefault(kind, {})[name] = row
    return render(releases, facts)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 1, after a sentence, if the release cannot be added."""
    parser = argparse.ArgumentParser(description="Add a release of the ADOT collector to the packaged facts.")
    parser.add_argument("--add", required=True, metavar="TAG", help="the release, as v0.50.0")
    parser.add_argument("--date", required=True, help="its publication date, as 2026-09-01")
    parser.add_argument("--otel", required=True, help="the upstream release that it is built from")
    parser.add_argument("--modules", type=Path, help="a file of Go module names, one a line")
    parser.add_argument(
        "--name", action="append", default=[], metavar="NAME=MODULE", help="the configuration name of a new module"
    )
    given = parser.parse_args(arguments)
    modules = set(given.modules.read_text().split()) if given.modules else None
    try:
        names = dict(pair.split("=", 1) for pair in given.name)
        FACTS.write_text(add(FACTS.read_text(), given.add, (given.date, given.otel), modules, names))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
