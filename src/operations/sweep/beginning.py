"""Begin a sweep: claim that it is the only one, and list the accounts and regions, and what the ledger knows of each.

What exists is listed later, for each account and region by itself: `places`. The ledger is scanned once for all of
them.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from json import dumps

from aws.calls import CallRefused
from aws.ledger import Ledger
from aws.objects import Bucket
from aws.organizations import Organizations
from domain.organization import Needed
from domain.places import Place
from domain.standard import StandardInvalid
from domain.subject import Subject
from domain.sweeping import Listing, PlaceSweep, Run, SweepRequest
from operations.inspection.notices import Operations
from operations.standards import Edition, Standards

LEASE = timedelta(hours=1)
"""A sweep whose last step began longer ago does not run any more."""
ORGANIZATION = "organization"
"""In place of accounts: all active accounts of the organisation."""


class SweepEnded(Exception):
    """The sweep that a step belongs to does not run any more."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What the stack watches: accounts, or the organisation, in these regions; always its own.

    `members` are the accounts of the organisation that it watches; empty for all.
    """

    home: Place
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Begun:
    """Whether the sweep began. If not, another one runs. Nothing may be evaluated for `wait` seconds.

    The places are in the bucket, under the key `places`.
    """

    started: bool
    bucket: str
    places: str = ""
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Beginner:
    """The use case; its parts come from operations.wiring."""

    ledger: Ledger
    bucket: Bucket
    organizations: Organizations
    standards: Standards
    watched: Watched
    operations: Operations
    release: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def begin(self, id_: str, request: SweepRequest) -> Begun:
        """Begin it, if no other sweep runs. Raises CallFailed: a retry of the same sweep begins it again."""
        now, edition = self.now(), usable(self.standards.reread)
        scope, digest = request.scope, edition.digest if edition is not None else ""
        run = Run(id_, now, request.at or now, self.release, digest, scope, request.quiet)
        if not self.ledger.runs.claim(run, now, now + LEASE):
            return Begun(started=False, bucket=self.bucket.name)
        known = self._known()
        watched = set(self._places())
        if edition is not None:
            self._organization(edition.standard.of_organization)
        swept = [
            PlaceSweep(
                place, listings={kind: Listing(known=len(names)) for kind, names in known.get(place, {}).items()}
            )
            for place in watched
        ]
        swept += [
            PlaceSweep(place, watched=False, left={kind: len(names) for kind, names in found.items()})
            for place, found in known.items()
            if place not in watched
        ]
        swept = sorted((each for each in swept if scope.includes(each.place)), key=lambda each: each.place)
        for each in swept:
            if each.watched and each.listings:
                self.bucket.put(known_key(id_, each.place), dumps(known[each.place]))
        self.ledger.runs.save(id_, swept)
        places = [{"account": each.place.account, "region": each.place.region} for each in swept if each.watched]
        self.bucket.put(f"sweeps/{id_}/places.json", dumps(places))
        return Begun(
            started=True, bucket=self.bucket.name, places=f"sweeps/{id_}/places.json", wait=self._until_agreed(digest)
        )

    def _places(self) -> list[Place]:
        home, accounts, members = self.watched.home, self.watched.accounts, self.watched.members
        if ORGANIZATION in accounts:
            accounts = [each for each in self.organizations.accounts() if not members or each in members]
        regions = self.watched.regions or [home.region]
        return [home, *(Place(account, region) for account in {home.account, *accounts} for region in regions)]

    def _organization(self, needs: Needed) -> None:
        """Read what the layers of the standard need of the organisation, if this stack may list it."""
        if not needs or ORGANIZATION not in self.watched.accounts:
            return
        try:
            self.ledger.accounts.keep(self.organizations.members(tags=needs.tags))
        except CallRefused as failed:
            self.operations.no_organization(failed)

    def _known(self) -> Mapping[Place, Mapping[Subject, list[str]]]:
        """Return the families and services that were ever evaluated, by place."""
        found = defaultdict[Place, dict[Subject, list[str]]](dict)
        for subject in self.ledger.subjects.everywhere():
            if subject.kind.listed:
                found[subject.place].setdefault(subject.kind, []).append(subject.name)
        return found

    def _until_agreed(self, digest: str) -> int:
        """Return for how many seconds some function may still evaluate by the standard of the last sweep.

        Without this wait, what it evaluates now would be notified of one by one later.
        """
        before = self.ledger.health.basis(self.watched.home)
        changed = before is not None and digest and before.standard != digest
        return self.standards.agreed if changed else 0


def held(ledger: Ledger, id_: str, now: datetime) -> Run:
    """Return the sweep that runs, and extend its lease. Raises SweepEnded if it does not run any more."""
    run = ledger.runs.current()
    if run is None or run.id != id_ or not ledger.runs.claim(run, now, now + LEASE):
        raise SweepEnded(f"The sweep {id_} does not run any more")
    return run


def known_key(run: str, place: Place) -> str:
    """Where the names of the families and services are that the ledger knows in a place."""
    return f"sweeps/{run}/{place}/known.json"


def usable(read: Callable[[], Edition]) -> Edition | None:
    """Return the standard; None if it is not valid or cannot be read: inspect notifies operations of that.

    Raises CallFailed if reading it may succeed later.
    """
    try:
        return read()
    except (StandardInvalid, CallRefused):
        return None
