"""Time of one IAM decision: a role of 5 policies with 20 statements, as tasks have them."""

from collections.abc import Iterator
from functools import partial

from bench.clock import Row, cost
from domain.iam import AccessRequest, Context, Policy, decide, role_context

LOGS = "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/orders"
STATEMENTS = [
    {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
    {
        "Effect": "Allow",
        "Action": ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"],
        "Resource": "arn:aws:ecr:eu-west-1:111122223333:repository/*",
    },
    {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{LOGS}:*"},
    {"Effect": "Deny", "Action": "logs:Delete*", "Resource": "*"},
    {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/a/*"},
    {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:eu-west-1:111122223333:key/*"},
    {"Effect": "Allow", "Action": ["xray:Put*", "xray:GetSampling*"], "Resource": "*"},
    {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:List*"],
        "Resource": ["arn:aws:s3:::bucket-a", "arn:aws:s3:::bucket-a/${aws:PrincipalTag/team}/*"],
    },
    {"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*", "Condition": {
        "StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}},
    {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    *({"Effect": "Allow", "Action": f"dynamodb:{verb}", "Resource": "arn:aws:dynamodb:*:*:table/orders"}
      for verb in ("GetItem", "PutItem", "Query", "UpdateItem", "DeleteItem", "BatchGetItem", "Scan")),
    {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:eu-west-1:111122223333:orders"},
    {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"},
    {"Effect": "Allow", "Action": "aps:RemoteWrite", "Resource": "arn:aws:aps:*:*:workspace/*"},
]  # fmt: skip
POLICIES = [
    Policy.parse({"Version": "2012-10-17", "Statement": STATEMENTS[at : at + 4]}, f"policy-{at}")
    for at in range(0, 20, 4)
]
KNOWN = role_context("arn:aws:iam::111122223333:role/orders", "eu-west-1", tags={"team": "blue"})
REQUESTS = {
    "a literal action on one stream": ("logs:PutLogEvents", f"{LOGS}:log-stream:a/b/c", KNOWN),
    "a pattern of streams": ("logs:PutLogEvents", f"{LOGS}:log-stream:*", KNOWN),
    "an action without resources": ("xray:PutTraceSegments", "*", KNOWN),
    "nothing allows": ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:1:secret:x-??????", KNOWN),
    "with a policy variable": ("s3:GetObject", "arn:aws:s3:::bucket-a/blue/config.yaml", KNOWN),
    "conditions on unknown keys": ("s3:GetObject", "arn:aws:s3:::bucket-a/blue/config.yaml", Context()),
}


def rows() -> Iterator[Row]:
    """Measure the decision of each request."""
    for name, (action, resource, context) in REQUESTS.items():
        request = AccessRequest(action, resource, context)
        decision = decide(POLICIES, request).decision
        yield cost(partial(decide, POLICIES, request), rounds=100).row(f"{name}: {decision}", "10 µs")
