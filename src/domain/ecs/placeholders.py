"""Placeholders of templates: a tool replaces them later, so the value is not known."""

import re
from collections import Counter
from collections.abc import Iterator

# `$NAME`, `${NAME}`, `{{name}}`, `<NAME>` by one of their signs, which image names, roles, sizes and endpoints never
# contain; `%NAME%` as a whole, because an endpoint may contain an escape such as %2F.
_PLACEHOLDER = re.compile(r"[${}<>]|%[A-Za-z_]\w{2,}%", re.ASCII)


def placeholder(text: str) -> bool:
    """Return whether the text has a template's placeholder: `${TAG}`, `{{tag}}`, `<TAG>`, `$TAG`, `%TAG%`."""
    return _PLACEHOLDER.search(text) is not None


def is_filled_in(value: object) -> bool:
    """Return whether a value is a text with a template's placeholder."""
    return isinstance(value, str) and placeholder(value)


def has_placeholder(value: object) -> bool:
    """Return whether a value, or an item of a list, is a text with a template's placeholder."""
    return any(map(is_filled_in, value if isinstance(value, list | tuple) else (value,)))


# In a command line or a header's value the same signs have other meanings, so only a whole placeholder counts.
_WHOLE = re.compile(r"\$\{[A-Za-z_][\w.-]*\}|\{\{[^{}]*\}\}|<[A-Za-z_][\w .-]*>|%[A-Za-z_]\w{2,}%", re.ASCII)
_FIRST = ("$", "{", "<", "%")
_ANY = re.compile(rf"{_WHOLE.pattern}|\$\{{[^{{}}]*\}}|\$\w+", re.ASCII)


def has_whole_placeholder(text: str) -> bool:
    """Return whether a text of any kind has `${TAG}`, `{{tag}}`, `<TAG>` or `%TAG%` in it, or is `$TAG` as a whole."""
    return _WHOLE.search(text) is not None or _is_name(text)


def is_open(text: str) -> bool:
    """Return whether a text begins with a placeholder, so that not even its kind is known: `${DB}:password::`."""
    return text.startswith(_FIRST) and placeholder(text)


def without_placeholders(text: str) -> str:
    """Return a text with a wildcard for each placeholder: `/shop-*/token` for `/shop-${ENV}/token`."""
    return _ANY.sub("*", text) if placeholder(text) else text


def texts_within(value: object) -> Iterator[str]:
    """Yield every text in a JSON value, keys aside, in any order."""
    yield from (each for each in _leaves(value) if isinstance(each, str))


def values_within(value: object) -> Iterator[str]:
    """Yield every text, number and truth in a JSON value as a text, keys aside, in any order."""
    yield from (each if isinstance(each, str) else repr(each) for each in _leaves(value))


def _leaves(value: object) -> Iterator[object]:
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left.extend(each.values())
        elif isinstance(each, list | tuple):
            left.extend(each)
        else:
            yield each


def placeholders_in(value: object) -> Counter[str]:
    """Return how often a JSON value has each placeholder, with what it is joined to."""
    found = (text for text in texts_within(value) if placeholder(text))
    return Counter(part for text in found for part in re.split(r"[,\s=]", text) if placeholder(part))


def whole_placeholders_in(value: object) -> Counter[str]:
    """Return how often a text of a JSON value is each placeholder, as a whole."""
    likely = (text for text in texts_within(value) if text.startswith(_FIRST))
    return Counter(text for text in likely if _WHOLE.fullmatch(text) is not None or _is_name(text))


def _is_name(text: str) -> bool:
    return text.startswith("$") and text[1:].isidentifier()
