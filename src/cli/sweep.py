"""`outrider sweep`: has the deployed stack evaluate everything again, or a part of it."""

from argparse import Namespace

from pydantic import ValidationError

from aws.state_machines import StateMachines
from cli.confirmation import printed, sentences
from cli.deployed import connected, deployed
from cli.exits import CLEAN
from cli.failures import failures_as_sentences
from cli.options import StackOptions, taken
from cli.progress import Line
from cli.unusable import Unusable
from domain.sweeping import SweepRequest

_POLICY = "docs/runbook.md has the policy that this command needs."


def sweep(given: Namespace) -> int:
    """Start a sweep; return the exit code."""
    where, request = taken(StackOptions, given), _request(given)
    with sentences(where), failures_as_sentences(_POLICY):
        name = _started(where, request)
    covered = " `outrider coverage` shows what it covered, when it has ended." if request.scope.everything else ""
    printed([Line(f"Sweep {name} was started. If another one runs, it ends at once and does nothing.{covered}")])
    return CLEAN


def _request(given: Namespace) -> SweepRequest:
    try:
        return SweepRequest(
            account=given.account,
            region=given.only_region,
            cluster=given.cluster,
            family=given.family,
            quiet=given.quiet,
        )
    except ValidationError:
        if given.cluster and given.family:
            raise Unusable("--cluster and --family cannot be combined. Leave one of them out.") from None
        raise Unusable("--account takes 12 digits, and --only-region a region such as eu-west-1.") from None


def _started(where: StackOptions, request: SweepRequest) -> str:
    aws = connected(where)
    machine = deployed(aws, where.stack, "SweepMachine").outputs["SweepMachine"]
    return StateMachines(aws).start(machine, request.model_dump_json(exclude_defaults=True))
