"""The first module of `outrider.pyz`, in the syntax of old Pythons: a traceback ends with 1, which means drift."""

import sys
from collections.abc import Callable
from typing import Any, NoReturn


def refuse(why: str) -> NoReturn:
    """End with a sentence."""
    print(why, file=sys.stderr)
    sys.exit(2)


def unpacking(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return a step of shiv's that ends with a sentence if the cache cannot be written."""

    def tried(*given: Any) -> Any:
        try:
            return step(*given)
        except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
            refuse(f"outrider.pyz cannot be unpacked ({error}). Name a folder that can be written to in SHIV_ROOT.")

    return tried


if sys.version_info[:2] != (3, 13):
    refuse(f"outrider.pyz needs Python 3.13, and this is {sys.version_info[0]}.{sys.version_info[1]}.")

import _bootstrap  # type: ignore[import-not-found] # noqa: E402 - shiv's; it may not be for old Pythons

_bootstrap.cache_path = unpacking(_bootstrap.cache_path)
_bootstrap.extract_site_packages = unpacking(_bootstrap.extract_site_packages)
_bootstrap.bootstrap()
