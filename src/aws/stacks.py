"""CloudFormation stacks: their parameters and outputs."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws.calls import calling, tolerating
from aws.errors import Meaning
from aws.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Stack:
    """Parameters and outputs by name."""

    parameters: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stacks:
    """The stacks of the caller's own account and region."""

    sessions: Sessions

    def stack(self, name: str) -> Stack | None:
        """Return the stack; None if no stack has that name. Raises CallFailed if that cannot be read."""
        with tolerating(Meaning.ABSENT), calling("cloudformation:DescribeStacks", name):
            found = self.sessions.own("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
            return Stack(
                {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", ())},
                {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())},
            )
        return None
