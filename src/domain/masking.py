"""Masks of values that a text may show only if they have their own form: anything else may be a secret."""

import re
from typing import Final

from domain.ecs.placeholders import without_placeholders

HIDDEN: Final = "(hidden)"
TOKENS: Final = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\b(?:glc|glsa|hcaik|ghp)_\w{16,}|\bNRAK-\w{16,}", re.ASCII)
"""Texts that are credentials wherever they are: access key ids of AWS, and tokens with a vendor's mark."""

_LOG_GROUP: Final = re.compile(r"[\w./#-]{1,512}", re.ASCII)
_WORD: Final = re.compile(r"[a-z*][a-z0-9_*-]{0,62}", re.ASCII)
_PATH: Final = re.compile(r"[\w./-]{1,80}", re.ASCII)


def log_group(name: str) -> str:
    """The name of a log group, as CloudWatch takes it."""
    return name if _LOG_GROUP.fullmatch(name) else HIDDEN


def word(text: str) -> str:
    """A word that AWS defines: a region, a log driver, a network mode, a signal; a wildcard for a placeholder in it."""
    shown = without_placeholders(text)
    return shown if _WORD.fullmatch(shown) else HIDDEN


def path(text: str) -> str:
    """The path of a program."""
    return text if _PATH.fullmatch(text) else HIDDEN
