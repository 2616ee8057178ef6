"""Sharing: parameters and roles that families lean on, and what of each family's word on one counts.

Each is a subject of its own with one finding for all who lean on it: what one family does not speak of stands as long
as it is there by another.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aws.ledger import History, Ledger, LedgerConflict, dependency_key
from domain.findings.finding import FindingState, Transition, next_transition
from domain.findings.users import MOST_USERS, NOBODY, User, Users, users_of
from domain.subject import Subject, SubjectId
from domain.verdict import Compliant, Drifted, Unknown, Verdict

_RACES = 4


class Overtaken(LedgerConflict):
    """What was read is older than what another worker has written down meanwhile: read again."""


@dataclass(frozen=True, slots=True)
class Word:
    """What all who lean on a parameter or role say of it, as it is to be written down."""

    resource: str
    state: str
    order: int
    verdicts: Mapping[str, Verdict]
    read_at: datetime
    users: Users = NOBODY
    read: bool = True
    """Whether any of it was read for this; else nothing was judged."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """What one family leans on, at one look at it.

    `record` writes a word down, with what of it is to be told; where there is none, what is still to be told. It does
    so only while the family is as it was read: what a slower look says after the family has gone on would stay said.
    """

    ledger: Ledger
    family: SubjectId
    standard: str
    since: datetime
    """What is at hand may have been read as early as then."""
    enough: datetime | None
    """A look that was written since then speaks for one that finds the same; None where each is to be written."""
    record: Callable[[History, Word | None, History], list[Transition]]
    now: Callable[[], datetime]
    rules: frozenset[str]
    """The catalogue's: a finding of another is gone."""
    users: Sequence[User] = ()
    """Who runs the family."""

    def leaning(self, history: History, leans: Sequence[SubjectId]) -> History:
        """Write down who leans on what, before that is read: whatever changes after it is heard of.

        The family names all of it until its look is written, what it leaned on before too: were the look to fail in
        between, and the family to go on to something else, nobody else would know what to strike it off from.
        """
        keys = {on.key for on in leans}
        if keys <= set(history.leans):
            return history
        return self.ledger.subjects.record(
            history,
            [],
            order=history.order,
            read_at=self.now(),
            standard=history.standard,
            leans=[*(on.key for on in leans), *history.leans],
            request=history.request,
            offer=history.offer,
        )

    def leaving(
        self, history: History, leans: Sequence[SubjectId], beside: Sequence[SubjectId] = (), *, same: bool = False
    ) -> list[Transition]:
        """Strike the family off what it leaned on; the findings of what nobody leans on any more are gone.

        What only a revision `beside` the newest leans on keeps the family's row, so that changes of it are heard of,
        and the family says nothing of it. `same` says that the newest revision is the one of the look before.
        """
        rows, told = {dependency_key(on): on for on in (*beside, *leans)}, list[Transition]()
        for on in map(SubjectId.parse, sorted(set(history.leans) - {on.key for on in leans})):
            if (still := rows.get(dependency_key(on))) is None:
                self.ledger.dependents.remove(on, history)
            elif not same or still != on:
                # A role by another path, or one that only an earlier revision takes: what was said of it is over.
                self.ledger.dependents.put(still, history)
            told += self.say(history, on, self.now(), None, {})
        return told

    def say(
        self, of: History, on: SubjectId, read_at: datetime, state: str | None, spoken: Mapping[str, Verdict]
    ) -> list[Transition]:
        """What the family says of a parameter or role: a subject of its own, ordered by the time of reading.

        `state` is what it was in, None where nothing of it was read. Who read the same as stands is not overtaken.
        """
        resource = on.name if on.kind is Subject.ROLE else on.place.arn("ssm", "parameter/" + on.name.removeprefix("/"))
        for _ in range(_RACES):
            history = self.ledger.history(on)
            leaning = self._leaning_on(history, spoken)
            self._keep(of, on, leaning, spoken)
            heard = dict(spoken)
            others = [drifted for each, drifted in leaning.items() if each != self.family]
            if others:
                heard |= _standing(history, spoken, others)
                theirs = {r: v for r, v in spoken.items() if any(drifted is None or r in drifted for drifted in others)}
                heard |= _as_grave(history, theirs) if history.standard == self.standard else {}
            order = _milliseconds(self.since)
            same = state is None or bool(state and state == history.ran)
            word = Word(
                resource,
                history.ran if state is None else state,
                max(order, history.order) if same else order,
                heard,
                read_at,
                self._users(sorted(leaning), _listed(history), read_at),
                state is not None,
            )
            if (state is None or (same and self._is_enough(history))) and not self._changes(history, word):
                return self.record(history, None, of)
            try:
                return self.record(history, word, of)
            except Overtaken:
                raise
            except LedgerConflict:
                continue
        raise LedgerConflict(f"{on.name} is being written by other workers")

    def _is_enough(self, history: History) -> bool:
        """Whether the last look at it was by the same standard, and late enough to speak for this one."""
        by_same = bool(history.version) and history.standard == self.standard
        return by_same and self.enough is not None and history.order >= _milliseconds(self.enough)

    def _changes(self, history: History, word: Word) -> bool:
        """Whether the word makes another finding of one, or a new one."""
        on, rows = history.subject, history.rows
        return any(
            next_transition(
                rows[rule].finding if rule in rows else None,
                word.verdicts.get(rule) if rule in self.rules else None,
                on,
                rule,
                word.resource,
                word.read_at,
                word.users,
            )
            for rule in {*word.verdicts, *rows}
        )

    def _leaning_on(self, history: History, spoken: Mapping[str, Verdict]) -> dict[SubjectId, frozenset[str] | None]:
        """The families that lean on a parameter or role, where it has or gets an open finding; else nobody asks."""
        drifts = any(isinstance(verdict, Drifted) for verdict in spoken.values())
        if not drifts and not any(row.finding.state is FindingState.OPEN for row in history.rows.values()):
            return {}
        return self.ledger.dependents.of(history.subject)

    def _keep(
        self,
        of: History,
        on: SubjectId,
        leaning: Mapping[SubjectId, frozenset[str] | None],
        spoken: Mapping[str, Verdict],
    ) -> None:
        """Write down which rules drift by this family; what it cannot tell now is left as it was told."""
        before = leaning.get(self.family) or frozenset()
        unknown = {rule for rule in before if isinstance(spoken.get(rule), Unknown)}
        drifted = frozenset(unknown | {rule for rule, verdict in spoken.items() if isinstance(verdict, Drifted)})
        if self.family in leaning and drifted != leaning[self.family]:
            self.ledger.dependents.put(on, of, drifted)

    def _users(self, leaning: Sequence[SubjectId], listed: Users, now: datetime) -> Users:
        """The families that lean on it with what runs them, as many as a finding lists.

        Of a family that is listed already, its own look would have said what else runs it now. Of the last one in a
        full list some may be missing, and of families of one name it cannot be told whose they are.
        """
        names, found = Counter(family.name for family in leaning), list[User]()
        last = listed.known[-1].family if len(listed.known) == MOST_USERS else ""
        for count, family in enumerate(leaning, 1):
            mine = [user for user in listed.known if user.family == family.name]
            if family == self.family:
                found += self.users or [User(family.name)]
            elif mine and family.name != last and names[family.name] == 1:
                found += mine
            else:
                history = self.ledger.history(family)
                found += users_of(family.name, history.services, history.seen, now) or [User(family.name)]
            if len(found) >= MOST_USERS:
                return Users.of(found, more=len(leaning) - count)
        return Users.of(found)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _listed(history: History) -> Users:
    """Whom its findings listed last."""
    stands = [row.finding for row in history.rows.values() if row.finding.state is FindingState.OPEN]
    return max(stands, key=lambda finding: finding.updated).users if stands else NOBODY


