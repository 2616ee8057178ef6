"""The rules of the topic `logging`, in the catalogue's order."""

from domain.rule import Rule
from rules.logging import firelens

RULES: tuple[Rule, ...] = (firelens.RULE,)
