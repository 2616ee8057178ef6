"""Limits: how many corrections were made within an hour."""

import hashlib
from datetime import datetime

from aws.ledger.table import Rows, expiry


class Limits(Rows):
    """The rows of limits."""

    def full(self, where: str, what: str, key: str, most: int, now: datetime) -> bool:
        """Whether no place of this hour is left for a key that has none. Takes none."""
        item = self.table.row(f"rate/{where}", f"{what}/{now:%Y-%m-%dT%H}")
        taken = item["keys"]["SS"] if item else []
        return _short(key) not in taken and len(taken) >= most

    def claim(self, where: str, what: str, key: str, most: int, now: datetime) -> bool:
        """Take one of this hour's `most` places for `what`. The same key takes only one place."""
        one = _short(key)
        return self.table.update(
            f"rate/{where}",
            f"{what}/{now:%Y-%m-%dT%H}",
            "ADD #keys :key SET #expires = :expires",
            {":key": {"SS": [one]}, ":one": {"S": one}, ":most": {"N": str(most)}, ":expires": expiry(1)},
            "attribute_not_exists(#keys) OR contains(#keys, :one) OR size(#keys) < :most",
        )


def _short(key: str) -> str:
    """Return a digest: ten thousand names of services would not fit into one item."""
    return hashlib.sha256(key.encode()).hexdigest()[:20]
