"""What `coverage` prints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class GapEntry:
    """Why subjects are not covered."""

    coverage: str
    """denied, throttled or never reached."""
    call: str
    """The call that failed, as IAM names it; empty if none did."""
    code: str
    """AWS's error code; empty if no call failed."""
    subjects: int
    """How many subjects it left out; 0 if a listing failed, so that nobody knows."""


@dataclass(frozen=True, slots=True)
class CoverageEntry:
    """The subjects of one kind in one account and region."""

    account: str
    """The account."""
    region: str
    """The region."""
    kind: str
    """family, service, parameter or role."""
    began: str | None
    """When its listing began; null if it never did."""
    since: str | None
    """When the first of the sweeps in a row began that did not cover all; null if all is covered."""
    counts: Mapping[str, int]
    """How many subjects are evaluated, gone, out of scope, denied, throttled or never reached; no entry means none."""
    gaps: tuple[GapEntry, ...]
    """Why some are not covered."""


@dataclass(frozen=True, slots=True)
class OwnersEntry:
    """Exemptions by owners of an account, in one region."""

    account: str
    """The account."""
    region: str
    """The region."""
    exemptions: int
    """How many count."""
    refused: int
    """How many problems there are with others, which do not count."""


@dataclass(frozen=True, slots=True)
class CoverageOutput:
    """The certificate of the last sweep."""

    version: Literal[1]
    """Of this format."""
    complete: bool
    """Whether the present state of everything in scope is known."""
    intact: bool
    """Whether the certificate is the one that the sweep stored: its digest is the one in the ledger."""
    run: str
    """The sweep: the name of the execution of the state machine."""
    began: str
    """When the sweep began."""
    ended: str
    """When its last evaluation was done, or it was not waited for any longer."""
    release: str
    """Outrider's release."""
    standard: str
    """The digest of the standard; empty if it could not be used."""
    digest: str
    """The digest of everything in the certificate."""
    before: str
    """The digest of the certificate before this one; empty for the first."""
    results: tuple[CoverageEntry, ...]
    """What was covered, by account, region and kind."""
    owners: tuple[OwnersEntry, ...]
    """Exemptions by owners of accounts, where there are any."""
