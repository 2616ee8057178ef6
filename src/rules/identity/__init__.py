"""The rules of the topic `identity`, in the catalogue's order."""

from domain.rule import Rule
from rules.identity import execution_role, task_role

RULES: tuple[Rule, ...] = (execution_role.RULE, task_role.RULE)
