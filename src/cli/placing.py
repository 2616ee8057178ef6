"""Where a task definition runs, as far as its text says."""

import re

from cli.sources.resolving import ACCOUNT, REGION
from domain.ecs.task_definition import TaskDefinition
from domain.places import Arn, Place

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ACCOUNT = re.compile(r"\d{12}")
PLACE = re.compile(rf"\b(?:{_REGION.pattern}|{_ACCOUNT.pattern})\b")
"""A region or an account number within a text."""


def place_of(task: TaskDefinition) -> Place:
    """Return its account and region: from its ARN, else its roles and log configuration; empty if not known."""
    own = Arn.parse(task.arn or "")
    if own is not None:
        return _sure(own.account, own.region)
    roles = [Arn.parse(role) for role in (task.execution_role, task.task_role) if role]
    accounts = {arn.account for arn in roles if arn}
    logs = {c.log_options["awslogs-region"] for c in task.containers if c.log_options.get("awslogs-region")}
    secrets = {arn.region for c in task.containers for value in c.secrets.values() if (arn := Arn.parse(value))}
    return _sure(*(next(iter(each)) if len(each) == 1 else "" for each in (accounts, logs or secrets)))


def without_stand_ins(place: Place) -> Place:
    """Return a place in which what only stands for a template's account or region is not known."""
    return Place("" if place.account == ACCOUNT else place.account, "" if place.region == REGION else place.region)


def account_of(task: TaskDefinition) -> str:
    """Return its account; empty if it is not known."""
    return without_stand_ins(place_of(task)).account


def _sure(account: str, region: str) -> Place:
    """Return account and region, each empty if it is a template's placeholder."""
    return Place(account if _ACCOUNT.fullmatch(account) else "", region if _REGION.fullmatch(region) else "")
