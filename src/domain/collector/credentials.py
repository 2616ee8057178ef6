"""Credentials in plain text in a configuration. Only their places are reported, never their values."""

import re
from collections.abc import Iterator
from typing import Final

from domain.collector.configuration import CollectorConfiguration, mapping
from domain.collector.reading import Value
from domain.collector.references import has_reference
from domain.collector.releases import Release
from domain.collector.scalars import shown
from domain.ecs.placeholders import has_whole_placeholder
from domain.masking import TOKENS

_NAMES: Final = frozenset({
    "api_key", "apikey", "access_key", "credentials", "key_pem", "passwd", "password", "passphrase", "private_key",
    "secret", "secret_access_key", "secret_key", "token",
})  # fmt: skip
_ENDINGS: Final = ("_api_key", "_apikey", "_password", "_secret", "_secret_key", "_secret_access_key", "_token")
_HEADER_WORDS: Final = (
    "authorization", "api-key", "apikey", "api_key", "token", "secret", "license-key", "ingestion-key", "access-key",
    "honeycomb-team", "uptrace-dsn", "password", "cookie", "x-auth",
)  # fmt: skip
# Bodies whose keys are header names.
_HEADERS: Final = frozenset({"headers", "additional_headers"})
_URL_WITH_PASSWORD: Final = re.compile(r"^[a-z][a-z0-9+.-]*://[^/@\s:]*:[^/@\s]+@", re.IGNORECASE)
_URL_WITH_TOKEN: Final = re.compile(
    r"^[a-z][a-z0-9+.-]*://\S*[?&](?:\w*(?:api[-_]?key|access[-_]?key|token|secret|password|signature)|key|sig|auth)"
    r"=[^&\s]",
    re.IGNORECASE,
)
# A segment of a path that is no word and no id: long, with digits and both cases.
_TOKEN_IN_PATH: Final = re.compile(
    r"^[a-z][a-z0-9+.-]*://[^/\s]+/(?:[^/?#\s]+/)*(?=[^/?#]*[a-z])(?=[^/?#]*[A-Z])(?=[^/?#]*\d)[\w=-]{32,}(?=[/?#]|$)",
    re.ASCII,
)
# What an example has for a credential that everybody has to fill in.
_TO_FILL_IN: Final = re.compile(r"your[-_ ].*|(?:change|replace)[-_ ]?me|x{3,}|\*{3,}|\.{3}|redacted", re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?:bearer|basic|api-?key|token)\s+", re.IGNORECASE)


def credentials_in_clear(configuration: CollectorConfiguration, release: Release | None = None) -> Iterator[str]:
    """Yield where a credential is written out, as a path of names (items of lists have none)."""
    yield from dict.fromkeys(_within(configuration.document, "", "", release))


def _within(value: Value, where: str, above: str, release: Release | None) -> Iterator[str]:
    if isinstance(value, tuple):
        for item in value:
            if isinstance(item, str) and _holds_one(item) and _is_clear(item, release):
                yield where
            yield from _within(item, where, above, release)
            header = mapping(item)  # headers may also be a list of {key or name, value}
            name = header.get("key", header.get("name"))
            if (
                above in _HEADERS
                and isinstance(name, str)
                and _is_header(name)
                and _is_clear(header.get("value"), release)
            ):
                yield f"{where}/{shown(name)}"
        return
    for key, item in mapping(value).items():
        place = f"{where}/{shown(key)}" if where else shown(key)
        if isinstance(item, str | int | float):
            found = _is_credential(key, above) or (isinstance(item, str) and _holds_one(item))
            if found and _is_clear(item, release):
                yield place
        else:
            yield from _within(item, place, key.lower(), release)


def _is_credential(key: str, above: str) -> bool:
    name = key.lower().replace("-", "_")
    if above in _HEADERS:
        return _is_header(key)
    if name == "key":  # the Datadog exporter's api.key; elsewhere a key is an attribute's name
        return above == "api"
    return name in _NAMES or name.endswith(_ENDINGS)


def _holds_one(text: str) -> bool:
    """Tell if a text has a credential in it, whatever its key is."""
    in_url = "://" in text and any(form.match(text) for form in (_URL_WITH_PASSWORD, _URL_WITH_TOKEN, _TOKEN_IN_PATH))
    return in_url or TOKENS.search(text) is not None


def _is_header(name: str) -> bool:
    return any(word in name.lower() for word in _HEADER_WORDS)


def _is_clear(value: Value, release: Release | None) -> bool:
    """Tell if a value is written out: neither empty, nor from outside, nor yet to be filled in."""
    if isinstance(value, bool) or value is None or isinstance(value, tuple):
        return False
    text = str(value).strip()
    if text == "" or has_reference(value, release) or mapping(value):
        return False
    plain = _SCHEME.sub("", text, count=1)
    return not (has_whole_placeholder(plain) or _TO_FILL_IN.fullmatch(plain))
