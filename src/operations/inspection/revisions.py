"""Revisions: what each contains, from the ledger where it is known; that never changes."""

from dataclasses import dataclass

from aws.ecs import Ecs
from aws.ledger import Ledger
from domain.ecs.container import Container
from domain.ecs.task_definition import TaskDefinition
from domain.places import Revision
from domain.subject import SubjectId
from domain.workload import CONFIG_VARIABLE, config_uris


@dataclass(frozen=True, slots=True)
class Revisions:
    """Reads revisions, and keeps in the ledger what it read."""

    ecs: Ecs
    ledger: Ledger

    def read(self, revision: Revision) -> TaskDefinition | None:
        """A revision, whether it is active or not."""
        kept = self.ledger.revisions.kept(revision)
        return kept or self._keep(self.ecs.task_definition(revision.place, revision.arn), revision)

    def newest(self, family: SubjectId, known: int = 0) -> TaskDefinition | None:
        """The newest active revision; from the ledger where its number is `known`."""
        if known and (kept := self.ledger.revisions.kept(Revision(family.place, family.name, known))) is not None:
            return kept
        task = self.ecs.task_definition(family.place, family.name)
        if task is None or not task.active:
            return None
        return self._keep(task, Revision.parse(task.arn or ""))

    def active(self, revision: Revision) -> TaskDefinition | None:
        """A revision as ECS describes it now; None where it is not active."""
        task = self.ecs.task_definition(revision.place, revision.arn)
        return task if task is not None and task.active else None

    def forget(self, revision: Revision) -> None:
        """A revision that is no longer active is not to be evaluated from the ledger."""
        self.ledger.revisions.forget(revision)

    def _keep(self, task: TaskDefinition | None, revision: Revision | None) -> TaskDefinition | None:
        if task is not None and revision is not None and not any(map(_is_configured_in_plain, task.containers)):
            self.ledger.revisions.keep(revision, task.without_values())
        return task


def _is_configured_in_plain(container: Container) -> bool:
    """A configuration in a plain value is evaluated, and not kept: such a revision is read each time."""
    named = {uri.removeprefix("env:").partition(":-")[0] for uri in config_uris(container) if uri.startswith("env:")}
    return bool((named | {CONFIG_VARIABLE}) & container.environment.keys())
