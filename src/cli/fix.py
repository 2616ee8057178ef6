"""`outrider fix`: a task definition with the fixes of its drifted rules."""

import json
import re
import sys
from argparse import Namespace
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import engine
from cli.certainty import because_of
from cli.evaluating import DefinitionResult, FileEvaluator, Repairs, by_topic
from cli.exits import CLEAN, DRIFTED
from cli.inline import comments_in, report_mistakes
from cli.layers import saying_which_do_not_count
from cli.options import EvaluationOptions, taken
from cli.outcome import RuleOutcome, unread_facts
from cli.output.names import FixKind, Outcome
from cli.replacing import replacing
from cli.sources.definition import Definition, File, Origin, Wanted
from cli.sources.detection import Reader, read_file
from cli.sources.nodes import Edited, Path
from cli.terminal import line, say
from cli.texts import STDIN, Text, encoded
from cli.unusable import Unusable
from domain.drift import Safety
from domain.ecs.task_definition import TaskDefinition
from domain.facts import FactKind
from domain.remediation.plan import Change, Plan

_NAME = re.compile(r"""(?:!(?:Ref|GetAtt) )?[\w.:-]+|\{\s*"Ref"\s*:\s*"[\w:]+"\s*\}""", re.ASCII)
"""An expression that names something, and has no text in it."""
_TEXT = r"""(?:[^"'$\\\n]|\$\{[\w.:-]+\})*"""
_TEMPLATE = re.compile(
    rf"""(?:!Sub )?"{_TEXT}"|!Sub '{_TEXT}'|!Sub (?!\[){_TEXT}|\{{\s*"Fn::Sub"\s*:\s*"{_TEXT}"\s*\}}""", re.ASCII
)
"""An expression whose texts are all in its value: of a call or a choice, others may be secret."""


def fix(given: Namespace) -> int:
    """Print a task definition with its drift fixed, in the shape of the file; return the exit code."""
    if given.write:
        _refuse_to_write(given)
    by = taken(EvaluationOptions, given)
    file = read_file(given.file)
    if not by.no_inline:
        report_mistakes(file)
    judge = FileEvaluator.of_options(by).exempting(comments_in(file.text).exemptions)
    (file,) = saying_which_do_not_count([file], judge)
    corrections, rewritten = _written(file, judge, review=given.review)
    said, shown, text = _Once(), _Once(), rewritten.text
    for correction in corrections:
        sentences = correction.sentences(review=given.review)
        say(said.of(correction, map(correction.definition.around.shown, sentences)))
    for path in rewritten.by_hand:
        say(_by_hand(file.name, path, corrections))
    if given.diff:
        after = file if text == file.text else Reader().text(Text(file.name, text, file.encoding))
        for correction, definition in zip(corrections, after.definitions, strict=True):
            for hunk in shown.of(correction, correction.diff(file.name, definition.origin)):
                print(hunk)
    if given.write:
        _write(file, text)
    elif not given.diff:
        _print(text)
    left = rewritten.by_hand or any(correction.left.worst for correction in corrections)
    return DRIFTED if left else CLEAN


def _refuse_to_write(given: Namespace) -> None:
    if given.file == STDIN:
        raise Unusable("Standard input cannot be written to. Name a file, or leave out --write.")
    if given.diff:
        raise Unusable("--diff prints what --write would change. Leave out one of them.")


def _written(file: File, judge: FileEvaluator, *, review: bool) -> "tuple[Sequence[Correction], Edited]":
    """Return the corrections and what is written of them: all changes of a rule's fix, or none of them."""
    corrections = [Correction.of(judge, definition, review=review) for definition in file.definitions]
    by_hand = dict[Path, None]()
    while True:
        rewritten = file.rewritten([correction.wanted for correction in corrections])
        by_hand |= dict.fromkeys(rewritten.by_hand)
        fewer = corrections
        if rewritten.text == file.text and rewritten.by_hand:
            fewer = [correction.without(frozenset(correction.fixed)) for correction in corrections]
        elif rewritten.by_hand:
            found = {*rewritten.by_hand}
            own = [file.rewritten(_alone(correction, corrections)).by_hand for correction in corrections]
            together = found.difference(*own)
            pairs = zip(corrections, own, strict=True)
            fewer = [each.without(each.fixes_of(found & {*paths} | together)) for each, paths in pairs]
        if all(one is other for one, other in zip(fewer, corrections, strict=True)):
            return corrections, Edited(rewritten.text, (*by_hand,))
        corrections = fewer


