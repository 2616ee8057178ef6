"""Who made a call."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a call, as far as CloudTrail reports it."""

    arn: str = ""
    agent: str = ""

    @property
    def name(self) -> str:
        """Return `role/session` or the user's name; "unknown" if CloudTrail reports neither."""
        resource = self.arn.rpartition(":")[2]
        return resource.partition("/")[2] or resource or "unknown"

    @property
    def tool(self) -> str:
        """Terraform, CloudFormation, CDK, console or the CLI, where the user agent shows one."""
        agent = self.agent.lower()
        return next((name for sign, name in _TOOLS if sign in agent), "")


OUTRIDER = Actor("Outrider")
"""Outrider itself, by whatever role it calls."""

_TOOLS = (
    ("terraform", "Terraform"),
    ("cdk", "CDK"),
    ("cloudformation", "CloudFormation"),
    ("pulumi", "Pulumi"),
    ("console", "the console"),
    ("signin.amazonaws.com", "the console"),
    ("codepipeline", "CodePipeline"),
    ("codedeploy", "CodeDeploy"),
    ("ecspresso", "ecspresso"),
    ("aws-cli", "the AWS CLI"),
    ("boto3", "boto3"),
)
