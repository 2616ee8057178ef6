"""Asking the person at the terminal, and saying what could not be done for them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter

from cli.failures import NotAsked
from cli.files import Unusable
from cli.progress import Line
from cli.terminal import console, line, say
from settings import first_set

type Yes = Annotated[bool, Parameter(help="Skip the confirmation prompt.")]
_UNREACHED = frozenset({"ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError"})


@contextmanager
def sentences(region: tuple[str, str]) -> Iterator[None]:
    """What could not be asked as a sentence; `region` is what names the region, and the region."""
    try:
        yield
    except NotAsked as not_asked:
        raise Unusable(_of_what_was_given(not_asked.code, *region) or str(not_asked)) from None


def _of_what_was_given(code: str, by: str, region: str) -> str:
    """What is wrong with the profile or region that was named; empty where it is something else."""
    if code == "ProfileNotFound":
        by, profile = first_set("AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # as botocore takes them
        return f"There is no profile {profile} ({by}). Name another." if profile else ""
    if code == "InvalidRegionError":
        return f"{region or 'What the profile says'} is no name of a region. Correct {by or 'it, or give --region'}."
    if code in _UNREACHED:
        return f"AWS could not be reached{region and f' in {region}'}. Check the region's name and the network."
    return ""


def agreed(question: str, done: str = "asked") -> bool:
    """Whether the person at the terminal says yes."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline() if sys.stdin is not None else ""
    if answer.strip().lower() in {"y", "yes"}:
        return True
    if not answer.endswith("\n"):
        print(file=sys.stderr)
    say(f"Nothing was {done}. Answer y, or give --yes.")
    return False


def printed(lines: Iterator[Line]) -> None:
    """On standard output, never folded: what is copied from it stays whole."""
    from rich.text import Text  # noqa: PLC0415 - see cli.terminal.console

    out = console()
    for each in lines:
        out.print(Text("  " * each.indent + line(each.text), style=each.style), soft_wrap=True)
