"""The policy: one rule per file, a package per topic. This is the explicit catalogue."""

from domain.rule import Rule
from rules import application, config, identity, logging, service, sidecar, task

CATALOGUE: tuple[Rule, ...] = (
    *sidecar.RULES,
    *task.RULES,
    *application.RULES,
    *config.RULES,
    *identity.RULES,
    *service.RULES,
    *logging.RULES,
)
BY_ID = {rule.id: rule for rule in CATALOGUE}
