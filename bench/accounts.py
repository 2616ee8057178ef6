"""Memory of the clients of an organisation's accounts and regions, as `inspect` makes them. Nothing is called."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aws.sessions import Sessions
from bench.clock import Row
from domain.members import Members
from domain.places import Place

_SERVICES = ("ecs", "ssm", "logs", "iam", "securityhub")
_REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2")
_OWN = "111111111111"


def rows() -> Iterator[Row]:
    """Make five clients in each account and region."""
    os.environ |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
    os.environ["AWS_DEFAULT_REGION"] = _REGIONS[0]
    sessions = Sessions(Members(_OWN, "outrider-read"))
    sessions.own("sts").meta.events.register("before-call.sts.AssumeRole", _assumed)
    _visit(sessions, range(1))  # it loads the models
    before, visited = _resident(), 1
    for accounts in (75, 150, 300):
        _visit(sessions, range(visited, accounts))
        visited = accounts
        what = f"{accounts} accounts in {len(_REGIONS)} regions, {len(_SERVICES)} services"
        yield Row(what, f"{_resident() - before:.0f} MiB", "in addition to the function", "200 MiB")


def _visit(sessions: Sessions, accounts: range) -> None:
    for number in accounts:
        for region in _REGIONS:
            for service in _SERVICES:
                sessions.client(service, Place(f"{200_000_000_000 + number}", region))


def _assumed(**_: Any) -> tuple[Any, dict[str, Any]]:
    """Answer in place of STS."""

    class Answer:
        status_code = 200

    expires = datetime.now(UTC) + timedelta(hours=1)
    keys = {"AccessKeyId": "testing", "SecretAccessKey": "testing", "SessionToken": "testing", "Expiration": expires}
    return Answer(), {"Credentials": keys}


def _resident() -> float:
    """Return the MiB of memory that this process uses."""
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
