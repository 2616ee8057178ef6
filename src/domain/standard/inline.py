"""Exemptions next to what they exempt: in a tag of a task definition, or a comment of a file.

Both say `until 2027-01-31: why`. A tag's key is `outrider:exempt:` and the rule; a comment says
`outrider:exempt RULE until …`. Each is for one rule, has a reason, and ends.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

KEY: Final = "outrider:exempt"
TAG: Final = f"{KEY}:"
_TERMS: Final = re.compile(r"\s*until\s+(\S+?):?\s+(.*\S)\s*", re.DOTALL)
_SHORTEST: Final = 8
"""Characters of a reason, as in the standard."""


class Mistake(StrEnum):
    """Why an exemption has no effect."""

    FORM = "form"
    DAY = "day"
    REASON = "reason"
    EXPIRED = "expired"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Terms:
    """The last day of an exemption, and why it is there."""

    expires: date
    reason: str

    @classmethod
    def parse(cls, text: str, today: date) -> "Terms | Mistake":
        """Read `until DAY: REASON`; return what is wrong with it instead."""
        found = _TERMS.fullmatch(text)
        if found is None:
            return Mistake.FORM
        try:
            expires = date.fromisoformat(found[1])
        except ValueError:
            return Mistake.DAY
        if len(found[2]) < _SHORTEST:
            return Mistake.REASON
        return Mistake.EXPIRED if expires < today else cls(expires, found[2])