def _alone(correction: "Correction", all_of_them: "Sequence[Correction]") -> Sequence[Wanted]:
    """Return what is wanted of a file in which only one definition is corrected, with all services that run it."""
    task, wanted = correction.definition.task, correction.wanted
    return [
        wanted
        if each is correction
        else Wanted(wanted.task if each.definition.task is task else each.definition.task, each.as_it_is.service)
        for each in all_of_them
    ]


def _named(path: Path) -> str:
    """Return a path as changes name it; of an item without a name, that of its list."""
    return "/".join(filter(None, path)).replace("containerDefinitions", "containers", 1)


def _is_at(change: Change, path: Path) -> bool:
    """Return whether a change is at a place of the task definition or the service, below or above it."""
    place, where = f"{_named(path)}/", f"{change.where.removeprefix('service/')}/"
    return where.startswith(place) or place.startswith(where)


def _by_hand(file: str, path: Path, corrections: "Iterable[Correction]") -> Iterator[str]:
    """Yield for each line where a change is not written why, and what to do."""
    found = [(correction, change) for correction in corrections for change in correction.changes_at(path)]
    if found and all(change.before is None for _, change in found):
        why = "is not there, and cannot be added here. Add it by hand; --diff shows how."
    else:
        why = "is computed, stands elsewhere or is used elsewhere too. Change it by hand; --diff shows how."
    places = {correction.line_of(change.where): None for correction, change in found}
    for place in places or ("",):
        yield f"{file}{place and f',{place}'}: {line(_named(path))} {why}"


