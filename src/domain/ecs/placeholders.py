"""Placeholders of templates: what stands in a file until something fills it in, and so tells nothing."""

import re

# `$NAME`, `${NAME}`, `{{name}}`, `<NAME>` by one of their signs, which image names, roles, sizes and endpoints never
# hold; `%NAME%` whole, because an endpoint may hold an escape such as %2F.
_PLACEHOLDER = re.compile(r"[${}<>]|%[A-Za-z_]\w{2,}%", re.ASCII)


def placeholder(text: str) -> bool:
    """Whether a template's placeholder stands in the text: `${TAG}`, `{{tag}}`, `<TAG>`, `$TAG`, `%TAG%`."""
    return _PLACEHOLDER.search(text) is not None
