"""The rules of the topic `sidecar`, in the catalogue's order."""

from domain.rule import Rule
from rules.sidecar import (
    config_effective,
    config_from_parameter,
    health_check,
    image_approved,
    image_pinned,
    logging,
    not_essential,
    ports,
    present,
    resources,
    restart_policy,
    single,
)

RULES: tuple[Rule, ...] = (
    present.RULE,
    single.RULE,
    image_pinned.RULE,
    image_approved.RULE,
    not_essential.RULE,
    restart_policy.RULE,
    config_from_parameter.RULE,
    config_effective.RULE,
    ports.RULE,
    resources.RULE,
    logging.RULE,
    health_check.RULE,
)
