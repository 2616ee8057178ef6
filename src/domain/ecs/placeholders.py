"""Placeholders of templates: a file holds them until a tool fills them in, so they say nothing about the value."""

import re

# `$NAME`, `${NAME}`, `{{name}}`, `<NAME>` by one of their signs, which image names, roles, sizes and endpoints never
# hold; `%NAME%` whole, because an endpoint may hold an escape such as %2F.
_PLACEHOLDER = re.compile(r"[${}<>]|%[A-Za-z_]\w{2,}%", re.ASCII)


def placeholder(text: str) -> bool:
    """Whether the text holds a template's placeholder: `${TAG}`, `{{tag}}`, `<TAG>`, `$TAG`, `%TAG%`."""
    return _PLACEHOLDER.search(text) is not None
