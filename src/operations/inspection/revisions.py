"""Revisions: the content of each, from the ledger where it is known. The content never changes."""

from dataclasses import dataclass

from aws.ecs import Ecs
from aws.ledger import Ledger
from domain.collector.distributions import configuration_variables
from domain.ecs.container import Container
from domain.ecs.recognition import config_uris
from domain.ecs.task_definition import TaskDefinition
from domain.places import Revision
from domain.subject import SubjectId


@dataclass(frozen=True, slots=True)
class Revisions:
    """Reads revisions and stores them in the ledger."""

    ecs: Ecs
    ledger: Ledger

    def read(self, revision: Revision) -> TaskDefinition | None:
        """Return a revision, active or not; None if it does not exist."""
        kept = self.ledger.revisions.kept(revision)
        return kept or self._keep(self.ecs.task_definition(revision.place, revision.arn), revision)

    def newest(self, family: SubjectId, known: int = 0, evaluated: int = 0) -> TaskDefinition | None:
        """Return the newest active revision; from the ledger if its number is `known`.

        The revision that was `evaluated` last is stored already, unless nobody read it for long.
        """
        if known:
            kept = self.ledger.revisions.kept(Revision(family.place, family.name, known))
            if kept is not None and kept.active:
                return kept
        task = self.ecs.task_definition(family.place, family.name)
        if task is None or not task.active:
            return None
        revision = task.revision
        if revision is not None and revision.number == evaluated and self.ledger.revisions.kept(revision) is not None:
            return task
        return self._keep(task, revision)

    def active(self, revision: Revision) -> TaskDefinition | None:
        """Return a revision as ECS describes it now; None if it is not active."""
        task = self.ecs.task_definition(revision.place, revision.arn)
        return task if task is not None and task.active else None

    def _keep(self, task: TaskDefinition | None, revision: Revision | None) -> TaskDefinition | None:
        if task is not None and revision is not None and not any(map(_is_configured_in_plain, task.containers)):
            self.ledger.revisions.keep(revision, task.without_values())
        return task


def _is_configured_in_plain(container: Container) -> bool:
    """Whether an environment value holds the configuration: such a revision is not stored."""
    named = {uri.removeprefix("env:").partition(":-")[0] for uri in config_uris(container) if uri.startswith("env:")}
    return bool((named | configuration_variables()) & container.environment.keys())
