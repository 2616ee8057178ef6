"""Pack a fleet into columns: every text and every repeated part once, and rows that name them by number.

Most tasks of a fleet are copies of a few. In texts the names of the task itself are replaced by marks, so that the
same drift of two tasks is the same text.
"""

import base64
import gzip
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from domain.drift import Safety
from reports.fleet.model import Drawing, Entry, Fleet, Proposal, Result, State, Totals
from reports.text import INVISIBLE

_ACCOUNT, _REGION, _FAMILY, _SERVICE = "\x01", "\x02", "\x03", "\x04"
_LEAST = 3
"""Shorter names stay in the text: they would be found within other words."""
_INVISIBLE = re.compile(rf"[\t\n{INVISIBLE}]")


def packed(fleet: Fleet) -> str:
    """Return the fleet as base64 of compressed JSON. The same fleet gives the same text."""
    text = json.dumps(_columns(fleet), separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode()


def visible(text: str) -> str:
    """Return the text with each control or direction character as its number: nothing can hide or be reordered."""
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Numbers[T]:
    """Values in the order of their first use, each with a number."""

    def __init__(self) -> None:
        self._numbers = dict[str, int]()
        self.values = list[T]()

    def of(self, value: T) -> int:
        key = value if isinstance(value, str) else json.dumps(value)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.values)
            self.values.append(value)
        return number


class _Packer:
    """What rows share."""

    def __init__(self, fleet: Fleet) -> None:
        self.rules = {rule.id: number for number, rule in enumerate(fleet.rules)}
        self.texts, self.names = _Numbers[str](), _Numbers[str]()
        self.states, self.details = _Numbers[str](), _Numbers[list[Any]]()
        self.drawings, self.proposals = _Numbers[list[Any]](), _Numbers[list[Any]]()

    def row(self, entry: Entry) -> list[Any]:
        cluster, _, service = entry.service.rpartition("/")
        text = _Texts(self, entry)
        states = ["."] * len(self.rules)
        details = list[int]()
        for result in entry.results:
            states[self.rules[result.rule]] = result.state.value
            if result.problems or result.reasons:
                details.append(self.details.of(self._detail(result, text)))
        named = [entry.place.account, entry.place.region, cluster, entry.team]
        by, at = visible(entry.registered.by), entry.registered.at[:16]
        return [
            visible(service),
            "" if entry.family == service else visible(entry.family),
            entry.revision,
            *(self.names.of(visible(each)) for each in named),
            self.states.of("".join(states)),
            details,
            self.drawings.of(self._drawing(entry.drawing, text)),
            self.proposals.of(self._proposal(entry.proposal, text)) if entry.proposal else -1,
            visible(entry.proposal.digest) if entry.proposal else "",
            self.names.of(by),
            at,
            text(entry.not_evaluated) if entry.not_evaluated else -1,
        ]

    def _detail(self, result: Result, text: "_Texts") -> list[Any]:
        problems = [
            [text(each.where), text(each.why), text(each.found), text(each.wanted), State.drifted(each.severity).value]
            for each in result.problems
        ]
        return [
            self.rules[result.rule],
            result.state.value,
            problems,
            [text(each) for each in result.reasons],
            result.fix.value,
            [text(each) for each in result.remarks],
        ]

    @staticmethod
    def _drawing(drawing: Drawing, text: "_Texts") -> list[Any]:
        boxes = [
            [text(each.name), text(each.role), text(each.image), list(each.ports), int(each.essential)]
            for each in drawing.boxes
        ]
        paths = [
            [text(each.sender), text(each.receiver), text(each.label), each.state.value, int(each.outside)]
            for each in drawing.paths
        ]
        return [boxes, paths]

    def _proposal(self, plan: Proposal, text: "_Texts") -> list[Any]:
        return [
            int(plan.safety is Safety.SAFE),
            [self.rules[rule] for rule in plan.fixes],
            [text(each) for each in plan.concerns],
            [
                [text(each.where), *(-1 if side is None else text(side) for side in (each.before, each.after))]
                for each in plan.changes
            ],
        ]


class _Texts:
    """The texts of one row, as numbers."""

    def __init__(self, packer: _Packer, entry: Entry) -> None:
        self._texts = packer.texts
        service = entry.service.rpartition("/")[2]
        names = ((service, _SERVICE), (entry.family, _FAMILY), (entry.place.account, _ACCOUNT))
        # A longer name first: one may be part of another.
        marks = sorted((*names, (entry.place.region, _REGION)), key=lambda each: -len(each[0]))
        self._marks = [(visible(name), mark) for name, mark in marks if len(name) >= _LEAST]

    def __call__(self, text: str) -> int:
        text = visible(text)
        for name, mark in self._marks:
            text = text.replace(name, mark)
        return self._texts.of(text)


_COLUMNS = (
    "service", "family", "revision", "account", "region", "cluster", "team", "states", "details", "drawing",
    "proposal", "digest", "by", "at", "outside",
)  # fmt: skip


def _columns(fleet: Fleet) -> dict[str, Any]:
    packer = _Packer(fleet)
    rows = [packer.row(entry) for entry in sorted(fleet.entries, key=_in_order)]
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else ((),) * len(_COLUMNS)
    return {
        "title": visible(fleet.title),
        "standard": visible(fleet.standard),
        "release": fleet.release,
        "at": fleet.at.isoformat(timespec="minutes"),
        "rules": [[each.id, each.title, each.why, each.remedy, each.severity, each.page] for each in fleet.rules],
        "states": [state.value for state in State],
        "columns": dict(zip(_COLUMNS, map(list, columns), strict=True)),
        "names": packer.names.values,
        "texts": packer.texts.values,
        "verdicts": packer.states.values,
        "details": packer.details.values,
        "drawings": packer.drawings.values,
        "proposals": packer.proposals.values,
        "coverage": [
            [each.place.account, each.place.region, visible(each.kind), each.found, each.read,
             [[visible(one.call), visible(one.code), visible(one.resource), one.count] for one in each.unread]]
            for each in fleet.coverage
        ],
        "runs": [_run(each) for each in (*sorted(fleet.earlier, key=lambda each: each.at), fleet.totals)],
    }  # fmt: skip


def _in_order(entry: Entry) -> tuple[str, ...]:
    return (entry.place.account, entry.place.region, entry.team, entry.service or entry.family)


def _run(run: Totals) -> list[Any]:
    return [run.at.isoformat(timespec="minutes"), run.services, run.drifted, run.unknown, int(run.complete)]
