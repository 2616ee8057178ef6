"""Try a bot's token by auth.test, which posts nothing."""

import json

from pydantic import ValidationError

from aws.calls import CallFailed
from aws.parameters import read_secret
from aws.sessions import Sessions
from domain.facts import Absent, Fact, Known, Unavailable
from domain.health.facts import Token
from operations.notification.bot import Account, error_of
from operations.notification.posting import SlackRefused, post

_CALL = "slack:auth.test"


def try_token(sessions: Sessions, location: str) -> Fact[Token]:
    """Return Slack's answer to the token at a location; Absent if the caller may not read it.

    Neither the token nor the rest of the secret is in what is returned.
    """
    try:
        account = Account.model_validate_json(read_secret(sessions, location).strip())
    except CallFailed:
        return Absent()
    except ValidationError:  # its text shows the input
        return Known(Token("no_channel_or_token"))
    try:
        answer = json.loads(post(f"{account.api}auth.test", {}, account.headers, address="", check=""))
    except SlackRefused as refused:
        return Known(Token("refused")) if refused.after is None else Unavailable("Unreachable", _CALL, location)
    except ValueError:
        return Unavailable("UnreadableAnswer", _CALL, location)
    if not isinstance(answer, dict):
        return Unavailable("UnreadableAnswer", _CALL, location)
    return Known(Token("" if answer.get("ok") is True else error_of(answer) or "refused"))
