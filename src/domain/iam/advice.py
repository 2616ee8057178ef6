"""Advice on policies: the statement to add, and the statements that grant too much."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from domain.iam.glob import encode, relation
from domain.iam.policy import Policy, Statement


def minimal_statement(missing: Iterable[tuple[str, str]]) -> dict[str, object]:
    """The smallest policy document that allows every (action, resource), one statement per service and resources.

    Equal input in any order gives an equal document. A resource that another of the same action covers is left out.
    """
    asked: dict[str, set[str]] = {}
    for action, resource in missing:
        asked.setdefault(action, set()).add(resource)
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for action in sorted(asked):
        grouped.setdefault((action.partition(":")[0], _widest(asked[action])), []).append(action)
    of_service = Counter(service for service, _ in grouped)
    numbers: Counter[str] = Counter()
    statements: list[dict[str, object]] = []
    for service, resources in sorted(grouped):
        numbers[service] += 1
        # A Sid has letters and digits only.
        sid = "Allow" + "".join(word.capitalize() for word in re.findall("[A-Za-z0-9]+", service))
        statements.append(
            {
                "Sid": f"{sid}Part{numbers[service]}" if of_service[service] > 1 else sid,
                "Effect": "Allow",
                "Action": _one_or_all(grouped[service, resources]),
                # A dollar and a brace would begin a policy variable.
                "Resource": _one_or_all([resource.replace("${", "${$}{") for resource in resources]),
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _widest(resources: set[str]) -> tuple[str, ...]:
    globs = {resource: encode(resource) for resource in resources}
    return tuple(
        sorted(
            one
            for one in resources
            if not any(other != one and relation(globs[other], globs[one]) for other in resources)
        )
    )


def _one_or_all(texts: list[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else texts


@dataclass(frozen=True, slots=True)
class WildcardGrant:
    """A statement that allows every action of a service, or all, or all but some."""

    statement: Statement
    actions: tuple[str, ...]
    """As written; for NotAction, the actions that it leaves out."""
    all_but: bool


def wildcard_actions(policy: Policy) -> tuple[WildcardGrant, ...]:
    """The Allow statements with `*` or `service:*` for an action, or with NotAction."""
    return tuple(
        WildcardGrant(
            each, each.actions.written if each.actions.negated else each.actions.wildcards, each.actions.negated
        )
        for each in policy.statements
        if each.allows and (each.actions.negated or each.actions.wildcards)
    )
