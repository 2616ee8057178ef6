"""`outrider standard show --account`: the standard of one account, and where each value comes from."""

from argparse import Namespace
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import yaml

from cli.exits import CLEAN
from cli.options import StackOptions, taken
from cli.terminal import line
from cli.texts import text_of
from cli.unusable import Unusable
from domain.organization import Membership, OwnersRecord
from domain.standard import DEFAULT, StandardInvalid
from domain.standard.checking import checked
from domain.standard.origins import Origins, Value
from domain.standard.problems import path_text
from domain.standard.text import read
from reports.status import owners_of
from rules import CATALOGUE

_WIDE, _MOST = 10**6, 1000


def show_account(given: Namespace) -> int:
    """Print the standard of an account; return the exit code."""
    member = _named(given)
    if given.standard is not None:
        lines = _lines(text_of(given.standard), given.standard, member, ())
    else:
        from cli.ledger import standard_on  # noqa: PLC0415 - boto3 takes half a second, which a file need not wait for

        text, name, known, owners = standard_on(taken(StackOptions, given), given.account)
        text = text or DEFAULT.read_text(encoding="utf-8")
        lines = _lines(text, name, member if given.unit or given.tags else known, owners)
    print("\n".join(lines))
    return CLEAN


def _named(given: Namespace) -> Membership:
    wrong = next((tag for tag in given.tags if "=" not in tag), None)
    if wrong is not None:
        raise Unusable(f"--tags takes KEY=VALUE; {wrong[:60]} is none.")
    tags = dict(tag.split("=", 1) for tag in given.tags)
    return Membership(given.account, tuple(given.unit) if given.unit else None, tags or None)


def _lines(text: str, name: str, member: Membership, owners: Iterable[OwnersRecord]) -> Iterator[str]:
    try:
        standard = checked(text, name, CATALOGUE, datetime.now(UTC).date()).standard
    except StandardInvalid as invalid:
        raise Unusable(str(invalid)) from None
    origins = Origins(standard, read(text, name)[0], member)
    yield f"# The standard {line(standard.name)} for account {member.account}."
    if standard.of_organization.units and member.units is None:
        yield "# Its organisational unit is not known: layers that select by unit do not count. --unit names it."
    if standard.of_organization.tags and member.tags is None:
        yield "# Its tags are not known: layers that select by tags do not count. --tags names them."
    layers = ", ".join(f"layers[{i}]" for i in origins.layers)
    yield f"# Layers, of which the last one wins: {layers or 'none'}."
    for each in owners_of(owners, _MOST).lines:
        yield f"# Exempted by owners: {line(each.text)}"
    section = ""
    for value in _in_order(origins):
        first = str(value.path[0])
        if len(value.path) == 1:
            yield f"{first}: {_written(value.value)}{_comment(origins, value)}"
            continue
        if first != section:
            yield f"{first}:"
        section = first
        inner = value.path[1]
        head = "  -" if isinstance(inner, int) else f"  {inner}:"
        yield f"{head} {_written(value.value)}{_comment(origins, value)}"


def _in_order(origins: Origins) -> list[Value]:
    """Return the values with those of a section one after the other."""
    values = list(origins.values())
    sections = {each.path[0] for each in values if len(each.path) > 1}
    kept = [each for each in values if len(each.path) > 1 or each.path[0] not in sections]
    order = list(dict.fromkeys(each.path[0] for each in values))
    return sorted(kept, key=lambda each: order.index(each.path[0]))


def _written(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=_WIDE, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _comment(origins: Origins, value: Value) -> str:
    if not value.origin:
        return ""
    return f"  # {path_text(value.origin)}, line {origins.line(value.origin)}"
