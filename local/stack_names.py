"""Names that CloudFormation gives: a stack that is created again under its name has other ones, as on AWS.

ministack makes them of the names of stack and resource alone, so that a retained table would be taken over, and the
roles of a deleted stack would be back.
"""

from typing import Any

from local.internals import Ministack


def install(ministack: Ministack) -> None:
    """Make the suffix of each name of the stack's id, too."""
    provisioners, stacks = ministack.provisioners, ministack.cloudformation._stacks
    named, seed = provisioners._physical_name, provisioners._NAME_SEED

    def physical_name(stack_name: str, logical_id: str, **given: Any) -> Any:
        stack = stacks.get(stack_name)
        token = seed.set(seed.get() + (stack["StackId"] if stack else ""))
        try:
            return named(stack_name, logical_id, **given)
        finally:
            seed.reset(token)

    provisioners._physical_name = physical_name
