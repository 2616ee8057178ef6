"""The evaluator's answers and those of the local cloud's iam:SimulatePrincipalPolicy, over generated policies.

The emulator's simulation takes one resource, ignores the context, and leaves a permissions boundary out, which AWS's
own would evaluate: so there are no conditions, policy variables or boundaries here, and the evaluator must know every
answer. In what is left no difference from AWS's documentation is known, and nothing is skipped.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.iam import AccessRequest, Decided, Decision, Policy, decide
from local.cloud import Cloud
from tests.profiles import examples

ACTIONS = (
    "logs:PutLogEvents",
    "logs:CreateLogStream",
    "ssm:GetParameters",
    "ecr:GetAuthorizationToken",
    "xray:PutTraceSegments",
    "s3:GetObject",
)
RESOURCES = (
    "*",
    "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web",
    "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web:log-stream:app/1",
    "arn:aws:logs:eu-west-1:123456789012:log-group:/ECS/web:log-stream:app/1",
    "arn:aws:ssm:eu-west-1:123456789012:parameter/fargate/otel-collector-config",
    "arn:aws:s3:::shop/web.env",
)
ROLE = "differential"


def _blurred(text: str, start: int, end: int, sign: str) -> str:
    """The text with what stands between two places replaced: all of it by `*`, or each letter by `?`."""
    return text[:start] + (sign if sign == "*" else "?" * (end - start)) + text[end:]


def _patterns(texts: tuple[str, ...], first: int) -> st.SearchStrategy[str]:
    """Texts as they are, in the other case, and with wildcards from `first` on, some of which match nothing."""

    @st.composite
    def blurred(draw: st.DrawFn) -> str:
        text = draw(st.sampled_from([text for text in texts if len(text) > first]))
        for _ in range(draw(st.integers(1, 2))):
            start = draw(st.integers(min(first, len(text)), len(text)))
            end = draw(st.integers(start, min(start + draw(st.sampled_from([0, 1, 3, 99])), len(text))))
            text = _blurred(text, start, end, draw(st.sampled_from("*?")))
        return text

    return st.one_of(st.just("*"), st.sampled_from(texts), st.sampled_from(texts).map(str.swapcase), blurred())


actions = _patterns(ACTIONS, first=5).filter(lambda text: text == "*" or 0 < text.find(":") < len(text) - 1)
# IAM refuses wildcards in an ARN's partition and service.
resources = _patterns(RESOURCES, first=12).filter(lambda text: text == "*" or text.startswith("arn:"))


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    action, resource = (
        draw(st.sampled_from(["Action", "NotAction"])),
        draw(st.sampled_from(["Resource", "NotResource"])),
    )
    return {
        # Twice as many: where nothing is allowed, nothing is found out.
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        action: draw(st.lists(actions, min_size=1, max_size=3) | actions),
        resource: draw(st.lists(resources, min_size=1, max_size=3) | resources),
    }


documents = st.lists(statements(), min_size=1, max_size=3).map(
    lambda found: {"Version": "2012-10-17", "Statement": found}
)


def _as_simulated(ruling: Decided) -> str:
    """The ruling in the simulation's word; an UNKNOWN is none of them."""
    match ruling.decision:
        case Decision.ALLOWED:
            return "allowed"
        case Decision.DENIED:
            return "explicitDeny" if ruling.statement else "implicitDeny"
        case Decision.UNKNOWN:
            return f"undecided by {', '.join(map(str, ruling.undecided))}"


@pytest.fixture(scope="module")
def iam(cloud: Cloud) -> Iterator[Any]:
    client = cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    client.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    yield client
    for name in ("one", "two"):
        client.delete_role_policy(RoleName=ROLE, PolicyName=name)
    client.delete_role(RoleName=ROLE)


@examples(250)
@given(documents, documents, st.lists(st.sampled_from(RESOURCES), min_size=2, max_size=2, unique=True))
def test_it_decides_as_the_simulation_does(iam: Any, one: Any, two: Any, asked: list[str]) -> None:
    for name, document in (("one", one), ("two", two)):
        iam.put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=json.dumps(document))
    policies = (Policy.parse(one, "one"), Policy.parse(two, "two"))
    for resource in asked:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::123456789012:role/{ROLE}", ActionNames=ACTIONS, ResourceArns=[resource]
        )
        simulated = {found["EvalActionName"]: found["EvalDecision"] for found in answer["EvaluationResults"]}
        ours = {action: _as_simulated(decide(policies, AccessRequest(action, resource))) for action in ACTIONS}
        assert ours == simulated, f"of {resource}"
