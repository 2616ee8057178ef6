"""The stored standard: in a parameter, in an S3 object or in the package. It is read again after minutes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from aws.parameters import read_document
from aws.sessions import Sessions
from domain.standard import DEFAULT, Standard, StandardInvalid, default_standard
from domain.standard.problems import Found, Problem

_FRESH = 180.0  # seconds
AGREED = 200  # seconds after which every function evaluates by the stored standard


@dataclass(frozen=True, slots=True)
class Edition:
    """A standard, and the digest of its text."""

    standard: Standard
    digest: str


@dataclass(slots=True)
class Standards:
    """`location` is `ssm:NAME` or `s3://BUCKET/KEY`; empty for the packaged standard."""

    sessions: Sessions
    location: str
    clock: Callable[[], float] = monotonic
    _held: tuple[float, Edition] | None = field(default=None, init=False)

    def current(self) -> Edition:
        """Return the standard. Raises StandardInvalid or CallFailed: nothing is evaluated then."""
        now = self.clock()
        if self._held is not None and now - self._held[0] < _FRESH:
            return self._held[1]
        edition = self._read()
        self._held = (now, edition)
        return edition

    def reread(self) -> Edition:
        """Read the stored standard again, even if the one in memory is fresh."""
        self._held = None
        return self.current()

    def _read(self) -> Edition:
        if not self.location:
            return Edition(default_standard(), _digest(DEFAULT.read_text(encoding="utf-8")))
        source = f"The standard at {self.location}"
        try:
            text = read_document(self.sessions, self.location)
        except UnicodeDecodeError:
            raise StandardInvalid(source, [Found(Problem.NOT_TEXT, "is not text in UTF-8. Store it as such")]) from None
        digest = _digest(text)
        if self._held is not None and self._held[1].digest == digest:
            return self._held[1]
        return Edition(Standard.parse(text, source), digest)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
