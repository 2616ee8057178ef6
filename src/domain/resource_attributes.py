"""Resource attributes as the SDKs read them."""

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from urllib.parse import quote

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Attributes:
    """OTEL_RESOURCE_ATTRIBUTES: a list `key=value,…` with percent-encoded values, kept as written."""

    items: tuple[str, ...] = field(repr=False)

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> "Attributes":
        """Parse any text; a part that is not a pair has no name."""
        return cls(tuple(item for item in text.split(",") if item.strip()))

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the attributes that have a value."""
        pairs = (item.partition("=") for item in self.items)
        return frozenset(name.strip() for name, _, value in pairs if value.strip())

    @cached_property
    def malformed(self) -> bool:
        """Return whether a part is no pair, or has an escape that is none: SDKs are to discard the whole list then."""
        pairs = [item.partition("=") for item in self.items]
        return any(not name.strip() or not equals or _BAD_ESCAPE.search(value) for name, equals, value in pairs)

    def setting(self, name: str, value: str) -> "Attributes":
        """Return a copy with this attribute: it replaces an empty one of its name, or is added at the end."""
        entry = f"{name}={quote(value.strip(), safe=_PLAIN, errors='replace')}"
        kept = list(self.items)
        places = [i for i, item in enumerate(kept) if item.partition("=")[0].strip() == name]
        if places:
            kept[places[0]] = entry
            kept = [item for i, item in enumerate(kept) if i not in places[1:]]
        else:
            kept.append(entry)
        return Attributes(tuple(kept))

    def __str__(self) -> str:
        return ",".join(self.items)


# Characters that need no escape: baggage-octet of W3C Baggage, without `%`, which starts an escape, and `=`, on which
# some SDKs split a second time.
_PLAIN = "".join(sorted({chr(code) for code in range(0x21, 0x7F)} - set('",;\\%=')))
