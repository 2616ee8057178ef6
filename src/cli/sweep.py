"""`outrider sweep`: has the deployed stack evaluate everything again, or a part of it."""

from argparse import Namespace
from dataclasses import dataclass

from pydantic import ValidationError

from aws.sessions import Sessions
from aws.state_machines import StateMachines
from cli.confirmation import printed, sentences
from cli.deployed import deployed
from cli.exits import CLEAN
from cli.failures import failures_as_sentences
from cli.options import StackOptions, taken
from cli.progress import Line
from cli.unusable import Unusable
from domain.sweeping import SweepRequest

_POLICY = "docs/runbook.md has the policy that this command needs."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What the sweep is limited to."""

    account: str = ""
    only_region: str = ""
    cluster: str = ""
    family: str = ""
    quiet: bool = False


def sweep(given: Namespace) -> int:
    """Start a sweep; return the exit code."""
    where, request = taken(StackOptions, given), _request(taken(_Part, given))
    with sentences(where), failures_as_sentences(_POLICY):
        name = _started(where, request)
    covered = " `outrider coverage` shows what it covered, when it has ended." if request.scope.everything else ""
    printed(iter([Line(f"Sweep {name} was started. If another one runs, it ends at once and does nothing.{covered}")]))
    return CLEAN


def _request(part: _Part) -> SweepRequest:
    try:
        return SweepRequest(
            account=part.account, region=part.only_region, cluster=part.cluster, family=part.family, quiet=part.quiet
        )
    except ValidationError:
        if part.cluster and part.family:
            raise Unusable("--cluster and --family cannot be combined. Leave one of them out.") from None
        raise Unusable("--account takes 12 digits, and --only-region a region such as eu-west-1.") from None


def _started(where: StackOptions, request: SweepRequest) -> str:
    name, aws = where.stack, Sessions(region=where.named_region[1] or None, profile=where.profile or None)
    machine = deployed(aws, name, "SweepMachine").outputs["SweepMachine"]
    return StateMachines(aws).start(machine, request.model_dump_json(exclude_defaults=True))
