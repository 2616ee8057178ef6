"""The rules of the topic `service`, in the catalogue's order."""

from domain.rule import Rule
from rules.service import collector_running, config_fresh, no_central_collector, platform_version, revision

RULES: tuple[Rule, ...] = (
    platform_version.RULE,
    no_central_collector.RULE,
    revision.RULE,
    config_fresh.RULE,
    collector_running.RULE,
)
