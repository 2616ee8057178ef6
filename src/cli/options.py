"""The options that several commands have, each group as one frozen value."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cli.environment import first_set
from cli.report_formats import ReportFormat

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def taken[T: DataclassInstance](kind: type[T], given: Namespace) -> T:
    """Return the options of one group from what was given; one that the command lacks has its default."""
    names = vars(given)
    return kind(**{each.name: names[each.name] for each in fields(kind) if each.name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOptions:
    """What to evaluate by, and the patterns of the rules that are selected and ignored.

    With `no_inline`, tags and comments exempt from nothing. `account` is that of definitions that name none.
    """

    standard: str | None = None
    config: str | None = None
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    no_inline: bool = False
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """How to print a report and where to, and the lowest severity that counts for the exit code.

    `account` and `region` are those of definitions that name none, for formats that need them. `baseline` has known
    drift. With `skip_others`, named files about something else are no mistakes. With `complete`, a definition that
    could not be evaluated counts for the exit code.
    """

    format: ReportFormat = "table"
    output: str | None = None
    fail_on: str = "LOW"
    account: str = ""
    region: str = ""
    baseline: str | None = None
    write_baseline: bool = False
    skip_others: bool = False
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsOptions:
    """Whose credentials to use, and where. Empty is what the AWS configuration says."""

    region: str = ""
    profile: str = ""

    @property
    def named_region(self) -> tuple[str, str]:
        """Return what names the region, and the region; empty if only a profile may. boto3 does not read AWS_REGION."""
        return ("--region", self.region) if self.region else first_set("AWS_REGION", "AWS_DEFAULT_REGION")

    @property
    def named_profile(self) -> tuple[str, str]:
        """Return what names the profile, and the profile, in botocore's order."""
        return ("--profile", self.profile) if self.profile else first_set("AWS_DEFAULT_PROFILE", "AWS_PROFILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions(AwsOptions):
    """The options that name a stack of Outrider."""

    stack: str = "outrider"
    queue: str = ""
    table: str = ""

    def see(self, family: str) -> str:
        """Return the command that shows a family's corrections, with the options that were given."""
        names = ("stack", "region", "profile", "queue", "table")
        options = [f"--{name} {value}" for name in names if (value := getattr(self, name)) not in {"", "outrider"}]
        return " ".join(["outrider corrections", family, *options])
