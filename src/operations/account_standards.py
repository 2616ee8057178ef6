"""The standard of each account: the organisation's with the layers for that account, as the ledger knows it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic

from aws.ledger.accounts import Accounts
from domain.organization import Membership
from domain.standard.layered import layered, layers_of
from operations.standards import FRESH, Edition


@dataclass(slots=True)
class AccountStandards:
    """Keeps what it read of an account for `fresh` seconds.

    `unknown` is called with an account whose units or tags a layer needs, and the ledger does not know: the
    organisation's own standard counts for it, and the layers of its number.
    """

    accounts: Accounts
    unknown: Callable[[str], None] = lambda _: None
    fresh: int = FRESH
    clock: Callable[[], float] = monotonic
    _members: dict[str, tuple[float, Membership]] = field(default_factory=dict, init=False)
    _editions: dict[tuple[str, tuple[int, ...]], Edition] = field(default_factory=dict, init=False)

    def of(self, edition: Edition, account: str) -> Edition:
        """Return the standard for an account, with a digest of its own if it differs. Raises CallFailed."""
        standard = edition.standard
        found = layers_of(standard, self.member(edition, account)) if standard.layers else ()
        if not found:
            return edition
        which = tuple(i for layer in found for i, each in enumerate(standard.layers) if each is layer)
        made = self._editions.get((edition.digest, which))
        if made is None:
            digest = hashlib.sha256(f"{edition.digest} {which}".encode()).hexdigest()[:16]
            made = replace(edition, standard=layered(standard, found), digest=digest)
            self._editions[edition.digest, which] = made
        return replace(made, trouble=edition.trouble)

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
            if member.units is None or (needs.tags and member.tags is None):
                self.unknown(account)
        return member
