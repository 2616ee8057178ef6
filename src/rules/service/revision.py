"""Rule service.revision."""

from collections.abc import Iterator

from domain.assumptions import NewestNoWorse
from domain.drift import Code, Drift, Refusal
from domain.facts import FactKind, Known
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    OUTDATED = "revision-outdated", "The family's newest revision keeps rules that the running one does not."
    NEWEST_UNKNOWN = "newest-unknown", "No fix: the family's newest revision is not known."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield one drift that names the rules: their own findings, on the family, have their severities."""
    match workload.service, workload.facts.newest:
        case service, Known(newest) if (
            service is not None and newest.fixed and service.task_definition != newest.revision
        ):
            running, wanted = (arn.rpartition("/")[2] for arn in (service.task_definition, newest.revision))
            issues, them = ("1 issue", "it") if len(newest.fixed) == 1 else (f"{len(newest.fixed)} issues", "them")
            why = (
                f"{service.title} still runs {running} ({issues}: {', '.join(newest.fixed)}). {wanted} fixes {them}:"
                f" redeploy with {wanted}."
            )
            yield Drift(Kind.OUTDATED, "service/taskDefinition", why, running, wanted)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Run the newest revision."""
    match workload.service, workload.facts.newest:
        case service, Known(newest) if service is not None:
            return workload.with_service(service.with_(taskDefinition=newest.revision)).assuming(NewestNoWorse())
    raise Refusal(Kind.NEWEST_UNKNOWN, "The family's newest revision is not known.")


RULE = Rule(
    id="service.revision",
    title="Services should run a revision that is no worse than its family's newest",
    why="""
        A corrected revision has no effect while the service runs the old one. The finding names only the rules by which
        the running revision drifts and the newest does not. It is LOW, because the family's findings about these rules
        stay open until no service runs the old revision, each with its own severity. This one adds which service it is,
        and the plan that moves it.
    """,
    remedy="""
        SAFE where the standard lets Outrider deploy; REVIEW where the newest revision breaks, or may break, a rule that
        the running one keeps. UpdateService moves the service to the family's newest revision,
        which starts a deployment.
    """,
    configure="The rule's mode. Whether a revision drifts is decided by the family's own rules.",
    subject=Subject.SERVICE,
    severity=Severity.LOW,
    codes=tuple(Kind),
    needs=frozenset({FactKind.NEWEST}),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-service-console-v2.html",
)
