"""Placeholders of templates: a tool replaces them later, so the value is not known."""

import re

# `$NAME`, `${NAME}`, `{{name}}`, `<NAME>` by one of their signs, which image names, roles, sizes and endpoints never
# contain; `%NAME%` as a whole, because an endpoint may contain an escape such as %2F.
_PLACEHOLDER = re.compile(r"[${}<>]|%[A-Za-z_]\w{2,}%", re.ASCII)


def placeholder(text: str) -> bool:
    """Return whether the text has a template's placeholder: `${TAG}`, `{{tag}}`, `<TAG>`, `$TAG`, `%TAG%`."""
    return _PLACEHOLDER.search(text) is not None