def _standing(
    history: History, spoken: Mapping[str, Verdict], others: Sequence[frozenset[str] | None]
) -> dict[str, Verdict]:
    """The open findings that one family says nothing of, or is exempt from, and that are there by another."""
    return {
        rule: Drifted(rule, history.subject, row.finding.severity, row.finding.drifts)
        for rule, row in history.rows.items()
        if row.finding.state is FindingState.OPEN
        and not isinstance(spoken.get(rule), Drifted | Compliant)
        and any(drifted is None or rule in drifted for drifted in others)
    }


def _as_grave(history: History, spoken: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """With the severity that the same standard gave for another family, where that is higher.

    Families that share a parameter or role would else lower and raise its findings in turn, and tell of it.
    """
    lower = dict[str, Verdict]()
    for rule, verdict in spoken.items():
        row = history.rows.get(rule)
        if row is None or row.finding.state is not FindingState.OPEN or not isinstance(verdict, Drifted):
            continue
        if verdict.severity < row.finding.severity:
            was = row.finding
            same = [(d.where, d.why) for d in was.drifts] == [(d.where, d.why) for d in verdict.drifts]
            drifts = was.drifts if same else verdict.drifts
            lower[rule] = replace(verdict, severity=was.severity, drifts=drifts)
    return lower
