"""What may be corrected: the catalogue's rules, each with its mode within what the stack allows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.rule import Rule
from domain.standard import Mode, Standard
from domain.subject import Subject
from domain.workload import Workload

MOVES = "service.revision"
"""The rule whose fix moves a service to another revision. Without approval that is only Outrider's own correction."""


@dataclass(frozen=True, slots=True)
class Planner:
    """The rules of a catalogue, and the highest mode that the stack allows."""

    catalogue: Sequence[Rule]
    cap: Mode

    def rules(self, *, of_service: bool) -> list[Rule]:
        """The rules that evaluate a service, or a revision: on its family, and on the parameters and roles it uses."""
        return [rule for rule in self.catalogue if (rule.subject is Subject.SERVICE) is of_service]

    def mode(self, rule: Rule, workload: Workload, standard: Standard) -> Mode:
        """What is done about a drift of this rule without approval."""
        return standard.setting(rule, workload).unasked.capped(self.cap)

    def modes(self, rules: Iterable[str], workload: Workload, standard: Standard) -> Mode:
        """The lowest mode of these rules; OFF for none, and for a rule that the catalogue no longer has."""
        by_id = {rule.id: rule for rule in self.catalogue}
        found = (self.mode(by_id[id_], workload, standard) if id_ in by_id else Mode.OFF for id_ in rules)
        return min(found, key=lambda mode: mode.rank, default=Mode.OFF)
