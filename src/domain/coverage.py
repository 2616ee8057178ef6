"""Coverage: what a sweep evaluated, what it could not read and what it never reached, by account, region and kind.

A certificate says it of one whole sweep. It has the digest of the certificate before it, so that none can be changed or
left out unnoticed.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from domain.facts import Unavailable
from domain.places import Place
from domain.subject import Subject, SubjectId
from domain.sweeping import PlaceSweep, Scope


class Coverage(StrEnum):
    """What a sweep found out about a subject."""

    EVALUATED = "evaluated"
    GONE = "gone"  # looked for, and it does not exist any more
    OUT_OF_SCOPE = "out of scope"
    DENIED = "denied"  # a call was refused, or it is not readable at all: a person must act
    THROTTLED = "throttled"  # a call failed, and may succeed later
    NEVER_REACHED = "never reached"

    @property
    def gap(self) -> bool:
        """Whether the subject's present state is not known, or only in part."""
        return self in {Coverage.DENIED, Coverage.THROTTLED, Coverage.NEVER_REACHED}

    @classmethod
    def without(cls, missing: Unavailable) -> "Coverage":
        """Return the coverage that remains without a fact."""
        return cls.THROTTLED if missing.transient else cls.DENIED


@dataclass(frozen=True, slots=True)
class Covered:
    """One subject in a sweep. With a gap, the `call` that failed and its `code`.

    `row` is what the report shows of a family or service, as JSON.
    """

    subject: SubjectId
    coverage: Coverage
    call: str = ""
    code: str = ""
    row: str = field(default="", repr=False)

    @classmethod
    def without(cls, subject: SubjectId, missing: Iterable[Unavailable]) -> "Covered":
        """Return a subject that was evaluated without these facts: a transient one decides, else the first."""
        fact = min(missing, key=lambda each: not each.transient, default=None)
        if fact is None:
            return cls(subject, Coverage.EVALUATED)
        return cls(subject, Coverage.without(fact), fact.call, fact.code)


class Gap(BaseModel):
    """Why subjects are not covered: the call that failed, and how many subjects it left out."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    coverage: Coverage = Field(description="denied, throttled or never reached.")
    call: str = Field(default="", description="The call that failed, as IAM names it; empty if none did.")
    code: str = Field(default="", description="AWS's error code, or why it was not read.")
    subjects: int = Field(description="How many subjects it left out; 0 if a listing failed, so that nobody knows.")


class CoverageRow(BaseModel):
    """The subjects of one kind in one account and region."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    account: str
    region: str
    kind: Subject
    began: datetime | None = Field(default=None, description="When its listing began; null if it never did.")
    counts: Mapping[Coverage, int] = Field(description="How many subjects; those that are not named are 0.")
    gaps: tuple[Gap, ...] = Field(default=(), description="Why some are not covered.")
    since: datetime | None = Field(
        default=None,
        description="When the first of the sweeps in a row began that did not cover all; null if all is covered.",
    )

    @property
    def place(self) -> Place:
        return Place(self.account, self.region)


class OwnersRow(BaseModel):
    """How many exemptions by owners count in an account and region, and how many problems the others have."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    account: str
    region: str
    exemptions: int
    refused: int


class Certificate(BaseModel):
    """What one sweep covered."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    version: int = 1
    run: str = Field(description="The sweep: the name of the execution of the state machine.")
    began: datetime
    ended: datetime
    release: str = Field(description="Outrider's.")
    standard: str = Field(description="The digest of the standard; empty if it could not be used.")
    scope: Scope = Field(default=Scope(), description="What the sweep was limited to; empty for everything.")
    rows: tuple[CoverageRow, ...]
    owners: tuple[OwnersRow, ...] = Field(default=(), description="Exemptions by owners of accounts, where any are.")
    before: str = Field(default="", description="The digest of the certificate before this one; empty for the first.")

    @property
    def digest(self) -> str:
        """The digest of everything in it, the digest of the certificate before included."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def gaps(self) -> list[tuple[CoverageRow, Gap]]:
        return [(row, gap) for row in self.rows for gap in row.gaps]

    @property
    def complete(self) -> bool:
        """Whether the present state of everything in scope is known, so that no open finding means that none exists."""
        return bool(self.rows) and not self.gaps

    @property
    def uncovered(self) -> list["Uncovered"]:
        """What is not covered by account and region: first where nobody knows how much, then where it is the most."""
        by_place = dict[Place, list[CoverageRow]]()
        for row in self.rows:
            if row.gaps:
                by_place.setdefault(row.place, []).append(row)
        found = [Uncovered(place, tuple(rows)) for place, rows in by_place.items()]
        return sorted(found, key=lambda each: (not each.unlisted, -each.subjects, each.place))

    @property
    def unwatched(self) -> frozenset[Place]:
        """The accounts and regions that the ledger knows, and that are not swept any more."""
        swept = {
            row.place for row in self.rows if row.began is not None or row.counts.keys() != {Coverage.OUT_OF_SCOPE}
        }
        return frozenset(row.place for row in self.rows) - swept

    @property
    def totals(self) -> Mapping[Coverage, int]:
        """How many subjects of each coverage."""
        found = Counter[Coverage]()
        for row in self.rows:
            found.update(row.counts)
        return {coverage: found[coverage] for coverage in Coverage}

    def same_gaps(self, other: "Certificate | None") -> bool:
        """Whether the same is missing for the same reasons as in another sweep."""
        return other is not None and self.missing == other.missing

    @property
    def missing(self) -> frozenset[tuple[Place, Subject, Coverage, str, str]]:
        """What is missing where, and why."""
        return frozenset((row.place, row.kind, gap.coverage, gap.call, gap.code) for row, gap in self.gaps)


@dataclass(frozen=True, slots=True)
class Uncovered:
    """The rows of one account and region that have gaps."""

    place: Place
    rows: tuple[CoverageRow, ...]

    @property
    def unlisted(self) -> bool:
        """Whether a listing failed, so that nobody knows how many subjects there are."""
        return any(not gap.subjects for row in self.rows for gap in row.gaps)

    @property
    def subjects(self) -> int:
        return sum(gap.subjects for row in self.rows for gap in row.gaps)

    @property
    def since(self) -> datetime | None:
        return min((row.since for row in self.rows if row.since is not None), default=None)


class Proof(StrEnum):
    """Whether the certificate of the last sweep can be relied on."""

    INTACT = "intact"
    CHANGED = "changed"  # it is not the one that the sweep stored
    MISSING = "missing"
    NONE = "none"  # no sweep has ended yet
    OLD = "old"  # it is of days ago
    UNREAD = "unread"  # a call failed


@dataclass(frozen=True, slots=True)
class StoredReport:
    """Where a sweep's report is: a bucket in `home`, and the object's key."""

    home: Place
    bucket: str
    key: str


_RECENT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Seen:
    """The certificate of the last sweep of everything, whether it can be relied on, and the sweep's report."""

    proof: Proof = Proof.NONE
    certificate: Certificate | None = None
    why: str = ""
    """Its key, or why it could not be read."""
    report: StoredReport | None = None

    @property
    def complete(self) -> bool:
        """Whether no open finding means that none exists."""
        return self.proof is Proof.INTACT and self.certificate is not None and self.certificate.complete

    def by(self, now: datetime) -> "Seen":
        """Return it as it counts now: what was seen days ago is not relied on."""
        made = self.certificate
        old = self.proof is Proof.INTACT and made is not None and made.ended < now - _RECENT
        return replace(self, proof=Proof.OLD) if old else self


