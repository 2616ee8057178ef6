"""What a role's policies allow: allowed, denied, or unknown if a condition key is not known.

Identity policies and the permissions boundary are evaluated. Organisation, key, repository and bucket policies are not
read.
"""

from domain.iam.actions import ACTION_RESOURCES, resources_for
from domain.iam.advice import WildcardGrant, minimal_statement, wildcard_actions
from domain.iam.context import ABSENT, Context, Like, role_context, trust_context
from domain.iam.decision import AccessRequest, Decided, Decision, decide, decide_any, trusts
from domain.iam.policy import Policy, PolicyUnreadable

__all__ = [
    "ABSENT",
    "ACTION_RESOURCES",
    "AccessRequest",
    "Context",
    "Decided",
    "Decision",
    "Like",
    "Policy",
    "PolicyUnreadable",
    "WildcardGrant",
    "decide",
    "decide_any",
    "minimal_statement",
    "resources_for",
    "role_context",
    "trust_context",
    "trusts",
    "wildcard_actions",
]
