"""A rule: a named check and, where possible, a fix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from domain.drift import Doubt, Drift
from domain.facts import FactKind
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

type Check = Callable[[Workload, Standard], Iterator[Drift | Doubt]]
type Fix = Callable[[Workload, Standard], Workload]


@dataclass(frozen=True, slots=True)
class Rule:
    """`needs` are the facts that `check` reads. A rule `of_collector` says nothing where no collector stands."""

    id: str
    subject: Subject
    severity: Severity
    check: Check
    doc: str
    reference: str
    needs: frozenset[FactKind] = frozenset()
    fix: Fix | None = None
    of_collector: bool = True

    @property
    def title(self) -> str:
        """The first line of its docstring: what it demands."""
        return self.doc.strip().partition("\n")[0].rstrip(".")

    @property
    def topic(self) -> str:
        return self.id.partition(".")[0]
