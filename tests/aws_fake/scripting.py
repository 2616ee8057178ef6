"""How the scripts call: an answer, or the code of an error."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

type Json = dict[str, Any]
type Client = Callable[[str], Any]
type Script = Callable[[Client], Iterator[Any]]


def tried(call: Callable[..., Json], **given: Any) -> Json:
    """The answer, or the code of the error."""
    try:
        return call(**given)
    except ClientError as error:
        found: Json = {"Error": error.response["Error"]["Code"]}
        reasons = error.response.get("CancellationReasons")
        return found | ({"Reasons": [each["Code"] for each in reasons]} if reasons else {})


def text(**members: str) -> Json:
    return {name: {"S": value} for name, value in members.items()}
