"""A rule: a named check and, where possible, a fix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import cleandoc

from domain.drift import Code, Doubt, Drift
from domain.facts import FactKind
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

type Check = Callable[[Workload, Standard], Iterator[Drift | Doubt]]
type Fix = Callable[[Workload, Standard], Workload]

_BLOCKS = ("why", "remedy", "by_hand", "configure")


@dataclass(frozen=True, slots=True)
class Rule:
    """A requirement of one kind of subject.

    `title` is the requirement in one line, `why` the reason for it. `remedy` says what the fix does and when it is
    SAFE; a rule without a fix has `by_hand` instead, the step that a person takes. `configure` names the standard's
    fields that the rule reads. These texts may be written as indented blocks.

    `codes` are all codes of its drifts, doubts, refusals and remarks. `needs` are the facts that `check` reads. A rule
    `of_collector` is not evaluated where the task has no collector. One `of_configuration` needs the collector's
    configuration, and is not evaluated where that is in a language that is not read: the CloudWatch agent's JSON, for
    example.
    """

    id: str
    subject: Subject
    severity: Severity
    check: Check
    title: str
    reference: str
    why: str = ""
    remedy: str = ""
    by_hand: str = ""
    configure: str = ""
    codes: tuple[Code, ...] = ()
    needs: frozenset[FactKind] = frozenset()
    fix: Fix | None = None
    of_collector: bool = True
    of_configuration: bool = False

    def __post_init__(self) -> None:
        for name in _BLOCKS:
            object.__setattr__(self, name, cleandoc(getattr(self, name)))
        if self.of_configuration:
            object.__setattr__(self, "needs", self.needs | {FactKind.CONFIGURATION})

    @property
    def of_text(self) -> bool:
        """Whether it is about the text of a parameter: it is the family's where the task definition has that text."""
        return self.of_configuration and self.subject is Subject.PARAMETER

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The kinds of subject that it may have a verdict on."""
        return (self.subject, Subject.FAMILY) if self.of_text else (self.subject,)

    @property
    def topic(self) -> str:
        return self.id.partition(".")[0]

    @property
    def reads(self) -> tuple[str, ...]:
        """What its check reads, for people."""
        documents = (
            ("the task definition", "the service") if self.subject is Subject.SERVICE else ("the task definition",)
        )
        return (*documents, *sorted(kind.value for kind in self.needs))
