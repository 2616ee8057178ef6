"""docs/permissions.md, and README's table of permissions: what each function's role allows, from template.yaml.

PYTHONPATH=. .venvs/dev/bin/python tools/permissions.py [--check]

--check writes nothing and exits with 1 if a page is out of date. A reason is the comment behind a statement's Sid.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
PAGE = ROOT / "docs" / "permissions.md"
README = ROOT / "README.md"

INTRODUCTION = """\
# What the stack may do

`tools/permissions.py` writes this page from `template.yaml`, where each statement has its reason. Edit it there.

Each function has a role of its own. Only `remediate` may change anything in ECS, and only in a stack whose
`RemediationMode` is `register` or `deploy`. No function may write a parameter, a role or a policy, and none may read
anything of your applications' data. `tests/test_policies.py` checks each statement against the Service Authorization
Reference, and `tests/test_calls.py` that a role allows the calls that its function makes, and no more.
"""

_READS = re.compile(r"(AssumeRole|BatchGet|Decrypt|Describe|Get|List|Query|Receive)")
_SHARED = ("OwnLog", "UseKey", "UseVpc")
"""Statements that all functions have."""
_BETWEEN = re.compile(r"(?<=<!-- permissions -->\n).*?(?=<!-- /permissions -->)", re.DOTALL)


class _Loader(yaml.CSafeLoader):
    """Short forms of intrinsic functions as pairs of their name and value."""


def _intrinsic(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = {}
    return {name if name == "Ref" else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _intrinsic)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a role. `only_if` is the template's condition under which the role has it."""

    sid: str
    reason: str
    only_if: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    @property
    def of_others(self) -> bool:
        """Whether it allows something outside the stack: an ARN, or what a parameter names."""
        return self.sid not in _SHARED and any(not each.isalnum() or each.endswith("Roles") for each in self.resources)

    @property
    def writes(self) -> tuple[str, ...]:
        return tuple(action for action in self.actions if not _READS.match(action.partition(":")[2]))


@dataclass(frozen=True, slots=True)
class Function:
    """A function, and what its role allows."""

    name: str
    does: str
    statements: tuple[Statement, ...]


def functions(text: str) -> list[Function]:
    """Return the template's functions in its order."""
    resources = yaml.load(text, Loader=_Loader)["Resources"]  # noqa: S506 - a safe loader with the template's tags
    reasons = dict(_reasons(text))
    return [
        Function(
            each["Properties"]["Handler"].split(".")[1],
            each["Properties"]["Description"],
            tuple(
                _statements(role := each["Properties"]["Role"]["Fn::GetAtt"].split(".")[0], resources[role], reasons)
            ),
        )
        for each in resources.values()
        if each["Type"] == "AWS::Serverless::Function"
    ]


def _reasons(text: str) -> Iterator[tuple[tuple[str, str, str], str]]:
    """Yield the comment behind each Sid, else behind its `Fn::If:`, by role, Sid and condition.

    What the last role says counts, too, for those that repeat a statement by an alias.
    """
    role = condition = comment = ""
    for line in text.splitlines():
        if found := re.match(r"  (\w+):$", line):
            role = found[1]
        if found := re.match(r"\s+(?:- )?Fn::If:(?: *# (.+))?$", line):
            condition, comment = "if", found[1] or ""
        elif line.strip() == "- !Ref AWS::NoValue":
            condition = comment = ""
        elif condition == "if":
            condition = line.strip().removeprefix("- ")
        elif found := re.search(r"\bSid: (\w+),?(?: *# (.+))?", line):
            if reason := found[2] or comment:
                yield (role, found[1], condition), reason
                yield ("", found[1], condition), reason
            condition = comment = ""


def _statements(role: str, resource: dict[str, Any], reasons: dict[tuple[str, str, str], str]) -> Iterator[Statement]:
    for policy in resource["Properties"]["Policies"]:
        for entry in policy["PolicyDocument"]["Statement"]:
            condition, part, _ = entry.get("Fn::If", ("", entry, None))
            sid = part["Sid"]
            reason = reasons.get((role, sid, condition)) or reasons.get(("", sid, condition), "")
            yield Statement(sid, reason, condition, _listed(part["Action"]), tuple(_resources(part["Resource"])))


def _listed(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def _resources(value: Any) -> Iterator[str]:
    match value:
        case list():
            for each in value:
                yield from _resources(each)
        case {"Fn::If": [_, one, {"Ref": "AWS::NoValue"}]}:
            yield from _resources(one)
        case {"Fn::If": [_, one, other]}:  # what a parameter names, or where that is empty, something else
            yield f"{', '.join(_resources(one))}` or, if that is empty, `{', '.join(_resources(other))}"
        case {"Ref": "AWS::NoValue"}:
            return
        case {"Ref": name} | {"Fn::GetAtt": name}:
            yield str(name).removesuffix(".Arn")
        case {"Fn::Sub": text}:
            text = text[0] if isinstance(text, list) else text
            yield re.sub(r"\$\{AWS::(\w+)\}", lambda found: found[1].upper().removesuffix("ID"), text)
        case _:
            yield str(value)


# --- the pages --------------------------------------------------------------------------------------------------------


def page(found: list[Function]) -> str:
    """Return docs/permissions.md."""
    shared = [each for each in found[0].statements if each.sid in _SHARED[1:]]
    own = Statement("OwnLog", "", "", ("logs:CreateLogStream", "logs:PutLogEvents"), ("its own log group",))
    first = f"## All functions\n\n{_rows([own, *shared])}\n"
    return "\n".join([INTRODUCTION, first, *(_section(each) for each in found)])


def _section(function: Function) -> str:
    rows = _rows(each for each in function.statements if each.sid not in _SHARED)
    return f"## {function.name}\n\n{function.does}.\n\n{rows}\n"


def _rows(found: Iterable[Statement]) -> str:
    return "\n".join(["| statement | actions | resources |", "| --- | --- | --- |", *(_row(each) for each in found)])


def _row(each: Statement) -> str:
    only = f" (if `{each.only_if}`)" if each.only_if else ""
    reason = f": {each.reason}" if each.reason else ""
    return f"| {each.sid}{only}{reason} | {_code(each.actions)} | {_code(each.resources)} |"


def table(found: Iterable[Function]) -> str:
    """Return README's table: what of others each function reads, by service, and may change."""
    rows = ["| function | does | reads | may change |", "| --- | --- | --- | --- |"]
    for each in found:
        outside = [part for part in each.statements if part.of_others]
        changes = sorted({action for part in outside for action in part.writes})
        read = sorted({name.partition(":")[0] for part in outside for name in part.actions if name not in part.writes})
        cells = (f"`{each.name}`", each.does, ", ".join(read) or "nothing", _code(changes) or "nothing")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main() -> int:
    """Return 0 if the pages are written or up to date."""
    parser = argparse.ArgumentParser(description="Write docs/permissions.md and README's table from template.yaml.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is out of date")
    check: bool = parser.parse_args().check
    found = functions(TEMPLATE.read_text(encoding="utf-8"))
    readme = README.read_text(encoding="utf-8")
    wanted = {PAGE: page(found), README: _BETWEEN.sub(lambda _: table(found), readme)}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if check and stale:
        print("docs/permissions.md or README.md is out of date: run tools/permissions.py.", file=sys.stderr)
        return 1
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
