"""`outrider correct`: the correction of a family or service, made with the caller's own credentials."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from cli.asking import Yes, agreed, printed, sentences
from cli.check import FileName
from cli.correcting import correcting_of
from cli.exits import DONE, NOT_DONE
from cli.files import named
from cli.judging import Judge
from cli.progress import Line, diff
from cli.terminal import say
from domain.drift import Safety
from domain.remediation.plan import Plan
from settings import first_set


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class By:
    """By what it is judged."""

    standard: Annotated[
        FileName, Parameter(help="The standard to judge by, instead of the stack's. Then no stack is needed.")
    ] = None
    stack: Annotated[str, Parameter(metavar="NAME", help="The stack's name; outrider where none is given.")] = (
        "outrider"
    )
    region: Annotated[str, Parameter(metavar="REGION", help="The region, instead of your configuration's.")] = ""


_OF_THE_STACK = By()


def correct(
    what: str,
    /,
    *,
    plan: Annotated[str, Parameter(metavar="DIGEST")] = "",
    yes: Yes = False,
    by: By = _OF_THE_STACK,
) -> int:
    """Correct what drifts; the exit code.

    Parameters
    ----------
    what
        A family, CLUSTER/SERVICE, the ARN of either, or a finding's Id.
    plan
        The plan that you have seen, by its digest: where it is another by now, nothing is changed.
    """
    given = Judge.of(by.standard, None).standard if by.standard is not None else None
    region = ("--region", by.region) if by.region else first_set("AWS_REGION", "AWS_DEFAULT_REGION")
    with sentences(region):
        correcting = correcting_of(by.stack, region[1], given)
        found = correcting.proposed(named(what), plan)
        printed(_shown(found))
        service = found.before.service
        if not (yes or agreed(f"{'Register it' if service is None else f'Update {service.title}'}?", "changed")):
            return NOT_DONE
        if service is not None:
            correcting.update(found)
            say(f"{service.title} is being updated. See that its new tasks and their collectors run.")
            return DONE
        registered, follows = correcting.register(found)
        printed(iter([Line(f"{registered} is registered.")]))
        if not follows:
            say(
                f"Somebody else registered {registered.family} at the same moment, and {registered} is made from"
                f" {found.before.revision}. Deregister {registered} unless it is what you want."
            )
        return DONE if follows else NOT_DONE


def _shown(plan: Plan) -> Iterator[Line]:
    """The plan: the diff, whether it is safe, and what comes of it."""
    service, source = plan.before.service, plan.before.revision
    yield Line(f"{service.title if service is not None else source}, plan {plan.digest}", style="bold")
    yield Line(f"Corrects {', '.join(plan.fixes)}.", 1)
    yield from diff(plan.changes, 0)
    yield from (Line(note.text, 1) for note in plan.notes)
    if plan.safety is Safety.SAFE:
        yield Line("It is safe.", 1)
    else:
        yield Line("Decide on this first:", 1)
        yield from (Line(reason, 2) for reason in plan.reasons)
    if service is not None:
        yield Line(f"{service.title} is updated. Nothing sets it back but its deployment circuit breaker.", 1)
        return
    yield Line(
        f"A corrected revision is registered. Services keep {source} until they are updated; tasks that are started by"
        " the family's name get it at once.",
        1,
    )
