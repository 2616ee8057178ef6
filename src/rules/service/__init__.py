"""The rules of the topic `service`, in the catalogue's order."""

from domain.rule import Rule
from rules.service import no_central_collector, platform_version

RULES: tuple[Rule, ...] = (
    platform_version.RULE,
    no_central_collector.RULE,
)
