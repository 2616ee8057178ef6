"""Which of two values of a field is the stricter one, for what the organisation locks."""

import re
from collections.abc import Callable, Mapping
from operator import ge, le
from typing import Any

from domain.ecs.images import Image, version_of
from domain.standard.part import Part

_RELEASE = re.compile(r"(v?)[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}")

type AtLeast = Callable[[Any, Any], bool]
"""Whether the first value is at least as strict as the second."""


_higher: AtLeast = ge
_lower: AtLeast = le


def _lower_or_none(given: int | None, own: int | None) -> bool:
    return own is None or (given is not None and given <= own)


def _later(given: str | None, own: str | None) -> bool:
    return own is None or (given is not None and version_of(given) >= version_of(own))


def _later_image(given: str, own: str) -> bool:
    """Whether it is a later release of the same repository. Tags of any other form than `v1.2.3` have no order."""
    one, other = Image.parse(given), Image.parse(own)
    if one.repository != other.repository or one.digest or other.digest:
        return False
    later, release = _RELEASE.fullmatch(one.tag or ""), _RELEASE.fullmatch(other.tag or "")
    same = later is not None and release is not None and later[1] == release[1]
    return same and one.version >= other.version


def _fewer(given: tuple[str, ...], own: tuple[str, ...]) -> bool:
    return set(given) <= set(own)


def _more(given: tuple[str, ...], own: tuple[str, ...]) -> bool:
    return set(given) >= set(own)


_AT_LEAST: Mapping[str, AtLeast] = {
    "collector.image": _later_image,
    "collector.repositories": _fewer,
    "collector.minimum_release": _later,
    "collector.support_days": _lower_or_none,
    "collector.parameters_allowed": _fewer,
    "collector.release_tags": _fewer,
    "collector.allow_secrets_manager": _lower,
    "collector.readonly_root_filesystem": _higher,
    "applications.cpu_floor": _higher,
    "applications.memory_floor": _higher,
    "applications.resource_attributes": _more,
    "applications.require_endpoint": _higher,
    "services.platform_version": _later,
    "services.gateways": _fewer,
    "services.config_grace_days": _lower,
    "services.settling_minutes": _lower,
    "configuration.regions": _fewer,
    "remediation.attempts": _lower,
    "remediation.window_hours": _higher,
    "remediation.settling_minutes": _higher,
    "remediation.registrations_per_hour": _lower,
    "remediation.rollouts_per_hour": _lower,
    "remediation.leave_to": _more,
    "remediation.at_once": _lower,
    "remediation.canary": _more,
    "remediation.deploy_minutes": _lower,
    "remediation.require_rollback": _higher,
    "remediation.approval_hours": _lower,
}
"""By field. Of a field that is not here, no other value is known to be as strict."""


def at_least(field: str, given: object, own: object) -> bool:
    """Whether a value of a field is at least as strict as the organisation's own."""
    if given == own:
        return True
    known = _AT_LEAST.get(field)
    return known is not None and known(given, own)


def strictest[P: Part](section: str, own: P, given: P, fields: frozenset[str] | None = None) -> P:
    """Return a section in which no field is looser than the organisation's own; `fields` bounds which are compared."""
    names = own.__dataclass_fields__  # type: ignore[attr-defined] # a dataclass
    changed = {
        name: getattr(own, name)
        for name in names
        if (fields is None or f"{section}.{name}" in fields)
        and not at_least(f"{section}.{name}", getattr(given, name), getattr(own, name))
    }
    return given.model_copy(update=changed) if changed else given
