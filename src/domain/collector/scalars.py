"""Single values as the collector reads them: durations, ids, URLs, patterns; and which of several names is nearest."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from unicodedata import category

NANOSECOND = 1
MICROSECOND = 1_000 * NANOSECOND
MILLISECOND = 1_000 * MICROSECOND
SECOND = 1_000 * MILLISECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_GO_UNITS = {
    "ns": NANOSECOND,
    "us": MICROSECOND,
    "µs": MICROSECOND,
    "μs": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_GO_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_GO_DURATION = re.compile(rf"[-+]?(?:0|(?:{_GO_PART.pattern})+)", re.ASCII)
_PROMETHEUS_UNITS = {"y": 365 * DAY, "w": 7 * DAY, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": MILLISECOND}
_PROMETHEUS_DURATION = re.compile("".join(rf"(?:(?P<{unit}>\d+){unit})?" for unit in _PROMETHEUS_UNITS), re.ASCII)
_LONGEST_DURATION = 2**63 - 1
"""Nanoseconds, beyond which Go and Prometheus refuse a duration."""
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}", re.ASCII)
_NOT_IN_NAMES = frozenset("ZCS")
"""Unicode's separators, control characters and symbols."""
_LONGEST_NAME = 1024
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?(?:\[:\w+:\]|[^\]])*\]")
_LONGEST_PATTERN = 1000  # characters; to look for classes takes the square of it
_LOOKS_AROUND = re.compile(r"\(\?<?[=!]")
_GROUP = re.compile(r"\(\?(?:P?<\w+>|[a-zA-Z-]*:|[a-zA-Z-]+(?=\)))")
_REPEATS_NOTHING = re.compile(r"(?:^|[(|])[*+]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*", re.ASCII)
_SHOWABLE = re.compile(r"[A-Za-z0-9_./-]{1,80}", re.ASCII)
_SHOWABLE_TIME = re.compile(r"[-+]?[0-9.]{1,9}(?: ?[A-Za-zµμ]{1,7})?(?:[0-9.]{1,9}[a-zµμ]{1,2}){0,3}")


def shown(name: str) -> str:
    """Give a name as a sentence may show it: one that looks like no name is not shown."""
    return name if _SHOWABLE.fullmatch(name) else "(a name that is none)"


def shown_duration(text: str) -> str:
    """Give what stands for a duration, where it looks like one; else nothing."""
    return text if _SHOWABLE_TIME.fullmatch(text) else ""


def go_duration(value: str) -> int | None:
    """Give the nanoseconds of a duration as Go writes it (`1m30s`); None for what is none (`1d`, `10`)."""
    if not _GO_DURATION.fullmatch(value):
        return None
    parts = [float(number) * _GO_UNITS[unit] for number, unit in _GO_PART.findall(value)]
    if sum(parts) > _LONGEST_DURATION:
        return None
    total = sum(map(int, parts))
    return -total if value.startswith("-") else total


def prometheus_duration(value: str) -> int | None:
    """Give the nanoseconds of a duration as Prometheus writes it (`1d`, `1m30s`, `0`); None for what is none."""
    if value == "0":
        return 0
    found = _PROMETHEUS_DURATION.fullmatch(value)
    if not value or found is None:
        return None
    parts = {unit: number for unit, number in found.groupdict().items() if number}
    if sum(float(number) * _PROMETHEUS_UNITS[unit] for unit, number in parts.items()) > _LONGEST_DURATION:
        return None
    return sum(int(number) * _PROMETHEUS_UNITS[unit] for unit, number in parts.items())


def normal_id(component_id: str) -> str:
    """Write an id as the collector does: spaces around either part do not count."""
    kind, slash, name = component_id.partition("/")
    return f"{kind.strip()}{slash}{name.strip()}"


def is_component_id(given: str) -> bool:
    """Tell if it is a type (`otlp`), or a type and a name (`otlp/2`)."""
    kind, slash, name = normal_id(given).partition("/")
    return _TYPE.fullmatch(kind) is not None and (not slash or _is_name(name))


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and not any(category(letter)[0] in _NOT_IN_NAMES for letter in name)


def is_url(text: str) -> bool:
    """Tell if Go takes it for a URL, which a host and port without a scheme mostly are not (`localhost:4318` is)."""
    if any(ord(character) < ord(" ") or character == "\x7f" for character in text):
        return False
    rest = text.partition("#")[0]
    colon = rest.find(":")
    if colon == 0:
        return False
    if colon > 0 and _SCHEME.fullmatch(rest[:colon]):
        scheme_rest = rest[colon + 1 :]
        return not scheme_rest.startswith("//") or _is_authority(scheme_rest[2:].partition("/")[0].partition("?")[0])
    # A first segment with a colon in it and no scheme before it is refused.
    return ":" not in rest.partition("/")[0].partition("?")[0]


def is_request_uri(text: str) -> bool:
    """Tell if Go takes it for the URI of a request: a URL with a scheme, or a path."""
    return (
        bool(text)
        and is_url(text)
        and (text.startswith("/") or (bool(_SCHEME.fullmatch(text.partition(":")[0])) and ":" in text))
    )


def _is_authority(authority: str) -> bool:
    host = authority.rpartition("@")[2]
    if " " in host:
        return False
    if host.startswith("["):
        _, bracket, port = host.partition("]")
        return bool(bracket) and (not port or port[1:].isdigit() or port == ":")
    _, colon, port = host.partition(":")
    return not colon or port == "" or (port.isascii() and port.isdigit())


def pattern_fault(pattern: str) -> str:
    """Say in a few words why Go refuses a regular expression; empty where no reason is known."""
    if r"\Q" in pattern or len(pattern) > _LONGEST_PATTERN:
        return ""
    plain = _ESCAPED.sub("x", pattern)
    if plain.endswith("\\"):
        return "it ends with a backslash"
    plain = _CLASS.sub("x", plain)
    if "[" in plain:
        return "a [ is never closed"
    if _LOOKS_AROUND.search(plain):
        return "it looks ahead or behind, which Go's expressions cannot"
    plain = _GROUP.sub("(", plain)
    if _REPEATS_NOTHING.search(plain):
        return "there is nothing before a * or + to repeat"
    depth = 0
    for character in plain:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return "a ) has no ("
    return "a ( is never closed" if depth else ""


def nearest(name: str, names: Iterable[str]) -> str:
    """Give the name that was probably meant: the same but for case, dashes and underscores, or little else; or none."""
    known = list(names)
    plain = _plain(name)
    same = [other for other in known if _plain(other) == plain]
    close = same or get_close_matches(name, known, n=1, cutoff=0.75)
    return close[0] if close else ""


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
