"""The deployed stack that a command reads."""

from aws.sessions import Sessions
from aws.stacks import Stack, Stacks
from cli.failures import NO_REGION, RequestFailed


def deployed(aws: Sessions, name: str, *outputs: str) -> Stack:
    """Return a stack that has these outputs; raise RequestFailed if there is none.

    Raises CallFailed if it cannot be read.
    """
    if not aws.region:
        raise RequestFailed(NO_REGION)
    stack = Stacks(aws).stack(name)
    if stack is None:
        raise RequestFailed(
            f"There is no stack {name} in {aws.region}. Name it with --stack, and its region with --region."
        )
    missing = next((output for output in outputs if not stack.outputs.get(output)), None)
    if missing is not None:
        raise RequestFailed(f"The stack {name} is not Outrider's: it has no output {missing}.")
    return stack
