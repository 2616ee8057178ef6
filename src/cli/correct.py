"""`outrider correct`: corrects a family or service with the caller's own credentials."""

from argparse import Namespace
from collections.abc import Iterator

from cli.confirmation import confirmed, printed, sentences
from cli.correcting import correcting_of
from cli.evaluating import FileEvaluator
from cli.exits import DONE, NOT_DONE
from cli.options import StackOptions, taken
from cli.progress import Line, diff
from cli.terminal import Style, say
from domain.drift import Safety
from domain.remediation.plan import Plan


def correct(given: Namespace) -> int:
    """Correct what drifted; return the exit code."""
    where = taken(StackOptions, given)
    standard = FileEvaluator.of(given.standard, None).standard if given.standard is not None else None
    with sentences(where):
        correcting = correcting_of(where, standard)
        found = correcting.proposed(given.what, given.plan)
        printed(_shown(found))
        service = found.before.service
        if not (
            given.yes or confirmed(f"{'Register it' if service is None else f'Update {service.title}'}?", "changed")
        ):
            return NOT_DONE
        if service is not None:
            correcting.update(found)
            say(f"{service.title} is being updated. Check that its new tasks and their collectors run.")
            return DONE
        registered, follows = correcting.register(found)
        printed([Line(f"{registered} is registered.")])
        if not follows:
            say(
                f"Somebody else registered {registered.family} at the same moment, and {registered} is a correction of"
                f" {found.before.revision}. Deregister {registered} unless you want it."
            )
        return DONE if follows else NOT_DONE


def _shown(plan: Plan) -> Iterator[Line]:
    """Yield the plan: the diff, whether the fix is safe, and what happens next."""
    service, source = plan.before.service, plan.before.revision
    yield Line(f"{service.title if service is not None else source}, plan {plan.digest}", style=Style.BOLD)
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
