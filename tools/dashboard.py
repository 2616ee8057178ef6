"""Copy dashboard.json into template.yaml as a string for CloudFormation, one line for each widget.

`--check` writes nothing and exits with 1 if the template has another dashboard.
"""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DASHBOARD = ROOT / "dashboard.json"
TEMPLATE = ROOT / "template.yaml"

_BODY = re.compile(r"(?<=      DashboardBody: !Sub\n        - \|-\n)(?: {10}.*\n)*(?=        - )")


def body() -> str:
    """Return the lines of the template's block, indented."""
    widgets = json.loads(DASHBOARD.read_text(encoding="utf-8"))["widgets"]
    lines = [json.dumps(widget, separators=(",", ":"), ensure_ascii=False) for widget in widgets]
    return "".join(f"          {line}\n" for line in ('{"widgets":[', *_with_commas(lines), "]}"))


def _with_commas(lines: list[str]) -> list[str]:
    return [*(f"{line}," for line in lines[:-1]), *lines[-1:]]


def filled(template: str) -> str:
    """Return the template with the current dashboard; raise ValueError if it has no place for it."""
    made, found = _BODY.subn(lambda _: body(), template)
    if found != 1:
        raise ValueError("template.yaml has no `DashboardBody: !Sub` with a literal block as its first item.")
    return made


def main() -> int:
    """Return 0 if the template is written or up to date."""
    parser = argparse.ArgumentParser(description="Put dashboard.json into template.yaml.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if the template is out of date"
    )
    arguments = parser.parse_args()
    template = TEMPLATE.read_text(encoding="utf-8")
    wanted = filled(template)
    if not arguments.check:
        TEMPLATE.write_text(wanted, encoding="utf-8")
        return 0
    if template == wanted:
        return 0
    print("template.yaml does not have the dashboard of dashboard.json: run tools/dashboard.py.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
