"""`make cloud`: AWS on this machine with Outrider and a small company in it, and what to type to try everything.

Until Ctrl-C. Slack's messages are printed as people see them, and are a page for a browser. A test types the commands
of `STEPS` as they are printed.
"""

import json
import shlex
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local import fleet
from local.builds import ROOT
from local.cloud import PYTHON, STANDARD, Cloud
from local.emulator import ACCOUNT, REGION
from local.message_text import as_text
from local.pick import ACTION
from local.sam import CloudFailed
from local.slack import Slack

# Relative to the clone, where the commands are typed.
FILES = ".cache/try"
ENVIRONMENT = f"{FILES}/environment.sh"
COMMAND_LINE = ".venvs/dev/bin/python"

# What is safe is corrected and deployed at once, without waiting for pipelines to settle.
STANDARD_TEXT = """\
version: 1
name: local
mode: deploy
services: {settling_minutes: 0}
remediation: {settling_minutes: 0}
rules:
  - rules: service.platform-version
    approval: true
"""
_STRICTER = STANDARD_TEXT + "collector: {essential: true}\n"


# For SQS in us-east-1 the AWS CLI 1 takes another endpoint than the environment's, unless it is named.
_SQS = 'aws --endpoint-url "$AWS_ENDPOINT_URL" sqs'


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to try: what happens, and the commands, a line each."""

    title: str
    commands: tuple[str, ...]
    then: str = ""


def _running(family: str) -> tuple[str, str]:
    """Commands that register a definition and start its service."""
    return (
        f"aws ecs register-task-definition --cli-input-json file://{FILES}/{family}.json --query taskDefinition.family",
        f"aws ecs create-service --cli-input-json file://{FILES}/{family}-service.json --query service.status",
    )


STEPS = (
    Step(
        "A finding, a correction, a rollout: a definition that drifts, and a service that runs it",
        (
            *_running("payments"),
            "aws securityhub get-findings --query 'Findings[].[Severity.Label,RecordState,Title]' --output text",
            "outrider status",
        ),
        "payments:2 is registered and deployed; the findings close.",
    ),
    Step(
        "An approval: the platform version of a service is changed only by a person",
        (
            *_running("inventory"),
            "outrider apply shop/inventory --yes --wait 60",
        ),
        f"In Security Hub's console a person picks the action {ACTION} instead; here: {PYTHON.relative_to(ROOT)} -m"
        " local.pick shop/inventory",
    ),
    Step("Undo a correction", ("outrider undo shop/payments --yes --wait 60", "outrider release payments --yes")),
    Step(
        "Another standard: it is used within seconds, and everything is evaluated again",
        (f"aws ssm put-parameter --name {STANDARD} --overwrite --value file://{FILES}/stricter.yaml --query Tier",),
    ),
    Step(
        "Redrive a DLQ: a message that failed goes back to its queue",
        (
            f'{_SQS} send-message --queue-url "$CHANGES_DEAD_LETTERS" --message-body file://{FILES}/change.json',
            f'{_SQS} start-message-move-task --source-arn "$CHANGES_DEAD_LETTERS_ARN" --destination-arn "$CHANGES_ARN"',
        ),
    ),
    Step("Whether the stack can work", ("outrider doctor",)),
)


def deployed(cloud: Cloud) -> None:
    """Deploy Outrider, and create what the steps need."""
    cloud.client("ssm").put_parameter(Name=STANDARD, Type="String", Value=STANDARD_TEXT)
    outputs = cloud.deploy_outrider(StandardLocation=f"ssm:{STANDARD}", StandardSeconds="2", RemediationMode="deploy")
    cloud.complete(outputs)
    _prepare(cloud, outputs)


def _prepare(cloud: Cloud, outputs: Mapping[str, str]) -> None:
    """Create what the steps need: the company's roles, cluster and parameter, the action, and the files."""
    fleet.create_dependencies(cloud.client)
    cloud.client("securityhub").create_action_target(
        Name=ACTION, Description="Approves the plan that the finding shows", Id="ApplyOutriderPlan"
    )
    folder = ROOT / FILES
    folder.mkdir(parents=True, exist_ok=True)
    services = {service.family: service for service in fleet.SERVICES}
    for sample in fleet.samples(ACCOUNT, REGION):
        (folder / f"{sample.family}.json").write_text(json.dumps(sample.definition, indent=2))
        if service := services.get(sample.family):
            # The revision is named, because the corrected one may be there before a person types the next command.
            asked = fleet.request(service) | {"taskDefinition": f"{sample.family}:1"}
            (folder / f"{sample.family}-service.json").write_text(json.dumps(asked, indent=2))
    (folder / "stricter.yaml").write_text(_STRICTER)
    change = {"kind": "family", "account": ACCOUNT, "region": REGION, "family": "payments"}
    (folder / "change.json").write_text(json.dumps(change))
    (ROOT / ENVIRONMENT).write_text(_environment(cloud, outputs))


def _environment(cloud: Cloud, outputs: Mapping[str, str]) -> str:
    """What the other shell reads: where AWS is, the queues, and the command line."""
    attributes = cloud.client("sqs").get_queue_attributes
    given = dict(cloud.environment())
    for name, output in (("CHANGES", "ChangesQueue"), ("CHANGES_DEAD_LETTERS", "ChangesDeadLetters")):
        given[name] = outputs[output]
        found = attributes(QueueUrl=outputs[output], AttributeNames=["QueueArn"])
        given[f"{name}_ARN"] = found["Attributes"]["QueueArn"]
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in given.items())
    return f'{exports}outrider() {{ {COMMAND_LINE} src "$@"; }}\n'


def instructions() -> str:
    """The steps as they are printed."""
    lines = [f"In another shell, in this folder, with the AWS CLI (1 or 2):\n\n  . {ENVIRONMENT}"]
    for number, step in enumerate(STEPS, 1):
        lines.append(f"\n{number}. {step.title}")
        lines += [f"  {command}" for command in step.commands]
        lines += [f"  # {step.then}"] if step.then else []
    return "\n".join(lines)


def main() -> int:
    """Deploy Outrider, print what to type, and stay until Ctrl-C; 1 where that failed."""

    def show(message: Mapping[str, Any]) -> None:
        print("\nSlack:", *as_text(message), sep="\n  ", flush=True)

    begun = time.monotonic()
    try:
        with Cloud(slack=Slack(on_message=show)) as cloud:
            print(f"AWS is on {cloud.endpoint} (account {ACCOUNT}, region {REGION}). Deploying Outrider…", flush=True)
            deployed(cloud)
            print(f"Deployed in {time.monotonic() - begun:.0f} s. {instructions()}\n")
            print(
                f"Slack's messages follow, and are on {cloud.slack.origin}/ for a browser. Ctrl-C ends it all.",
                flush=True,
            )
            signal.pause()
    except CloudFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnded; nothing is left behind but the files in", FILES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
