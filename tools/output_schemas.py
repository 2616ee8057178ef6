"""Write the JSON Schema of each output of the command line into docs/schemas; `--check` only compares.

Ends with 1 if `--check` finds a file that is out of date, or one of no output.
"""

import argparse
import json
import sys
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from cli.output import catalogue, coverage, evaluation, replay, scan, stack, standard, status, upgrade  # noqa: E402 - the source is not installed, so its path comes first

SCHEMAS = ROOT / "docs" / "schemas"
OUTPUTS: dict[str, type] = {
    "check": evaluation.CheckOutput,
    "collector": evaluation.CollectorOutput,
    "coverage": coverage.CoverageOutput,
    "doctor": stack.DoctorOutput,
    "replay": replay.ReplayOutput,
    "rules": catalogue.RulesOutput,
    "scan": scan.ScanOutput,
    "standard-diff": standard.DiffOutput,
    "standard-validate": standard.ValidateOutput,
    "status": status.StatusOutput,
    "upgrade": upgrade.UpgradeOutput,
}
VERSION = 1
# The descriptions are the texts below the fields.
_CONFIG = {"use_attribute_docstrings": True}


def schema(name: str) -> dict[str, Any]:
    """Return the schema of an output. Fields may be added to a version, so a schema does not forbid more."""
    for module in (catalogue, coverage, evaluation, replay, scan, stack, standard, status, upgrade):
        for each in vars(module).values():
            if isinstance(each, type) and is_dataclass(each):
                each.__pydantic_config__ = _CONFIG  # type: ignore[attr-defined] # where pydantic looks for it
    made = TypeAdapter(OUTPUTS[name]).json_schema(mode="serialization")
    command = name.replace("standard-", "standard ")
    head: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"outrider {command} --format json, version {VERSION}",
    }
    return {**head, **_plain(made)}


def _plain(made: Any) -> Any:
    """Remove the titles that only repeat the names."""
    match made:
        case dict():
            return {
                key: _plain(value) for key, value in made.items() if not (key == "title" and isinstance(value, str))
            }
        case list():
            return [_plain(item) for item in made]
        case _:
            return made


def texts() -> dict[Path, str]:
    """Each file and its text."""
    return {
        SCHEMAS / f"{name}.v{VERSION}.json": json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"
        for name in OUTPUTS
    }


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    made = texts()
    if parser.parse_args().check:
        there = {path: path.read_text(encoding="utf-8") for path in SCHEMAS.glob("*.json")}
        stale = sorted(path.name for path in made.keys() | there.keys() if made.get(path) != there.get(path))
        if stale:
            print(f"Out of date in docs/schemas: {', '.join(stale)}. Run make docs.", file=sys.stderr)
        return 1 if stale else 0
    SCHEMAS.mkdir(exist_ok=True)
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
