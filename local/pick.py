"""Pick Outrider's custom action for a subject's findings, as a person does it in Security Hub's console.

    python -m local.pick shop/inventory

Of the cloud that AWS_ENDPOINT_URL names (`make cloud`).
"""

import json
import os
import sys
import urllib.request

import boto3

ACTION = "Apply Outrider plan"
"""The name by which the event rule knows the action."""


def main(arguments: list[str]) -> str | int:
    """Pick the action for all open findings of the subject; a sentence where there is none."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if len(arguments) != 1 or not endpoint.startswith("http://127.0.0.1:"):
        return "Usage: python -m local.pick FAMILY or CLUSTER/SERVICE, with the environment that `make cloud` prints."
    hub, (subject,) = boto3.client("securityhub"), arguments
    pages = hub.get_paginator("get_findings").paginate(
        Filters={"RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}]}
    )
    found = [each["Id"] for page in pages for each in page["Findings"] if f"/{subject}/" in each["Id"]]
    actions = [each for each in hub.describe_action_targets()["ActionTargets"] if each["Name"] == ACTION]
    if not found or not actions:
        return f"{subject} has no open finding." if actions else f"Security Hub has no custom action {ACTION}."
    request = {"action": actions[0]["ActionTargetArn"], "findings": found}
    call = urllib.request.Request(  # noqa: S310 - the loopback address above
        f"{endpoint}/_outrider/custom-action", json.dumps(request).encode(), method="POST"
    )
    with urllib.request.urlopen(call, timeout=30):  # noqa: S310 - the loopback address above
        print(f"Picked {actions[0]['Name']} for:", *found, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
