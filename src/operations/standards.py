"""The stored standard: in a parameter, in an S3 object or in the package. It is read again after minutes.

If it cannot be used, the last good one is used instead, and everybody who asks for it is given the reason too. The
function inspect keeps the last good one in the ledger.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic

from aws.calls import CallFailed, CallRefused
from aws.ledger.standards import GoodStandard, GoodStandards
from aws.parameters import read_document
from aws.sessions import Sessions
from domain.standard import DEFAULT, Standard, StandardInvalid, default_standard
from domain.standard.checking import Ruled, checked
from domain.standard.problems import Found, Problem

FRESH = 180  # seconds
_CLOCKS = 20  # seconds that functions may differ by


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the stored standard is not used; the digest of its text, empty if it was not read."""

    why: StandardInvalid | CallFailed
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Edition:
    """A standard, and the digest of its text.

    With `trouble` it is the last good one, because the stored one cannot be used: nothing is corrected by it.
    """

    standard: Standard
    digest: str
    warnings: tuple[Found, ...] = ()
    trouble: Trouble | None = None


@dataclass(slots=True)
class Standards:
    """`location` is `ssm:NAME` or `s3://BUCKET/KEY`; empty for the packaged standard.

    `good` holds the last good standard; without it, a standard that cannot be used is an error. Only one function
    `keeps` it. `reports` is called after each reading with what was found. What was read is used for `fresh` seconds.
    """

    sessions: Sessions
    location: str
    rules: Sequence[Ruled]
    good: GoodStandards | None = None
    keeps: bool = False
    reports: Callable[[Edition], None] = lambda _: None
    fresh: int = FRESH
    clock: Callable[[], float] = monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _held: Edition | None = field(default=None, init=False)
    _since: float | None = field(default=None, init=False)
    _kept: str = field(default="", init=False)

    @property
    def agreed(self) -> int:
        """After so many seconds every function evaluates by the stored standard."""
        return self.fresh + min(self.fresh, _CLOCKS)

    def current(self) -> Edition:
        """Return the standard.

        Raises CallFailed if reading it may succeed later. Raises StandardInvalid or CallFailed if it cannot be used and
        there is no good one: nothing is evaluated then.
        """
        now = self.clock()
        if self._held is None or self._since is None or now - self._since >= self.fresh:
            self._held = self._read()
            self._since = now
            self.reports(self._held)
        return self._held

    def reread(self) -> Edition:
        """Read the stored standard again, even if the one in memory is fresh."""
        self._since = None
        return self.current()

    def _read(self) -> Edition:
        if not self.location:
            return Edition(default_standard(), _digest(DEFAULT.read_text(encoding="utf-8")))
        digest, read = "", self.now()
        source = f"The standard at {self.location}"
        try:
            text = self._text(source)
            digest = _digest(text)
            if self._held is not None and self._held.digest == digest and self._held.trouble is None:
                edition = self._held
            else:
                found = checked(text, source, self.rules, read.date())
                edition = Edition(found.standard, digest, found.warnings)
        except (StandardInvalid, CallRefused) as error:
            return self._last_good(Trouble(error, digest))
        if self.keeps and self.good is not None and self._kept != digest:
            with suppress(CallFailed):  # the next reading tries again
                self.good.keep(GoodStandard(text, digest, read))
                self._kept = digest
        return edition

    def _text(self, source: str) -> str:
        try:
            return read_document(self.sessions, self.location)
        except UnicodeDecodeError:
            raise StandardInvalid(source, [Found(Problem.NOT_TEXT, "is not text in UTF-8. Store it as such")]) from None

    def _last_good(self, trouble: Trouble) -> Edition:
        """Return the last good standard. It is not checked again: a later release may find more in it.

        One that a later release cannot even parse is none: only the stored one can be corrected.
        """
        good, held = self.good.last() if self.good is not None else None, self._held
        if good is not None and (held is None or held.digest != good.digest):
            with suppress(StandardInvalid):
                return Edition(Standard.parse(good.text, "The last good standard"), good.digest, trouble=trouble)
        if held is None:
            raise trouble.why
        return replace(held, warnings=(), trouble=trouble)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
