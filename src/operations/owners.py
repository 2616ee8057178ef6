"""Read what owners of accounts exempt their workloads from, and keep it in the ledger for people to see."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from time import monotonic

from aws.calls import CallFailed
from aws.errors import Meaning
from aws.ledger.accounts import Accounts
from aws.parameters import Parameters
from domain.facts import Known, Unavailable
from domain.organization import OwnersRecord
from domain.places import Place
from domain.standard import Standard
from domain.standard.owners import PARAMETER, Allowed, OwnerExemption, OwnersWish, Refused, allowed
from domain.workload import ParameterReference
from operations.standards import FRESH


@dataclass(frozen=True, slots=True)
class Owned:
    """The exemptions by owners in an account and region, and a digest of them; empty without any.

    `unread` says that the parameter may not be read, so that nobody knows what owners exempt from.
    """

    exemptions: tuple[OwnerExemption, ...] = ()
    digest: str = ""
    unread: bool = False


@dataclass(slots=True)
class Owners:
    """Reads the parameter of each account and region again after `fresh` seconds.

    `refused` is called with what is wrong, `unread` with a parameter that may not be read. Only one function `keeps`
    what it read.
    """

    parameters: Callable[[], Parameters]
    accounts: Accounts
    rules: Collection[str]
    refused: Callable[[Place, tuple[Refused, ...]], None] = lambda *_: None
    unread: Callable[[Place, Unavailable], None] = lambda *_: None
    keeps: bool = False
    fresh: int = FRESH
    clock: Callable[[], float] = monotonic
    _held: dict[tuple[Place, str], tuple[float, Owned]] = field(default_factory=dict, init=False)
    _kept: dict[Place, OwnersRecord] = field(default_factory=dict, init=False)

    def of(self, place: Place, standard: Standard, digest: str) -> Owned:
        """Return what counts in a place by a standard with this digest. Raises CallFailed if a retry may help."""
        if not standard.owner_exemptions.rules:
            return _NONE
        now = self.clock()
        since, held = self._held.get((place, digest), (now, None))
        if held is None or now - since >= self.fresh:
            held = self._read(place, standard)
            self._held[place, digest] = now, held
        return held

    def _read(self, place: Place, standard: Standard) -> Owned:
        reference = ParameterReference(place, PARAMETER)
        found, unread = Allowed(), False
        match self.parameters().fact(reference):
            case Known(parameter) if parameter.modified is not None:
                found = allowed(OwnersWish(place, parameter.text, parameter.modified), standard, self.rules)
            case Unavailable() as fact:
                if fact.transient:
                    raise CallFailed(fact.call, fact.resource, fact.code, Meaning.RETRY)
                self.unread(place, fact)
                unread = True
            case _:
                pass
        digest = hashlib.sha256(repr(found.exemptions).encode()).hexdigest()[:16] if found.exemptions else ""
        if found.refused:
            self.refused(place, found.refused)
        self._keep(found.record(place))
        return Owned(found.exemptions, digest, unread)

    def _keep(self, record: OwnersRecord) -> None:
        """Store what counts, if that is not what is stored."""
        if not self.keeps:
            return
        if record.place not in self._kept:
            self._kept[record.place] = self.accounts.exemptions_in(record.place)
        if self._kept[record.place] != record:
            self.accounts.keep_exemptions(record)
            self._kept[record.place] = record


_NONE = Owned()
"""What counts where owners may exempt nothing."""