UNSEEN = Seen()
"""No sweep has ended."""


def lasting(rows: Iterable[CoverageRow], before: Certificate | None, began: datetime) -> tuple[CoverageRow, ...]:
    """Return the rows with since when they have gaps: since this sweep, or since an earlier one."""
    earlier = {(row.place, row.kind): row.since for row in (before.rows if before is not None else ()) if row.gaps}
    return tuple(
        row.model_copy(update={"since": earlier.get((row.place, row.kind)) or began}) if row.gaps else row
        for row in rows
    )


type _Why = tuple[Coverage, str, str]
"""With a gap, the call that failed and its code."""


def rows_of(swept: Iterable[PlaceSweep], covered: Iterable[Covered]) -> tuple[CoverageRow, ...]:
    """Return the rows of a certificate: of every place in scope, whether or not it could be swept."""
    found = dict[tuple[Place, Subject], Counter[_Why]]()
    for each in covered:
        counts = found.setdefault((each.subject.place, each.subject.kind), Counter())
        counts[each.coverage, each.call, each.code] += 1
    progress = {each.place: each for each in swept}
    elsewhere = {place for place, _ in found} - progress.keys()  # a parameter may be in a region that is not swept
    progress |= {place: PlaceSweep(place, watched=False) for place in elsewhere}
    rows = (
        _row(progress[place], kind, found.get((place, kind), Counter()))
        for place in sorted(progress)
        for kind in Subject
    )
    return tuple(row for row in rows if row is not None)


def _row(swept: PlaceSweep, kind: Subject, counts: Counter[_Why]) -> CoverageRow | None:
    listing, left = swept.listing(kind), swept.left.get(kind, 0)
    unlisted = list[Gap]()
    if swept.watched and kind.listed:
        counts[Coverage.NEVER_REACHED, "", ""] += max(listing.sent - counts.total(), 0)
        if (missing := listing.missing) is not None:
            coverage = Coverage.without(missing)
            counts[coverage, missing.call, missing.code] += listing.known
            if not listing.known:
                unlisted.append(Gap(coverage=coverage, call=missing.call, code=missing.code, subjects=0))
        elif not listing.complete:
            counts[Coverage.NEVER_REACHED, "", ""] += listing.known
            unlisted.append(Gap(coverage=Coverage.NEVER_REACHED, subjects=0))
    elif left:
        counts[Coverage.OUT_OF_SCOPE, "", ""] += left
    elif not counts:
        return None
    by_coverage = Counter[Coverage]()
    for (coverage, _, _), number in counts.items():
        by_coverage[coverage] += number
    gaps = [
        Gap(coverage=coverage, call=call, code=code, subjects=number)
        for (coverage, call, code), number in sorted(counts.items())
        if coverage.gap and number
    ]
    return CoverageRow(
        account=swept.place.account,
        region=swept.place.region,
        kind=kind,
        began=swept.began,
        counts={coverage: by_coverage[coverage] for coverage in Coverage if by_coverage[coverage]},
        gaps=(*gaps, *unlisted),
    )
