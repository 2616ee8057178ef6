"""A service runs a revision that is no worse than its family's newest.

Why: a corrected revision helps nobody while the service runs the old one. Only rules that the running revision breaks
and the newest keeps are named; what both break is told of the family.

Fix: SAFE where the standard lets Outrider deploy; the service moves to the family's newest revision by UpdateService,
which starts a deployment.

Configure: the rule's mode; what is a drift is for the family's own rules to say.
"""

from collections.abc import Iterator

from domain.drift import Drift, Refusal
from domain.facts import FactKind, Known
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """One drift that names the rules, as severe as the worst of them."""
    match workload.service, workload.facts.newest:
        case service, Known(newest) if (
            service is not None and newest.mended and service.task_definition != newest.revision
        ):
            rules = ", ".join(rule for rule, _ in newest.mended)
            running, wanted = (arn.rpartition("/")[2] for arn in (service.task_definition, newest.revision))
            why = f"{service.title} runs {running}, which breaks {rules}; the newest revision {wanted} does not."
            yield Drift("service/taskDefinition", why, max(severity for _, severity in newest.mended))


def fix(workload: Workload, standard: Standard) -> Workload:
    """Run the newest revision."""
    match workload.service, workload.facts.newest:
        case service, Known(newest) if service is not None:
            return workload.with_service(service.with_(taskDefinition=newest.revision))
    raise Refusal("The family's newest revision is not at hand.")


RULE = Rule(
    id="service.revision",
    subject=Subject.SERVICE,
    severity=Severity.CRITICAL,
    check=check,
    fix=fix,
    needs=frozenset({FactKind.NEWEST}),
    of_collector=False,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-service-console-v2.html",
    doc=__doc__,
)
