"""Where a task definition runs, for formats that need an account and a region."""

from typing import Any

from cli.options import ReportOptions
from cli.results import Result
from domain.places import Place


def place_of(result: Result[Any], options: ReportOptions) -> Place:
    """Return what the definition says of it, else what the options say; empty where neither does."""
    known = result.source.place
    return Place(known.account or options.account, known.region or options.region)
