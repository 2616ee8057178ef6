"""The arguments that several commands have, as data."""

from collections.abc import Iterable
from typing import get_args

from cli.grammar import Argument, Many, NotOfThisForm, Option, Takes
from cli.report_formats import ReportFormat

FORMATS: tuple[str, ...] = get_args(ReportFormat.__value__)
OF_DEFINITIONS = frozenset({"asff", "ocsf"})


def listed(text: str) -> tuple[str, ...]:
    """Read a list with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _patterns(text: str) -> tuple[str, ...]:
    found = listed(text)
    if not found:
        raise NotOfThisForm("it takes patterns of rules, such as config.*")
    return found


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not seconds >= 0:  # NaN, too
        raise NotOfThisForm("it takes seconds, 0 or more")
    return seconds


def of_account(text: str) -> str:
    """Read an account number."""
    if text and not (text.isascii() and text.isdigit() and len(text) == len("123456789012")):  # "" is the default
        raise NotOfThisForm("it takes an account number of 12 digits")
    return text


# --- kinds of arguments -------------------------------------------------------------------------------------------


def flag(into: str, text: str) -> Argument:
    """Return an option that takes no value."""
    return Option(into, text, takes=Takes.NOTHING, default=False)


def file_option(into: str, text: str, *, default: str | None = None, required: bool = False) -> Argument:
    """Return an option that takes a file."""
    return Option(into, text, "FILE", Takes.FILE, default=default, required=required)


def of_rules(into: str, text: str) -> Argument:
    """Return an option that takes patterns of rules, and may be repeated."""
    return Option(into, text, "RULES", Takes.RULE, Many.ANY, read=_patterns)


def report_format(choices: Iterable[str]) -> Argument:
    """Return the option --format of a report."""
    text = "A table for people, or one of the forms that programs read."
    return Option("format", text, "FORMAT", choices=tuple(choices), default="table")


def one(text: str) -> tuple[str, ...]:
    """Read a value that is one of several."""
    return (text,)


def several(into: str, text: str, shown: str) -> Argument:
    """Return an option that may be repeated."""
    return Option(into, text, shown, many=Many.ANY, read=one)


def files(text: str) -> Argument:
    """Return the files that a command reads."""
    return Argument("files", text, shown="FILE", takes=Takes.FILE, many=Many.ANY)


def plan(text: str) -> Argument:
    """Return the option that names a plan by its digest."""
    return Option("plan", f"The digest of the plan that you have read. {text}", "DIGEST")


# --- arguments that several commands have -------------------------------------------------------------------------

STANDARD = file_option("standard", "The standard to evaluate by, instead of the packaged one.")
CONFIG = file_option("config", "A file with the collector's configuration, instead of the SSM parameter.")
SELECT = of_rules(
    "select", "Only these rules, such as config.* (patterns, separated by commas; the option may be repeated)."
)
IGNORE = of_rules("ignore", "Not these rules; the patterns are as those of --select.")
FORMAT = Option(
    "format", "A table for people, JSON for programs.", "FORMAT", choices=("table", "json"), default="table"
)
OUTPUT = file_option("output", "Write the report to this file, not to standard output.")
BASELINE = file_option("baseline", "A file with known drift, which does not count.")
WRITE_BASELINE = flag(
    "write_baseline",
    "Write the file of --baseline: all drift of this run becomes known, and what is fixed is removed.",
)
NO_INLINE = flag("no_inline", "Ignore exemptions in tags and comments.")
_SKIP_OTHERS = flag("skip_others", "Skip a named file that is about something else, as those of a folder are skipped.")
ACCOUNT = Option(
    "account", "The account of definitions that name none: for the standard, asff and ocsf.", "ACCOUNT", read=of_account
)
FAIL_ON = Option(
    "fail_on",
    "The lowest severity that counts as drifted for the exit code.",
    "SEVERITY",
    choices=("LOW", "MEDIUM", "HIGH", "CRITICAL"),
    default="LOW",
    read=str.upper,
)
OF_REPORT = (OUTPUT, FAIL_ON, BASELINE, WRITE_BASELINE, NO_INLINE, _SKIP_OTHERS)
REGION = Option("region", "The region (default: that of your AWS configuration).", "REGION")
PROFILE = Option("profile", "The profile of your AWS configuration whose credentials are used.", "NAME")
STACK = Option("stack", "The stack's name (default: outrider).", "NAME", default="outrider")
_QUEUE = Option("queue", "The queue of requests (default: from the stack's outputs).", "URL")
_TABLE = Option("table", "The ledger's table (default: from the stack's outputs).", "NAME")
A_STACK = (STACK, REGION, PROFILE)
OF_STACK = (*A_STACK, _QUEUE, _TABLE)
WAIT = Option(
    "wait", "Wait up to this many seconds for the end, and print each step.", "SECONDS", default=0.0, read=_seconds
)
YES = flag("yes", "Skip the confirmation prompt.")
