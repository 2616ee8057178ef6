"""Placeholders of templates: a tool replaces them later, so the value is not known."""

import re

# `$NAME`, `${NAME}`, `{{name}}`, `<NAME>` by one of their signs, which image names, roles, sizes and endpoints never
# contain; `%NAME%` as a whole, because an endpoint may contain an escape such as %2F.
_PLACEHOLDER = re.compile(r"[${}<>]|%[A-Za-z_]\w{2,}%", re.ASCII)


def placeholder(text: str) -> bool:
    """Return whether the text has a template's placeholder: `${TAG}`, `{{tag}}`, `<TAG>`, `$TAG`, `%TAG%`."""
    return _PLACEHOLDER.search(text) is not None


# In a command line or a header's value the same signs have other meanings, so only a whole placeholder counts.
_WHOLE = re.compile(r"\$\{[A-Za-z_][\w.-]*\}|\{\{[^{}]*\}\}|<[A-Za-z_][\w .-]*>|%[A-Za-z_]\w{2,}%", re.ASCII)


def has_whole_placeholder(text: str) -> bool:
    """Return whether a text of any kind has `${TAG}`, `{{tag}}`, `<TAG>` or `%TAG%` in it, or is `$TAG` as a whole."""
    return _WHOLE.search(text) is not None or (text.startswith("$") and text[1:].isidentifier())
