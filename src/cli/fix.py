"""`outrider fix`: a task definition with the fixes of its drifted rules."""

import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import engine
from cli.evaluating import DefinitionResult, FileEvaluator, Repairs, by_topic
from cli.exits import CLEAN, DRIFTED, UNUSABLE
from cli.files import Definition, File, read
from cli.inline import comments_in, report_mistakes
from cli.options import EvaluationOptions, taken
from cli.outcome import RuleOutcome, unread_facts
from cli.output.names import FixKind, Outcome
from cli.sources.definition import Wanted
from cli.terminal import line, say
from cli.texts import STDIN
from cli.unusable import Unusable, reason_of
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import FactKind
from domain.remediation.plan import Plan


def fix(given: Namespace) -> int:
    """Print a task definition with its drift fixed, in the shape of the file; return the exit code."""
    if given.write and given.file == STDIN:
        say("Standard input cannot be written to. Name a file, or leave out --write.")
        return UNUSABLE
    by = taken(EvaluationOptions, given)
    file = read(given.file)
    if not by.no_inline:
        report_mistakes(file)
    judge = FileEvaluator.of_options(by).exempting(comments_in(file.text).exemptions)
    corrections = [Correction.of(judge, definition, review=given.review) for definition in file.definitions]
    said, shown = _Once(), _Once()
    rewritten = file.rewritten([Wanted(correction.after, correction.service) for correction in corrections])
    text = rewritten.text
    written = text != file.text or not rewritten.by_hand
    for correction in corrections:
        sentences = correction.sentences(review=given.review, written=written)
        say(said.of(correction, map(correction.definition.around.shown, sentences)))
    for path in rewritten.by_hand:
        where = "/".join(path).replace("containerDefinitions", "containers")
        say(f"{file.name}: {line(where)} is computed there or stands elsewhere. Change it by hand; --diff shows how.")
    if given.diff:
        for correction in corrections:
            for hunk in shown.of(correction, correction.diff(file.name)):
                print(hunk)
    if given.write:
        _write(file, text)
    elif not given.diff:
        _print(text)
    left = rewritten.by_hand or any(correction.left.worst for correction in corrections)
    return DRIFTED if left else CLEAN


