"""What a message says, as mrkdwn, for every channel: the state of a thread, what is new in it, or a digest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from domain.findings.alert import Alert
from domain.findings.thread import Thread
from domain.severity import Severity
from domain.subject import Subject, SubjectId
from domain.triggers.actor import OUTRIDER
from reports import pieces
from reports.mrkdwn import ROOM, date, is_address, plain
from reports.text import MARK, line
from reports.words import RESOLVED, findings_are, shown_name, word_of

_HEADER, _SUMMARY, _LISTS = 150, 3000, 7000
_MOST_STATEMENTS, _MOST_SECTIONS, _MOST_FRAGMENTS, _MOST_OTHERS, _MOST_REPLIED = 4, 10, 2, 4, 10
_ANGLES = str.maketrans({"<": "\u2039", ">": "\u203a"})


@dataclass(frozen=True, slots=True)
class Message:
    """`header`, `text` and `next_step` are plain, `parts` and `context` are mrkdwn.

    `text` is the message in a line. `thread` is the key of its thread. `alert` is the most important alert that it
    shows. `links` are a key, a label and an address each.
    """

    thread: str
    alert: Alert
    severity: Severity
    header: str
    text: str
    parts: tuple[str, ...]
    next_step: str = ""
    context: str = ""
    links: tuple[tuple[str, str, str], ...] = ()

    def summary(self, length: int = _SUMMARY) -> str:
        """Return the message in a line, as mrkdwn."""
        return plain(self.text, length)


# --- a digest ---------------------------------------------------------------------------------------------------------


def of_digest(alert: Alert) -> Message:
    """Return the message of a digest."""
    word = word_of(alert.transition)
    sections = alert.sections[:_MOST_SECTIONS]
    listed = [pieces.listing(section, ROOM) for section in sections]
    if sum(map(len, listed)) > _LISTS:
        listed = [pieces.listing(section, min(ROOM, _LISTS // len(sections))) for section in sections]
    parts = (f"*{plain(alert.title, 1000)}.*\n{date(alert.occurred)}", pieces.reasons(alert), *listed)
    return Message(
        thread=alert.id,
        alert=alert,
        severity=alert.severity,
        header=_header(pieces.sign(alert.severity), word, alert.name),
        text=f"{word}: {alert.name}: {alert.title}",
        parts=tuple(filter(None, parts)),
        next_step=alert.next_step,
        context=pieces.where(alert),
        links=tuple(_given(alert, [("report", "Open the report")])),
    )


# --- a thread ---------------------------------------------------------------------------------------------------------


def of_thread(key: str, thread: Thread, *, notified: bool = False) -> Message:
    """Return the message of a thread's state; `notified` says that people had a message of it before."""
    state = _State(key, thread, notified)
    alert, name = state.alert, state.name
    return Message(
        thread=key,
        alert=alert,
        severity=thread.severity,
        header=_header(state.sign, state.word, name),
        text=f"{state.word}: {state.text}",
        parts=tuple(filter(None, state.parts())),
        next_step=state.next_step,
        context=state.context,
        links=tuple(state.links()),
    )


def reply_of(alerts: Sequence[Alert]) -> Message:
    """Return what is new in a thread: a line for each finding, and what came of a correction."""
    ordered = sorted(alerts, key=lambda each: (each.kind, each.transition, -each.severity.rank, each.rule))
    opened = [alert for alert in ordered if alert.kind == "finding" and not alert.ends]
    closed = [alert for alert in ordered if alert.ends]
    outcomes = [alert for alert in ordered if alert.kind == "outcome"]
    parts = [pieces.findings(opened, ("", ""))] if opened else []
    for alert in outcomes[:_MOST_REPLIED]:
        following = f"*Next:* {plain(alert.next_step, 2000)}" if alert.severity > Severity.INFORMATIONAL else ""
        parts += [f"{pieces.sign(alert.severity)} *{plain(alert.title, 1000)}.*", pieces.reasons(alert), following]
    parts += [pieces.closed(closed)] if closed else []
    first = (outcomes or opened or closed)[0]
    word = word_of(first.transition)
    return Message(
        thread=first.thread,
        alert=first,
        severity=max(alert.severity for alert in ordered),
        header=_header(pieces.sign(first.severity), word, pieces.named(first)),
        text=f"{word}: {first.name}: {first.title}",
        parts=tuple(filter(None, parts)),
    )


