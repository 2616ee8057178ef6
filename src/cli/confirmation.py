"""The confirmation prompt, and sentences for what could not be done."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.failures import RequestFailed
from cli.options import AwsOptions
from cli.terminal import console, line, say
from cli.unusable import Unusable

if TYPE_CHECKING:  # a scan needs nothing of the ledger
    from cli.progress import Line

_UNREACHED = frozenset({"ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError"})


@contextmanager
def sentences(given: AwsOptions) -> Iterator[None]:
    """Turn RequestFailed into a sentence, which names the option or variable that was wrong."""
    try:
        yield
    except RequestFailed as failed_request:
        raise Unusable(_of_what_was_given(failed_request.code, given) or str(failed_request)) from None


def _of_what_was_given(code: str, given: AwsOptions) -> str:
    """Return what is wrong with the profile or region that was named; empty if something else is."""
    if code == "ProfileNotFound":
        by, profile = given.named_profile
        return f"There is no profile {profile} ({by}). Name another." if profile else ""
    by, region = given.named_region
    if code == "InvalidRegionError":
        return (
            f"{region or 'What the profile says'} is not the name of a region. Correct {by or 'it, or give --region'}."
        )
    if code in _UNREACHED:
        return f"AWS could not be reached{region and f' in {region}'}. Check the region's name and the network."
    return ""


def confirmed(question: str, done: str = "sent") -> bool:
    """Return whether the person at the terminal says yes."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline() if sys.stdin is not None else ""
    if answer.strip().lower() in {"y", "yes"}:
        return True
    if not answer.endswith("\n"):
        print(file=sys.stderr)
    say(f"Nothing was {done}. Answer y to confirm, or give --yes.")
    return False


def printed(lines: "Iterable[Line]") -> None:
    """Print on standard output, never folded, so that text copied from it is whole."""
    out = console()
    for each in lines:
        out.print([(line(each.text), each.style)], 2 * each.indent)
