"""Placeholders of templates: a tool replaces them later, so the value is not known."""

import re
from collections import Counter
from collections.abc import Iterable

# `$NAME`, `${NAME}`, `{{name}}`, `<NAME>` by one of their signs, which image names, roles, sizes and endpoints never
# contain; `%NAME%` as a whole, because an endpoint may contain an escape such as %2F.
_PLACEHOLDER = re.compile(r"[${}<>]|%[A-Za-z_]\w{2,}%", re.ASCII)


def placeholder(text: str) -> bool:
    """Return whether the text has a template's placeholder: `${TAG}`, `{{tag}}`, `<TAG>`, `$TAG`, `%TAG%`."""
    return _PLACEHOLDER.search(text) is not None


def has_placeholder(value: object) -> bool:
    """Return whether a value, or an item of a list, is a text with a template's placeholder."""
    items = value if isinstance(value, list | tuple) else (value,)
    return any(isinstance(item, str) and placeholder(item) for item in items)


# In a command line or a header's value the same signs have other meanings, so only a whole placeholder counts.
_WHOLE = re.compile(r"\$\{[A-Za-z_][\w.-]*\}|\{\{[^{}]*\}\}|<[A-Za-z_][\w .-]*>|%[A-Za-z_]\w{2,}%", re.ASCII)
_FIRST = ("$", "{", "<", "%")


def has_whole_placeholder(text: str) -> bool:
    """Return whether a text of any kind has `${TAG}`, `{{tag}}`, `<TAG>` or `%TAG%` in it, or is `$TAG` as a whole."""
    return _WHOLE.search(text) is not None or _is_name(text)


def parts_filled_in(texts: Iterable[str]) -> Counter[str]:
    """Return how often the texts have each placeholder, with what it is joined to."""
    found = (text for text in texts if placeholder(text))
    return Counter(part for text in found for part in re.split(r"[,\s=]", text) if placeholder(part))


def filled_in(texts: Iterable[str]) -> Counter[str]:
    """Return how often the texts are each placeholder, as a whole."""
    likely = (text for text in texts if text.startswith(_FIRST))
    return Counter(text for text in likely if _WHOLE.fullmatch(text) is not None or _is_name(text))


def _is_name(text: str) -> bool:
    return text.startswith("$") and text[1:].isidentifier()
