"""Put dashboard.json into template.yaml, where CloudFormation wants it as one string: one line for each widget.

`--check` writes nothing and exits with 1 where the template shows another.
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
    """The lines of the template's block, indented."""
    widgets = json.loads(DASHBOARD.read_text(encoding="utf-8"))["widgets"]
    lines = [json.dumps(widget, separators=(",", ":"), ensure_ascii=False) for widget in widgets]
    return "".join(f"          {line}\n" for line in ('{"widgets":[', *_with_commas(lines), "]}"))


def _with_commas(lines: list[str]) -> list[str]:
    return [*(f"{line}," for line in lines[:-1]), *lines[-1:]]


def filled(template: str) -> str:
    """The template with the dashboard as it is now. ValueError where it has no place for it."""
    made, found = _BODY.subn(lambda _: body(), template)
    if found != 1:
        raise ValueError("template.yaml has no `DashboardBody: !Sub` with a literal block as its first item.")
    return made


def main() -> int:
    """0 where the template is written or as it should be."""
    parser = argparse.ArgumentParser(description="Put dashboard.json into template.yaml.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the template is stale")
    arguments = parser.parse_args()
    template = TEMPLATE.read_text(encoding="utf-8")
    wanted = filled(template)
    if not arguments.check:
        TEMPLATE.write_text(wanted, encoding="utf-8")
        return 0
    if template == wanted:
        return 0
    print("template.yaml shows another dashboard than dashboard.json: run tools/dashboard.py.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
