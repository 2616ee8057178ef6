"""The sessions that a command calls AWS with, and the deployed stack that it reads."""

from aws.sessions import UNBOUNDED, Rates, Sessions
from aws.stacks import Stack, Stacks
from cli.failures import NO_REGION, RequestFailed
from cli.options import AwsOptions
from domain.members import Members


def connected(given: AwsOptions, members: Members | None = None, rates: Rates = UNBOUNDED) -> Sessions:
    """Return sessions with the credentials and in the region that were given; raise RequestFailed without a region.

    Raises CallFailed if the credentials' profile does not exist.
    """
    aws = Sessions(members, given.named_region[1] or None, profile=given.profile or None, rates=rates)
    if not aws.region:
        raise RequestFailed(NO_REGION)
    return aws


def deployed(aws: Sessions, name: str, *outputs: str) -> Stack:
    """Return a stack that has these outputs; raise RequestFailed if there is none.

    Raises CallFailed if it cannot be read.
    """
    stack = Stacks(aws).stack(name)
    if stack is None:
        raise RequestFailed(
            f"There is no stack {name} in {aws.region}. Name it with --stack, and its region with --region."
        )
    missing = next((output for output in outputs if not stack.outputs.get(output)), None)
    if missing is not None:
        raise RequestFailed(f"The stack {name} is not Outrider's: it has no output {missing}.")
    return stack
