"""The rules of the topic `identity`, in the catalogue's order."""

from domain.rule import Rule
from rules.identity import execution_role, least_privilege, task_role, trust

RULES: tuple[Rule, ...] = (execution_role.RULE, task_role.RULE, trust.RULE, least_privilege.RULE)
