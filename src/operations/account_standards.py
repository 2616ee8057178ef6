"""The standard of each account: the organisation's with the layers for that account, and exemptions by its owners."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic

from aws.ledger.accounts import Accounts
from domain.organization import Membership, Needed
from domain.places import Place
from domain.standard import Standard
from domain.standard.layered import layered, layers_of
from operations.owners import Owners
from operations.standards import FRESH, Edition


@dataclass(slots=True)
class AccountStandards:
    """Keeps what it read of an account for `fresh` seconds.

    `unknown` is called with an account whose units or tags a layer needs, and the ledger does not know: the
    organisation's own standard counts for it, and the layers of its number.
    """

    accounts: Accounts
    owners: Owners
    unknown: Callable[[str], None] = lambda _: None
    fresh: int = FRESH
    clock: Callable[[], float] = monotonic
    _members: dict[str, tuple[float, Membership]] = field(default_factory=dict, init=False)
    _editions: dict[tuple[str, object], Edition] = field(default_factory=dict, init=False)

    def of(self, edition: Edition, place: Place) -> Edition:
        """Return the standard for an account and region, with a digest of its own if it differs. Raises CallFailed."""
        made = self._with_owners(self._layered(edition, place.account), edition, place)
        return made if made is edition else replace(made, trouble=edition.trouble)

    def _layered(self, edition: Edition, account: str) -> Edition:
        standard = edition.standard
        which = layers_of(standard, self.member(edition, account)) if standard.layers else ()
        return self._made(edition, which, lambda: layered(standard, which)) if which else edition

    def _with_owners(self, edition: Edition, whole: Edition, place: Place) -> Edition:
        owned = self.owners.of(place, whole.standard, whole.digest)
        if not owned.exemptions:
            return edition
        exemptions = (*edition.standard.exemptions, *owned.exemptions)
        return self._made(edition, owned.digest, lambda: edition.standard.model_copy(update={"exemptions": exemptions}))

    def _made(self, edition: Edition, by: object, make: Callable[[], Standard]) -> Edition:
        """Return what results from an edition by this. Accounts with the same layers share one."""
        made = self._editions.get((edition.digest, by))
        if made is None:
            digest = hashlib.sha256(f"{edition.digest} {by}".encode()).hexdigest()[:16]
            made = self._editions[edition.digest, by] = replace(edition, standard=make(), digest=digest)
        return made

    def knows(self, edition: Edition, place: Place) -> bool:
        """Return whether all was read on which the standard of an account and region depends. Raises CallFailed."""
        needs, member = edition.standard.of_organization, self.member(edition, place.account)
        return _suffices(member, needs) and not self.owners.of(place, edition.standard, edition.digest).unread

    def member(self, edition: Edition, account: str) -> Membership:
        """Return what is known of an account, as far as the standard depends on it."""
        needs = edition.standard.of_organization
        if not needs:
            return Membership(account)
        now = self.clock()
        since, member = self._members.get(account, (now, None))
        if member is None or now - since >= self.fresh:
            member = self.accounts.of(account)
            self._members[account] = now, member
            if not _suffices(member, needs):
                self.unknown(account)
        return member


def _suffices(member: Membership, needs: Needed) -> bool:
    return not needs or (member.units is not None and not (needs.tags and member.tags is None))
