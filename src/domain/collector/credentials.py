"""Credentials in plain text in a configuration. Only their places are reported, never their values."""

import re
from collections.abc import Iterator

from domain.collector.configuration import CollectorConfiguration, mapping
from domain.collector.reading import Value
from domain.collector.references import has_reference
from domain.collector.releases import Release
from domain.collector.scalars import shown

_NAMES = frozenset(
    {
        "api_key",
        "apikey",
        "access_key",
        "credentials",
        "key_pem",
        "passwd",
        "password",
        "passphrase",
        "private_key",
        "secret",
        "token",
    }
)
_ENDINGS = ("_api_key", "_apikey", "_password", "_secret", "_secret_key", "_secret_access_key", "_token")
_HEADER_WORDS = ("authorization", "api-key", "apikey", "api_key", "token", "secret", "license-key", "ingestion-key")
# Bodies whose keys are header names.
_HEADERS = frozenset({"headers", "additional_headers"})
_URL_WITH_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/@\s:]*:[^/@\s]+@", re.IGNORECASE)


def credentials_in_clear(configuration: CollectorConfiguration, release: Release | None = None) -> Iterator[str]:
    """Yield where a credential is written out, as a path of names (items of lists have none)."""
    yield from dict.fromkeys(_within(configuration.document, "", "", release))


def _within(value: Value, where: str, above: str, release: Release | None) -> Iterator[str]:
    if isinstance(value, tuple):
        for item in value:
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
        if isinstance(item, str | int | float) and _is_clear(item, release):
            if _is_credential(key, above) or (isinstance(item, str) and _URL_WITH_PASSWORD.match(item)):
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


def _is_header(name: str) -> bool:
    return any(word in name.lower() for word in _HEADER_WORDS)


def _is_clear(value: Value, release: Release | None) -> bool:
    if isinstance(value, bool) or value is None or isinstance(value, tuple):
        return False
    return str(value).strip() != "" and not has_reference(value, release) and not mapping(value)