@dataclass(frozen=True, slots=True)
class _State:
    """The parts of a thread's message."""

    key: str
    thread: Thread
    notified: bool

    @property
    def alert(self) -> Alert:
        """The most important alert: the most severe open finding, else the last outcome, else the last one closed."""
        outcome, closed = self.thread.outcome, self.thread.closed
        if self.thread.open:
            return self._fixable or self.thread.open[0]
        return outcome or max(closed, key=lambda each: each.occurred)

    @property
    def _fixable(self) -> Alert | None:
        """The most severe open finding that the plan corrects."""
        return next((alert for alert in self.thread.open if alert.changes), None)

    @property
    def _single(self) -> Alert | None:
        """The only open finding of a thread that has no other."""
        return self.thread.open[0] if len(self.thread.findings) == len(self.thread.open) == 1 else None

    # --- the header ---------------------------------------------------------------------------------------------------

    @property
    def subject(self) -> tuple[str, str]:
        """The subject that the message names: the only one that it is about, else the thread's own."""
        about = {(each.subject, each.name) for each in (*self.thread.findings.values(), *self.thread.outcomes.values())}
        if len(about) == 1:
            return about.pop()
        own = SubjectId.parse(self.key)
        return own.kind.value, own.name

    @property
    def name(self) -> str:
        """`web`, `service shop/web`."""
        kind, name = self.subject
        shown = shown_name(kind, name)
        return f"{kind} {shown}" if kind in set(Subject) - {Subject.FAMILY} else shown

    @property
    def sign(self) -> str:
        return pieces.DONE if self.thread.over and not self.thread.needs_person else pieces.sign(self.thread.severity)

    @property
    def word(self) -> str:
        outcome = self.thread.outcome
        if outcome is not None and (self.thread.needs_person or not self.thread.findings):
            return word_of(outcome.transition)
        if not self.thread.open:
            return RESOLVED
        if outcome is not None and (outcome.carried_out or (self.notified and self.thread.closed)):
            return "Partly corrected"
        kinds = {alert.transition for alert in self.thread.open}
        # No message named it before, so to its readers it is no more severe than it was.
        if kinds == {"raised"} and not self.notified and not any(pieces.since(alert) for alert in self.thread.open):
            kinds = {"opened"}
        return word_of(kinds.pop() if len(kinds) == 1 else "opened")

    @property
    def text(self) -> str:
        single, outcome = self._single, self.thread.outcome
        if single is not None and outcome is None:
            return f"{single.name} ({single.severity.value}) does not comply with the rule: {single.title}"
        name = self.subject[1]
        if self.thread.open and not self.thread.needs_person:
            return f"{name} ({self.thread.severity.value}): {findings_are(len(self.thread.open), 'open')}"
        said = (
            outcome.title if outcome is not None else ", ".join(sorted({alert.rule for alert in self.thread.resolved}))
        )
        return f"{name}: {said}"

    # --- the parts ----------------------------------------------------------------------------------------------------

    def parts(self) -> Iterator[str]:
        thread, outcome = self.thread, self.thread.outcome
        yield self._facts()
        if (single := self._single) is not None:
            yield pieces.drifts(single)
        elif thread.open:
            yield pieces.findings(thread.open, self.subject)
        if outcome is not None:
            others = [alert for alert in thread.outcomes.values() if alert is not outcome and thread.over]
            yield "\n".join(f"*{plain(alert.title, 500)}.*" for alert in (outcome, *others[:_MOST_OTHERS]))
            yield pieces.reasons(outcome)
        if thread.closed:
            yield pieces.closed(thread.closed)
        yield from self._changes()

    def _facts(self) -> str:
        """Severity, subject and place; who made the change and when; who uses it."""
        alert, thread = self.alert, self.thread
        severity = f"*{thread.severity.value}* · " if thread.open else ""
        about = self._named_alert
        by = OUTRIDER.name if thread.over and thread.closed and thread.outcome is not None else pieces.who(self._shown)
        how = "corrected " if thread.over and any(not alert.silent for alert in thread.closed) else ""
        how = "the drifted revision was registered " if not thread.findings else how
        when = f"{how}by {by}, {date(alert.occurred)}" if by else date(alert.occurred)
        unknown = "; no event names who made the change" if not by and thread.open else ""
        first = pieces.since(alert) if thread.open else ""
        use = f"\n{plain(about.use[:1].upper() + about.use[1:], 600)}" if about.use else ""
        return f"{severity}{pieces.what(about)} · {pieces.where(alert)}\n{when}{unknown}{first}{use}"

    @property
    def _shown(self) -> Sequence[Alert]:
        """The alerts that say who made a change: of open findings, else of closed ones, else of outcomes."""
        return self.thread.open or self.thread.closed or list(self.thread.outcomes.values())

    @property
    def _named_alert(self) -> Alert:
        """The alert about the subject that the message names, the newest revision first."""
        every = [*self.thread.open, *self.thread.closed, *self.thread.outcomes.values()]
        about = [each for each in every if (each.subject, each.name) == self.subject]
        if self.thread.over:
            return max(about, key=lambda each: each.occurred, default=self.alert)
        return next(iter(about), self.alert)

    def _changes(self) -> Iterator[str]:
        """Yield the diff, the reasons, the command and the statements of what is open, or of what was corrected."""
        outcome, fixable = self.thread.outcome, self._fixable
        if outcome is not None:
            if self.thread.needs_person or not self.notified:
                yield pieces.changed(outcome)
            yield from map(pieces.fragment, outcome.fragments[:_MOST_FRAGMENTS])
        elif fixable is not None:
            yield pieces.changed(fixable)
            yield from map(pieces.fragment, fixable.fragments)
            yield pieces.reasons(fixable)
            yield pieces.command(fixable)
        missing = list(dict.fromkeys(each for alert in self.thread.open for each in alert.statements))
        yield from map(pieces.statement, missing[:_MOST_STATEMENTS])
        if (more := len(missing) - _MOST_STATEMENTS) > 0:
            yield f"{MARK} and {more} more, in the findings' details"

    @property
    def next_step(self) -> str:
        """The one next step: of the last outcome, else of the open finding that the message puts first."""
        outcome, still = self.thread.outcome, bool(self.thread.open)
        if outcome is not None and not (still and outcome.carried_out):
            return outcome.next_step
        return self.alert.next_step if still else ""

    @property
    def context(self) -> str:
        single, alert = self._single, self.thread.outcome or self.alert
        found = [plain(single.rule, 200)] if single is not None else []
        found += (
            [plain(", ".join(alert.rules), 800)]
            if alert.rules and not self.thread.open and not self.thread.closed
            else []
        )
        found += [f"plan {plain(alert.digest, 100)}"] if alert.digest and not alert.command else []
        found += [f"approved by {plain(alert.approved_by, 200)}"] if alert.approved_by else []
        return " · ".join(found)

    def links(self) -> Iterator[tuple[str, str, str]]:
        """Yield the links of a message that is not the last of its thread: key, label and address."""
        alert = self.alert
        if self.thread.over and not self.thread.needs_person and self.thread.findings:
            return
        thing = {Subject.FAMILY.value: "task definition"}.get(alert.subject, alert.subject)
        label = f"Open the {thing}" if alert.subject in set(Subject) else "Open the resource"
        named = [("finding", "Open the finding"), ("resource", label)]
        named += [("rule", "About this rule")] if self._single is not None else []
        yield from _given(alert, named)


def _given(alert: Alert, named: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield the links that an alert has, each with its label."""
    yield from ((key, label, alert.links[key]) for key, label in named if is_address(alert.links.get(key, "")))


def _header(sign: str, word: str, name: str) -> str:
    """Return the sign, what happened, and to what. A name is never a mention."""
    return line(f"{sign} {word}: {name}".translate(_ANGLES), _HEADER)