@dataclass(frozen=True)
class Correction:
    """One definition, its plan (None if there is none), and the result's evaluation.

    `made` is the plan that is written. `by_hand` are the rules whose fixes cannot be written, so that it has none of
    them.
    """

    definition: Definition
    before: DefinitionResult
    plan: Plan | None
    left: DefinitionResult
    trouble: str = ""
    made: Plan | None = None
    by_hand: frozenset[str] = frozenset()
    repairs: Repairs | None = field(default=None, compare=False)

    @classmethod
    def of(cls, judge: FileEvaluator, definition: Definition, *, review: bool) -> "Correction":
        if definition.unread:
            before = DefinitionResult(judge.workload(definition.task), (), definition.unread)
            return cls(definition, before, None, before)
        judge = judge.of_account(definition.task)
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
        left = judge.judge(plan.after.task, later, origin)
        return cls(definition, before, plan, left, made=plan, repairs=repairs)

    def fixes_of(self, paths: Collection[Path]) -> frozenset[str]:
        """Return the rules whose fixes change something at these places, below or above them."""
        if not paths or self.repairs is None:
            return frozenset()
        return frozenset(
            rule
            for rule in self.repairs.selected
            if rule in self.fixed
            for change in self._changes_of(rule)
            if any(_is_at(change, path) for path in paths)
        )

    def changes_at(self, path: Path) -> Sequence[Change]:
        """Return the changes at a place that are not written, above or below it."""
        plan, made = self.plan, () if self.made is None else self.made.changes
        return [] if plan is None else [each for each in plan.changes if each not in made and _is_at(each, path)]

    def _changes_of(self, rule: str) -> Sequence[Change]:
        """Return what a rule's fix changes, made alone; if it is not made alone, all that is changed."""
        if self.repairs is None or self.plan is None:
            return ()
        try:
            return self.repairs.only([rule]).changes
        except engine.Disagreement:
            return self.plan.changes

    def without(self, rules: frozenset[str]) -> "Correction":
        """Return the correction that writes nothing of these rules' fixes, nor of what belongs to them."""
        if self.plan is None or self.repairs is None or rules <= self.by_hand:
            return self
        by_hand = self.by_hand | rules
        chosen = [rule for rule in self.repairs.selected if rule in self.fixed and rule not in by_hand]
        try:
            made = self.repairs.only(chosen)
        except engine.Disagreement:
            return replace(self, by_hand=by_hand, made=None)
        # Without the others, what is left may need an approval that all of them together do not.
        return replace(self, by_hand=by_hand, made=made if made.safety in {Safety.SAFE, self.plan.safety} else None)

    @property
    def wanted(self) -> Wanted:
        """What is written: the definition and its service."""
        return self.as_it_is if self.made is None else Wanted(self.made.after.task, self.made.after.service)

    @property
    def as_it_is(self) -> Wanted:
        return Wanted(self.definition.task, self.definition.around.service)

    def sentences(self, *, review: bool) -> Iterator[str]:
        """Yield what was fixed, what must be made by hand, what needs approval, and what was left, with the reason."""
        name = self.definition.task.family or "The definition"
        if self.before.outside:
            yield f"{name}: not evaluated; {self.before.outside}."
            return
        if self.before.worst is None:
            yield f"{name}: no drift, not changed."
            return
        if self.trouble:
            yield self.trouble
        written = () if self.made is None else self.made.fixes
        fixed = [rule for rule in written if rule not in self.still]
        if fixed:
            yield f"{name}: fixed {', '.join(fixed)}."
        by_hand = [rule for rule in self.fixed if rule not in {*written, *self.still}]
        if by_hand:
            yield f"{name}: to be fixed by hand: {', '.join(by_hand)}."
        if self.plan is not None and self.fixed:
            yield from (f"{name}: {note.text}" for note in self.plan.notes)
            yield from (f"{name}: check this: {reason}" for reason in _reasons(self.plan))
            varying = [rule for rule in written if review and self.repairs is not None and self.repairs.varies(rule)]
            if varying:
                why = because_of(self.definition.around.unresolved)
                rules = ", ".join(varying)
                yield f"{name}: check this: what is written for {rules} may not fit each deployment: {why}."
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
        if said.rule.id in self.by_hand:
            return "a part must be fixed by hand; the right value of the rest is not known here."
        if said.rule.id in self.fixed:
            return "a part is fixed; the right value of the rest is not known here."
        if said.refusal:
            return said.refusal
        if said.rule.fix is None:
            return "it has no fix."
        if said.fix is FixKind.REVIEW and not review:
            return "its fix needs approval; --review makes it."
        if said.fix is FixKind.SAFE:
            return "its fix depends on what was fixed now; run the command again."
        return "the right value is not known here."

    def diff(self, name: str, after: Origin | None) -> Iterator[str]:
        """Yield the changes in the form of a unified diff, the names first; values that may be secret are hidden.

        `after` has what is written, so that an expression is shown where one is.
        """
        if self.plan is None or not self.plan.changes:
            return
        yield f"--- {line(name)}\n+++ {line(name)} (fixed)"
        made = () if self.made is None else self.made.changes
        for change in self.plan.changes:
            is_made = change in made
            rows = [f"@@ {line(change.where)} @@{self.line_of(change.where)}{'' if is_made else ' (by hand)'}"]
            if change.before is not None:
                rows.append(f"-{line(self.definition.around.shown(change.before))}")
            if change.after is not None:
                written = _expression(change, after) if is_made else None
                rows.append(f"+{line(written or self.definition.around.shown(change.after))}")
            yield "\n".join(rows)

    def line_of(self, where: str) -> str:
        """Return the line of a place with a blank before it; nothing if it is not known."""
        place = None if self.definition.origin is None else self.definition.origin.place(where)
        return f" line {place.line}" if place else ""


def _expression(change: Change, after: Origin | None) -> str | None:
    """Return the expression that is written for a value, if it has no text that people may not see."""
    written, value = (after.expression(change.where) if after is not None else None) or ("", None)
    may_be_seen = _NAME.fullmatch(written) or (change.after == str(value) and _TEMPLATE.fullmatch(written))
    return written if may_be_seen and written.strip("\"'") != value else None


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
    if text == given.text:
        say(f"{given.name}: nothing to write.")
        return
    with replacing(given.name) as file:
        file.write(encoded(text, given.encoding))
    say(f"{given.name}: written.")
