"""Evaluate a parameter or role from the verdicts of the families that use it. Makes no AWS call."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain.findings.dependents import combined, users_of_all
from domain.subject import Subject
from operations.inspection.job import Inspected, Job


@dataclass(frozen=True, slots=True)
class DependencyEvaluator:
    """Evaluates parameters and roles."""

    now: Callable[[], datetime]

    def evaluate(self, job: Job) -> Inspected:
        """Evaluate by the verdicts that each family's evaluation recorded.

        If no family uses the subject any more, its findings are gone.
        """
        on, dependents = job.subject, job.history.dependents
        resource = on.name if on.kind is Subject.ROLE else on.place.arn("ssm", "parameter/" + on.name.removeprefix("/"))
        return Inspected(
            job,
            resource,
            self.now(),
            verdicts=list(combined(on, dependents).values()),
            users=users_of_all(dependents),
        )
