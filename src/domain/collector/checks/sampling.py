"""What the tail_sampling processor refuses of its policies, when it starts."""

from collections.abc import Iterator
from typing import Final

from domain.collector.checks.building import Checks, choices, required, when_started
from domain.collector.checks.conditions import conditions
from domain.collector.options import OptionKind
from domain.collector.problems import Problem, ProblemCode
from domain.collector.settings import NOT_KNOWN, Settings, is_empty

_STATUS_CODES: Final = ("OK", "ERROR", "UNSET")
_WITHOUT_SETTINGS: Final = ("always_sample", "trace_flags")
_CONTEXTS: Final = ("span", "spanevent")


def _names(settings: Settings) -> Iterator[Problem]:
    """Policies have names, and differ by them."""
    seen = set[str]()
    for policy in settings.each("policies"):
        yield from required("name")(policy)
        name = policy.text("name")
        if name and name in seen:
            yield policy.problem(ProblemCode.DUPLICATE, "name")
        seen.add(name or "")


def _policy(settings: Settings) -> Iterator[Problem]:
    kind = settings.text("type")
    if kind is None or settings.value(kind) is NOT_KNOWN:
        return
    known = (*_types(settings), *_WITHOUT_SETTINGS)
    if not kind:
        yield settings.problem(ProblemCode.REQUIRED, "type")
    elif kind not in known:
        yield settings.problem(ProblemCode.CHOICE, "type", wanted=known)
    elif kind == "status_code":
        yield from _status_codes(settings.below(kind))
    elif kind == "ottl_condition":
        yield from _conditions(settings.below(kind))


def _types(settings: Settings) -> tuple[str, ...]:
    """Give the types whose settings a policy may have: each is a struct of its name."""
    keys = settings.option.keys or {}
    return tuple(name for name, option in keys.items() if option.kind is OptionKind.STRUCT)


def _status_codes(settings: Settings) -> Iterator[Problem]:
    if settings.texts("status_codes") == ():
        yield settings.problem(ProblemCode.REQUIRED, "status_codes", wanted=_STATUS_CODES)
    yield from choices("status_codes", *_STATUS_CODES)(settings)


def _conditions(settings: Settings) -> Iterator[Problem]:
    if all(is_empty(settings.given.get(key)) for key in _CONTEXTS):
        yield settings.problem(ProblemCode.REQUIRED, "span", wanted=_CONTEXTS)
    for key in _CONTEXTS:
        yield from conditions(key)(settings)


_POLICY: Final = (when_started(_policy),)

SAMPLING: Final[Checks] = {
    "tailsamplingprocessor.Config": (when_started(_names),),
    "tailsamplingprocessor.PolicyCfg": _POLICY,
    "tailsamplingprocessor.AndSubPolicyCfg": _POLICY,
    "tailsamplingprocessor.CompositeSubPolicyCfg": _POLICY,
    "tailsamplingprocessor.NotSubPolicyCfg": _POLICY,
}