@dataclass(frozen=True)
class Correction:
    """One definition, its plan (None if there is none), and the result's evaluation."""

    definition: Definition
    before: DefinitionResult
    plan: Plan | None
    left: DefinitionResult
    trouble: str = ""

    @classmethod
    def of(cls, judge: FileEvaluator, definition: Definition, *, review: bool) -> "Correction":
        if definition.unread:
            before = DefinitionResult(judge.workload(definition.task), (), definition.unread)
            return cls(definition, before, None, before)
        around, origin = definition.around, definition.origin
        before = judge.judge(definition.task, around, origin)
        if before.worst is None:
            return cls(definition, before, None, before)
        repairs = Repairs(judge, before)
        try:
            plan = repairs.everything() if review else repairs.safe()
        except engine.Disagreement as disagreement:
            return cls(definition, before, None, before, str(disagreement))
        later = replace(around, service=plan.after.service)
        return cls(definition, before, plan, judge.judge(plan.after.task, later, origin))

    @property
    def after(self) -> TaskDefinition:
        return self.definition.task if self.plan is None else self.plan.after.task

    @property
    def service(self) -> Service | None:
        return self.definition.around.service if self.plan is None else self.plan.after.service

    def sentences(self, *, review: bool, written: bool) -> Iterator[str]:
        """Yield what was fixed, what needs approval, and what was left, with the reason.

        `written` is whether a part of it is; else all of it has to be made by hand.
        """
        name = self.definition.task.family or "The definition"
        if self.before.outside:
            yield f"{name}: not evaluated; {self.before.outside}."
            return
        if self.before.worst is None:
            yield f"{name}: no drift, not changed."
            return
        if self.trouble:
            yield self.trouble
        fixed = [rule for rule in self.fixed if rule not in self.still]
        if fixed:
            yield f"{name}: {'fixed' if written else 'to be fixed by hand:'} {', '.join(fixed)}."
        if self.plan is not None and self.fixed:
            yield from (f"{name}: {note.text}" for note in self.plan.notes)
            yield from (f"{name}: check this: {reason}" for reason in _reasons(self.plan))
        yield from (
            f"{name}: not fixed: {said.rule.id} ({said.severity}): {self._why_left(said, review=review)}"
            for said in self.left.said
            if said.word is Outcome.DRIFTED
        )

    @property
    def fixed(self) -> tuple[str, ...]:
        """The rules whose fix changed something; one may have fixed only a part."""
        return () if self.plan is None else self.plan.fixes

    @property
    def still(self) -> frozenset[str]:
        """The rules that are drifted afterwards."""
        return frozenset(said.rule.id for said in self.left.said if said.word is Outcome.DRIFTED)

    def _why_left(self, said: RuleOutcome, *, review: bool) -> str:
        if said.rule.id in self.fixed:
            return "a part is fixed; the right value of the rest is not known here."
        if said.refusal:
            return said.refusal
        if said.rule.fix is None:
            return "it has no fix."
        if said.fix is FixKind.REVIEW and not review:
            return "its fix needs approval; --review makes it."
        return "the right value is not known here."

    def diff(self, name: str) -> Iterator[str]:
        """Yield the changes in the form of a unified diff, the names first; values that may be secret are hidden."""
        if self.plan is None or not self.plan.changes:
            return
        yield f"--- {line(name)}\n+++ {line(name)} (fixed)"
        for change in self.plan.changes:
            rows = [f"@@ {line(change.where)} @@{self._place(change.where)}"]
            if change.before is not None:
                rows.append(f"-{line(self.definition.around.shown(change.before))}")
            if change.after is not None:
                rows.append(f"+{line(self.definition.around.shown(change.after))}")
            yield "\n".join(rows)

    def _place(self, where: str) -> str:
        place = None if self.definition.origin is None else self.definition.origin.place(where)
        return f" line {place.line}" if place else ""


@dataclass
class _Once:
    """Texts about definitions, each once for a definition that several services run."""

    task: TaskDefinition | None = None
    texts: set[str] = field(default_factory=set)

    def of(self, correction: Correction, texts: Iterable[str]) -> Iterator[str]:
        """Yield those that were not yielded for the same definition before."""
        if correction.definition.task is not self.task:
            self.task, self.texts = correction.definition.task, set()
        for text in texts:
            if text not in self.texts:
                self.texts.add(text)
                yield text


def _reasons(plan: Plan) -> Iterator[str]:
    """Why a plan is REVIEW, with all rules for which only facts are missing in one."""
    rules, facts = set[str](), set[FactKind]()
    for concern in plan.concerns:
        if concern.facts:
            rules.add(concern.rule)
            facts |= {*concern.facts}
        else:
            yield str(concern)
    if rules:
        yield f"the result is unknown, because {unread_facts(facts)}: {by_topic(rules)}."


def _print(text: str) -> None:
    """Print on standard output; characters that its encoding lacks are written as JSON escapes."""
    if not text.endswith("\n"):
        text += "\n"
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        # What is not ASCII in JSON is within a string.
        text = "".join(letter if letter.isascii() else json.dumps(letter)[1:-1] for letter in text)
    sys.stdout.write(text)


def _write(given: File, text: str) -> None:
    """Write in one step, so that the file is never half written; a link stays a link."""
    if text == given.text:
        say(f"{given.name}: nothing to write.")
        return
    path = Path(given.name).resolve()
    try:
        mode = path.stat().st_mode
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(text.encode(given.encoding))
        try:
            Path(file.name).chmod(mode)
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Unusable(f"{given.name} cannot be written ({reason_of(error)}).") from None
    say(f"{given.name}: written.")
