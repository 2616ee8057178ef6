"""Step Functions: the start of an execution."""

from dataclasses import dataclass

from aws.calls import calling
from aws.sessions import Sessions


@dataclass(frozen=True, slots=True)
class StateMachines:
    """The state machines of the caller's own account and region. Raises CallFailed."""

    sessions: Sessions

    def start(self, arn: str, given: str) -> str:
        """Start an execution with this input, which is JSON, and return its name."""
        with calling("states:StartExecution", arn):
            answer = self.sessions.own("stepfunctions").start_execution(stateMachineArn=arn, input=given)
        return str(answer["executionArn"]).rpartition(":")[2]
