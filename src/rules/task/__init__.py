"""The rules of the topic `task`, in the catalogue's order."""

from domain.rule import Rule
from rules.task import depends_on, network_mode, platform_version, roles, size

RULES: tuple[Rule, ...] = (
    network_mode.RULE,
    size.RULE,
    roles.RULE,
    depends_on.RULE,
    platform_version.RULE,
)
