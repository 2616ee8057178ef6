"""`outrider correct`: corrects a family or service with the caller's own credentials."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from cli.check import FileName
from cli.confirmation import Yes, confirmed, printed, sentences
from cli.correcting import correcting_of
from cli.evaluating import FileEvaluator
from cli.exits import DONE, NOT_DONE
from cli.files import named
from cli.progress import Line, diff
from cli.terminal import say
from domain.drift import Safety
from domain.remediation.plan import Plan
from settings import first_set


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class CorrectionOptions:
    """The options that name the standard, the stack and the region."""

    standard: Annotated[
        FileName, Parameter(help="The standard to evaluate by, instead of the stack's. No stack is needed then.")
    ] = None
    stack: Annotated[str, Parameter(metavar="NAME", help="The stack's name (default: outrider).")] = "outrider"
    region: Annotated[
        str, Parameter(metavar="REGION", help="The region (default: that of your AWS configuration).")
    ] = ""


_OF_THE_STACK = CorrectionOptions()


def correct(
    what: str,
    /,
    *,
    plan: Annotated[str, Parameter(metavar="DIGEST")] = "",
    yes: Yes = False,
    by: CorrectionOptions = _OF_THE_STACK,
) -> int:
    """Correct what drifted; return the exit code.

    Parameters
    ----------
    what
        A family, CLUSTER/SERVICE, the ARN of either, or a finding's Id.
    plan
        The digest of the plan that you have read. If the plan has changed since, nothing is changed.
    """
    given = FileEvaluator.of(by.standard, None).standard if by.standard is not None else None
    region = ("--region", by.region) if by.region else first_set("AWS_REGION", "AWS_DEFAULT_REGION")
    with sentences(region):
        correcting = correcting_of(by.stack, region[1], given)
        found = correcting.proposed(named(what), plan)
        printed(_shown(found))
        service = found.before.service
        if not (yes or confirmed(f"{'Register it' if service is None else f'Update {service.title}'}?", "changed")):
            return NOT_DONE
        if service is not None:
            correcting.update(found)
            say(f"{service.title} is being updated. Check that its new tasks and their collectors run.")
            return DONE
        registered, follows = correcting.register(found)
        printed(iter([Line(f"{registered} is registered.")]))
        if not follows:
            say(
                f"Somebody else registered {registered.family} at the same moment, and {registered} is a correction of"
                f" {found.before.revision}. Deregister {registered} unless you want it."
            )
        return DONE if follows else NOT_DONE


def _shown(plan: Plan) -> Iterator[Line]:
    """Yield the plan: the diff, whether the fix is safe, and what happens next."""
    service, source = plan.before.service, plan.before.revision
    yield Line(f"{service.title if service is not None else source}, plan {plan.digest}", style="bold")
    yield Line(f"Corrects {', '.join(plan.fixes)}.", 1)
    yield from diff(plan.changes, 0)
    yield from (Line(note.text, 1) for note in plan.notes)
    if plan.safety is Safety.SAFE:
        yield Line("The fix is safe.", 1)
    else:
        yield Line("Decide on this first:", 1)
        yield from (Line(reason, 2) for reason in plan.reasons)
    if service is not None:
        yield Line(f"{service.title} is updated. Only its deployment circuit breaker can roll it back.", 1)
        return
    yield Line(
        f"A corrected revision is registered. Services run {source} until they are updated; tasks that are started by"
        " the family's name use it at once.",
        1,
    )
